"""How many hosts a pool needs so that some room stays free: exact, for hosts whose room is counted in containers, and for those where it is memory and cores.

    hosts = ceil((containers + headroom) / containers per host)         and likewise for what containers have reserved, with that of an average one

A share of all room is a share of the room of the hosts that come out, not of those there are; so growth by several hosts at once is not too much.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

_FINE = 1e-9


@dataclass(frozen=True, slots=True)
class Room:
    """What stands in a pool, and what one of its hosts holds; 0 where nobody knows. Bytes and cores; `per_host` is in containers."""

    hosts: int
    containers: int
    per_host: int = 0
    memory: int = 0
    host_memory: int = 0
    cpus: float = 0.0
    host_cpus: float = 0.0

    @property
    def known(self) -> bool:
        """Whether there is anything to count room by."""
        return self.per_host > 0 or bool(self.containers and ((self.memory and self.host_memory) or (self.cpus and self.host_cpus)))

    @property
    def each(self) -> float:
        """How many containers one host holds: as it is written, or as many average ones as fit."""
        if self.per_host:
            return float(self.per_host)
        sizes = [self.containers * whole / used for used, whole in self._resources if used and whole]
        return min(sizes, default=0.0)

    @property
    def _resources(self) -> tuple[tuple[float, float], ...]:
        return (self.memory, self.host_memory), (self.cpus, self.host_cpus)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a moment: containers that would still have to find room (`needed`, below 0 if there is more than asked), the share in use, the marks of hot and
    cold as shares, and how many hosts there should be."""

    needed: int
    utilisation: float
    low: float
    high: float
    hosts: int
    hot: bool
    cold: bool


def hosts_for(room: Room, headroom: int = 0, percent: float = 0.0) -> int:
    """The fewest hosts with that much room free; `percent` is a share in (0, 1). 0 if there is nothing to count by."""
    each = room.each
    if each <= 0:
        return 0
    if not percent:
        return max(0, ceil((room.containers + headroom) / each - _FINE))
    hosts = max(0, ceil(room.containers / (each * (1 - percent)) - _FINE))
    while hosts * each - room.containers < ceil(percent * hosts * each - _FINE) - _FINE:
        hosts += 1
    return hosts


def judge(room: Room, headroom: int = 0, percent: float = 0.0) -> Verdict:
    """How it stands with the room kept free. Without hosts all that is wanted is needed, and nothing is in use."""
    possible = room.each * room.hosts
    wanted = headroom or ceil(percent * possible - _FINE)
    free = possible - room.containers
    needed = ceil(wanted - free - _FINE)
    utilisation = room.containers / possible if possible else float(room.containers > 0)
    low = max(0.0, (possible - (wanted + room.each)) / possible) if possible else 0.0
    high = max(0.0, (possible - wanted) / possible) if possible else 0.0
    hosts = hosts_for(room, headroom, percent)
    return Verdict(needed, utilisation, low, high, hosts, hot=hosts > room.hosts, cold=hosts < room.hosts)


@dataclass(slots=True)
class Steady:
    """What was wanted lately: more hosts are believed when `up` seconds wanted them, fewer when `down` seconds did."""

    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def believe(self, at: float, wanted: int, size: int, *, up: float = 30.0, down: float = 300.0) -> int:
        """The number to go to now, having `size`."""
        self._seen.append((at, wanted))
        while len(self._seen) > 1 and self._seen[1][0] <= at - max(up, down):
            self._seen.popleft()
        least = self._over(at, up, min)
        if least is not None and least > size:
            return least
        most = self._over(at, down, max)
        return most if most is not None and most < size else size

    def _over(self, at: float, window: float, pick: Callable[[list[int]], int]) -> int | None:
        before = [wanted for when, wanted in self._seen if when <= at - window]
        if not before:
            return None
        inside = [wanted for when, wanted in self._seen if when > at - window]
        return pick([before[-1], *inside])
