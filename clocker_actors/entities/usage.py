"""From an engine's samples to readings of a container. Pure but for the five seconds of samples it remembers."""

from collections import deque

from clocker_actors.model import sensors
from clocker_actors.model.containers import Stats
from clocker_actors.model.sensors import Reading

MEAN_OVER = 5.0
"""Seconds over which `cpu.mean` is taken."""


class Usage:
    """The last samples of one container."""

    __slots__ = ("_cpu",)

    def __init__(self) -> None:
        self._cpu: deque[tuple[float, float]] = deque()

    def readings(self, stats: Stats) -> list[Reading]:
        """What one sample says; processor use is left out of the first one, which has nothing to be compared with."""
        at = stats.at
        found = [
            Reading(sensors.MEMORY_BYTES.name, stats.memory, at),
            Reading(sensors.NETWORK_RX.name, stats.network_rx, at),
            Reading(sensors.NETWORK_TX.name, stats.network_tx, at),
            Reading(sensors.PIDS.name, stats.pids, at),
        ]
        if stats.memory_limit:
            found.append(Reading(sensors.MEMORY_PERCENT.name, round(100 * stats.memory / stats.memory_limit, 2), at))
        if stats.cpu_percent is not None:
            found.append(Reading(sensors.CPU_PERCENT.name, round(stats.cpu_percent, 2), at))
            found.append(Reading(sensors.CPU_MEAN.name, round(self._mean(at, stats.cpu_percent), 2), at))
        return found

    def _mean(self, at: float, cpu: float) -> float:
        self._cpu.append((at, cpu))
        while len(self._cpu) > 1 and self._cpu[0][0] <= at - MEAN_OVER:
            self._cpu.popleft()
        return sum(value for _, value in self._cpu) / len(self._cpu)
