"""A host: one engine, its containers, and the pace at which it is asked to start them.

`link.py` says whether the engine answers. When it comes up, and every half minute, all its containers are listed, and the listing is the truth:

    ours and known here ──▶ told what was seen                ours, and in its member's record ──▶ waits to be claimed
    ours, in nobody's record ──▶ swept                        not ours ──▶ counted, never touched
    known here, but not in the listing ──▶ told it is gone    claimed, but not in the listing ──▶ the member is told
"""

import logging
from collections.abc import Mapping, Sequence
from typing import ClassVar

from clocker_actors.entities.beginning import end
from clocker_actors.entities.container import Container
from clocker_actors.entities.entity import Entity
from clocker_actors.entities.gate import Gate
from clocker_actors.entities.hostwords import (
    End,
    Ended,
    EngineSaid,
    HostLost,
    MayStart,
    Report,
    Runs,
    RunsNot,
    Sampled,
    Seen,
    StartEnded,
    WantImage,
    WantStart,
)
from clocker_actors.entities.images import WORK as IMAGE
from clocker_actors.entities.images import Images, ensure
from clocker_actors.entities.link import GraceOver, Link, ListNow, PingNow, Subscribe
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.ownership import owned, wanted
from clocker_actors.entities.pace import Pace
from clocker_actors.entities.records import HostState, read_state
from clocker_actors.entities.streams import samples
from clocker_actors.entities.vitals import Load, Vital
from clocker_actors.entities.volumes import STALE, Volumes
from clocker_actors.errors import EngineUnavailable, Failure
from clocker_actors.kernel import ChildRestarted, WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.containers import EngineInfo, EngineState, Observed
from clocker_actors.model.identity import LABEL_PLANE, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import (
    TOPIC_BEGAN,
    ClaimContainer,
    ContainerIntent,
    EndContainer,
    GenerationChanged,
    HostBegan,
    HostSeen,
    Lane,
    Phase,
    RemoveVolumes,
    RunContainer,
    WatchClosely,
)
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import ImageSpec
from clocker_actors.model.values import Value

log = logging.getLogger(__name__)

INFO_LIMIT = 10.0
SWEEP_LIMIT = 60.0
CLOSE_LIMIT = 5.0
Key = tuple[str, int]


