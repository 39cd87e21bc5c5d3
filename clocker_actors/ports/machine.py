"""The machine an engine runs on, where it is open to us: its load, free disk and uptime."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Vitals:
    """Load average over one minute, free bytes on the engine's disk, seconds since boot."""

    load: float
    disk_free: int
    uptime: float


class Machine(Protocol):
    """Reads a machine's vitals; raises EngineUnavailable when it does not answer."""

    async def vitals(self) -> Vitals: ...
