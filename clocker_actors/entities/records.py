"""The durable state of each entity: one frozen value per entity, written before anything is done for it.

Only what was asked for and what was decided is kept (specs, desired state, ids, chosen hosts and ports). What is observed is found again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from clocker_actors.errors import StoreFault
from clocker_actors.model.decisions import Decision
from clocker_actors.model.expressions import Filled
from clocker_actors.model.identity import NOBODY, SYSTEM, Cause, EntityKind, Uid, policy_id
from clocker_actors.model.machines import Made
from clocker_actors.model.ownership import BLUEPRINT, AdjunctState, Lease, Owner
from clocker_actors.model.specs import ApplicationSpec, HostSpec, PoolSpec, ServiceSpec
from clocker_actors.model.updating import StartedAs
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode

DECISION_KIND = "decision"
"""Record kind of decisions that acted."""
ADJUNCT_KIND = "adjunct"
"""Record kind of what a policy, enricher or feed asked to keep; its uid is the actor's id."""
T = TypeVar("T")


class Desired(StrEnum):
    """What an entity is to be."""

    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Identity:
    """Where an entity stands in the tree. `pool` is where its containers are placed ("" for pools and hosts)."""

    uid: Uid
    name: str
    path: str
    parent: Uid
    application: Uid = NOBODY
    pool: Uid = NOBODY


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a member, as intended: number, where, under which name and ports. `ready_once` tells a claim from a start."""

    number: int
    host: Uid
    host_name: str
    address: str
    name: str
    ports: Mapping[str, int] = field(default_factory=dict)
    ready_once: bool = False
    ended: bool = False  # seen dead or given up: nothing of it runs any more, only its remains are left
    after: int = 0  # the generation that has to be gone before this one is started, 0 if none has to
    filled: Filled = field(default_factory=Filled)  # what its late texts were resolved to
    putting: tuple[str, ...] = ()  # those of them that are files which its running container is to have, and may not have yet
    until: float = 0.0  # leaving: when it may be stopped; until then it serves those who have not heard yet that it goes
    was: StartedAs | None = None  # how it was started, where the member's spec says something else by now


@dataclass(frozen=True, slots=True)
class UpdateOf:
    """Why a member is to be otherwise than it runs: by the activity of its parent, for that cause. `failure` says why it stays as it was after all, though somebody
    or something wanted a new generation by an activity of this sort (`failing`)."""

    cause: Cause = SYSTEM
    activity: str = ""
    failure: str = ""
    failing: str = ""


@dataclass(frozen=True, slots=True)
class MemberState:
    """A member. `ports` are the host ports it keeps for life, `cluster` is "" for a member that is in none."""

    identity: Identity
    spec: ServiceSpec
    cluster: Uid = NOBODY
    cause: Cause = SYSTEM  # why it was planted
    desired: Desired = Desired.RUNNING
    number: int = 0
    current: Generation | None = None
    arriving: Generation | None = None  # while it moves: is started elsewhere, and takes the place of the current one when it is ready
    leaving: tuple[Generation, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    home: Uid = NOBODY  # the host that has its named volumes: where it first came to run with them
    filled: Filled | None = None  # what its late texts were resolved to the last time
    update: UpdateOf = field(default_factory=UpdateOf)
    planted: bool = False
    children: Mapping[str, Uid] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # services that an update added, until they are planted
    going: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # services that it took away, and those that used them, until they are deleted
    adjuncts: tuple[AdjunctState, ...] = ()
    decisions: tuple[str, ...] = ()

    @property
    def generations(self) -> tuple[Generation, ...]:
        """All there are: on their way out, current, on their way in."""
        return tuple(kept for kept in (*self.leaving, self.current, self.arriving) if kept is not None)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A member that failed to start and was set aside."""

    uid: Uid
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class ClusterState:
    """A cluster: `size` is what is wanted, `members` what there is (oldest first), `removing` those on their way out. `size_owner` set the size; with a
    `lease` it goes back to that of before when its time is over."""

    identity: Identity
    spec: ServiceSpec
    size: int
    size_owner: Owner = BLUEPRINT
    lease: Lease | None = None
    cause: Cause = SYSTEM  # why it was planted
    desired: Desired = Desired.RUNNING
    members: tuple[Uid, ...] = ()
    removing: tuple[Uid, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    replacing: Mapping[Uid, Uid] = field(default_factory=dict)  # old member → the new one that takes its place once it is up
    next_index: int = 1
    adjuncts: tuple[AdjunctState, ...] = ()
    decisions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationState:
    """An application: `children` maps service ids to the uids of their entities; once `planted`, one that a person deletes does not come again."""

    identity: Identity
    spec: ApplicationSpec
    cause: Cause = SYSTEM  # the deploy that made it
    desired: Desired = Desired.RUNNING
    planted: bool = False
    children: Mapping[str, Uid] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # services that an update added, until they are planted
    going: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # services that it took away, and those that used them, until they are deleted
    adjuncts: tuple[AdjunctState, ...] = ()
    decisions: tuple[str, ...] = ()
    elsewhere: tuple[Uid, ...] = ()  # pools beside its own that a service of it runs in, or ran in


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool: `hosts` maps host names to uids, those that it makes included, of which `size` are wanted. `emptying` are drained so that they can go, and
    whether somebody had cordoned them before; `leaving` are on their way out, `gone` those of them whose machine is no more. `aside` failed to come up and
    are kept to be looked at; `given_up` of those wanted are not tried again until somebody asks for a size, `retries` are the numbers of the attempts that
    the hosts to be made in the place of such are."""

    identity: Identity
    spec: PoolSpec
    desired: Desired = Desired.RUNNING
    hosts: Mapping[str, Uid] = field(default_factory=dict)
    size: int = 0
    emptying: Mapping[Uid, bool] = field(default_factory=dict)
    leaving: tuple[Uid, ...] = ()
    gone: tuple[Uid, ...] = ()
    aside: tuple[Uid, ...] = ()
    given_up: int = 0
    retries: tuple[int, ...] = ()
    next_index: int = 1
    healing_stopped: str = ""  # why nothing is replaced that ran on silent hosts
    hosts_given_up: tuple[Uid, ...] = ()  # silent, and lost as a person says
    authority: str = ""  # whose certificates its hosts are to have, if their engines listen on the network
    adjuncts: tuple[AdjunctState, ...] = ()
    decisions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drain:
    """What a host that is emptied was asked for: by which effector, at most how many members at a time (0: all), and why."""

    surge: int
    effector: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class HostState:
    """A host of a pool. One that the pool makes has `made`, and an engine once its machine is up."""

    identity: Identity
    spec: HostSpec
    order: int = 0
    made: Made | None = None
    cordoned: bool = False
    drain: Drain | None = None
    adjuncts: tuple[AdjunctState, ...] = ()
    decisions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RootState:
    """The management plane."""

    identity: Identity
    adjuncts: tuple[AdjunctState, ...] = ()
    decisions: tuple[str, ...] = ()


State = RootState | ApplicationState | ClusterState | MemberState | PoolState | HostState


def record(kind: EntityKind, state: State) -> Record:
    """The record that keeps this state."""
    return Record(kind, state.identity.uid, encode(state))


def adjunct_record(entity: Uid, name: str, state: Mapping[str, Value]) -> Record:
    """The record that keeps what a policy, enricher or feed of an entity asked to keep."""
    return Record(ADJUNCT_KIND, policy_id(entity, name), encode(state))


def belongings(state: State) -> tuple[Record, ...]:
    """Removes what is kept beside the record of an entity that is forgotten: its decisions, and the state of its policies."""
    own = (Record(ADJUNCT_KIND, policy_id(state.identity.uid, adjunct.spec.name), None) for adjunct in state.adjuncts)
    return (*(Record(DECISION_KIND, decision, None) for decision in state.decisions), *own)


def decision_record(decision: Decision) -> Record:
    """The record that keeps a decision that acted."""
    return Record(DECISION_KIND, decision.id, encode(decision))


def read_state(type_: type[T], store: Store, kind: EntityKind, uid: Uid) -> T:
    """The committed state of an entity; raises StoreFault if there is none."""
    body = store.read(kind, uid)
    if body is None:
        raise StoreFault(f"the store has no {kind} {uid}: its record was removed by someone else; restore a backup or delete its parent")
    return decode(type_, body)
