"""The activities of one entity that have not ended yet.

An activity is open from `Invoke` until its goal is reached, it fails, it is cancelled, or a newer one supersedes it. Goals are looked at by the
entity whenever something changed; nothing waits for an event that may never come, since every activity has a deadline where its effector gives one.

They outlive the manager. That one begins is written with what it led to (`fresh`); how far it is and how it ended follows within seconds, by the recorder.
The next manager's entity takes them up under the same id, and either goes on or says that they were interrupted. An effector that has to know more than the
entity's state for that has it remembered with the activity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from clocker_actors.entities.journal import ACTIVITY_KIND, Journal, activity_record
from clocker_actors.entities.records import Identity
from clocker_actors.errors import NotFound
from clocker_actors.model.activities import Activity, ActivityState, KeptActivity, Step
from clocker_actors.model.identity import RECORDER, Cause, Ids, Uid
from clocker_actors.model.messages import ActivityEnded, Invoke
from clocker_actors.model.noted import ActivityNoted
from clocker_actors.model.values import Value, counted
from clocker_actors.ports.store import Record

TAKEN_UP = "taken up"
"""Name of the step that says that the manager was restarted meanwhile."""


class Journaling(Protocol):
    """Where it is known what the manager before had begun."""

    @property
    def journal(self) -> Journal: ...


class Owner(Protocol):
    """What activities need of their entity."""

    uid: Uid

    @property
    def outside(self) -> Journaling: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def now(self) -> float: ...
    @property
    def ids(self) -> Ids: ...
    def tell(self, target_id: str, message: object) -> None: ...
    def activity_cancelled(self, activity: Activity) -> None: ...


@dataclass(slots=True)
class Open:
    """An open activity, whom to tell at its end, and what its effector remembers; `claimed` unless it was taken up and whoever wanted it may say so again."""

    activity: Activity
    reply_to: str
    memory: Mapping[str, Value] = field(default_factory=dict)
    claimed: bool = True


class Running:
    """Open activities by id, oldest first."""

    __slots__ = ("_entity", "_fresh", "_open")

    def __init__(self, entity: Owner) -> None:
        self._entity = entity
        self._open: dict[str, Open] = {}
        self._fresh: list[str] = []  # of which nothing durable knows yet

    def begin(self, invoke: Invoke, arguments: Mapping[str, Value]) -> Activity:
        """Open an activity for a checked call; one that was taken up and is the very same goes on instead."""
        entity = self._entity
        known = self.claim(invoke)
        if known is not None:
            return known
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
        self._fresh.append(activity.id)
        entity.tell(RECORDER, ActivityNoted(activity, invoke.reply_to))
        return activity

    # --- over a restart of the manager

    def take_up(self, kept: KeptActivity) -> Activity:
        """One that was open when the manager before ended is open again."""
        now, activity = self._entity.now, kept.activity
        note = f"the manager was restarted; {done_so_far(activity)}"
        taken = replace(activity, steps=(*activity.steps, Step(TAKEN_UP, now, now, note)))
        self._keep(self._open.setdefault(activity.id, Open(taken, kept.reply_to, kept.memory, claimed=False)), taken)
        return taken

    def claim(self, invoke: Invoke) -> Activity | None:
        """The activity that was taken up and that this very call had led to: somebody who began anew gives his order once more."""
        for open_ in self._open.values():
            known, asked = open_.activity, (invoke.effector, invoke.parent, invoke.cause.id)
            if not open_.claimed and (known.parent or open_.reply_to) and (known.effector, known.parent, known.cause.id) == asked:
                open_.claimed, open_.reply_to = True, invoke.reply_to or open_.reply_to
                return known
        return None

    def memory(self, activity_id: str) -> Mapping[str, Value]:
        """What its effector has remembered."""
        open_ = self._open.get(activity_id)
        return open_.memory if open_ is not None else {}

    def remember(self, activity_id: str, *, soon: bool = False, **memory: Value) -> None:
        """Keep this with an open activity, beside what is remembered already: written with the next change of the entity, or just `soon`."""
        open_ = self._open.get(activity_id)
        if open_ is None or open_.memory == (after := {**open_.memory, **memory}):
            return
        open_.memory = after
        if not soon and activity_id not in self._fresh:
            self._fresh.append(activity_id)
        self._keep(open_, open_.activity)

    def fresh(self) -> list[Record]:
        """The records of those that are open and of which nothing durable knows yet; whoever asks writes them."""
        fresh, self._fresh = self._fresh, []
        return [activity_record(self._kept(self._open[each])) for each in fresh if each in self._open] if fresh else []

    def records_of(self, *effectors: str) -> list[Record]:
        """The records of the open activities of these effectors as they are when they are done: to be written with what makes them so."""
        kept = (self._kept(open_) for open_ in self._open.values() if open_.activity.effector in effectors)
        now = self._entity.now
        return [activity_record(replace(each, activity=replace(each.activity, state=ActivityState.DONE, ended=now))) for each in kept]

    def still(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """These, without those of activities that have ended meanwhile: their end is not to be overwritten."""
        return tuple(each for each in records if each.kind != ACTIVITY_KIND or each.uid in self._open)

    def _kept(self, open_: Open) -> KeptActivity:
        return KeptActivity(open_.activity, open_.reply_to, open_.memory, self._entity.identity.path)

    # --- how they are

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

    def interrupted(self, activity_id: str, why: str) -> None:
        """The manager was restarted, and nobody can go on with it."""
        self._end(activity_id, ActivityState.INTERRUPTED, problem=why)

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
        self._entity.tell(RECORDER, ActivityNoted(ended, open_.reply_to))
        if not open_.claimed:
            self._entity.outside.journal.ended(ended)
        if open_.reply_to:
            self._entity.tell(open_.reply_to, ActivityEnded(ended))

    def _keep(self, open_: Open, activity: Activity) -> None:
        open_.activity = activity
        self._entity.tell(RECORDER, ActivityNoted(activity, open_.reply_to, open_.memory))


def done_so_far(activity: Activity) -> str:
    """What an activity had done, in words."""
    steps = [step for step in activity.steps if step.name != TAKEN_UP]
    parts = [f"{activity.done} of {activity.total}"] if activity.total else []
    parts += [f"{'in' if steps[-1].ended is None else 'after'} step {steps[-1].name}"] if steps else []
    more = f", after {counted(len(steps) - 1, 'other')}" if len(steps) > 1 else ""
    return f"it had come to: {', '.join(parts)}{more}" if parts else "nothing of it was done yet"
