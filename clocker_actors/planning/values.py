"""A plan as a value, and what it is made against: what runs, and the pool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.containers import ImageInfo
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import ServiceSpec, StrategySpec
from clocker_actors.model.types import TypeTable
from clocker_actors.placement.index import PORT_RANGE
from clocker_actors.planning.members import MemberView


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    KEEP = "keep"
    UPDATE = "update"  # its spec has changed
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that runs: the spec it runs by, and of a cluster its members, oldest first, and the index the next one gets."""

    uid: Uid
    spec: ServiceSpec
    members: tuple[MemberView, ...] = ()
    next_index: int = 1
    children: tuple["RunningService", ...] = ()


@dataclass(frozen=True, slots=True)
class RunningApplication:
    """An application that runs; its top services."""

    uid: Uid
    services: tuple[RunningService, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool as a plan sees it. `images` holds what is known of images by reference. It may make `may_make` more hosts, each like `template`."""

    name: str
    hosts: tuple[HostView, ...]
    strategies: tuple[StrategySpec, ...] = ()
    ports: tuple[int, int] = PORT_RANGE
    images: Mapping[str, ImageInfo] = field(default_factory=dict)
    affinity: tuple[AffinityRule, ...] = ()
    types: TypeTable | None = None
    template: HostView | None = None
    may_make: int = 0


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step, in order. A created member has its host (name and address) and ports; port 0 is one the manager chooses when it places it."""

    action: Action
    kind: str
    path: str
    reason: str
    host: str = ""
    address: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanRefusal:
    """A member that no host takes, why, and what would change it."""

    path: str
    reason: str
    would_change: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """Something that will work, but perhaps not as meant."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen, in order; what could not; what to look at."""

    application: str
    pool: str
    steps: tuple[PlanStep, ...] = ()
    refusals: tuple[PlanRefusal, ...] = ()
    warnings: tuple[PlanWarning, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything would be done at all."""
        return any(step.action is not Action.KEEP for step in self.steps)

    @property
    def possible(self) -> bool:
        """Whether every member finds a host."""
        return not self.refusals
