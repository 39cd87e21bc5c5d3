"""How long a simulated engine takes.

The figures are those measured with Docker 20.10 on two cores: a start is cheap alone and dear in company, because each one takes the
engine's network lock. All values are seconds; a seeded jitter of a tenth is laid over them so that no two calls end at one instant.
"""

import random
from dataclasses import dataclass

_START_CURVE = ((1, 0.23), (2, 0.38), (4, 0.60), (8, 1.30), (16, 2.30))
_START_SLOPE = 0.15  # seconds that each further start in flight adds beyond the curve


@dataclass(frozen=True, slots=True)
class Timing:
    """Latencies in seconds; `create` is a range. A start on the host network needs no lock and takes `start_host`."""

    call: float = 0.002
    create: tuple[float, float] = (0.010, 0.025)
    start_host: float = 0.075
    kill: float = 0.035
    remove: float = 0.08
    pull: float = 0.8
    build: float = 0.6
    push: float = 0.3
    save: float = 0.1
    load: float = 0.2
    execute: float = 0.03
    update: float = 0.015
    probe: float = 0.003
    notice_cut: float = 2.6  # keepalive 1 s, twice
    ping_limit: float = 2.0
    call_limit: float = 30.0
    transfer_limit: float = 600.0  # pull and build


def start_seconds(in_flight: int) -> float:
    """How long a start takes when it is the n-th in flight (n >= 1)."""
    below = _START_CURVE[0]
    for point in _START_CURVE:
        if in_flight <= point[0]:
            span = max(point[0] - below[0], 1)
            return below[1] + (point[1] - below[1]) * (in_flight - below[0]) / span
        below = point
    return below[1] + _START_SLOPE * (in_flight - below[0])


class Jitter:
    """Seeded noise on latencies, so that a run repeats exactly."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing

    def about(self, seconds: float) -> float:
        """`seconds` more or less a tenth."""
        return seconds * self._random.uniform(0.9, 1.1)

    def between(self, low: float, high: float) -> float:
        """Somewhere between."""
        return self._random.uniform(low, high)
