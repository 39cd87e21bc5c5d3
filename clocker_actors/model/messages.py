"""What actors say to each other. Commands are imperative, facts past participles; every one is a frozen value that can be encoded.

Commands and facts carry their `cause` where they lead to something a person may ask about. Nothing here holds a reference to an actor, a
future or an exception: entities are named by uid, failures are `Failure` values.

    people, policies ──Invoke──▶ entity ──Accepted──▶            member ──Place──▶ pool ──Placed | PlacementRefused──▶ member
    entity ──ActivityEnded──▶ whoever gave `reply_to`            member ──generations.py──▶ host
    host, container ──generations.py──▶ member                   host ──HostSeen──▶ pool
    entity ──SensorChanged, Notified──▶ its subscribers          enricher, policy ──SetReading, Emit, SetProblem, Decided──▶ entity
    everybody ──…Noted (noted.py)──▶ recorder
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value

TOPIC_MEMBERS = "members"
"""Topic on which a cluster publishes `MembersChanged`. Sensor topics are sensor names."""


# --- effectors and activities -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SayDurable:
    """Asks an entity to answer once all that it has decided so far is written. Who was told that an order is taken may rely on it, whatever dies then."""


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
class StillOpen:
    """To a policy that begins, perhaps with a manager that begins: which of its decisions have led to something that is under way. It waits for nothing else."""

    decisions: tuple[str, ...]


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
    settling: bool = False  # what it runs answers, but too lately to be called up: it may yet turn out that it did not start
    adopted: str = ""  # digest of the spec that it has made durable (updating.py)
    behind: str = ""  # what does not run as that spec says yet, in words
    update_failed: str = ""  # why it stays behind until somebody changes the spec or orders it anew


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
class SetIndicator:
    """Put a reason why the service is not up (words) under a name on the entity; "" takes it away."""

    name: str
    reason: str
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
    """No host will do; the decision says why, per rule. `growing` says that one will come, and why it is waited for."""

    member: Uid
    generation: int
    decision: Decision
    ask: str = ""
    growing: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The generation no longer takes room."""

    member: Uid
    generation: int


@dataclass(frozen=True, slots=True)
class SayPlaces:
    """A pool that crashed asks a member which places it holds, those included that it was just given and has not made durable; answered by `Places`."""

    pool: Uid


@dataclass(frozen=True, slots=True)
class HeldPlace:
    """Room that one generation takes on a host."""

    request: PlacementRequest
    host: Uid
    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Places:
    """All the room that a member takes in its pool."""

    member: Uid
    places: tuple[HeldPlace, ...]


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A host tells its Pool how it is. Only what the host itself knows of the view is read: up, size, load, foreign containers, images."""

    SUPERSEDES: ClassVar[bool] = True
    view: HostView

    def supersede_key(self) -> Hashable:
        """The newest view of a host is the one that counts."""
        return self.view.uid
