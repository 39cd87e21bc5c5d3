"""A member: the stable identity of one service instance over its generations of containers.

    no generation ──Place──▶ placing ──Placed, intent durable──▶ current ──RunContainer──▶ waiting, image, created, started, READY
         ▲                     │ refused: tried again, 1 s … 30 s      │                                                      │
         │                     └──────◀────────────────────────────────┴── failed: elsewhere (3 tries), else blocked          │
         └── restart, replace: the current one becomes a leaving one; started again when it is gone, or at once if it is dead ┘

A leaving generation is stopped and removed by its host; it is forgotten when the host says that it is gone. At most one generation, the current one,
is ever counted as up. A dead current generation stays until a policy (the restarter) or a person asks for a restart: judgement is not the member's.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from clocker_actors.entities import generations, standing
from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.family import Family
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import Desired, Generation, MemberState, read_state
from clocker_actors.errors import Failure
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import (
    TOPIC_BEGAN,
    ClaimContainer,
    ContainerRead,
    EndContainer,
    GenerationChanged,
    HostBegan,
    Lane,
    Phase,
    RunContainer,
    WatchClosely,
)
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import ChildChanged, ChildDeleted, Place, Placed, PlacementRefused, Places, Release, SayPlaces
from clocker_actors.model.values import Value

START_TRIES = 3
PLACE_LIMIT = 60.0
PLACE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
PROGRESS = {Phase.WAITING: 0, Phase.IMAGE: 1, Phase.STARTING: 2, Phase.STARTED: 3, Phase.READY: 4}


class PlaceAgain:
    """Timer message: ask the Pool once more."""


class Member(Entity[MemberState]):
    """One service instance: spec, desired state, policies, children, history."""

    kind: ClassVar[EntityKind] = EntityKind.MEMBER
    family: Family[MemberState]

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.phase: Phase | None = None  # of the current generation; None until its host was told of it
        self.ask = ""  # the question the Pool was asked and has not answered, "" if none
        self.pausing = False  # refused; the Pool is asked again in a while
        self.refusals = 0
        self.tries = 0
        self.avoid: tuple[Uid, ...] = ()
        self.blocked = ""
        self.lane = Lane.SCALING
        self.cause = SYSTEM
        self.ending: set[int] = set()
        self.watchers: dict[str, float] = {}  # who looks closely → each so many seconds
        self.period: float | None = None  # the shortest of them

    def on_start(self) -> None:
        self.take_up(lambda: read_state(MemberState, self.outside.store, self.kind, self.uid))
        self.family = Family(self, self.state.spec.children)
        self.cause = self.state.cause
        self.note()
        self.adjuncts.spawn_all()
        self.observe(sensors.GENERATION, self.state.number)
        if self.state.desired is Desired.RUNNING:
            claimed = self.state.current is not None and self.state.current.ready_once
            if self.state.spec.container is not None:
                self.service.set_indicator("container", "not found yet" if claimed else "not started yet")
            self.service.expect(Lifecycle.STARTING)
        else:
            self.service.expect(Lifecycle.STOPPING)
        self.settle()

    def on_receive(self, message: object) -> object:
        match message:
            case ContainerRead():
                self._read_container(message)
            case GenerationChanged():
                self._generation_changed(message)
            case Placed():
                self._placed(message)
            case PlacementRefused():
                self._refused(message)
            case SayPlaces():
                self.tell(message.pool, Places(self.uid, standing.places(self.state)))
            case PlaceAgain():
                self._ask_again()
                self.settle()
            case HostBegan():
                self._tell_host_again(message.host)
            case WatchClosely():
                self._watch(message.by, message.period)
            case ChildChanged():
                self.family.brood.heard(message)
                self.settle()
            case ChildDeleted():
                self.change(replace(self.state, children=self.family.remove(message.child)))
            case _:
                return super().on_receive(message)
        return None

    def type_name(self) -> str:
        return self.state.spec.type

    def describe(self) -> Mapping[str, Value]:
        container = self.state.spec.container
        current = self.state.current
        return {
            "image": container.image.reference if container else "",
            "host": current.host if current else "",
            "host_name": current.host_name if current else "",
            "generation": self.state.number,
            "container": current.name if current else "",
        }

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {"start": self._bring_up, "stop": self._bring_down, "delete": self._delete, "restart": self._restart}

    # --- effectors

    def _bring_up(self, activity: Activity, _: Arguments) -> None:
        ready = self.service.expected is Lifecycle.RUNNING and self.phase is Phase.READY
        self._aim(activity, Desired.RUNNING, None if ready else Lifecycle.STARTING)
        if self.phase in generations.NOT_RUNNING:
            self._leave(self.state)

    def _bring_down(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.STOPPED, Lifecycle.STOPPING)

    def _delete(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.DELETED, Lifecycle.STOPPING)

    def _restart(self, activity: Activity, _: Arguments) -> None:
        """A fresh generation: at once if the current one is dead, else when it is gone, since at most one may be up. Services below it go on, unless
        there is nothing but them."""
        if self.state.spec.container is None:
            self._restart_children(activity)
            return
        self._aim(activity, Desired.RUNNING, Lifecycle.STARTING)
        self.lane = Lane.HEALING
        if self.state.current is not None:
            self._leave(self.state)

    def _restart_children(self, activity: Activity) -> None:
        self.refuse_if_deleting(activity)
        self.running.supersede("stop", by=activity)
        if self.state.desired is Desired.STOPPED:
            self.service.expect(Lifecycle.STARTING)
            self.change(replace(self.state, desired=Desired.RUNNING))
        self.fanout.begin(activity.id, len(self.family.uids))
        self.family.brood.order_anew(self.family.uids, "restart", Cause(activity.id, activity.cause.principal), activity.id, self.uid)

    def _aim(self, activity: Activity, desired: Desired, expected: Lifecycle | None) -> None:
        self.refuse_if_deleting(activity)
        if expected is not None:
            self.service.expect(expected)
        self.running.supersede("start", "restart", "stop", "delete", by=activity)
        self.cause = Cause(activity.id, activity.cause.principal)
        self.blocked, self.tries, self.refusals, self.avoid = "", 0, 0, ()
        if activity.effector != "restart":
            self.family.anew()
        if self.pausing or desired is not Desired.RUNNING:
            self._ask_again()
        self.service.clear_problems()
        self.tell_again()
        self.change(replace(self.state, desired=desired))

    def activity_cancelled(self, activity: Activity) -> None:
        """A start that is taken back before it came to an end is not tried any more; what leads to it below is taken back too."""
        self.family.brood.take_back(self.family.uids, activity)
        if activity.effector in {"start", "restart"} and not self.service.up and self.state.desired is Desired.RUNNING:
            self.service.expect(Lifecycle.STOPPING)
            self.change(replace(self.state, desired=Desired.STOPPED))

    def child_restarted(self, child: Uid) -> None:
        self.family.brood.tell_again(child)
        self.settle()

    # --- towards the desired state

    def reconcile(self) -> None:
        children, records = self.family.missing()
        if records:
            self.change(replace(self.state, planted=True, children=children), *records)
            return
        self.family.reconcile()
        if self.state.desired is Desired.RUNNING:
            self._towards_running()
        else:
            self._towards_stopped()
        self._end_leaving()
        self._refresh()

    def _towards_running(self) -> None:
        container = self.state.spec.container
        if container is None or self.blocked:
            return
        if self.state.current is not None:
            if self.phase is None:
                self._launch(self.state.current)
        elif not self.ask and not self.pausing and all(generation.ended for generation in self.state.leaving):
            self.ask = self.ids.question()
            self._step("place", "asking the pool for a host")
            self.after("place", PLACE_LIMIT, PlaceAgain())
            self.tell(self.identity.pool, Place(generations.request(self.state, container, self.avoid, self.cause), self.ask))

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
        if self.period is not None:
            self.tell(current.host, WatchClosely(self.uid, self.period))

    def _ask_again(self) -> None:
        """Whatever the Pool was asked is void; it may be asked anew at once."""
        if self.ask:
            self.tell(self.identity.pool, Release(self.uid, self.state.number + 1))
        self.ask, self.pausing = "", False
        self.cancel_timer("place")

    def _tell_host_again(self, host: Uid) -> None:
        """The host has forgotten what it was told, so it is told again: what runs is adopted, what leaves is removed."""
        if self.state.current is not None and self.state.current.host == host:
            self.phase = None
        self.ending -= {generation.number for generation in self.state.leaving if generation.host == host}
        self.settle()

    def _towards_stopped(self) -> None:
        self._ask_again()
        if self.state.current is not None:
            self._leave(self.state)
        elif not self.state.leaving and self.state.desired is Desired.DELETED and not self.state.children:
            self.forget()

    def _leave(self, state: MemberState, *, ended: bool | None = None) -> None:
        """The current generation becomes a leaving one; `ended` if nothing of it runs (not given: as its phase says)."""
        current = state.current
        if current is None:
            return
        over = self.phase in generations.NOT_RUNNING if ended is None else ended
        if self.phase in {Phase.DIED, Phase.GONE}:
            # It holds neither memory nor ports any more: its successor may have its very place.
            self.tell(self.identity.pool, Release(self.uid, current.number))
        leaving = replace(current, ended=over)
        self.phase, self.settling = None, False
        self.change(replace(state, current=None, leaving=(*state.leaving, leaving)))

    def _end_leaving(self) -> None:
        """Have leaving generations removed. Remains of a dead one wait until its successor runs (removing holds up starting) or has no room."""
        busy = self.state.desired is Desired.RUNNING and self.phase is not Phase.READY and not self.blocked and not self.refusals
        for generation in self.state.leaving:
            if generation.number in self.ending or (generation.ended and busy):
                continue
            self.ending.add(generation.number)
            container = self.state.spec.container
            grace = container.stop_timeout if container else 10.0
            self.tell(generation.host, EndContainer(self.uid, generation.number, generation.name, self.cause, grace))

    # --- placement

    def _placed(self, message: Placed) -> None:
        placement = message.placement
        if message.ask != self.ask:
            # The answer to a question that was taken back. Its room is given back here unless the generation is in use, or asked for anew: then it was.
            current = self.state.current
            if not self.ask and not (current is not None and current.number == placement.generation):
                self.tell(self.identity.pool, Release(self.uid, placement.generation))
            return
        self.ask, self.refusals, self.phase = "", 0, None
        self.cancel_timer("place")
        self.service.set_problem("placement", "")
        current = generations.planned(placement, self.outside.plane)
        self._step("start", f"on {placement.host_name}")
        self.state = replace(self.state, current=current, number=current.number, ports={**self.state.ports, **current.ports})
        self.cause = Cause(placement.decision.id, self.cause.principal)
        self.decided(placement.decision, acted=True)
        self.observe(sensors.GENERATION, current.number)
        self.observe(sensors.CONTAINER_HOST, current.host)
        self.note()

    def _refused(self, message: PlacementRefused) -> None:
        if message.ask != self.ask:
            return
        if self.avoid:
            # Elsewhere is no room: rather there again than nowhere.
            self.avoid = ()
            self._ask_again()
            self.settle()
            return
        pause = PLACE_PAUSES[min(self.refusals, len(PLACE_PAUSES) - 1)]
        self.refusals += 1
        self.ask, self.pausing = "", True
        self.decided(message.decision, acted=False)
        self._step("place", f"refused: {message.decision.reason}; asked again in {pause:g} s")
        why = generations.no_place(message.decision)
        self.service.set_problem("placement", why)
        for activity in self.running.all("start", "restart"):
            self.running.fail(activity.id, why)
        self.after("place", pause, PlaceAgain())
        self.settle()

    # --- what host and container say

    def _generation_changed(self, message: GenerationChanged) -> None:
        current = self.state.current
        if current is not None and message.generation == current.number:
            self._current_changed(current, message)
            return
        leaving = next((kept for kept in self.state.leaving if kept.number == message.generation), None)
        if leaving is None:
            return
        if message.phase in {Phase.GONE, Phase.LOST}:
            # Of a host that does not answer nothing can be awaited; what it still has is swept as an orphan when it is back.
            self.tell(self.identity.pool, Release(self.uid, leaving.number))
            self.ending.discard(leaving.number)
            self.service.set_problem(f"remains of generation {leaving.number}", "")
            if self.pausing:
                self._ask_again()
            self._listen_less(leaving)
            self.change(replace(self.state, leaving=tuple(kept for kept in self.state.leaving if kept is not leaving)))
        elif message.phase in generations.NOT_RUNNING and not leaving.ended:
            kept_leaving = tuple(replace(kept, ended=True) if kept is leaving else kept for kept in self.state.leaving)
            self.change(replace(self.state, leaving=kept_leaving))
        elif leaving.number in self.ending and message.failure is not None:
            self.service.set_problem(f"remains of generation {leaving.number}", message.reason)

    def _listen_less(self, gone: Generation) -> None:
        there = (*self.state.leaving, *((self.state.current,) if self.state.current else ()))
        if not any(kept.host == gone.host for kept in there if kept is not gone):
            self.unsubscribe(gone.host, TOPIC_BEGAN)

    def _current_changed(self, current: Generation, message: GenerationChanged) -> None:
        self.phase = message.phase
        self.settling = message.settling and not current.ready_once
        if message.phase is Phase.READY:
            self._ready(current, message)
        elif message.phase is Phase.UNWELL:
            self.service.set_indicator("health", message.reason)
        elif message.phase in generations.NOT_RUNNING:
            self._not_running(current, message)
        else:
            self._step(str(message.phase), message.reason)
        self.settle()

    def _ready(self, current: Generation, message: GenerationChanged) -> None:
        self._step("ready", message.reason)
        self.service.replace_indicators(self._indicators_without("container", "health", "host"))
        address = message.observed.address if message.observed else ""
        self.observe(sensors.ENDPOINTS, generations.endpoints(current, address))
        if not self.settling:
            self.tries = 0
        if not self.settling and not current.ready_once:
            self.change(replace(self.state, current=replace(current, ready_once=True)))
            self.note()

    def restartable(self) -> bool:
        """Whether it heals at all: without that, what is gone stays gone until a person starts it."""
        return self.state.spec.healing

    def _indicators_without(self, *names: str) -> dict[str, str]:
        return {name: why for name, why in self.service.indicators.items() if name not in names}

    def _not_running(self, current: Generation, message: GenerationChanged) -> None:
        name = "host" if message.phase is Phase.LOST else "container"
        self.service.set_indicator(name, message.reason or str(message.phase))
        for sensor in generations.FORWARDED:
            if sensor in self.readings and not self.readings[sensor].unavailable:
                self.read(replace(self.readings[sensor], unavailable=message.reason or str(message.phase)))
        starting = self.service.expected is Lifecycle.STARTING
        if not current.ready_once or (starting and self.running.all("start", "restart")):
            self._start_failed(current, message.failure, message.reason)
        elif starting and message.phase is Phase.GONE and self.restartable():
            # It was up in an earlier run of the manager, and somebody removed it since: the service did not fail, it is only to be there again.
            self._leave(self.state, ended=True)
        elif starting:
            # It was up in an earlier run of the manager and is found dead: a failure, not a start that takes its time.
            self.service.expect(Lifecycle.RUNNING)

    def _start_failed(self, current: Generation, failure: Failure | None, reason: str) -> None:
        self.tries += 1
        lost = self.phase is Phase.LOST
        if (lost or generations.may_help_elsewhere(failure)) and self.tries < START_TRIES:
            if lost or (failure is not None and failure.kind != "PortTaken"):
                self.avoid = (*self.avoid, current.host)
            self._step("retry", f"{reason}; trying again ({self.tries + 1} of {START_TRIES})")
            self._leave(replace(self.state, ports={}), ended=True)
            return
        self.blocked = reason or "did not start"
        runs = failure is not None and failure.kind == "NotReady"  # then it has to be stopped before anything takes its place
        self._leave(self.state, ended=not runs)

    # --- readings

    def _read_container(self, message: ContainerRead) -> None:
        current = self.state.current
        if current is not None and message.generation == current.number:
            self.read(*(reading for reading in message.readings if reading.sensor in generations.FORWARDED))

    def _watch(self, by: str, period: float | None) -> None:
        self.watchers.pop(by, None)
        if period is not None:
            self.watchers[by] = period
        before, self.period = self.period, min(self.watchers.values(), default=None)
        if self.period != before and self.state.current is not None and self.phase is not None:
            self.tell(self.state.current.host, WatchClosely(self.uid, self.period))

    # --- what people see

    def _refresh(self) -> None:
        self.service.set_indicator("children", self.family.down())
        self.service.set_problem("children", self.family.fire())
        if self.state.desired is Desired.RUNNING:
            self._refresh_running()
        elif self.state.desired is Desired.STOPPED and self._nothing_left() and self.family.stopped():
            self.service.set_indicator("container", "stopped" if self.state.spec.container else "")
            self.service.expect(Lifecycle.STOPPED)
            self._finish("stop")

    def _nothing_left(self) -> bool:
        return self.state.current is None and not self.state.leaving

    def _refresh_running(self) -> None:
        if self.blocked:
            self.service.set_indicator("container", self.blocked)
            self.service.set_problem("start", self.blocked)
            self.service.expect(Lifecycle.ON_FIRE)
            for activity in self.running.all("start", "restart"):
                self.running.fail(activity.id, self.blocked)
        elif self.state.spec.container is not None and self.state.current is None:
            self.service.set_indicator("container", "not started yet")
        elif fire := self.family.fire():
            for activity in self.running.all("start"):
                self.running.fail(activity.id, fire)
            if self.service.expected is Lifecycle.STARTING:
                self.service.expect(Lifecycle.RUNNING)
        if self.service.up and not self.settling:
            if self.service.expected is not Lifecycle.RUNNING:
                self.service.expect(Lifecycle.RUNNING)
            self._finish("start", *(("restart",) if self.state.spec.container is not None else ()))

    def _finish(self, *effectors: str) -> None:
        for activity in self.running.all(*effectors):
            self.running.finish(activity.id)

    def _step(self, name: str, note: str) -> None:
        for activity in self.running.all("start", "restart"):
            self.running.step(activity.id, name, note)
            if name in PROGRESS:
                self.running.progress(activity.id, done=PROGRESS[Phase(name)], total=4, note=note)

    @property
    def start_failed(self) -> bool:
        return bool(self.blocked)
