"""The question where something would go, and why not elsewhere, with its answer: what `clocker hosts --for ID` shows.

The Pool answers it from the index that it places with, so that it is the same moment and the same rules as those of a placement. Nothing is reserved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.decisions import HostVerdict
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import PlacementRequest

MOST = 200
"""Hosts that would take it, and hosts that would not, of which an answer tells at most."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Ask a Pool what it thinks of each of its hosts for this request; answered with `Weighed`. Refused with BadRequest for strategies that cannot be used."""

    request: PlacementRequest
    most: int = MOST


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What a host has, and what of it nobody has reserved, in bytes and processors; `containers` counts foreign ones, `cpu` is percent of the whole host. None
    where it is not known. What the request's own generation holds counts as free."""

    containers: int
    cores: int
    cpus_free: float | None
    memory: int
    memory_free: int | None
    disk_free: int | None
    cpu: float | None
    zone: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WeighedHost:
    """One host: the verdict, and the figures behind it."""

    verdict: HostVerdict
    figures: HostFigures


@dataclass(frozen=True, slots=True)
class Weighed:
    """All hosts counted, and told of at most so many as was asked for: those that would do from best to worst, then the others. `refused` counts by rule."""

    pool: Uid
    considered: int
    accepted: int
    refused: Mapping[str, int] = field(default_factory=dict)
    strategies: tuple[str, ...] = ()
    hosts: tuple[WeighedHost, ...] = ()
    index_version: int = 0
