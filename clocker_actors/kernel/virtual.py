"""A loop whose time jumps.

When nothing is ready it does not sleep: it jumps to the next timer. Calls meant for an executor run inline, because threads finish in
any order and virtual time would run past them. When nothing at all is left to happen it raises, so a test that waits for ever fails
at once. Real sockets to other processes cannot run on it.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _Jumping(selectors.DefaultSelector):
    """A selector that moves its loop's time on instead of waiting."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not events and timeout != 0:
            self.loop.jump()
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop in virtual time; `time()` starts at 0 and `wall_start` is the epoch second a Clock takes that for.

    Raises RuntimeError from its runner when nothing is left to happen, or when time passes `horizon` seconds (a test whose
    periodic timers go on for ever while it waits for something else).
    """

    wall_start = 1_800_000_000.0
    horizon = 90 * 86_400.0

    def __init__(self) -> None:
        self._virtual = 0.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual

    stopwatch = time
    """What the kernel measures handlers with: here they take no time, so that no run depends on how busy the machine is."""

    def jump(self) -> None:
        """To the next timer."""
        scheduled = self._scheduled  # type: ignore[attr-defined]  # asyncio's heap of timer handles
        if not scheduled:
            raise RuntimeError("nothing is left to happen on the virtual loop; see what the test still waits for")
        self._virtual = max(self._virtual, scheduled[0]._when)
        if self._virtual > self.horizon:
            raise RuntimeError(f"virtual time ran past {self.horizon:g} s; see what the test still waits for")

    def run_in_executor(  # type: ignore[override]  # inline: the future is done when this returns
        self,
        executor: object,  # noqa: ARG002 - there is none here
        func: Callable[..., Any],
        *args: Any,
    ) -> "asyncio.Future[Any]":
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever the call raises belongs to whoever awaits it
            future.set_exception(error)
        return future
