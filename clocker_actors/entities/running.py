"""The activities of one entity that have not ended yet.

An activity is open from `Invoke` until its goal is reached, it fails, it is cancelled, or a newer one supersedes it. Goals are looked at by the
entity whenever something changed; nothing waits for an event that may never come, since every activity has a deadline where its effector gives one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from clocker_actors.errors import NotFound
from clocker_actors.model.activities import Activity, ActivityState, Step
from clocker_actors.model.identity import RECORDER, Cause, Ids, Uid
from clocker_actors.model.messages import ActivityEnded, Invoke
from clocker_actors.model.noted import ActivityNoted
from clocker_actors.model.values import Value


class Owner(Protocol):
    """What activities need of their entity."""

    uid: Uid

    @property
    def now(self) -> float: ...
    @property
    def ids(self) -> Ids: ...
    def tell(self, target_id: str, message: object) -> None: ...
    def activity_cancelled(self, activity: Activity) -> None: ...


@dataclass(slots=True)
class Open:
    """An open activity and whom to tell at its end."""

    activity: Activity
    reply_to: str


class Running:
    """Open activities by id, oldest first."""

    __slots__ = ("_entity", "_open")

    def __init__(self, entity: Owner) -> None:
        self._entity = entity
        self._open: dict[str, Open] = {}

    def begin(self, invoke: Invoke, arguments: Mapping[str, Value]) -> Activity:
        """Open an activity for a checked call."""
        entity = self._entity
        activity = Activity(
            id=entity.ids.activity(),
            entity=entity.uid,
            effector=invoke.effector,
            cause=invoke.cause,
            began=entity.now,
            arguments=arguments,
            parent=invoke.parent,
        )
        self._open[activity.id] = Open(activity, invoke.reply_to)
        entity.tell(RECORDER, ActivityNoted(activity))
        return activity

    def means(self, activity_id: str, arguments: Mapping[str, Value]) -> None:
        """What people wrote, in the words of the system: these arguments stand for what was given."""
        open_ = self._open.get(activity_id)
        if open_ is not None and open_.activity.arguments != arguments:
            self._keep(open_, replace(open_.activity, arguments=arguments))

    def all(self, *effectors: str) -> list[Activity]:
        """Open activities of these effectors (none given: all), oldest first."""
        return [open_.activity for open_ in self._open.values() if not effectors or open_.activity.effector in effectors]

    def is_open(self, activity_id: str) -> bool:
        """Whether the activity has not ended yet."""
        return activity_id in self._open

    def newest(self, *effectors: str) -> Activity | None:
        """The newest open activity of these effectors."""
        found = self.all(*effectors)
        return found[-1] if found else None

    def progress(self, activity_id: str, *, done: int, total: int, note: str = "") -> None:
        """Say how far it is; nothing is told if nothing changed."""
        open_ = self._open.get(activity_id)
        if open_ is None:
            return
        after = replace(open_.activity, done=done, total=total, note=note)
        if after != open_.activity:
            self._keep(open_, after)

    def step(self, activity_id: str, name: str, note: str = "") -> None:
        """The activity has come to this step; the one before it has ended."""
        open_ = self._open.get(activity_id)
        if open_ is None:
            return
        now = self._entity.now
        steps = open_.activity.steps
        if steps and steps[-1].name == name and steps[-1].note == note:
            return
        closed = tuple(replace(step, ended=now) if step.ended is None else step for step in steps)
        self._keep(open_, replace(open_.activity, steps=(*closed, Step(name, now, note=note))))

    def step_over(self, activity_id: str, name: str) -> None:
        """The activity has left the step of that name, though no other one has a name."""
        open_ = self._open.get(activity_id)
        steps = open_.activity.steps if open_ is not None else ()
        if open_ is None or not any(step.name == name and step.ended is None for step in steps):
            return
        now = self._entity.now
        closed = tuple(replace(step, ended=now) if step.name == name and step.ended is None else step for step in steps)
        self._keep(open_, replace(open_.activity, steps=closed))

    def finish(self, activity_id: str, result: Value = None) -> None:
        """Its goal is reached."""
        self._end(activity_id, ActivityState.DONE, result=result)

    def fail(self, activity_id: str, problem: str, result: Value = None) -> None:
        """It cannot reach its goal."""
        self._end(activity_id, ActivityState.FAILED, result=result, problem=problem)

    def supersede(self, *effectors: str, by: Activity) -> None:
        """End the open activities of these effectors in favour of a newer one."""
        for activity in self.all(*effectors):
            if activity.id != by.id:
                self._end(activity.id, ActivityState.SUPERSEDED, problem=f"superseded by {by.effector} ({by.id})")

    def give_way(self, activity_id: str, why: str) -> None:
        """What it was to reach is not wanted any more."""
        self._end(activity_id, ActivityState.SUPERSEDED, problem=why)

    def cancel(self, activity_id: str, cause: Cause) -> None:
        """Somebody took it back. Raises NotFound if it is not open here."""
        open_ = self._open.get(activity_id)
        if open_ is None:
            raise NotFound(f"activity {activity_id} is not running on {self._entity.uid}; `clocker activities` lists what is")
        self._end(activity_id, ActivityState.CANCELLED, problem=f"cancelled by {cause.principal}")
        self._entity.activity_cancelled(open_.activity)

    def interrupt(self, why: str) -> None:
        """End all that is open: the entity goes, or has crashed and knows of them no more. Whoever waits for one is told."""
        for activity_id in tuple(self._open):
            self._end(activity_id, ActivityState.INTERRUPTED, problem=why)

    def cancel_parts(self, parent: str, cause: Cause) -> None:
        """End the open activities that belong to one that was taken back."""
        for activity in self.all():
            if activity.parent == parent:
                self.cancel(activity.id, cause)

    def _end(self, activity_id: str, state: ActivityState, *, result: Value = None, problem: str = "") -> None:
        open_ = self._open.pop(activity_id, None)
        if open_ is None:
            return
        now = self._entity.now
        steps = tuple(replace(step, ended=now) if step.ended is None else step for step in open_.activity.steps)
        ended = replace(open_.activity, state=state, result=result, problem=problem, ended=now, steps=steps)
        self._entity.tell(RECORDER, ActivityNoted(ended))
        if open_.reply_to:
            self._entity.tell(open_.reply_to, ActivityEnded(ended))

    def _keep(self, open_: Open, activity: Activity) -> None:
        open_.activity = activity
        self._entity.tell(RECORDER, ActivityNoted(activity))
