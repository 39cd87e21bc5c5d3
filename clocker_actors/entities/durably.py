"""Who wants to be told when all that an entity has decided so far is written: the door, before it says that an order is taken.

asked ──nothing is left to write──▶ answered at once
   └──▶ belongs to the next write, or to the one under way ──it is durable──▶ answered
"""

from collections.abc import Callable


class Durably:
    """Of one entity: tokens of deferred answers, by the write that they wait for."""

    __slots__ = ("_answer", "_next", "_now")

    def __init__(self, answer: Callable[[int], None]) -> None:
        self._answer = answer
        self._now: list[int] = []
        self._next: list[int] = []

    def wait(self, token: int, *, more: bool) -> None:
        """Somebody waits; `more` says that there is something to write beside what is under way."""
        (self._next if more else self._now).append(token)

    def begun(self) -> None:
        """All that was to be written is under way."""
        self._now += self._next
        self._next = []

    def done(self) -> None:
        """It is durable."""
        waited, self._now = self._now, []
        for token in waited:
            self._answer(token)
