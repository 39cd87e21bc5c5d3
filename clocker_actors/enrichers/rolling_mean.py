"""The mean of a number over the last seconds, weighted by time.

A reading stands for the time since the one before it, as processor use does: it says what was used since then. The first one stands for the whole
window. Pure; members use it for `cpu.mean`, and an enricher may use it for any sensor.
"""

from collections import deque
from itertools import pairwise

MEAN_WINDOW = 5.0
"""Seconds over which `cpu.mean` is taken."""


class RollingMean:
    """Readings of the last `window` seconds. A gap of more than `window` makes it begin anew."""

    __slots__ = ("_readings", "window")

    def __init__(self, window: float = MEAN_WINDOW) -> None:
        self.window = window
        self._readings: deque[tuple[float, float]] = deque()

    def add(self, value: float, at: float) -> float:
        """The mean at that time (epoch seconds), this reading included. One not newer than the last replaces it."""
        readings = self._readings
        if readings and at - readings[-1][0] > self.window:
            readings.clear()
        while readings and readings[-1][0] >= at:
            readings.pop()
        readings.append((at, value))
        while len(readings) > 1 and readings[1][0] <= at - self.window:
            readings.popleft()
        return self.mean

    @property
    def mean(self) -> float:
        """The mean up to the last reading; 0 without any."""
        readings = self._readings
        if len(readings) < 2:
            return readings[0][1] if readings else 0.0
        start = max(readings[0][0], readings[-1][0] - self.window)
        weighted = sum(value * (at - max(before, start)) for (before, _), (at, value) in pairwise(readings))
        return weighted / (readings[-1][0] - start)

    @property
    def covered(self) -> float:
        """Which part of the window readings speak of, from 0 to 1."""
        readings = self._readings
        return min((readings[-1][0] - readings[0][0]) / self.window, 1.0) if len(readings) > 1 else 0.0

    def clear(self) -> None:
        """Begin anew."""
        self._readings.clear()
