"""What everybody tells the recorder: facts for people. Nothing that acts reads them; metrics, REST, CLI and explain read nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.effectors import Effector
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import Notified
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value


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
    effectors: tuple[Effector, ...] = ()
    """Those of its blueprint, beside what all of its kind have."""


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
    """An activity began, went on or ended. The rest is what `KeptActivity` keeps of it."""

    activity: Activity
    reply_to: str = ""
    memory: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecisionNoted:
    """Something was decided."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class PolicyNoted:
    """A policy, enricher or feed of an entity was added or changed; `state` is running, suspended, waiting, failed or removed."""

    entity: Uid
    name: str
    type: str
    role: str  # policy, enricher, feed
    state: str
    config: Mapping[str, Value] = field(default_factory=dict)
    status: Mapping[str, Value] = field(default_factory=dict)
