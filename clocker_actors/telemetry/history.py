"""The last minutes of a few numbers, for plots: the numeric readings of clusters and pools.

Sixteen bytes a point in plain arrays, and a bound on how many series there are (the one that was updated longest ago goes), so a thousand clusters
cost tens of megabytes at most and a forgotten one nothing.
"""

from array import array
from collections import OrderedDict

from clocker_actors.model.identity import Uid

POINTS = 600
SERIES = 2_000


class Series:
    """The last points of one sensor, as a ring once it is full."""

    __slots__ = ("_ats", "_limit", "_next", "_values")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._next = 0
        self._ats = array("d")
        self._values = array("d")

    def add(self, at: float, value: float) -> None:
        """Put a point at the end."""
        if len(self._ats) < self._limit:
            self._ats.append(at)
            self._values.append(value)
            return
        self._ats[self._next] = at
        self._values[self._next] = value
        self._next = (self._next + 1) % self._limit

    def points(self) -> list[tuple[float, float]]:
        """All points as (epoch seconds, value), oldest first."""
        pairs = list(zip(self._ats, self._values, strict=True))
        return pairs[self._next :] + pairs[: self._next]


class History:
    """Series by entity and sensor; at most `series` of them with `points` points each."""

    def __init__(self, points: int = POINTS, series: int = SERIES) -> None:
        self._points = points
        self._limit = series
        self._series: OrderedDict[tuple[Uid, str], Series] = OrderedDict()

    def add(self, uid: Uid, sensor: str, at: float, value: float) -> None:
        """Keep one point."""
        key = (uid, sensor)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(self._points)
            if len(self._series) > self._limit:
                self._series.popitem(last=False)
        else:
            self._series.move_to_end(key)
        series.add(at, value)

    def of(self, uid: Uid, sensor: str, since: float = 0.0) -> list[tuple[float, float]]:
        """The points from `since` on, oldest first; empty when none are kept."""
        series = self._series.get((uid, sensor))
        return [] if series is None else [point for point in series.points() if point[0] >= since]

    def values_at(self, uid: Uid, sensor: str, at: float) -> set[float]:
        """The values of the readings of that time (to the millisecond) that are kept; several, if roll-ups share the time of their oldest part."""
        return {value for when, value in self.of(uid, sensor) if abs(when - at) < 0.001}

    def sensors(self, uid: Uid) -> list[str]:
        """Names of the sensors of an entity of which there is a history."""
        return sorted(sensor for owner, sensor in self._series if owner == uid)
