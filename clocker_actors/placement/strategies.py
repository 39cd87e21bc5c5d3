"""Ranking strategies: who of the accepted hosts comes first.

As in the ancestor each strategy orders the list it is given, so the last one of a pipeline dominates and earlier ones break its ties; the pool's list order breaks
the rest.

`BreadthFirst` differs from the ancestor's, which rotated the host list by a call counter: with one shared counter over many clusters, or any filter that
shortens the list, a rotation piles containers of one cluster on one host. Ours wants the same (go round the hosts) by looking at what is there, so it also mends
an uneven spread after a host came back, and needs no memory of calls.
"""

# ruff: noqa: ARG002  (each rule has the whole contract's parameters, needed or not)

from dataclasses import dataclass
from math import inf
from typing import Protocol, TypeAlias

from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.values import counted
from clocker_actors.placement.hosts import HostRow

Key: TypeAlias = tuple[float, ...]

UNKNOWN_LAST = inf
DRAWN = "drawn by a hash of the member"
"""Why a host is where it is among its equals, with Random."""


class Ranking(Protocol):
    """Orders hosts: the lowest key is best. `cluster` is "" when the order must not depend on it."""

    @property
    def name(self) -> str:
        """Name in decisions."""

    def key(self, host: HostRow, cluster: Uid) -> Key:
        """Sort key of the host."""

    def words(self, host: HostRow, cluster: Uid) -> str:
        """The key in words with numbers."""


class LateRanking:
    """A ranking that depends on more of the request than its cluster."""

    __slots__ = ()

    def bound(self, request: PlacementRequest) -> Ranking:
        """The ranking for this request; equal ones for requests that see hosts alike."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ImagePresent(LateRanking):
    """Hosts that have the image already come first: they need not pull or build it."""

    image: str = ""
    name: str = "ImagePresent"

    def bound(self, request: PlacementRequest) -> Ranking:
        return ImagePresent(request.image)

    def key(self, host: HostRow, cluster: Uid) -> Key:
        return (0 if self.image in host.images else 1,)

    def words(self, host: HostRow, cluster: Uid) -> str:
        return f"image {self.image} is {'there' if self.image in host.images else 'not there yet'}"


@dataclass(frozen=True, slots=True)
class BreadthFirst:
    """Spread: fewest containers of this cluster, then fewest containers, then the fixed order."""

    name: str = "BreadthFirst"

    def key(self, host: HostRow, cluster: Uid) -> Key:
        return (host.clusters.get(cluster, 0), host.containers + host.foreign)

    def words(self, host: HostRow, cluster: Uid) -> str:
        if not cluster:
            return counted(host.load, "container")
        return f"{host.clusters.get(cluster, 0)} of this cluster, {counted(host.containers + host.foreign, 'container')}"


@dataclass(frozen=True, slots=True)
class DepthFirst:
    """Pack: the fixed order of the pool's list, until a filter refuses the host."""

    name: str = "DepthFirst"

    def key(self, host: HostRow, cluster: Uid) -> Key:
        return (host.order,)

    def words(self, host: HostRow, cluster: Uid) -> str:
        return f"number {host.order} of the pool's list"


@dataclass(frozen=True, slots=True)
class LeastContainers:
    """Fewest containers, foreign ones counted."""

    name: str = "LeastContainers"

    def key(self, host: HostRow, cluster: Uid) -> Key:
        return (host.containers + host.foreign,)

    def words(self, host: HostRow, cluster: Uid) -> str:
        return counted(host.load, "container")


@dataclass(frozen=True, slots=True)
class LowestCpuUsage:
    """Lowest processor use in whole percent, then fewest containers. Unknown comes last, but an empty host counts as idle."""

    name: str = "LowestCpuUsage"

    def key(self, host: HostRow, cluster: Uid) -> Key:
        cpu = host.expected_cpu
        return (UNKNOWN_LAST if cpu is None else round(cpu), host.load)

    def words(self, host: HostRow, cluster: Uid) -> str:
        cpu = host.expected_cpu
        use = "processor use unknown" if cpu is None else f"{cpu:.1f} % processor use expected"
        return f"{use}, {counted(host.load, 'container')}"


@dataclass(frozen=True, slots=True)
class Random:
    """Any host, each as likely: the list is rotated by a number made from member and generation, so the same request always gives the same order."""

    name: str = "Random"

    def key(self, host: HostRow, cluster: Uid) -> Key:
        return ()

    def words(self, host: HostRow, cluster: Uid) -> str:
        return DRAWN
