"""One heap of timers for all actors, ordered by (due, sequence).

The loop knows one timer of ours, that of the earliest. Two timers due at the same instant fire in the order they were armed, which
asyncio's own heap does not promise. A cancelled timer stays in the heap until it is due or until the dead outnumber the living,
because asks arm and cancel one each.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextvars import Context

from clocker_actors.kernel.cell import Cell, Errand, Ticket

COMPACT_AT = 256
"""Dead entries kept before a clean-up is considered."""


class Timer:
    """One entry of the heap; `fire` is None once it fired or was cancelled."""

    __slots__ = ("due", "fire")

    def __init__(self, due: float, fire: Callable[[], None]) -> None:
        self.due = due
        self.fire: Callable[[], None] | None = fire


class Timers:
    """The heap. `due` counts in the loop's time, in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        self._loop = loop
        self._context = context
        self._heap: list[tuple[float, int, Timer]] = []
        self._sequence = itertools.count()
        self._dead = 0
        self._handle: asyncio.TimerHandle | None = None
        self._wake_due = 0.0

    def arm(self, delay: float, fire: Callable[[], None]) -> Timer:
        """Call `fire` after `delay` seconds (at once, but not within this call, when that is not positive)."""
        timer = Timer(self._loop.time() + max(delay, 0.0), fire)
        heapq.heappush(self._heap, (timer.due, next(self._sequence), timer))
        if self._handle is None or timer.due < self._wake_due:
            self._wake_at(timer.due)
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """Take a timer back; one that fired already is left alone."""
        if timer is None or timer.fire is None:
            return
        timer.fire = None
        self._dead += 1
        if self._dead > COMPACT_AT and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].fire is not None]
            heapq.heapify(self._heap)
            self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def close(self) -> None:
        """Forget all timers."""
        for _, _, timer in self._heap:
            timer.fire = None
        self._heap.clear()
        self._dead = 0
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _wake_at(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._wake_due = due
        self._handle = self._loop.call_at(due, self._fire_due, context=self._context)

    def _fire_due(self) -> None:
        # A loop may call a hair early, within the resolution of its clock (uvloop counts whole milliseconds): what it woke us
        # for counts as due.
        reached = max(self._loop.time(), self._wake_due)
        self._handle = None
        while self._heap and self._heap[0][0] <= reached:
            timer = heapq.heappop(self._heap)[2]
            fire, timer.fire = timer.fire, None
            if fire is None:
                self._dead -= 1
            else:
                fire()
        if self._heap and self._handle is None:
            self._wake_at(self._heap[0][0])


class Alarm(Errand):
    """A named timer of an actor."""

    __slots__ = ("message", "timer")

    def __init__(self, cell: Cell, name: str, delay: float, message: object) -> None:
        super().__init__(cell, ("timer", name))
        self.message = message
        self.timer = cell.kernel.timers.arm(delay, self._ring)

    def cancel(self) -> None:
        self.cell.kernel.timers.cancel(self.timer)
        self.close()

    def _ring(self) -> None:
        self.cell.kernel.counters.timers_fired += 1
        self.cell.kernel.door.bring(self.cell, Ticket(self.message, self))
