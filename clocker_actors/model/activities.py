"""Activities: one run of an effector, as a value that is told anew at each change.

An activity belongs to the entity it runs on; its `parent` is the activity that asked for it, so that a deploy is a tree. States only move forward:
WAITING → RUNNING → DONE | FAILED | CANCELLED | SUPERSEDED | INTERRUPTED (found half-way after a restart of the manager, and not to be gone on with).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.values import Value


class ActivityState(StrEnum):
    """How far an activity is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in {ActivityState.WAITING, ActivityState.RUNNING}


@dataclass(frozen=True, slots=True)
class Step:
    """One named step of an activity, with its times (epoch seconds; `ended` None while it runs)."""

    name: str
    began: float
    ended: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """One run of an effector: who asked, why, how far, with what result."""

    id: str
    entity: Uid
    effector: str
    cause: Cause
    began: float
    arguments: Mapping[str, Value] = field(default_factory=dict)
    parent: str = ""
    state: ActivityState = ActivityState.RUNNING
    done: int = 0
    total: int = 0
    note: str = ""
    steps: tuple[Step, ...] = ()
    ended: float | None = None
    result: Value = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class KeptActivity:
    """An activity as it is kept: whom to tell at its end (an actor's id), what its effector has to remember to go on with it, and the path of its entity,
    which may be gone when somebody asks."""

    activity: Activity
    reply_to: str = ""
    memory: Mapping[str, Value] = field(default_factory=dict)
    path: str = ""
