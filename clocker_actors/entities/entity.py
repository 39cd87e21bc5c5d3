"""What all managed things have in common: durable state, readings, effectors, activities.

The heart is level-triggered. A handler changes the durable state with `change`; once that is written, and not before, `reconcile` is called, which
compares it with what is observed and does what is missing. Observations call `settle`, which is `reconcile` unless something is still being written.
So an effect never comes before its intent, and it does not matter which message was lost.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar, cast

from clocker_actors.entities.adjuncts import Adjuncts
from clocker_actors.entities.commands import Commands
from clocker_actors.entities.commits import Pending
from clocker_actors.entities.digests import Adopted
from clocker_actors.entities.durably import Durably
from clocker_actors.entities.fanout import Fanout, FanoutOver
from clocker_actors.entities.latevalues import LookAgain
from clocker_actors.entities.lookouts import Lookouts
from clocker_actors.entities.memories import KeepNow, Memories
from clocker_actors.entities.offspring import Offspring, TryChildAgain
from clocker_actors.entities.orders import Orders
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import Desired, Identity, State, belongings, decision_record, record
from clocker_actors.entities.running import Running
from clocker_actors.entities.sensing import Sensing
from clocker_actors.entities.service import Service
from clocker_actors.errors import ClockerError, Conflict, StoreUnwritable
from clocker_actors.kernel import Answered, ChildRestarted, RequestFailed, Started, StartFailed, Stopped, TimedOut, WorkDone, WorkFailed
from clocker_actors.model import effectors, sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.commands import RunCommand, RunTask
from clocker_actors.model.decisions import Decision
from clocker_actors.model.dependencies import SayMembers, SayReadings, Where, said
from clocker_actors.model.identity import RECORDER, EntityKind, Ids, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import (
    Accepted,
    ActivityEnded,
    CancelActivity,
    CancelParts,
    ChildChanged,
    ChildDeleted,
    Decided,
    Emit,
    Invoke,
    KeepState,
    MembersChanged,
    SayDurable,
    SetIndicator,
    SetProblem,
    SetReading,
    TellAgain,
)
from clocker_actors.model.noted import DecisionNoted, EntityGone, EntityNoted
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record

log = logging.getLogger(__name__)

S = TypeVar("S", bound=State)
Arguments = Mapping[str, Value]
EffectorMethod = Callable[[Activity, Arguments], None]

COMMIT = "commit"
COMMIT_LIMIT = 30.0
COMMIT_RETRY = 1.0
STORE_PROBLEM = "store"
"""Name of the problem that state cannot be written; it goes by itself."""
UNHEARD = "unheard"
"""Name of the problem that nobody knows how it is, since its host is silent and was not given up."""
KEPT_DECISIONS = 20


class RetryCommit:
    """Timer message: the store refused a write; try again."""


class Entity(Sensing, Generic[S]):
    """A managed thing. Subclasses give `kind`, `reconcile`, `effector_methods`, and take their own messages in `on_receive` first."""

    kind: ClassVar[EntityKind]
    state: S
    settling = False
    """Whether what it runs has only just begun, with nothing but time to tell whether it will last."""

    adopted = behind = update_failed = ""
    """What a parent that updates it hears of it, as `ChildChanged` has it."""

    unheard = ""
    """Why nobody knows how it is, "" if that is known."""

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.running = Running(self)
        self.service = Service(self)
        self.adjuncts: Adjuncts[S] = Adjuncts(self)
        self.memories: Memories[S] = self.adjuncts.memories
        self.offspring: Offspring[S] = Offspring(self)
        self.orders: Orders[S] = Orders(self)
        self.fanout = Fanout(self)
        self.commands: Commands[S] = Commands(self)
        self._unwritten: list[Record] = []
        self._writing: Pending[S] | None = None
        self._durably = Durably(lambda token: self.answer(token, True))
        self._forgotten = False
        self._adopted = Adopted()
        self._lookouts: Lookouts | None = None

    @property
    def ids(self) -> Ids:
        """The one source of ids."""
        return self.outside.ids

    @property
    def lookouts(self) -> Lookouts:
        """What it knows of others. Most entities depend on nobody, and have none."""
        self._lookouts = self._lookouts or Lookouts(self, self.adjuncts.seen)
        return self._lookouts

    # --- what subclasses say

    def reconcile(self) -> None:
        """Do the next step towards the desired state. Called when everything decided so far is durable; must be idempotent."""
        raise NotImplementedError(f"{type(self).__name__} must say how it reconciles")

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        """The methods behind this entity's own effectors; those for policies are common to all."""
        return {}

    def tell_again(self) -> None:
        """The parent was restarted, or something changed that it should know."""
        problems = {**self.service.indicators, **self.service.problems, **({UNHEARD: self.unheard} if self.unheard else {})}
        state = self.service.actual or Lifecycle.CREATED
        up = self.service.up and state is Lifecycle.RUNNING and not self.unheard
        settling = self.is_settling() and self.service.up and state is Lifecycle.STARTING
        update = (self.adopted, self.behind, self.update_failed)
        said = ChildChanged(self.uid, state, up, problems, self.start_failed, settling, *update)
        self.tell(self.identity.parent, said)

    def is_settling(self) -> bool:
        """Whether it may serve though its start is not over, because of its own container or of those below."""
        return self.settling

    @property
    def start_failed(self) -> bool:
        """Whether it was given up to start this."""
        return False

    def activity_cancelled(self, activity: Activity) -> None:
        """An open activity was taken back; subclasses stop what only it wanted."""

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:  # noqa: ARG002 - the hook's signature
        """Whether an activity that the manager before had begun goes on: `reconcile` looks after it, or it was begun anew here by what it remembered.
        It may be ended here, too, if what was to be done is done."""
        return False

    def describe(self) -> Mapping[str, Value]:
        """A few facts for people."""
        return {}

    def below(self) -> tuple[Uid, ...]:
        """The services below it, for enrichers that gather what they say; a cluster tells its members itself."""
        return ()

    def serving(self) -> tuple[Uid, ...]:
        """Who serves when this entity is used."""
        return self.below()

    def type_name(self) -> str:
        """The type a blueprint gave it."""
        return str(self.kind)

    # --- messages

    def on_receive(self, message: object) -> object:  # noqa: C901 - a list of messages, not a decision
        """The messages every entity takes; subclasses match their own first."""
        match message:
            case Invoke():
                return self._invoke(message)
            case CancelActivity():
                self.running.cancel(message.activity, message.cause)
                self.commands.cancelled(message.activity)
            case CancelParts():
                self.running.cancel_parts(message.parent, message.cause)
            case SetReading():
                self.read(message.reading)
            case Emit():
                self.notify(message.sensor, message.value, message.cause)
            case SetProblem():
                self.service.set_problem(message.name, message.problem)
            case RunCommand() | RunTask():
                self.commands.asked(message)
            case WorkDone() | WorkFailed() if self.commands.ended(message):
                pass
            case SetIndicator():
                self.service.state_indicator(message.name, message.reason)
                self.settle()
            case Decided():
                self.decided(message.decision, acted=message.acted)
            case KeepState():
                self.memories.keep(message.name, message.state)
            case WorkDone(name="commit"):
                self._committed()
            case WorkFailed(name="commit"):
                self._commit_failed(message)
            case RetryCommit():
                self._write()
            case WorkDone(name="keep"):
                self.memories.written()
            case WorkFailed(name="keep"):
                self.memories.not_written(message.failure)
            case KeepNow():
                self.memories.write()
            case _ if self._lookouts and self._lookouts.takes(message):
                pass
            case LookAgain():
                self.adjuncts.look()
            case Answered() | RequestFailed() | TimedOut():
                return self.commands.answered(message) or self.adjuncts.answered(message)
            case Where():
                return self.commands.who(message)
            case SayDurable():
                if self.durable:
                    return True
                self._durably.wait(self.defer(), more=bool(self._unwritten))
            case SayReadings():
                return said(self.uid, self.identity.path, self.readings, message)
            case SayMembers():
                return MembersChanged(self.uid, self.serving())
            case TellAgain():
                self.tell_again()
            case Stopped():
                self.adjuncts.stopped(message.id)
            case Started():
                self.adjuncts.started(message.id)
                self.adjuncts.tell_known(message.id)
            case ChildRestarted():
                self.adjuncts.tell_known(message.id)
                self.child_restarted(Uid(message.id))
            case StartFailed():
                self.offspring.not_started(message)
            case TryChildAgain():
                self.service.set_problem(f"child {message.child}", "")
                self.settle()
            case ActivityEnded():
                self.fanout.ended(message.activity)
            case FanoutOver():
                self.fanout.over(message.activity)
            case _:
                return super().on_receive(message)
        return None

    def _invoke(self, invoke: Invoke) -> Accepted:
        try:
            effector = self.commands.effectors().get(invoke.effector) or effectors.find(self.kind, invoke.effector, self.commands.declared)
            arguments = effectors.bind(effector, invoke.arguments)
        except ClockerError as refusal:
            if invoke.reply_to:  # a policy waits for how it ended
                self.running.fail(self.running.begin(invoke, {}).id, str(refusal))
            raise
        told = self.orders.told_before(invoke)
        if told is not None:
            return Accepted(told.id)
        method = {**self.adjuncts.effector_methods(), **self.commands.methods(), **self.effector_methods()}[effector.name]
        activity = self.running.begin(invoke, effectors.noted(effector, arguments))
        try:
            method(activity, arguments)
        except ClockerError as refusal:
            self.running.fail(activity.id, str(refusal))
            raise
        self._keep_begun()
        return Accepted(activity.id)

    def _keep_begun(self) -> None:
        """What has begun without a change of the state is made durable, too."""
        fresh = self.running.fresh() if not self._forgotten else []
        if fresh:
            self._unwritten += fresh
            if self._writing is None:
                self._write()

    # --- children, and the end of this behaviour

    def keep(self, child: Uid, kind: EntityKind) -> bool:
        """Have the actor of a child entity; whether it was not known to this behaviour yet."""
        return self.offspring.keep(child, kind)

    def child_restarted(self, child: Uid) -> None:
        """A child crashed and begins anew, without what it was told last; subclasses tell it again."""

    def let_go(self, child: Uid) -> None:
        """Stop the actor of a child entity that is no more."""
        self.offspring.let_go(child)

    def on_failure(self, *_: object) -> None:
        """Crashed: a fresh behaviour takes over, which knows nothing of the activities that were open."""
        self.running.interrupt(f"{self.uid} had an internal error and was restarted: look at it, and give the command again")

    def on_stop(self) -> None:
        """Nothing more will happen here. When the whole manager stops, the next one goes on."""
        for activity in self.running.all("delete") if self._forgotten else ():
            self.running.finish(activity.id)
        self.outside.remains.extend(self.memories.unwritten())
        if self.all_stop:
            return
        self.running.interrupt(f"{self.uid} was stopped: give the command again if it is still wanted")

    # --- durable state

    @property
    def identity(self) -> Identity:
        """Where this entity stands in the tree."""
        return self.state.identity

    @property
    def durable(self) -> bool:
        """Whether everything decided so far is written."""
        return not self._unwritten and self._writing is None

    def take_up(self, read: Callable[[], S]) -> tuple[Record, ...]:
        """Have the state this entity begins with: what `read` finds in the store, unless a newer one was on its way there when the behaviour before ended.
        Then that one is written again, `reconcile` waits for it, and its records come back."""
        pending = cast("Pending[S] | None", self.outside.commits.of(self.uid))
        if pending is None:
            self.state = read()
            self._adopted.durable(self.state)
            self.adopted = self._adopted.digest
            return ()
        self.state, self._forgotten = pending.state, pending.forgets
        self._writing = pending
        self._write()
        return pending.batch

    def change(self, state: S, *others: Record) -> None:
        """Take on a new state: written first (with `others`, all or nothing), acted upon by `reconcile` once it is durable.
        Nothing happens once the entity is forgotten."""
        if self._forgotten:
            return
        self.state = state
        self._unwritten = [kept for kept in self._unwritten if (kept.kind, kept.uid) != (self.kind, self.uid)]
        self._unwritten += [record(self.kind, state), *others, *self.running.fresh()]
        if self._writing is None:
            self._write()

    def forget(self, *others: Record) -> None:
        """Remove this entity from durable memory; `forgotten` is called once that is written."""
        self._forgotten = True
        self.adjuncts.over()
        self._unwritten = [*others, *belongings(self.state), *self.running.records_of("delete"), Record(self.kind, self.uid, None)]
        if self._writing is None:
            self._write()

    def forgotten(self) -> None:
        """Nothing durable is left of this entity: its delete is done, and its parent lets it go."""
        for activity in self.running.all("delete"):
            self.running.finish(activity.id)
        self.tell(RECORDER, EntityGone(self.uid, self.now))
        self.tell(self.identity.parent, ChildDeleted(self.uid))

    def settle(self) -> None:
        """Something was observed: go on, unless a decision is still being written (then `reconcile` comes by itself)."""
        if self.durable and not self._forgotten:
            self._go_on()

    def _write(self) -> None:
        if self._writing is None:
            batch = (*self._unwritten, *self.memories.with_others())
            self._writing, self._unwritten = Pending(self.state, batch, self._forgotten), []
            self._durably.begun()
        self.work(COMMIT, self.outside.commits.write, self.outside.store, self._writing, timeout=COMMIT_LIMIT)

    def _committed(self) -> None:
        self._writing = None
        self._durably.done()
        self.memories.written_with_others()
        if not self._forgotten:
            self.outside.commits.heard(self.uid)
        self.service.set_problem(STORE_PROBLEM, "")
        if self._unwritten:
            self._write()
        elif self._forgotten:
            self.forgotten()
        else:
            self.adjuncts.settle()
            self._go_on()

    def _go_on(self) -> None:
        """Reconcile. That another spec was adopted is said only after a look at all that is to be done for it: what says that also says how far it is."""
        self.reconcile()
        if self.durable and self._adopted.durable(self.state):
            self.adopted = self._adopted.digest
            self.tell_again()

    def _commit_failed(self, failed: WorkFailed) -> None:
        if failed.failure.kind != StoreUnwritable.__name__:  # which the store itself has said, once for all
            log.error("state not written", extra={"entity": self.uid, "failure": failed.failure.message})
        if self._writing is not None:
            left = self.memories.not_written_with_others(self.running.still(self._writing.batch))
            self._writing = replace(self._writing, batch=left)
        self.service.set_problem(STORE_PROBLEM, f"state cannot be written: {failed.failure.message}")
        self.after("retry-commit", COMMIT_RETRY, RetryCommit())

    # --- readings and decisions

    def decided(self, decision: Decision, *, acted: bool) -> None:
        """Note a decision about this entity; those that acted are kept durably, the newest twenty."""
        self.tell(RECORDER, DecisionNoted(decision))
        if not acted or self._forgotten:
            return
        kept = (*self.state.decisions, decision.id)
        dropped = [Record("decision", old, None) for old in kept[:-KEPT_DECISIONS]]
        self.change(replace(self.state, decisions=kept[-KEPT_DECISIONS:]), decision_record(decision), *dropped)

    def note(self) -> None:
        """Tell the recorder that this entity exists and what it is."""
        one, own = self.identity, tuple(self.commands.effectors().values())
        parent, application = one.parent or None, one.application or None
        noted = EntityNoted(
            self.uid,
            self.kind,
            one.path,
            one.name,
            parent,
            application,
            self.now,
            self.type_name(),
            {**self.describe(), **self.adjuncts.facts()},
            own,
        )
        self.tell(RECORDER, noted)

    def refuse_if_deleting(self, activity: Activity) -> None:
        """Raise Conflict for anything but another delete once a delete has begun."""
        if activity.effector != "delete" and getattr(self.state, "desired", None) is Desired.DELETED:
            raise Conflict(f"{self.identity.path} is being deleted: wait for that to end, then deploy it again", entity=self.uid)

    def service_changed(self) -> None:
        """The service model came to a new result."""
        if self.identity.parent:
            self.tell_again()

    def expect(self, expected: Lifecycle) -> None:
        """Set the expected state (a move outside the table is a fault of ours and crashes)."""
        self.service.expect(expected)

    def is_up(self) -> bool:
        """Whether the service answers as it should."""
        return self.value(sensors.SERVICE_UP) is True
