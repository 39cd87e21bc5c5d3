"""Rules that refuse a host, cheapest first.

Each says yes or no quickly, and in words with numbers only when somebody wants to know. `shortfall` orders refused hosts by how near they were, and `remedy`
says what would make the nearest one fit. Filters keep nothing between calls.

An unknown size of a host (0) refuses what asks for a share of it. An unknown processor use refuses too, except on a host without containers: it has nothing that
could report, and would otherwise stay empty for ever.
"""

# ruff: noqa: ARG002  (each rule has the whole contract's parameters, needed or not)

from dataclasses import dataclass
from typing import Protocol

from clocker_actors.model.values import counted
from clocker_actors.placement.hosts import NANO, HostRow, Need

_MB = 1_000_000


class Filter(Protocol):
    """One rule. `rule` is its name in decisions."""

    @property
    def rule(self) -> str:
        """Name of the rule."""

    def accepts(self, host: HostRow, need: Need) -> bool:
        """Whether the host passes."""

    def refusal(self, host: HostRow, need: Need) -> str:
        """Why it does not, with numbers; only asked of a refused host."""

    def shortfall(self, host: HostRow, need: Need) -> float:
        """How far a refused host is from passing; comparable within one rule."""

    def remedy(self, host: HostRow, need: Need) -> str:
        """What would make this refused host pass."""


@dataclass(frozen=True, slots=True)
class Up:
    """The host answers."""

    rule: str = "up"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return host.up

    def refusal(self, host: HostRow, need: Need) -> str:
        return f"{host.name} is not up"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return 0.0

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"{host.name} answering; `clocker hosts` says why it does not"


@dataclass(frozen=True, slots=True)
class NotCordoned:
    """The host takes new containers."""

    rule: str = "cordoned"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not host.cordoned

    def refusal(self, host: HostRow, need: Need) -> str:
        return f"{host.name} is cordoned"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return 0.0

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"{host.name} uncordoned"


@dataclass(frozen=True, slots=True)
class MaxContainers:
    """Fewer than `most` containers on the host, foreign ones counted."""

    most: int = 8
    rule: str = "MaxContainers"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return host.containers + host.foreign < self.most

    def refusal(self, host: HostRow, need: Need) -> str:
        foreign = f", {host.foreign} of them foreign" if host.foreign else ""
        return f"{host.name} has {counted(host.load, 'container')}{foreign}; MaxContainers allows {self.most}"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return host.load - self.most

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"{counted(host.load - self.most + 1, 'container')} less on {host.name}, or maxContainers of at least {host.load + 1} (is {self.most})"


@dataclass(frozen=True, slots=True)
class MaxCpuUsage:
    """Processor use of the whole host below `most`, a part of one (0.5 = 50 %)."""

    most: float = 0.5
    rule: str = "MaxCpuUsage"

    def accepts(self, host: HostRow, need: Need) -> bool:
        if host.cpu is None:
            return host.load == 0
        return host.cpu < self.most * 100

    def refusal(self, host: HostRow, need: Need) -> str:
        if host.cpu is None:
            return f"processor use of {host.name} is not known yet; MaxCpuUsage wants it below {self.most * 100:g} %"
        return f"{host.name} uses {host.cpu:.1f} % of its processors; MaxCpuUsage wants less than {self.most * 100:g} %"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return 100.0 if host.cpu is None else host.cpu - self.most * 100

    def remedy(self, host: HostRow, need: Need) -> str:
        if host.cpu is None:
            return f"a processor reading of {host.name} below {self.most * 100:g} %"
        return f"processor use of {host.name} below {self.most * 100:g} % (is {host.cpu:.1f} %)"


@dataclass(frozen=True, slots=True)
class MemoryFits:
    """The memory limit asked for is not yet reserved by others. Containers without a limit reserve nothing."""

    rule: str = "memory"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not need.memory or host.memory_reserved + need.memory <= host.memory

    def refusal(self, host: HostRow, need: Need) -> str:
        if not host.memory:
            return f"memory of {host.name} is not known; {megabytes(need.memory)} wanted"
        free = host.memory - host.memory_reserved
        return f"{host.name} has {megabytes(free)} of {megabytes(host.memory)} memory unreserved; {megabytes(need.memory)} wanted"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return host.memory_reserved + need.memory - host.memory

    def remedy(self, host: HostRow, need: Need) -> str:
        if not host.memory:
            return f"{host.name} saying how much memory it has, which it does once it is up"
        return (
            f"{megabytes(host.memory_reserved + need.memory - host.memory)} more memory free on {host.name}, or a limit of that much less"
        )


@dataclass(frozen=True, slots=True)
class CpusFit:
    """The processors asked for are not yet reserved by others."""

    rule: str = "cpus"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not need.nanocpus or host.nanocpus + need.nanocpus <= host.cores * NANO

    def refusal(self, host: HostRow, need: Need) -> str:
        if not host.cores:
            return f"processors of {host.name} are not known; {need.nanocpus / NANO:g} wanted"
        free = host.cores - host.nanocpus / NANO
        return f"{host.name} has {free:g} of {host.cores} processors unreserved; {need.nanocpus / NANO:g} wanted"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return (host.nanocpus + need.nanocpus) / NANO - host.cores

    def remedy(self, host: HostRow, need: Need) -> str:
        if not host.cores:
            return f"{host.name} saying how many processors it has, which it does once it is up"
        return f"{self.shortfall(host, need):g} more processors free on {host.name}, or cpus of that much less"


@dataclass(frozen=True, slots=True)
class PortsFree:
    """All fixed host ports are free, and enough of the range for the random ones."""

    rule: str = "ports"

    def accepts(self, host: HostRow, need: Need) -> bool:
        if need.clash is not None:
            return False
        for port in need.fixed:
            if host.taken(port):
                return False
        return not need.random or self._missing(host, need) <= 0

    def refusal(self, host: HostRow, need: Need) -> str:
        if need.clash is not None:
            return f"the service itself asks for host port {need.clash} twice"
        taken = [port for port in need.fixed if host.taken(port)]
        if taken:
            return f"port {', '.join(map(str, taken))} of {host.name} is taken"
        return f"{host.name} has not {counted(need.random, 'free port')} left between {host.ports_from} and {host.ports_to}"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return sum(host.taken(port) for port in need.fixed) + max(0, self._missing(host, need))

    def remedy(self, host: HostRow, need: Need) -> str:
        if need.clash is not None:
            return f"another host port in place of one {need.clash}"
        taken = [port for port in need.fixed if host.taken(port)]
        if taken:
            return f"port {taken[0]} of {host.name} free, a random port in its place, or one more host"
        return "a wider range of random ports in the pool"

    @staticmethod
    def _missing(host: HostRow, need: Need) -> int:
        range_size = host.ports_to - host.ports_from + 1
        own = sum(host.ports_from <= port <= host.ports_to for port in need.fixed)
        return host.ports_in_range + own + need.random - range_size


AVOID = "avoid"
"""Rule name of hosts the request itself excludes: they failed this generation already. Applied after all filters."""


def avoid_reason(host: HostRow) -> str:
    """Why an avoided host is refused."""
    return f"{host.name} failed this generation before"


def megabytes(amount: int) -> str:
    """An amount of bytes as people read it."""
    return f"{amount / _MB:,.0f} MB" if abs(amount) >= _MB else f"{amount} B"
