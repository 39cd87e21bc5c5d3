"""What actors say to each other. Commands are imperative, facts past participles; every one is a frozen value that can be encoded.

Commands and facts carry their `cause` where they lead to something a person may ask about. Nothing here holds a reference to an actor, a
future or an exception: entities are named by uid, failures are `Failure` values.

    people, policies ──Invoke──▶ entity ──Accepted──▶            member ──Place──▶ pool ──Placed | PlacementRefused──▶ member
    entity ──ActivityEnded──▶ whoever gave `reply_to`            member ──RunContainer | ClaimContainer | EndContainer──▶ host
    container ──GenerationChanged, ContainerRead──▶ member       host ──HostSeen──▶ pool
    entity ──SensorChanged, Notified──▶ its subscribers          enricher, policy ──SetReading, Emit, SetProblem, Decided──▶ entity
    everybody ──…Noted──▶ recorder
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from clocker_actors.errors import Failure
from clocker_actors.model.activities import Activity
from clocker_actors.model.containers import Observed
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import ContainerSpec
from clocker_actors.model.values import Value

TOPIC_MEMBERS = "members"
"""Topic on which a cluster publishes `MembersChanged`. Sensor topics are sensor names."""
TOPIC_BEGAN = "began"
"""Topic on which a host publishes `HostBegan`."""


# --- effectors and activities -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invoke:
    """Run an effector. Asked, it answers `Accepted` or refuses with BadRequest / NotFound; told, `reply_to` gets `ActivityEnded` all the same."""

    effector: str
    arguments: Mapping[str, Value]
    cause: Cause
    parent: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The effector runs, as this activity."""

    activity: str


@dataclass(frozen=True, slots=True)
class ActivityEnded:
    """An activity that somebody waits for has ended; its state says how."""

    activity: Activity


@dataclass(frozen=True, slots=True)
class CancelActivity:
    """Stop what the activity still has to do; what was done stays and is said."""

    activity: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class CancelParts:
    """An activity was cancelled: stop what it led to here, and below."""

    parent: str
    cause: Cause


# --- the tree -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChildChanged:
    """A child entity tells its parent how it is."""

    child: Uid
    state: Lifecycle
    up: bool
    problems: Mapping[str, str] = field(default_factory=dict)
    start_failed: bool = False


@dataclass(frozen=True, slots=True)
class ChildDeleted:
    """A child entity has removed all that was made for it and is about to end."""

    child: Uid


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """The members of a cluster, oldest first; published on TOPIC_MEMBERS."""

    cluster: Uid
    members: tuple[Uid, ...]


@dataclass(frozen=True, slots=True)
class TellAgain:
    """Your parent was restarted and has forgotten what you told it: say again how you are."""


# --- sensors, policies --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SensorChanged:
    """A new reading of an entity, published under the sensor's name. A newer one supersedes one that still waits."""

    SUPERSEDES: ClassVar[bool] = True
    entity: Uid
    reading: Reading

    def supersede_key(self) -> Hashable:
        """Readings of one sensor of one entity supersede each other."""
        return (self.entity, self.reading.sensor)


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification sensor of an entity fired; published under the sensor's name, never superseded."""

    entity: Uid
    sensor: str
    value: Value
    at: float
    cause: Cause

    @property
    def id(self) -> str:
        """How a decision names this notification as its cause; several entities may fire one sensor at the same moment."""
        return f"{self.entity}:{self.sensor}@{self.at:.3f}"


@dataclass(frozen=True, slots=True)
class SetReading:
    """An enricher or feed gives its entity a reading."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Emit:
    """An enricher or policy fires a notification sensor of its entity."""

    sensor: str
    value: Value
    cause: Cause


@dataclass(frozen=True, slots=True)
class SetProblem:
    """Put a problem (words) under a name on the entity; "" takes it away. A running service with a problem is on fire."""

    name: str
    problem: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Decided:
    """A policy tells its entity what it concluded; `acted` decisions are kept durably."""

    decision: Decision
    acted: bool


@dataclass(frozen=True, slots=True)
class KeepState:
    """A policy asks its entity to keep its state (windows, breaker, marks) durably under its name."""

    name: str
    state: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Suspend:
    """Let a policy rest: it neither decides nor acts."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a policy work again."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """Change some configuration of a policy. Asked: answers the whole new configuration, or refuses with BadRequest."""

    config: Mapping[str, Value]
    cause: Cause


# --- placement ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Choose and reserve a host; the member gets `Placed` or `PlacementRefused` with the same `ask`, by which it knows an answer that it waits
    for from one to a question it has taken back."""

    request: PlacementRequest
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A host was chosen and room reserved on it."""

    placement: Placement
    ask: str = ""


