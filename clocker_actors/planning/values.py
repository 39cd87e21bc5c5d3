"""A plan as a value, and what it is made against: what runs, and the pool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.containers import ImageInfo
from clocker_actors.model.identity import NOBODY, Uid
from clocker_actors.model.ownership import AdjunctState
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import ApplicationSpec, ServiceSpec, StrategySpec
from clocker_actors.model.types import TypeTable
from clocker_actors.model.updating import StartedAs
from clocker_actors.placement.index import PORT_RANGE, HostIndex
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.merging import Services, Sized


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    KEEP = "keep"
    UPDATE = "update"  # changed in place: what runs goes on
    REPLACE = "replace"  # what runs gets a new generation
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Runs:
    """The generation that a member runs: its number, where, and how it was started if that is not as its spec says (`was`). `keep_ports` and `home` are the
    member's own."""

    number: int
    host: Uid
    host_name: str
    was: StartedAs | None = None
    keep_ports: Mapping[str, int] = field(default_factory=dict)
    home: Uid = NOBODY


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that runs: the spec it runs by, and of a cluster its members, oldest first, the index the next one gets, and its size (None: as many as there
    are, which nobody else set). `runs` has by uid what members run, without those that run nothing; `stopped` if it was stopped; `adjuncts` are its policies,
    enrichers and feeds as they are."""

    uid: Uid
    spec: ServiceSpec
    members: tuple[MemberView, ...] = ()
    next_index: int = 1
    children: tuple["RunningService", ...] = ()
    runs: Mapping[Uid, Runs] = field(default_factory=dict)
    sized: Sized | None = None
    stopped: bool = False
    adjuncts: tuple[AdjunctState, ...] = ()
    left: Services = field(default_factory=Services)

    @property
    def counted(self) -> int:
        """Members that count for its size."""
        return sum(not member.quarantined for member in self.members)


@dataclass(frozen=True, slots=True)
class RunningApplication:
    """An application that runs: its top services, and the spec it was deployed by (None: its services are all that is known of it). `left` is what an update
    before has left to be done."""

    uid: Uid
    services: tuple[RunningService, ...] = ()
    spec: ApplicationSpec | None = None
    adjuncts: tuple[AdjunctState, ...] = ()
    left: Services = field(default_factory=Services)


@dataclass(frozen=True, slots=True)
class Measured:
    """How long starts of an image took: how many were measured, and their median in seconds, from the order to its host until it was ready."""

    starts: int
    median: float


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool as a plan sees it. `images` holds what is known of images by reference, `starts` how long containers of them took to start. It may make `may_make`
    more hosts, each like `template`. `index` is one of its hosts made for this plan, which changes it; without it one is made of the views."""

    name: str
    hosts: tuple[HostView, ...]
    strategies: tuple[StrategySpec, ...] = ()
    ports: tuple[int, int] = PORT_RANGE
    images: Mapping[str, ImageInfo] = field(default_factory=dict)
    affinity: tuple[AffinityRule, ...] = ()
    types: TypeTable | None = None
    template: HostView | None = None
    may_make: int = 0
    starts: Mapping[str, Measured] = field(default_factory=dict)
    index: HostIndex | None = None


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step, in order. A created member has its host (name and address) and ports; port 0 is one the manager chooses when it places it.

    `changes` are the fields that differ, as the file names them. A replaced member has the host it comes from (`origin`), and `manner` with the reason. `wave`
    says when it begins: 1 at once, 2 when those of wave 1 are up that it depends on; 0 is not at all. Of one cluster the members with `turn` 1, 2, … change one
    after the other. `seconds` is how long it should take, None where nobody knows. `pool` is whose the host is, "" for that of the application."""

    action: Action
    kind: str
    path: str
    reason: str
    host: str = ""
    address: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    origin: str = ""
    manner: str = ""
    manner_reason: str = ""
    wave: int = 0
    turn: int = 0
    seconds: float | None = None
    pool: str = ""


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
    """What would happen, in order; what could not; what to look at. `seconds` is how long all of it should take, None where nobody knows, and `measured` says
    in words what that was worked out from."""

    application: str
    pool: str
    steps: tuple[PlanStep, ...] = ()
    refusals: tuple[PlanRefusal, ...] = ()
    warnings: tuple[PlanWarning, ...] = ()
    seconds: float | None = None
    measured: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything would be done at all."""
        return any(step.action is not Action.KEEP for step in self.steps)

    @property
    def possible(self) -> bool:
        """Whether every member finds a host."""
        return not self.refusals
