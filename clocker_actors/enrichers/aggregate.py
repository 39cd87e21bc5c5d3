"""Mean, sum, least and greatest over members, kept up to date one reading at a time.

Nothing looks at all members when one reading changes: the extremes come from heaps, whose outdated entries are dropped when they come to the top. When
most entries are outdated the heaps are built anew, and the sum is added up anew with them, so that rounding does not pile up.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

STALE_PERIODS = 3
SHORTEST_PERIOD = 1.0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The values over `count` members; `oldest` is the time (epoch seconds) of the oldest reading in them."""

    average: float
    sum: float
    min: float
    max: float
    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What one member said last; `period` is the time since it spoke before (seconds)."""

    value: float
    at: float
    period: float = SHORTEST_PERIOD

    @property
    def until(self) -> float:
        """When it does not count any more."""
        return self.at + STALE_PERIODS * self.period


class Extreme:
    """The member with the least `key` of its entry."""

    __slots__ = ("_heap", "_key")

    def __init__(self, key: Callable[[Entry], float]) -> None:
        self._key = key
        self._heap: list[tuple[float, str]] = []

    def push(self, member: str, entry: Entry) -> None:
        """The member has a new entry."""
        heapq.heappush(self._heap, (self._key(entry), member))

    def rebuild(self, entries: Mapping[str, Entry]) -> None:
        """Drop all that is outdated."""
        self._heap = [(self._key(entry), member) for member, entry in entries.items()]
        heapq.heapify(self._heap)

    def top(self, entries: Mapping[str, Entry]) -> str | None:
        """That member; None if there are no entries."""
        heap = self._heap
        while heap:
            key, member = heap[0]
            entry = entries.get(member)
            if entry is not None and self._key(entry) == key:
                return member
            heapq.heappop(heap)
        return None


class Rolling:
    """The members' values of one sensor. A member that is silent for three of its own periods does not count any more."""

    __slots__ = ("_entries", "_expiring", "_greatest", "_least", "_oldest", "_pushes", "_silent", "_sum")

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._silent: dict[str, Entry] = {}
        self._sum = 0.0
        self._pushes = 0
        self._least = Extreme(lambda entry: entry.value)
        self._greatest = Extreme(lambda entry: -entry.value)
        self._oldest = Extreme(lambda entry: entry.at)
        self._expiring = Extreme(lambda entry: entry.until)

    def set(self, member: str, value: float, at: float) -> None:
        """A member's newest value, a finite number. An older one than is known changes nothing."""
        known = self._entries.get(member)
        if known is not None and at < known.at:
            return
        before = known or self._silent.pop(member, None)
        period = SHORTEST_PERIOD if before is None else before.period if at == before.at else max(at - before.at, SHORTEST_PERIOD)
        self._entries[member] = entry = Entry(value, at, period)
        self._sum += value - (known.value if known else 0.0)
        self._pushes += 1
        rebuild = self._pushes > 2 * len(self._entries) + 64
        for extreme in (self._least, self._greatest, self._oldest, self._expiring):
            if rebuild:
                extreme.rebuild(self._entries)
            else:
                extreme.push(member, entry)
        if rebuild:
            self._pushes = 0
            self._sum = sum(each.value for each in self._entries.values())

    def remove(self, member: str) -> bool:
        """The member has no value any more; whether it had one."""
        self._silent.pop(member, None)
        known = self._entries.pop(member, None)
        if known is None:
            return False
        self._sum -= known.value
        return True

    def drop_stale(self, now: float) -> None:
        """Leave out members that were silent for three of their periods, until they speak again."""
        while (first := self._expiring.top(self._entries)) is not None and self._entries[first].until <= now:
            entry = self._entries[first]
            self.remove(first)
            self._silent[first] = entry  # its next reading tells how slowly it speaks

    def aggregate(self) -> Aggregate | None:
        """The values now; None if no member has any."""
        entries, count = self._entries, len(self._entries)
        least, greatest, oldest = (extreme.top(entries) for extreme in (self._least, self._greatest, self._oldest))
        if least is None or greatest is None or oldest is None:
            return None
        low, high = entries[least].value, entries[greatest].value
        # A sum that is kept up to date carries rounding: idle members must not use -1e-15 of a processor, which is no amount that anybody can use.
        total = min(max(self._sum, low * count), high * count)
        return Aggregate(min(max(total / count, low), high), total, low, high, count, entries[oldest].at)
