"""Where everything from outside waits: outcomes of work, timers, readings, people's commands.

The run queue admits what waits here between two messages, stamped. So what an actor takes for "now" is the time of the last entry, and a
list of (messages handled so far, stamp, entry) says all that ever came in.
"""

from collections import deque
from collections.abc import Callable

from clocker_actors.kernel.cell import Cell
from clocker_actors.kernel.clock import Clock


class Door:
    """`waiting` are entries not yet admitted; `stamp` is the time of the last admission, in epoch seconds."""

    __slots__ = ("_clock", "_wake", "stamp", "waiting")

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._wake = wake
        self.waiting: deque[tuple[Cell | str, object]] = deque()
        self.stamp = clock.now()

    def bring(self, to: Cell | str, message: object) -> None:
        """Leave a message for a cell, or for whoever has that id when it is admitted. Loop thread only."""
        self.waiting.append((to, message))
        self._wake()

    def open(self) -> None:
        """What waits is about to be admitted: it gets this instant for its stamp."""
        self.stamp = self._clock.now()
