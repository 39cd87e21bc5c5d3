"""The loop of a story: virtual time, turns that are counted so that a manager can be killed between any two of them, and a wall clock that somebody can set."""

from collections.abc import Callable

from clocker_actors.kernel import VirtualLoop


class StoryLoop(VirtualLoop):
    """`turns` counts how often it went round. What waits for something is between two turns, so killing there is killing at any `await`."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self._strikes_at = 0
        self._strike: Callable[[], None] = _nothing

    def strike_after(self, turns: int, strike: Callable[[], None]) -> None:
        """Have this called before the turn that comes after so many."""
        self._strikes_at, self._strike = self.turns + max(1, turns), strike

    def spare(self) -> None:
        """Strike no more."""
        self._strikes_at = 0

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the machine's clock, so much forwards (or backwards): whoever reads it from now on gets that."""
        self.wall_start += seconds

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns == self._strikes_at:
            self._strike()
        super()._run_once()  # type: ignore[misc]  # asyncio's own: it runs one turn


def _nothing() -> None:
    """Nobody is to be struck."""