class Host(Entity[HostState]):
    """Owns the containers of one engine."""

    kind: ClassVar[EntityKind] = EntityKind.HOST

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.containers: dict[Key, Uid] = {}  # (member, generation) → the actor
        self.names: dict[str, Uid] = {}  # engine's container name → the actor
        self.engine_ids: dict[str, Uid] = {}  # engine's id → the actor, for statistics
        self.unclaimed: dict[Key, Observed] = {}  # there and ours, but its member has not spoken yet
        self.claims: dict[Key, ClaimContainer] = {}  # wait for the first listing
        self.endings: dict[Key, EndContainer] = {}  # likewise
        self.runs: dict[Key, RunContainer] = {}  # likewise
        self.ordered: dict[Uid, End] = {}  # containers that were told to end
        self.periods: dict[Uid, float] = {}  # members that are watched more closely
        self.sweeping: set[str] = set()
        self.info: EngineInfo | None = None
        self.foreign = 0
        self.images = Images(self)
        self.load = Load()
        self.pace = Pace(outside.timing.start_limit, outside.timing.start_target)
        self.gate = Gate(self.pace)

    def on_start(self) -> None:
        self.state = read_state(HostState, self.outside.store, self.kind, self.uid)
        self.engine = self.outside.connect(self.state.spec.engine)
        self.machine = self.outside.machine(self.state.spec.engine)
        self.watch = self.engine.watch()
        self.volumes = Volumes(self, self.engine)
        self.link = Link(self, self.engine, self.outside.timing)
        self.note()
        self.adjuncts.spawn_all()
        self.service.replace_indicators({"engine": "not asked yet"})
        self.service.expect(Lifecycle.STARTING)
        self.link.ping()
        self.stream("samples", samples, self.watch)
        self.publish(TOPIC_BEGAN, HostBegan(self.uid))

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case Sampled():
                self._sampled(message)
            case EngineSaid():
                self._engine_said(message)
            case WantStart():
                self._may_start(self.pace.want(message.container, message.lane))
            case StartEnded():
                self._may_start(self.pace.began(message.container, message.took))
            case WantImage():
                self.images.want(message)
            case Runs():
                self._runs(message)
            case RunsNot():
                self._runs_not(message)
            case Ended():
                self._ended(message.container)
            case RunContainer():
                self._run(message)
            case ClaimContainer():
                self._claim(message)
            case EndContainer():
                self._end(message)
            case WatchClosely():
                self._watch_closely(message)
            case RemoveVolumes():
                self.volumes.remove(message)
            case WorkDone(name="ping"):
                self.link.answered()
                self._publish()
            case WorkFailed(name="ping"):
                self.link.missed(message.failure)
            case WorkDone(name="list"):
                self._listed(self.link.listed(message.result))
            case WorkFailed(name="list"):
                self.after("list", self.outside.timing.ping_period, ListNow())
            case WorkDone(name="info"):
                self._informed(message.result)
            case WorkFailed(name="info"):
                self.after("list", self.outside.timing.ping_period, ListNow())
            case WorkDone(name="events") | WorkFailed(name="events"):
                self.link.stream_ended()
            case WorkDone(name="samples") | WorkFailed(name="samples"):
                self.stream("samples", samples, self.watch)
            case WorkDone(name="vitals"):
                self.load.vitals(self, message.result)
                self.after("vitals", self.outside.timing.vitals_period, Vital())
            case WorkFailed(name="vitals"):
                self.load.no_vitals(self, message.failure.message)
                self.after("vitals", self.outside.timing.vitals_period, Vital())
            case WorkDone() if message.name.startswith(IMAGE):
                self.images.came(message.name, message.result)
            case WorkFailed() if message.name.startswith(IMAGE):
                self.images.failed(message.name, message.failure)
            case WorkDone() | WorkFailed() if message.name.startswith(STALE):
                self.volumes.ended(message)
            case WorkDone() | WorkFailed() if message.name.startswith("sweep:"):
                self._swept(message)
            case PingNow():
                self.link.ping()
            case ListNow():
                self.link.list()
            case Subscribe():
                self.link.resubscribe()
            case GraceOver():
                self.link.give_up()
            case Vital():
                self._vitals()
            case ChildRestarted() if message.id in self.ordered:
                self.tell(message.id, self.ordered[Uid(message.id)])
            case _:
                return super().on_receive(message)
        return None

    def service_changed(self) -> None:
        """The pool reads the host's view, not its service model."""

    def tell_again(self) -> None:
        self.load.told = None
        self._publish()

    def describe(self) -> Mapping[str, Value]:
        spec = self.state.spec
        version = f"{self.info.version} (API {self.info.api})" if self.info else ""
        return {"engine": spec.engine.url, "address": spec.reached_at, "zone": spec.zone, "version": version, "labels": dict(spec.labels)}

    def reconcile(self) -> None:
        """A host's own state needs nothing done: what is on it is driven by members."""

    # --- up and down

    def came_up(self) -> None:
        """The engine answers, and was listed."""
        self.info = None
        self.service.replace_indicators({})
        if self.service.expected is not Lifecycle.RUNNING:
            self.service.expect(Lifecycle.RUNNING)
        self._vitals()
        self.volumes.due = True

    def went_down(self, reason: str) -> None:
        """The engine does not answer: its readings count no more, nothing is placed on it."""
        self.service.replace_indicators({"engine": reason})
        if self.service.expected is not Lifecycle.RUNNING:
            self.service.expect(Lifecycle.RUNNING)
        self.unavailable(
            reason, sensors.HOST_CPU, sensors.HOST_MEMORY, sensors.HOST_CONTAINERS, sensors.ENGINE_LATENCY, sensors.HOST_LOAD,
            sensors.HOST_DISK_FREE, sensors.HOST_UPTIME,
        )  # fmt: skip
        self.images.forget_all()
        self.cancel_work("events")
        runs, self.runs = self.runs, {}
        for message in runs.values():
            self._run(message)
        self._publish()

    def is_lost(self, reason: str) -> None:
        """What ran here is taken as lost; members go elsewhere."""
        why = f"host {self.state.spec.name} does not answer: {reason}"
        for uid in tuple(self.containers.values()):
            self.tell(uid, HostLost(why))
        for key, claim in self.claims.items():
            self._say(key, Phase.LOST, why, claim.cause)
        for key, ending in self.endings.items():
            self._say(key, Phase.LOST, why, ending.cause)
        self.claims.clear()
        self.endings.clear()

    def _informed(self, result: object) -> None:
        if not isinstance(result, EngineInfo):
            raise TypeError(f"info answers EngineInfo, not {type(result).__name__}")
        self.info = result
        self.observe(sensors.ENGINE_VERSION, f"{result.version} (API {result.api})")
        self.observe(sensors.HOST_CORES, result.cores)
        self.observe(sensors.HOST_MEMORY_TOTAL, result.memory)
        self.note()
        self._publish()

    # --- the listing

    def _listed(self, observed: Sequence[Observed]) -> None:
        plane = self.outside.plane
        ours = {key: seen for seen in observed if (key := owned(seen, plane)) is not None}
        self.foreign = sum(1 for seen in observed if seen.labels.get(LABEL_PLANE) != plane and seen.state is EngineState.RUNNING)
        for key, uid in tuple(self.containers.items()):
            self.tell(uid, Seen(ours.pop(key, None)))
        if self.info is None and not self.working("info"):
            self.work("info", self.engine.info, timeout=INFO_LIMIT)
        self.unclaimed = {}
        for key, seen in ours.items():
            if wanted(self.outside.store, *key):
                self.unclaimed[key] = seen
            else:
                self._sweep(seen)
        for claim in tuple(self.claims.values()):
            self._claim(claim)
        self._look_at_volumes()
        for run in tuple(self.runs.values()):
            self._run(run)
        for ending in tuple(self.endings.values()):
            self._end(ending)
        self._publish()

    def _sweep(self, seen: Observed) -> None:
        """Remove a container of ours that no record knows: its intent was given up while the host could not be asked."""
        name = f"sweep:{seen.name}"
        if not self.working(name):
            log.info("orphan removed", extra={"host": self.uid, "container": seen.name})
            self.sweeping.add(name)
            self.work(name, end, self.engine, seen.id, 0.0, False, timeout=SWEEP_LIMIT)

    def _look_at_volumes(self) -> None:
        if not self.sweeping:  # orphans may hold them
            self.volumes.look()

    def _swept(self, message: WorkDone | WorkFailed) -> None:
        self.sweeping.discard(message.name)
        self._look_at_volumes()
        if isinstance(message, WorkFailed):
            log.warning("orphan not removed", extra={"host": self.uid, "work": message.name, "failure": message.failure.message})

    # --- containers

    def _run(self, message: RunContainer) -> None:
        intent = message.intent
        key = (intent.member, intent.generation)
        self.runs.pop(key, None)
        if key in self.containers:
            self.tell(self.containers[key], Report(message.cause))
        elif self.link.undecided:
            self.runs[key] = message
        elif not self.link.up:
            why = f"host {self.state.spec.name} does not answer: {self.link.reason}"
            self._say(key, Phase.FAILED, why, message.cause, Failure.of(EngineUnavailable(why)))
        else:
            self._spawn(intent, message.lane, message.cause, self.unclaimed.pop(key, None))

    def _claim(self, message: ClaimContainer) -> None:
        intent = message.intent
        key = (intent.member, intent.generation)
        self.claims.pop(key, None)
        if key in self.containers:
            self.tell(self.containers[key], Report(message.cause))
        elif self.link.lost:
            self._say(key, Phase.LOST, f"host {self.state.spec.name} does not answer: {self.link.reason}", message.cause)
        elif not self.link.up:
            self.claims[key] = message
        elif key in self.unclaimed:
            self._spawn(intent, Lane.SCALING, message.cause, self.unclaimed.pop(key))
        else:
            self._say(key, Phase.GONE, "it was not on the engine any more when the manager looked", message.cause)

    def _end(self, message: EndContainer) -> None:
        key = (message.member, message.generation)
        self.endings.pop(key, None)
        self.runs.pop(key, None)
        if key in self.containers:
            uid = self.containers[key]
            self.ordered[uid] = End(message.cause, message.stop_timeout)
            self.tell(uid, self.ordered[uid])
            if self.link.lost:
                self.tell(uid, HostLost(f"host {self.state.spec.name} does not answer: {self.link.reason}"))
        elif self.link.lost:
            self._say(key, Phase.LOST, f"host {self.state.spec.name} does not answer", message.cause)
        elif not self.link.up:
            self.endings[key] = message
        else:
            seen = self.unclaimed.pop(key, None)
            if seen is not None:
                self._sweep_nicely(seen, message)
            self._say(key, Phase.GONE, "removed", message.cause)

    def _sweep_nicely(self, seen: Observed, message: EndContainer) -> None:
        name = f"sweep:{seen.name}"
        if not self.working(name):
            limit = SWEEP_LIMIT + message.stop_timeout
            self.work(name, end, self.engine, seen.id, message.stop_timeout, seen.state is EngineState.RUNNING, timeout=limit)

    def _spawn(self, intent: ContainerIntent, lane: Lane, cause: Cause, seen: Observed | None) -> None:
        uid = self.ids.entity(EntityKind.CONTAINER)
        self.containers[(intent.member, intent.generation)] = uid
        self.names[intent.name] = uid
        outside, engine, path, gate = self.outside, self.engine, self.identity.path, self.gate
        self.spawn(uid, lambda: Container(uid, outside, engine, intent, path, lane, cause, seen, gate))

    def _ended(self, uid: Uid) -> None:
        self.containers = {key: kept for key, kept in self.containers.items() if kept != uid}
        self.names = {name: kept for name, kept in self.names.items() if kept != uid}
        self.load.forget(uid)
        self.ordered.pop(uid, None)
        staying = {key[0] for key in self.containers}
        self.periods = {member: period for member, period in self.periods.items() if member in staying}
        self._may_start(self.pace.withdraw(uid))
        if uid in self.children:
            self.stop_child(uid)

    def _may_start(self, who: Sequence[str]) -> None:
        self.gate.open()
        for uid in who:
            self.tell(uid, MayStart())
        self.observe(sensors.ENGINE_LIMIT, round(self.pace.limit, 2))
        self.observe(sensors.ENGINE_WAITING, self.pace.waiting)

    def begin_image(self, name: str, image: ImageSpec, limit: float) -> None:
        """Look for, pull or build an image."""
        self.work(name, ensure, self.engine, self.outside.blobs, self.outside.plane, image, timeout=limit)

    def _say(self, key: Key, phase: Phase, reason: str, cause: Cause, failure: Failure | None = None) -> None:
        member, generation = Uid(key[0]), key[1]
        self.tell(member, GenerationChanged(member, generation, phase, self.now, cause, reason=reason, failure=failure))

    def _engine_said(self, message: EngineSaid) -> None:
        event = message.event
        if self.link.heard(event):
            uid = self.names.get(event.name)
            if uid is not None:
                self.tell(uid, message)

    # --- statistics

    def _runs(self, message: Runs) -> None:
        self.engine_ids[message.engine_id] = message.container
        member = next((Uid(key[0]) for key, uid in self.containers.items() if uid == message.container), Uid(""))
        self.watch.follow(message.engine_id, self.periods.get(member, self.outside.timing.other_period))

    def _runs_not(self, message: RunsNot) -> None:
        if self.engine_ids.pop(message.engine_id, None) is not None:
            self.watch.forget(message.engine_id)
        self.load.forget(message.container)

    def _watch_closely(self, message: WatchClosely) -> None:
        self.periods[message.member] = message.period
        mine = {uid for key, uid in self.containers.items() if key[0] == message.member}
        for engine_id, uid in self.engine_ids.items():
            if uid in mine:
                self.watch.follow(engine_id, message.period)

    def _sampled(self, message: Sampled) -> None:
        uid = self.engine_ids.get(message.stats.id)
        if uid is not None:
            self.load.sampled(uid, message.stats)
            self.tell(uid, message)

    def _vitals(self) -> None:
        if self.machine is None:
            self.load.no_vitals(self, "neither SSH nor the local /proc is open for this host")
        elif not self.working("vitals"):
            self.work("vitals", self.machine.vitals, timeout=INFO_LIMIT)

    def _publish(self) -> None:
        """Once a second at most (with the ping): what the host uses, for people and for the Pool."""
        info = self.info
        if self.link.up and info is not None:
            self.observe(sensors.HOST_CONTAINERS, len(self.engine_ids) + self.foreign)
            self.observe(sensors.HOST_CPU, self.load.cpu(info.cores))
            self.observe(sensors.HOST_MEMORY, self.load.memory(info.memory))
        spec = self.state.spec
        view = HostView(
            self.uid,
            spec.name,
            spec.reached_at,
            up=self.link.up and info is not None,
            zone=spec.zone,
            labels=spec.labels,
            cores=info.cores if info else 0,
            memory=info.memory if info else 0,
            cpu=self.load.cpu(info.cores) if info else None,
            foreign=self.foreign,
            images=frozenset(self.images.known),
            order=self.state.order,
        )
        undecided = self.link.undecided or (self.link.up and info is None)
        if view != self.load.told and not undecided:
            self.load.told = view
            self.tell(self.identity.parent, HostSeen(view))
