"""The last hours of a few numbers, for plots: the numeric readings of clusters and pools, all of the last minutes, and samples of the time before.

Sixteen bytes a point in plain arrays, and a bound on how many series there are (the one that was updated longest ago goes), so a thousand clusters
cost tens of megabytes at most and a forgotten one nothing. Samples are kept over restarts (`sampling.py`); in between nobody looked, which is a gap.
"""

from array import array
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clocker_actors.model.identity import Uid

POINTS = 600
SAMPLES = 480
GAPS = 50
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


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of some time (epoch seconds) in one life of the manager: points as (epoch seconds, value), by entity and sensor."""

    life: int
    began: float
    until: float
    points: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]


class History:
    """Series by entity and sensor; at most `series` of them with `points` points and `samples` older ones each."""

    def __init__(self, points: int = POINTS, series: int = SERIES, samples: int = SAMPLES) -> None:
        self._points = points
        self._limit = series
        self._samples = samples
        self._series: OrderedDict[tuple[Uid, str], Series] = OrderedDict()
        self._sampled: OrderedDict[tuple[Uid, str], Series] = OrderedDict()
        self._fresh: dict[tuple[Uid, str], tuple[float, float]] = {}  # the last point of each that has one since the last sample
        self._last: tuple[int, float] | None = None  # of what is known: in which life, until when
        self.gaps: deque[tuple[float, float]] = deque(maxlen=GAPS)
        """From when until when (epoch seconds) no manager looked at anything."""

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
        self._fresh[key] = (at, value)

    def of(self, uid: Uid, sensor: str, since: float = 0.0) -> list[tuple[float, float]]:
        """The points from `since` on, oldest first; empty when none are kept. Before the first of the last minutes they are samples."""
        series, sampled = self._series.get((uid, sensor)), self._sampled.get((uid, sensor))
        points = series.points() if series is not None else []
        first = points[0][0] if points else float("inf")
        before = [point for point in sampled.points() if point[0] < first] if sampled is not None else []
        return [point for point in (*before, *points) if point[0] >= since]

    def breaks(self, since: float = 0.0) -> list[tuple[float, float]]:
        """The gaps that reach beyond `since`."""
        return [gap for gap in self.gaps if gap[1] >= since]

    # --- samples

    def sample(self) -> Mapping[tuple[Uid, str], tuple[float, float]]:
        """The last point of each series that has one since the last sample; they are kept as samples here."""
        fresh, self._fresh = self._fresh, {}
        for key, (at, value) in fresh.items():
            self._keep(key, at, value)
        return fresh

    def restore(self, chunk: Chunk) -> None:
        """Samples of a manager before; oldest first."""
        for uid, sensors in chunk.points.items():
            for sensor, points in sensors.items():
                for at, value in points:
                    self._keep((Uid(uid), sensor), at, value)
        if self._last is not None and self._last[0] != chunk.life:
            self.gaps.append((self._last[1], chunk.began))
        self._last = (chunk.life, chunk.until)

    def begin(self, now: float) -> None:
        """All that was kept was restored, and from now on somebody looks."""
        if self._last is not None:
            self.gaps.append((min(self._last[1], now), now))

    def _keep(self, key: tuple[Uid, str], at: float, value: float) -> None:
        series = self._sampled.get(key)
        if series is None:
            series = self._sampled[key] = Series(self._samples)
            if len(self._sampled) > self._limit:
                self._sampled.popitem(last=False)
        else:
            self._sampled.move_to_end(key)
        series.add(at, value)

    def values_at(self, uid: Uid, sensor: str, at: float) -> set[float]:
        """The values of the readings of that time (to the millisecond) that are kept; several, if roll-ups share the time of their oldest part."""
        return {value for when, value in self.of(uid, sensor) if abs(when - at) < 0.001}

    def sensors(self, uid: Uid) -> list[str]:
        """Names of the sensors of an entity of which there is a history."""
        return sorted({sensor for owner, sensor in (*self._series, *self._sampled) if owner == uid})
