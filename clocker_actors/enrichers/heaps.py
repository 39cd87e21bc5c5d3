"""The member that is least by some measure, kept up to date one change at a time. Pure."""

import heapq
import math


class Least:
    """Members with a measure each. Outdated entries of the heap are dropped when they come to the top; when most are, it is built anew."""

    __slots__ = ("_heap", "_measures", "looked")

    def __init__(self) -> None:
        self._measures: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self.looked = 0
        """Entries looked at so far: what its work is counted by."""

    def set(self, member: str, measure: float) -> None:
        """The member's measure is this now."""
        self._measures[member] = measure
        if len(self._heap) > 2 * len(self._measures) + 64:
            self._heap = [(kept, name) for name, kept in self._measures.items()]
            heapq.heapify(self._heap)
            self.looked += len(self._heap)
        else:
            heapq.heappush(self._heap, (measure, member))
            self.looked += 1

    def remove(self, member: str) -> None:
        """The member has no measure any more."""
        self._measures.pop(member, None)

    def of(self, member: str) -> float:
        """Its measure; less than any if it has none."""
        return self._measures.get(member, -math.inf)

    def top(self) -> tuple[str, float] | None:
        """The least member and its measure; None if there is none."""
        while self._heap:
            measure, member = self._heap[0]
            self.looked += 1
            if self._measures.get(member) == measure:
                return member, measure
            heapq.heappop(self._heap)
        return None

    def __len__(self) -> int:
        return len(self._measures)
