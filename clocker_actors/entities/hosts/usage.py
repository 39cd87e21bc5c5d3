"""From an engine's samples to readings of a container. Pure but for the seconds of processor use it remembers."""

from collections.abc import Mapping
from dataclasses import replace

from clocker_actors.enrichers.rolling_mean import RollingMean
from clocker_actors.model import sensors
from clocker_actors.model.containers import Stats
from clocker_actors.model.sensors import Reading

SAMPLED = (*sensors.ROLLED_UP, sensors.NETWORK_RX, sensors.NETWORK_TX, sensors.PIDS)


class Usage:
    """What one container used lately."""

    __slots__ = ("_cpu",)

    def __init__(self) -> None:
        self._cpu = RollingMean()

    def readings(self, stats: Stats, at: float) -> list[Reading]:
        """What one sample says; processor use is left out of the first one, which has nothing to be compared with.

        `at` is when the sample came, by our own clock: policies compare it with theirs, and an engine's clock may be off.
        """
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
            found.append(Reading(sensors.CPU_MEAN.name, round(self._cpu.add(stats.cpu_percent, at), 2), at))
        return found

    def missing(self, known: Mapping[str, Reading], why: str) -> list[Reading]:
        """Which of the known readings are too old from now on; none if that was said already."""
        kept = [known[sensor.name] for sensor in SAMPLED if sensor.name in known]
        return [replace(reading, unavailable=why) for reading in kept if not reading.unavailable]
