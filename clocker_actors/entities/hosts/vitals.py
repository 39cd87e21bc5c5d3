"""How loaded a host is: the sum of its containers' use, and the machine's own vitals where they are open to us."""

from typing import Protocol

from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.containers import Stats
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView
from clocker_actors.model.sensors import Reading, Sensor
from clocker_actors.model.values import Value, as_number
from clocker_actors.ports.machine import Vitals

_GIGABYTE = 1_000_000_000
MACHINE_SENSORS = (sensors.HOST_LOAD, sensors.HOST_DISK_FREE, sensors.HOST_UPTIME)
LIVE_SENSORS = (
    sensors.HOST_CPU,
    sensors.HOST_MEMORY,
    sensors.HOST_CONTAINERS,
    sensors.HOST_FOREIGN,
    sensors.ENGINE_LATENCY,
    *MACHINE_SENSORS,
)
"""What nobody knows of a host whose engine does not answer."""


class Vital:
    """Timer message: ask the machine again."""


class LookAtDisk:
    """Timer message: ask the engine again what its disk holds."""


class Owner(Protocol):
    """What is needed of the host."""

    readings: dict[str, Reading]

    @property
    def now(self) -> float: ...
    def observe(self, sensor: Sensor, value: Value) -> None: ...
    def read(self, *readings: Reading) -> None: ...


class Load:
    """Latest use of each running container, and the sums."""

    __slots__ = ("_cpu", "_memory", "told")

    def __init__(self) -> None:
        self._cpu: dict[Uid, float] = {}
        self._memory: dict[Uid, int] = {}
        self.told: HostView | None = None

    def sampled(self, container: Uid, stats: Stats) -> None:
        """A container was read."""
        if stats.stale:
            return
        if stats.cpu_percent is not None:
            self._cpu[container] = stats.cpu_percent
        self._memory[container] = stats.memory

    def forget(self, container: Uid) -> None:
        """A container does not run any more."""
        self._cpu.pop(container, None)
        self._memory.pop(container, None)

    def cpu(self, cores: int) -> float | None:
        """Percent of the whole host, None while nothing is known."""
        return round(sum(self._cpu.values()) / cores, 1) if cores else None

    def memory(self, total: int) -> float | None:
        """Percent of the host's memory that containers use."""
        return round(100 * sum(self._memory.values()) / total, 1) if total else None

    def asked(self, host: Owner, outcome: WorkDone | WorkFailed) -> None:
        """The machine has answered, or has not."""
        if isinstance(outcome, WorkDone):
            self._vitals(host, outcome.result)
        else:
            self.no_vitals(host, outcome.failure.message)

    @staticmethod
    def _vitals(host: Owner, result: object) -> None:
        if not isinstance(result, Vitals):
            raise TypeError(f"vitals answers Vitals, not {type(result).__name__}")
        host.observe(sensors.HOST_LOAD, round(result.load, 2))
        host.observe(sensors.HOST_DISK_FREE, result.disk_free)
        host.observe(sensors.HOST_UPTIME, round(result.uptime))

    @staticmethod
    def disk(host: Owner) -> int:
        """Bytes of free disk space, whole gigabytes so that the Pool need not hear of every file; 0 if unknown."""
        reading = host.readings.get(sensors.HOST_DISK_FREE.name)
        free = as_number(reading.value) if reading is not None and not reading.unavailable else None
        return int(free or 0) // _GIGABYTE * _GIGABYTE

    def no_vitals(self, host: Owner, why: str) -> None:
        """The machine cannot be asked: said once, with the reason."""
        missing = [sensor.name for sensor in MACHINE_SENSORS]
        known = {name: host.readings.get(name) for name in missing}
        host.read(
            *(
                Reading(name, old.value if old else None, host.now, unavailable=why)
                for name, old in known.items()
                if not old or not old.unavailable
            )
        )
