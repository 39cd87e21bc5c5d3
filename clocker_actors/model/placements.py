"""Placement as values: what is asked of the Pool, and what it answers.

`HostView` is what the placement knows of a host; the pure functions of the placement room work on these and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import NOBODY, Cause, Uid
from clocker_actors.model.specs import PortSpec, StrategySpec


@dataclass(frozen=True, slots=True)
class Resident:
    """One generation that has room on a host, as affinity rules and strategies of your own see it. `type` is its image."""

    member: Uid
    generation: int
    path: str
    application: Uid
    cluster: Uid
    type: str = ""


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """Where should this generation of this member go? `name` is its path; `keep_ports` are the host ports it had before (container port → host port);
    `memory`, `cpus` and `disk` are what it reserves; `volumes` are named ones, as `<application uid>.<name>`."""

    member: Uid
    generation: int
    application: Uid
    cluster: Uid
    name: str
    cause: Cause
    image: str = ""
    memory: int = 0
    cpus: float = 0.0
    ports: tuple[PortSpec, ...] = ()
    keep_ports: Mapping[str, int] = field(default_factory=dict)
    strategies: tuple[StrategySpec, ...] = ()
    avoid: tuple[Uid, ...] = ()  # hosts that failed this generation already
    home: Uid = NOBODY  # the host that has the member's own named volumes, once it has run with them
    type: str = ""
    affinity: tuple[AffinityRule, ...] = ()
    disk: int = 0
    volumes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()  # hosts it is not to be on (uids or names), though nothing failed there
    target: str = ""  # the only host that will do (uid or name), "" for any
    instead: int = 0  # the member's generation that is stopped before this one is started, so that it leaves its room; 0 if none is


@dataclass(frozen=True, slots=True)
class Placement:
    """The chosen host, reserved; `ports` maps "80/tcp" to the host port chosen by the manager."""

    member: Uid
    generation: int
    host: Uid
    host_name: str
    address: str
    ports: Mapping[str, int]
    decision: Decision


@dataclass(frozen=True, slots=True)
class HostView:
    """What placement knows of one host now. `foreign` containers count in capacity; `cpu` is percent of the whole host, None if unknown."""

    uid: Uid
    name: str
    address: str = ""
    up: bool = True
    cordoned: bool = False
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    cores: int = 0
    memory: int = 0
    cpu: float | None = None
    containers: int = 0
    foreign: int = 0
    foreign_idle: int = 0  # not ours, and not running: no load, but lost with the host
    memory_reserved: int = 0
    cpus_reserved: float = 0.0
    ports: frozenset[int] = frozenset()
    images: frozenset[str] = frozenset()
    applications: Mapping[Uid, int] = field(default_factory=dict)
    clusters: Mapping[Uid, int] = field(default_factory=dict)
    order: int = 0  # position in the pool's list: the fixed order of DepthFirst
    affinity: tuple[AffinityRule, ...] = ()
    disk: int = 0  # bytes free for containers, 0 if unknown
    disk_reserved: int = 0
    volumes: frozenset[str] = frozenset()
    listed: bool = True  # whether its engine has ever said which volumes it has
    residents: tuple[Resident, ...] = ()
