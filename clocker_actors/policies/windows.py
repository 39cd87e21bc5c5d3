"""The sizes a policy wished for, over time: what stabilisation windows look at.

A wish holds from the moment it was recorded until the next one, so equal wishes in a row are one entry. The lowest wish of a window is what the cluster was
wanted to have at least all through it: that much growth is stable. The highest one is the same for shrinking.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

GRAIN = 0.001
"""Seconds by which a window may be short and still count as full: more than the rounding of epoch floats, less than anybody notices."""


@dataclass(frozen=True, slots=True)
class Past:
    """One wish: in force from `since` to `until` (None: still), first because of `value` (None: not known any more)."""

    size: int
    since: float
    until: float | None
    value: float | None


class SizeHistory:
    """Wishes in the order of time. A mutable value of one actor; `entries` is its encodable form."""

    __slots__ = ("_sizes", "_times", "_values")

    def __init__(self, entries: Iterable[tuple[float, int]] = ()) -> None:
        self._times: list[float] = []
        self._sizes: list[int] = []
        self._values: list[float | None] = []
        for at, size in entries:
            self.record(at, size)

    @property
    def entries(self) -> tuple[tuple[float, int], ...]:
        """(since, size), oldest first."""
        return tuple(zip(self._times, self._sizes, strict=True))

    def record(self, at: float, size: int, value: float | None = None) -> None:
        """From `at` on, this size is wished for, first because of this value. A time before the last entry counts as that entry's."""
        if self._sizes and self._sizes[-1] == size:
            return
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._sizes.append(size)
        self._values.append(value)

    def forget(self, before: float) -> None:
        """Drop what no window that begins at or after `before` can see. The wish in force at that time stays."""
        drop = bisect_right(self._times, before) - 1
        if drop > 0:
            del self._times[:drop]
            del self._sizes[:drop]
            del self._values[:drop]

    def clear(self) -> None:
        """Forget all: every window starts anew."""
        self._times.clear()
        self._sizes.clear()
        self._values.clear()

    def lowest(self, window: float, now: float) -> float:
        """The lowest wish of the last `window` seconds; -inf while the history does not cover them."""
        levels = self._levels(window, now)
        return min(levels) if levels else -math.inf

    def highest(self, window: float, now: float) -> float:
        """The highest wish of the last `window` seconds; inf while the history does not cover them."""
        levels = self._levels(window, now)
        return max(levels) if levels else math.inf

    def furthest(self, window: float, now: float, *, highest: bool) -> Past | None:
        """The highest or lowest wish of the last `window` seconds, the latest of several; None while the history does not cover them."""
        first = self._first(window, now)
        if first < 0:
            return None
        sign = 1 if highest else -1
        at = max(range(first, len(self._sizes)), key=lambda index: (sign * self._sizes[index], index))
        until = self._times[at + 1] if at + 1 < len(self._times) else None
        return Past(self._sizes[at], self._times[at], until, self._values[at])

    def since(self, test: Callable[[int], bool]) -> float | None:
        """Since when every wish passes the test, without a break until now; None if the latest does not."""
        found: float | None = None
        for at, size in zip(reversed(self._times), reversed(self._sizes), strict=True):
            if not test(size):
                break
            found = at
        return found

    def _levels(self, window: float, now: float) -> list[int]:
        first = self._first(window, now)
        return self._sizes[first:] if first >= 0 else []

    def _first(self, window: float, now: float) -> int:
        """Where the wish is that was in force when the window began; -1 if there is none."""
        return bisect_right(self._times, now - window + GRAIN) - 1
