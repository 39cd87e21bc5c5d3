"""A member: the stable identity of one service instance over its generations of containers.

    no generation ──Place──▶ placing ──Placed, intent durable──▶ current ──RunContainer──▶ waiting, image, created, started, READY
         ▲                     │ refused: tried again, 1 s … 30 s      │                                                      │
         │                     └──────◀────────────────────────────────┴── failed: elsewhere (3 tries), else blocked          │
         └── restart, replace: the current one becomes a leaving one; started again when it is gone, or at once if it is dead ┘

While it moves (`moving.py`) there is an arriving generation, too, which becomes the current one when it is ready.

A leaving generation is stopped and removed by its host; it is forgotten when the host says that it is gone. At most one generation, the current one,
is ever counted as up. A dead current generation stays until a policy (the restarter) or a person asks for a restart: judgement is not the member's.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.lookouts import AskAgain
from clocker_actors.entities.members import generations, standing
from clocker_actors.entities.members.currentfate import CurrentFate
from clocker_actors.entities.members.leaving import Leaving
from clocker_actors.entities.members.memberhealth import MemberHealth
from clocker_actors.entities.members.moveorders import UPDATE, MoveAgain, MoveLate
from clocker_actors.entities.members.moving import Moving
from clocker_actors.entities.members.placesearch import PlaceAgain, PlaceSearch
from clocker_actors.entities.members.renewing import RENEW, PutAgain, Renewal, RenewNow
from clocker_actors.entities.members.restarting import Restarting
from clocker_actors.entities.members.turn import Turn, TurnAgain
from clocker_actors.entities.members.updating import ChangeAgain, Updating
from clocker_actors.entities.members.watchers import Watchers
from clocker_actors.entities.members.whereabouts import Whereabouts, place, some_place
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import Desired, Generation, MemberState, read_state
from clocker_actors.entities.services.family import Family
from clocker_actors.entities.waits import WaitOn, Waits
from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.answering import HostUnheard
from clocker_actors.model.dependencies import FilesPut, RenewAnswered
from clocker_actors.model.expressions import Filled
from clocker_actors.model.generations import (
    TOPIC_BEGAN,
    ClaimContainer,
    ContainerRead,
    GenerationChanged,
    HostBegan,
    Lane,
    Phase,
    RunContainer,
    WatchClosely,
)
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.machines import RoomCame
from clocker_actors.model.messages import (
    CancelParts,
    ChildChanged,
    ChildDeleted,
    Placed,
    PlacementRefused,
    Places,
    SayPlaces,
    SensorChanged,
    TellAgain,
)
from clocker_actors.model.moving import LeaveAnswered
from clocker_actors.model.placements import Placement
from clocker_actors.model.specs import ContainerSpec
from clocker_actors.model.updating import Adopt, ContainerChanged, ResizeAnswered
from clocker_actors.model.values import Value

PROGRESS = {Phase.WAITING: 0, Phase.IMAGE: 1, Phase.STARTING: 2, Phase.STARTED: 3, Phase.READY: 4}


class Member(Entity[MemberState]):
    """One service instance: spec, desired state, policies, children, history."""

    kind: ClassVar[EntityKind] = EntityKind.MEMBER
    family: Family[MemberState]

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.phase: Phase | None = None  # of the current generation; None until its host was told of it
        self.blocked = ""
        self.again = False  # what has run once is healed without waiting for anything
        self.lane = Lane.SCALING
        self.cause = SYSTEM
        self.search = PlaceSearch(self)
        self.fate = CurrentFate(self)
        self.leaving = Leaving(self)
        self.moving = Moving(self)
        self.health = MemberHealth(self)
        self.watchers = Watchers(self)
        self.waits = Waits(self)
        self.whereabouts = Whereabouts(self)
        self.turn = Turn(self)
        self.renewal = Renewal(self)
        self.updating = Updating(self)
        self.restarting = Restarting(self)

    def on_start(self) -> None:
        self.take_up(lambda: read_state(MemberState, self.outside.store, self.kind, self.uid))
        self.family = Family(self)
        self.updating.begin()
        self.cause = self.state.cause
        self.note()
        self.adjuncts.spawn_all()
        self.orders.take_up()
        self.observe(sensors.GENERATION, self.state.number)
        if self.state.current is not None:
            self.observe(sensors.CONTAINER_HOST, self.state.current.host)
        if self.state.desired is Desired.RUNNING:
            claimed = self.state.current is not None and self.state.current.ready_once
            if self.state.spec.container is not None:
                self.service.set_indicator("container", "not found yet" if claimed else "not started yet")
            self.service.expect(Lifecycle.STARTING)
        else:
            self.service.expect(Lifecycle.STOPPING)
        self.settle()

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case ContainerRead():
                self._read_container(message)
            case GenerationChanged():
                self._generation_changed(message)
            case Placed() | PlacementRefused() if message.ask and message.ask == self.moving.ask:
                self.moving.heard(message)
            case Placed():
                self.search.placed(message)
            case PlacementRefused():
                self.search.refused(message)
            case LeaveAnswered():
                self.moving.search.answered(message)
            case MoveAgain():
                self.moving.search.again()
            case MoveLate():
                self.moving.late(message.activity)
            case RoomCame():
                self.search.room_came()
                self.moving.search.room_came()
            case SayPlaces():
                self.tell(message.pool, Places(self.uid, standing.places(self.state)))
            case PlaceAgain():
                self.search.take_back()
                self.settle()
            case HostUnheard():
                self._unheard(message)
            case HostBegan():
                self._tell_host_again(message.host)
            case WatchClosely():
                self.watchers.watch(message.by, message.period)
            case SensorChanged() if self.waits.lookouts.heard(message):
                pass
            case Answered() | RequestFailed() | TimedOut() if self.waits.lookouts.answered(message):
                pass
            case AskAgain():
                self.waits.lookouts.again()
            case WaitOn():
                self.settle()
            case RenewNow():
                self.renewal.due()
            case Adopt():
                self.updating.adopt(message)
            case ContainerChanged():
                self.updating.changed(message)
            case CancelParts():
                super().on_receive(message)
                self.updating.cancelled(message)
            case ResizeAnswered():
                self.updating.has_room(message)
            case ChangeAgain():
                self.updating.change_again()
            case RenewAnswered():
                self.turn.answered(message)
            case TurnAgain():
                self.turn.again()
            case TellAgain():
                self.tell_again()
                self.turn.again()
            case FilesPut():
                self.renewal.files_put(message)
            case PutAgain():
                self.renewal.put_again()
            case ChildChanged():
                self.family.brood.heard(message)
                self.settle()
            case ChildDeleted():
                self.change(self.family.without(message.child))
            case _:
                return super().on_receive(message)
        return None

    def below(self) -> tuple[Uid, ...]:
        return self.family.uids

    def serving(self) -> tuple[Uid, ...]:
        return (self.uid,) if self.state.spec.container is not None else self.below()

    def type_name(self) -> str:
        return self.state.spec.type_name

    def is_settling(self) -> bool:
        return self.settling or self.family.settling()

    def describe(self) -> Mapping[str, Value]:
        container = self.state.spec.container
        current = self.state.current
        wanted = container.image.reference if container else ""
        runs = current.was.container.image.reference if current is not None and current.was is not None else wanted
        return {
            "image": runs,
            **({"image_wanted": wanted} if wanted != runs else {}),
            "host": current.host if current else "",
            "host_name": current.host_name if current else "",
            "generation": self.state.number,
            "container": current.name if current else "",
            **self.updating.facts(),
        }

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {
            "start": self._bring_up,
            "stop": self._bring_down,
            "delete": self._delete,
            "restart": self.restarting.begin,
            "move": self.moving.begin,
        }

    # --- effectors

    def _bring_up(self, activity: Activity, _: Arguments) -> None:
        ready = self.service.expected is Lifecycle.RUNNING and self.phase is Phase.READY
        self.aim(activity, Desired.RUNNING, None if ready else Lifecycle.STARTING)
        if self.phase in generations.NOT_RUNNING:
            self.leaving.leave(self.state)

    def _bring_down(self, activity: Activity, _: Arguments) -> None:
        self.aim(activity, Desired.STOPPED, Lifecycle.STOPPING)

    def _delete(self, activity: Activity, _: Arguments) -> None:
        self.aim(activity, Desired.DELETED, Lifecycle.STOPPING)

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        if activity.effector in {"move", UPDATE, RENEW}:
            return self.moving.orders.take_up(activity, memory)
        return activity.effector == "restart" and self.restarting.take_up(activity, memory)

    def aim(self, activity: Activity, desired: Desired, expected: Lifecycle | None) -> None:
        """An effector that says what it is to be takes the place of those before it."""
        self.refuse_if_deleting(activity)
        if expected is not None:
            self.service.expect(expected)
        self.running.supersede("start", "restart", "stop", "delete", by=activity)
        self.cause = Cause(activity.id, activity.cause.principal)
        self.blocked, self.fate.tries, self.again = "", 0, False
        self.search.anew()
        self.waits.anew()
        if activity.effector != "restart":
            self.family.anew()
        if self.search.pausing or desired is not Desired.RUNNING:
            self.search.take_back()
        self.service.clear_problems()
        self.tell_again()
        self.change(replace(self.state, desired=desired))

    def activity_cancelled(self, activity: Activity) -> None:
        """A start that is taken back before it came to an end is not tried any more; what leads to it below is taken back too."""
        self.family.brood.take_back(self.family.uids, activity)
        self.moving.cancelled(activity.id)
        if activity.effector in {"start", "restart"} and not self.service.up and self.state.desired is Desired.RUNNING:
            self.service.expect(Lifecycle.STOPPING)
            self.change(replace(self.state, desired=Desired.STOPPED))

    def child_restarted(self, child: Uid) -> None:
        self.family.brood.tell_again(child)
        self.settle()

    # --- towards the desired state

    def reconcile(self) -> None:
        if self._may_plant() and self.family.planted():
            return
        self.family.reconcile()
        self.restarting.tell()
        if self.state.desired is Desired.RUNNING:
            self._towards_running()
        else:
            self._towards_stopped()
        self.updating.reconcile()
        self.moving.reconcile()
        self.leaving.end()
        self.whereabouts.refresh()
        self.renewal.reconcile()
        self.health.refresh()

    def _may_plant(self) -> bool:
        """A bare group waits with its services for what it depends on."""
        if self.state.spec.container is not None or self.state.planted or self.state.desired is Desired.DELETED:
            return True
        return self.state.desired is Desired.RUNNING and self.waits.met(self.state.spec, None, {})

    def _may_start(self, container: ContainerSpec) -> bool:
        return self.again or self.waits.met(self.state.spec, container, some_place(container))

    def planned(self, placement: Placement) -> Generation | None:
        """The generation that a placement makes possible, with its late texts; None if one of these is not known now."""
        container = self.state.spec.container
        generation = generations.planned(placement, self.outside.plane)
        filled = self.waits.filled(container, place(generation), self.state.filled) if container is not None else Filled()
        return replace(generation, filled=filled) if filled is not None else None

    def _towards_running(self) -> None:
        container = self.state.spec.container
        if container is None or self.blocked:
            return
        if self.state.current is not None:
            if self.phase is None and not self.moving.must_wait(self.state.current):
                self._launch(self.state.current)
        elif self.state.arriving is not None:
            self.moving.promote()
        elif self.search.idle and all(generation.ended for generation in self.state.leaving) and self._may_start(container):
            self.search.begin(container)

    def _launch(self, current: Generation) -> None:
        container = self.state.spec.container
        if container is None:
            return
        self.phase = Phase.WAITING
        self.subscribe(current.host, TOPIC_BEGAN)
        intent = generations.intent(self.state, current, container, self.outside.plane, self.outside.store)
        if current.ready_once:
            self.tell(current.host, ClaimContainer(intent, self.cause))
        else:
            self.tell(current.host, RunContainer(intent, self.lane, self.cause))
        if self.watchers.period is not None:
            self.tell(current.host, WatchClosely(self.uid, self.watchers.period))

    def _tell_host_again(self, host: Uid) -> None:
        """The host has forgotten what it was told, so it is told again: what runs is adopted, what leaves is removed."""
        if self.state.current is not None and self.state.current.host == host:
            self.phase = None
        self.moving.host_forgot(host)
        self.renewal.host_forgot()
        self.updating.host_forgot(host)
        self.leaving.host_forgot(host)
        self.settle()

    def _towards_stopped(self) -> None:
        self.search.take_back()
        self.waits.stop()
        self.moving.stopping()
        if self.state.arriving is not None:
            self.moving.drop()
        elif self.state.current is not None:
            self.leaving.leave(self.state)
        elif not self.state.leaving and self.state.desired is Desired.DELETED and not self.state.children:
            self.forget()

    # --- what host and container say

    def _generation_changed(self, message: GenerationChanged) -> None:
        current = self.state.current
        if current is not None and message.generation == current.number:
            self.fate.changed(current, message)
            return
        arriving = self.state.arriving
        if arriving is not None and message.generation == arriving.number:
            self.moving.changed(arriving, message)
            return
        self.leaving.changed(message)

    def _unheard(self, message: HostUnheard) -> None:
        """Its host is silent and not given up: how it is was known, and is not now. No policy acts upon that."""
        if message.reason and (self.state.current is None or self.state.current.host != message.host):
            return
        self.unheard = message.reason
        if message.reason:
            self.unavailable(message.reason, sensors.SERVICE_UP, sensors.SERVICE_STATE)
        else:
            self.observe(sensors.SERVICE_UP, self.service.up)
            self.observe(sensors.SERVICE_STATE, str(self.service.actual))
        self.tell_again()

    def restartable(self) -> bool:
        """Whether it heals at all: without that, what is gone stays gone until a person starts it."""
        return self.state.spec.healing

    def stands_aside(self, why: str) -> None:
        """It is down for a while because that was asked for: no failure."""
        self.lane, self.fate.tries = Lane.SCALING, 0
        self.search.anew()
        self.service.expect(Lifecycle.STARTING)
        self.service.set_indicator("container", why)

    # --- readings

    def _read_container(self, message: ContainerRead) -> None:
        current = self.state.current
        if current is not None and message.generation == current.number:
            self.read(*(reading for reading in message.readings if reading.sensor in generations.FORWARDED))

    def step(self, name: str, note: str) -> None:
        """Tell how far a start is."""
        for activity in self.running.all("start", "restart"):
            self.running.step(activity.id, name, note)
            if name in PROGRESS:
                self.running.progress(activity.id, done=PROGRESS[Phase(name)], total=4, note=note)

    @property
    def start_failed(self) -> bool:
        return bool(self.blocked)