@dataclass(frozen=True, slots=True)
class PlacementRefused:
    """No host will do; the decision says why, per rule."""

    member: Uid
    generation: int
    decision: Decision
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The generation no longer takes room."""

    member: Uid
    generation: int


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A host tells its Pool how it is. Only what the host itself knows of the view is read: up, size, load, foreign containers, images."""

    SUPERSEDES: ClassVar[bool] = True
    view: HostView

    def supersede_key(self) -> Hashable:
        """The newest view of a host is the one that counts."""
        return self.view.uid


# --- containers ---------------------------------------------------------------------------------------------------------------------


class Lane(StrEnum):
    """Whose start goes first on a host: healing before scaling before rebalancing."""

    HEALING = "healing"
    SCALING = "scaling"
    REBALANCING = "rebalancing"


@dataclass(frozen=True, slots=True)
class ContainerIntent:
    """One generation of one member on one host, as made durable before anything is done for it."""

    member: Uid
    generation: int
    application: Uid
    name: str
    host: Uid
    address: str
    image: str
    spec: ContainerSpec
    ports: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    volume_names: Mapping[str, str] = field(default_factory=dict)
    start_timeout: float = 300.0


class Phase(StrEnum):
    """How far a generation is."""

    WAITING = "waiting"  # for its turn on the engine
    IMAGE = "image"  # its image is pulled or built
    STARTING = "starting"  # the engine creates and starts it
    STARTED = "started"  # runs, not yet ready
    READY = "ready"
    UNWELL = "unwell"  # runs, but its health probe fails
    DIED = "died"
    FAILED = "failed"  # never came to run; the reason says why
    LOST = "lost"  # its host does not answer
    GONE = "gone"  # removed


@dataclass(frozen=True, slots=True)
class RunContainer:
    """Make this generation exist and run. Idempotent: what is there already is adopted."""

    intent: ContainerIntent
    lane: Lane
    cause: Cause


@dataclass(frozen=True, slots=True)
class ClaimContainer:
    """This generation should be there already (found in the store at a start): say how it is, GONE if it is not there."""

    intent: ContainerIntent
    cause: Cause


@dataclass(frozen=True, slots=True)
class EndContainer:
    """Stop and remove this generation; answered by GenerationChanged(GONE), at once if there is none. Kept until the host answers."""

    member: Uid
    generation: int
    name: str
    cause: Cause
    stop_timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class RemoveVolumes:
    """Remove these named volumes from a host, once nothing uses them."""

    application: Uid
    names: tuple[str, ...]
    reply_to: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class VolumesRemoved:
    """A host has removed the volumes of an application."""

    application: Uid
    host: Uid


@dataclass(frozen=True, slots=True)
class GenerationChanged:
    """How a generation of a member is; told by container or host to the member."""

    member: Uid
    generation: int
    phase: Phase
    at: float
    cause: Cause
    container: Uid | None = None
    observed: Observed | None = None
    reason: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class ContainerRead:
    """Readings of a generation's container, told to its member."""

    member: Uid
    generation: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class WatchClosely:
    """Somebody (`by`: a policy, a cluster, people) scales on or looks at this member: read its container each `period` seconds instead of the
    default; None when he does not any more. Of several, the shortest period counts."""

    member: Uid
    period: float | None
    by: str = ""


@dataclass(frozen=True, slots=True)
class HostBegan:
    """A host's actor began (perhaps anew, after a crash) and knows nothing yet; published under TOPIC_BEGAN. Members say again what they want of it."""

    host: Uid


# --- facts for the recorder ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EntityNoted:
    """An entity exists, or its description changed. `facts` are a few words for people (image, location, engine ...)."""

    uid: Uid
    kind: EntityKind
    path: str
    name: str
    parent: Uid | None
    application: Uid | None
    at: float
    type: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntityGone:
    """An entity does not exist any more."""

    uid: Uid
    at: float


@dataclass(frozen=True, slots=True)
class SensorsNoted:
    """New readings of an entity."""

    uid: Uid
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class NotificationNoted:
    """A notification of an entity fired."""

    notified: Notified


@dataclass(frozen=True, slots=True)
class ActivityNoted:
    """An activity began, went on or ended."""

    activity: Activity


@dataclass(frozen=True, slots=True)
class DecisionNoted:
    """Something was decided."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class PolicyNoted:
    """A policy, enricher or feed of an entity was added or changed; `state` is running, suspended or removed."""

    entity: Uid
    name: str
    type: str
    role: str  # policy, enricher, feed
    state: str
    config: Mapping[str, Value] = field(default_factory=dict)
    status: Mapping[str, Value] = field(default_factory=dict)
