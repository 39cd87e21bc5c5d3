"""Rules that a person asks for by a strategy's name: labels, host names, free room, groups; and where a volume is.

Some depend on the request (`LateFilter`): they say for each request which filters they are, and requests for which those are equal share a ranking.
"""

# ruff: noqa: ARG002  (each rule has the whole contract's parameters, needed or not)

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.selectors import Selector
from clocker_actors.model.values import counted
from clocker_actors.placement.filters import Filter, megabytes
from clocker_actors.placement.hosts import NANO, HostRow, Need


class Known(Protocol):
    """What a late filter may ask of the index."""

    def standing(self, cluster: Uid) -> Mapping[Uid, int]: ...
    def homes(self, volume: str, request: PlacementRequest) -> Mapping[Uid, str]: ...


class LateFilter:
    """A strategy that becomes filters when the request is known."""

    __slots__ = ()

    def bound(self, request: PlacementRequest, known: Known) -> tuple[Filter, ...]:
        """The filters for this request; equal ones for requests that see hosts alike."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class DiskFits:
    """The disk space asked for is free and not yet reserved by others."""

    rule: str = "disk"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not need.disk or host.disk_reserved + need.disk <= host.disk

    def refusal(self, host: HostRow, need: Need) -> str:
        if not host.disk:
            return f"free disk space of {host.name} is not known; {megabytes(need.disk)} wanted"
        free = host.disk - host.disk_reserved
        return f"{host.name} has {megabytes(free)} of {megabytes(host.disk)} free disk space unreserved; {megabytes(need.disk)} wanted"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return host.disk_reserved + need.disk - host.disk

    def remedy(self, host: HostRow, need: Need) -> str:
        if not host.disk:
            return f"{host.name} saying how much disk space is free, which takes SSH or the local machine"
        return f"{megabytes(int(self.shortfall(host, need)))} more disk space on {host.name}, or a diskRequest of that much less"


@dataclass(frozen=True, slots=True)
class Label:
    """The host's labels meet all conditions."""

    conditions: tuple[Selector, ...]
    rule: str = "Label"

    def _failed(self, host: HostRow) -> list[Selector]:
        return [each for each in self.conditions if not each.holds(host.labels)]

    def accepts(self, host: HostRow, need: Need) -> bool:
        return all(each.holds(host.labels) for each in self.conditions)

    def refusal(self, host: HostRow, need: Need) -> str:
        first = self._failed(host)[0]
        has = f"{first.key}={host.labels[first.key]}" if first.key in host.labels else f"no label {first.key}"
        return f"{host.name} has {has}; Label wants {first.text}"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return len(self._failed(host))

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"labels of {host.name} that meet {', '.join(each.text for each in self._failed(host))}"


@dataclass(frozen=True, slots=True)
class Hostname:
    """The whole name of the host matches."""

    pattern: re.Pattern[str]
    rule: str = "Hostname"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return self.pattern.fullmatch(host.name) is not None

    def refusal(self, host: HostRow, need: Need) -> str:
        return f"{host.name} does not match {self.pattern.pattern}, which Hostname wants"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return 0.0

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"a host whose name matches {self.pattern.pattern}"


@dataclass(frozen=True, slots=True)
class ProvisioningFlags:
    """So much memory (bytes) and so many processors are on the host and not claimed by its containers."""

    memory: int
    cores: float
    rule: str = "ProvisioningFlags"

    def _free(self, host: HostRow) -> tuple[int, float]:
        return host.memory - host.memory_reserved, host.cores - host.nanocpus / NANO

    def accepts(self, host: HostRow, need: Need) -> bool:
        memory, cores = self._free(host)
        return memory >= self.memory and cores >= self.cores

    def refusal(self, host: HostRow, need: Need) -> str:
        memory, cores = self._free(host)
        wants = f"minRam {megabytes(self.memory)}, minCores {self.cores:g}"
        return f"{host.name} has {megabytes(memory)} memory and {cores:g} processors unclaimed; ProvisioningFlags wants {wants}"

    def shortfall(self, host: HostRow, need: Need) -> float:
        memory, cores = self._free(host)
        return max(0.0, 1 - memory / self.memory if self.memory else 0.0) + max(0.0, 1 - cores / self.cores if self.cores else 0.0)

    def remedy(self, host: HostRow, need: Need) -> str:
        memory, cores = self._free(host)
        each = (
            (self.memory - memory, megabytes(self.memory - memory) + " memory"),
            (self.cores - cores, f"{self.cores - cores:g} processors"),
        )
        return f"{' and '.join(words for missing, words in each if missing > 0)} more unclaimed on {host.name}"


@dataclass(frozen=True, slots=True)
class Group(LateFilter):
    """What belongs together is on one host, what does not is on others; with `exclusive` on hosts that hold nothing else."""

    exclusive: bool = False

    def bound(self, request: PlacementRequest, known: Known) -> tuple[Filter, ...]:
        """The group is the cluster; a service of its own is a group of one."""
        if request.cluster and known.standing(request.cluster):
            return (Together(request.cluster),)
        return (Apart(request.application, self.exclusive),)


@dataclass(frozen=True, slots=True)
class Together:
    """Only the host that holds this cluster already."""

    cluster: Uid
    rule: str = "Group"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return host.clusters.get(self.cluster, 0) > 0

    def refusal(self, host: HostRow, need: Need) -> str:
        return f"{host.name} holds none of this cluster, and Group keeps it on one host"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return 0.0

    def remedy(self, host: HostRow, need: Need) -> str:
        return "room on the host that holds this cluster"


@dataclass(frozen=True, slots=True)
class Apart:
    """No host that holds this application already; with `exclusive` none that holds anything."""

    application: Uid
    exclusive: bool
    rule: str = "Group"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not host.applications.get(self.application) and not (self.exclusive and host.load)

    def refusal(self, host: HostRow, need: Need) -> str:
        own = host.applications.get(self.application, 0)
        if own:
            return f"{host.name} holds {counted(own, 'container')} of another group of this application"
        return f"{host.name} holds {counted(host.load, 'container')}, and an exclusive Group takes an empty host"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return host.load if self.exclusive else host.applications.get(self.application, 0)

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"{host.name} without {'containers' if self.exclusive else 'this application'}, or one more host"


@dataclass(frozen=True, slots=True)
class VolumesAt:
    """Only hosts that have every named volume which is somewhere already; `homes` by volume name, as (uid, name of the host)."""

    homes: tuple[tuple[str, tuple[tuple[Uid, str], ...]], ...]
    rule: str = "volume"

    def accepts(self, host: HostRow, need: Need) -> bool:
        return all(any(uid == host.uid for uid, _ in hosts) for _, hosts in self.homes)

    def _missing(self, host: HostRow) -> list[tuple[str, str]]:
        return [
            (volume, " or ".join(name for _, name in hosts)) for volume, hosts in self.homes if all(uid != host.uid for uid, _ in hosts)
        ]

    def refusal(self, host: HostRow, need: Need) -> str:
        volume, where = self._missing(host)[0]
        return f"volume {volume} is on {where}, not on {host.name}: what uses it has to go there"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return len(self._missing(host))

    def remedy(self, host: HostRow, need: Need) -> str:
        return "; ".join(f"room on {where}, which has volume {volume}" for volume, where in self._missing(host))
