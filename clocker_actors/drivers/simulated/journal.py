"""The event memory of a simulated engine: a ring of 256, stamps unique to the nanosecond, empty after a restart.

A cursor is `<seconds>.<nine digits>`, as Docker takes it for `since`. All kinds of event take room in the ring, but only those a
manager acts on are told, as the real driver asks for them.
"""

from collections import deque
from collections.abc import Callable

from clocker_actors.drivers.simulated.boxes import Box
from clocker_actors.model.containers import EngineEvent

RING = 256
TOLD = frozenset({"create", "start", "die", "destroy", "oom", "health_status", "pause", "unpause"})
OVERTAKEN_FOR = 0.05
"""Seconds after which an event is told that waits for another to overtake it."""
_NANO = 1_000_000_000


class Journal:
    """Events of one engine, numbered; readers poll from a number and are woken by `stir`."""

    def __init__(self, now: Callable[[], float], stir: Callable[[], None], later: Callable[[float, Callable[[], None]], None]) -> None:
        self._now = now
        self._stir = stir
        self._later = later
        self._ring: deque[tuple[int, EngineEvent]] = deque(maxlen=RING)
        self._last_stamp = 0
        self.next = 0
        self.copies = 1
        self.swaps = False
        self._overtaken: EngineEvent | None = None

    def write(self, box: Box, action: str, *, exit_code: int | None = None, health: str = "") -> None:
        """Note that something happened to a container just now."""
        at = self._now()
        stamp = max(int(at * _NANO), self._last_stamp + 1)
        self._last_stamp = stamp
        cursor = f"{stamp // _NANO}.{stamp % _NANO:09d}"
        event = EngineEvent(box.id, box.request.name, action, at, cursor, dict(box.request.labels), exit_code, health)
        if self.swaps and self._overtaken is None:
            self._overtaken = event
            self._later(OVERTAKEN_FOR, self._tell_overtaken)
            return
        self._tell(event)
        self._tell_overtaken()

    def _tell(self, event: EngineEvent) -> None:
        for _ in range(self.copies):
            self._ring.append((self.next, event))
            self.next += 1
        self._stir()

    def _tell_overtaken(self) -> None:
        event, self._overtaken = self._overtaken, None
        if event is not None:
            self._tell(event)

    def position(self, since: str) -> int:
        """Where a reader starts who has seen the event with this cursor ("" = from now on)."""
        if not since:
            return self.next
        wanted = _stamp(since)
        return next((number for number, event in self._ring if _stamp(event.cursor) > wanted), self.next)

    def read(self, position: int) -> tuple[list[EngineEvent], int]:
        """Told events from a position that are still remembered, and the next position."""
        return [event for number, event in self._ring if number >= position and event.action in TOLD], self.next

    def forget(self) -> None:
        """The engine restarted: it remembers none."""
        self._overtaken = None
        self._ring.clear()


def _stamp(cursor: str) -> int:
    seconds, _, nanos = cursor.partition(".")
    return int(seconds) * _NANO + int(nanos[:9].ljust(9, "0") or 0)
