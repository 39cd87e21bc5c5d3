"""A host: one engine, its containers, and the pace at which it is asked to start them.

`link.py` says whether the engine answers; when it comes up, and every half minute, it is looked at as a whole, and what is seen is the truth.
`residents.py` knows the containers, `watching.py` whose statistics are read, `images.py` and `volumes.py` what else is on the engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from clocker_actors.entities.hosts.builtimages import SWEEP as IMAGES
from clocker_actors.entities.hosts.builtimages import BuiltImages, LookAtImages
from clocker_actors.entities.hosts.emptying import Emptied
from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.entities.hosts.holdings import Holdings, view_of
from clocker_actors.entities.hosts.hostwords import Ended, EngineSaid, MayStart, Runs, RunsNot, Sampled, StartEnded, WantImage, WantStart
from clocker_actors.entities.hosts.images import WORK as IMAGE
from clocker_actors.entities.hosts.images import Images, ensure
from clocker_actors.entities.hosts.link import GraceOver, Link, LookNow, PingNow, Subscribe
from clocker_actors.entities.hosts.machinework import InstallEnded, InstallSaid, KeptOut
from clocker_actors.entities.hosts.making import WORK as MACHINE
from clocker_actors.entities.hosts.making import MakeAgain, Making
from clocker_actors.entities.hosts.pace import Pace
from clocker_actors.entities.hosts.residents import SWEEP, Residents
from clocker_actors.entities.hosts.secretfiles import WORK as SECRETS
from clocker_actors.entities.hosts.secretfiles import SecretFiles
from clocker_actors.entities.hosts.streams import samples
from clocker_actors.entities.hosts.vitals import LIVE_SENSORS, Load, LookAtDisk, Vital
from clocker_actors.entities.hosts.volumes import STALE, Volumes
from clocker_actors.entities.hosts.watching import Watching
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import HostState, read_state
from clocker_actors.entities.sharing import Known
from clocker_actors.kernel import ChildRestarted, WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.answering import Answering, GiveUpHost, HoldHost, HostAnswering
from clocker_actors.model.containers import EngineInfo
from clocker_actors.model.dependencies import PutFiles
from clocker_actors.model.generations import (
    TOPIC_BEGAN,
    ClaimContainer,
    EndContainer,
    HostBegan,
    RemoveImages,
    RemoveVolumes,
    RunContainer,
    WatchClosely,
)
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.machines import GiveBack, MachinePhase, Recertify
from clocker_actors.model.messages import HostSeen
from clocker_actors.model.specs import BUILT_IMAGE, HostSpec, ImageSpec
from clocker_actors.model.updating import ChangeContainer, DescribeHost
from clocker_actors.model.values import Value

DISK_LIMIT = 150.0
DISK_FIRST = 60.0
"""Seconds after it came up before an engine is asked what its disk holds: it walks all of it, and has better things to do at first."""
VITALS_LIMIT = 10.0


class Host(Emptied):
    """Owns the containers of one engine."""

    kind: ClassVar[EntityKind] = EntityKind.HOST

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.residents = Residents(self)
        self.info: EngineInfo | None = None
        self.images = Images(self)
        self.load = Load()
        self.pace = Pace(outside.timing.start_limit, outside.timing.start_target)
        self.gate = Gate(self.pace)
        self.making = Making(self)
        self.met = False  # whether it has an engine to look at

    def on_start(self) -> None:
        self.take_up(lambda: read_state(HostState, self.outside.store, self.kind, self.uid))
        self.note()
        self.adjuncts.spawn_all()
        self.orders.take_up()
        self.service.replace_indicators({"engine": "not asked yet"})
        self.service.expect(Lifecycle.STARTING)
        if self.making.phase is MachinePhase.UP:
            self.meet_engine()
        self.settle()

    def meet_engine(self) -> None:
        """There is an engine: look at it from now on."""
        if self.met:
            return
        self.met = True
        self.engine = self.outside.connect(self.state.spec.engine)
        self.machine = self.outside.machine(self.state.spec.engine)
        self.watch = self.engine.watch()
        self.watching = Watching(self.watch, self.residents, self.outside.timing.other_period)
        self.volumes = Volumes(self, self.engine)
        self.secretfiles = SecretFiles(self)
        self.holdings = Holdings(self.outside.plane)
        self.built = BuiltImages(self, self.engine)
        self.link = Link(self, self.engine, self.outside.timing)
        self.service.replace_indicators({"engine": "not asked yet"})
        self.link.ping()
        self.stream("samples", samples, self.watch)
        self.publish(TOPIC_BEGAN, HostBegan(self.uid))

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case WorkDone() | WorkFailed() if message.name.startswith(MACHINE):
                self.making.ended(message)
            case KeptOut():
                self.making.kept_out(message)
            case InstallSaid():
                self.making.said(message)
            case InstallEnded():
                self.making.installed(message)
            case MakeAgain():
                self.making.again()
            case Recertify():
                self.making.recertify(message)
            case DescribeHost():
                self._described(message.spec)
            case GiveBack():
                self.making.give_back(gone=message.gone, ending=message.ending)
            case WorkDone(name="check") | WorkFailed(name="check"):
                self.making.checked(message)
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
                self.watching.runs(message.container, message.engine_id)
            case RunsNot():
                self._runs_not(message)
            case Ended():
                self._ended(message.container)
            case RunContainer():
                self.residents.run(message)
            case ClaimContainer():
                self.residents.claim(message)
            case EndContainer():
                self.residents.end(message)
            case PutFiles() | ChangeContainer():
                self.residents.hand_on(message)
            case WatchClosely():
                self.watching.closely(message.member, message.period)
            case RemoveVolumes():
                self.volumes.remove(message)
            case RemoveImages():
                self.built.remove(message)
            case LookAtImages():
                self.built.look()
            case WorkDone(name=name) | WorkFailed(name=name) if name == IMAGES:
                gone = self.built.ended(message)
                self.images.removed(gone)
                self.holdings.less(gone)
            case WorkDone(name="ping"):
                self.link.answered()
                self._publish()
            case WorkFailed(name="ping"):
                self.link.missed(message.failure)
            case WorkDone(name="alive") | WorkFailed(name="alive"):
                self.link.machine_asked(lives=isinstance(message, WorkDone))
            case GiveUpHost():
                self.link.given_up()
            case HoldHost():
                self.residents.unheard(message.reason)
            case WorkDone(name="look"):
                self._looked(message.result)
            case WorkFailed(name="look"):
                self.link.look_failed(message.failure)
            case WorkDone(name="events"):
                self.link.stream_ended(None)
            case WorkFailed(name="events"):
                self.link.stream_ended(message.failure)
            case WorkDone(name="samples") | WorkFailed(name="samples"):
                self.stream("samples", samples, self.watch)
            case WorkDone(name="vitals") | WorkFailed(name="vitals"):
                self.load.asked(self, message)
                self.after("vitals", self.outside.timing.vitals_period, Vital())
            case WorkDone() if message.name.startswith(IMAGE):
                self.images.came(message.name, message.result)
                self._look_at_images(message.name)
            case WorkFailed() if message.name.startswith(IMAGE):
                self.images.failed(message.name, message.failure)
                self._look_at_images(message.name)
            case WorkDone() | WorkFailed() if message.name.startswith(STALE):
                self.holdings.without(Uid(message.name.partition(":")[2]))
                self._publish()
                self.volumes.ended(message)
            case WorkDone(name=name) | WorkFailed(name=name) if name == SECRETS:
                self.secretfiles.ended(message)
            case WorkDone() | WorkFailed() if message.name.startswith(SWEEP):
                self.residents.swept(message)
                self._look_at_volumes()
            case PingNow():
                self.link.ping()
            case LookNow():
                self.link.look()
            case Subscribe():
                self.link.resubscribe()
            case GraceOver():
                self.link.give_up()
            case Vital():
                self._vitals()
            case WorkDone(name="disk"):
                self.observe(sensors.ENGINE_DISK, message.result)
                self.after("disk", self.outside.timing.disk_period, LookAtDisk())
            case WorkFailed(name="disk"):
                self.unavailable(message.failure.message, sensors.ENGINE_DISK)
                self.after("disk", self.outside.timing.disk_period, LookAtDisk())
            case LookAtDisk():
                self._look_at_disk()
            case ChildRestarted() if self.residents.member_of(Uid(message.id)):
                # Whatever it was about to start it must ask for anew, as it does.
                self._may_start(self.pace.withdraw(message.id))
                self.residents.restarted(Uid(message.id))
            case _:
                return super().on_receive(message)
        return None

    def _described(self, spec: HostSpec) -> None:
        """Its blueprint says other things of it; what leads to its engine stays."""
        if spec != self.state.spec and spec.engine == self.state.spec.engine:
            self.change(replace(self.state, spec=spec))
            self.note()

    def on_stop(self) -> None:
        """With its record (it was deleted with its pool) goes what leads to its engine."""
        super().on_stop()
        self.residents.foreigners.over()
        self.outside.sharing.left(self.engine_url)
        if self.state.spec.engine.url and self.outside.store.read(self.kind, self.uid) is None:
            self.outside.disconnect(self.state.spec.engine)

    def on_failure(self, *why: object) -> None:
        super().on_failure(*why)
        self.residents.foreigners.over()

    def service_changed(self) -> None:
        """The pool reads the host's view, not its service model."""

    def tell_again(self) -> None:
        self.load.told = None
        self.making.tell()
        if self.met:
            self._publish()
            self.link.say_again()

    def describe(self) -> Mapping[str, Value]:
        spec = self.state.spec
        version = f"{self.info.version} (API {self.info.api})" if self.info else ""
        address = spec.reached_at if spec.engine.url else ""
        known = {"engine": spec.engine.url, "address": address, "zone": spec.zone, "version": version, "labels": dict(spec.labels)}
        return {**known, **self.making.facts(), **self.emptying.facts(), **self.residents.foreigners.facts()}

    def reconcile(self) -> None:
        """What is on it is driven by members; only a machine that is made has steps of its own."""
        self.making.reconcile()
        if self.met:
            self._publish()
        self.emptying.reconcile()

    # --- up and down

    def came_up(self) -> None:
        """The engine answers, and was looked at."""
        self.service.replace_indicators({})
        if self.service.expected is Lifecycle.STARTING:
            self.service.expect(Lifecycle.RUNNING)
        self._vitals()
        self.after("disk", DISK_FIRST, LookAtDisk())
        self.volumes.due = True
        self.built.soon()

    def cannot_look(self, reason: str) -> None:
        """The engine answers, but what is on it cannot be seen."""
        self.service.set_indicator("engine", reason)

    def went_down(self, reason: str) -> None:
        """The engine does not answer: its readings count no more, nothing is placed on it."""
        self.service.replace_indicators({"engine": reason})
        if self.service.expected is Lifecycle.STARTING:
            self.service.expect(Lifecycle.RUNNING)
        self.unavailable(reason, *LIVE_SENSORS)
        self.outside.sharing.left(self.engine_url)
        self.images.forget_all()
        self.residents.engine_is_down()
        self._publish()

    def ask_machine(self) -> None:
        """Whether the machine lives though its engine does not answer, where that can be asked."""
        if self.machine is not None and not self.working("alive"):
            self.work("alive", self.machine.vitals, timeout=self.outside.timing.ping_limit)

    def say_answering(self, how: Answering, since: float, reason: str) -> None:
        self.tell(self.identity.parent, HostAnswering(self.uid, self.name, how, since, reason))

    def is_lost(self, reason: str) -> None:
        """What ran here is taken as lost; members go elsewhere."""
        self.residents.lost(reason)

    def _looked(self, result: object) -> None:
        look = self.link.looked(result)
        if look is None:
            return
        if look.info is not None:
            self._informed(look.info)
        self.residents.seen(look)
        self.holdings.seen(look.held)
        self._look_at_volumes()
        self._publish()

    def _informed(self, info: EngineInfo) -> None:
        self.info = info
        self.outside.sharing.joined(self.engine_url, info.architecture, self.engine)
        self.observe(sensors.ENGINE_VERSION, f"{info.version} (API {info.api})")
        self.observe(sensors.HOST_CORES, info.cores)
        self.observe(sensors.HOST_MEMORY_TOTAL, info.memory)
        self.note()

    def _look_at_volumes(self) -> None:
        if not self.residents.sweeping:  # orphans may hold them
            self.volumes.look()
            if self.residents.keeper is not None:
                self.secretfiles.look()

    # --- containers

    @property
    def remains(self) -> Mapping[str, float | None]:
        return self.residents.graces

    @property
    def engine_url(self) -> str:
        """Where its engine is; several hosts may be one engine."""
        return self.state.spec.engine.url

    @property
    def path(self) -> str:
        """Where its containers are in the tree."""
        return self.identity.path

    def _ended(self, uid: Uid) -> None:
        member = self.residents.member_of(uid)
        self.residents.ended(uid)
        self.watching.ended(uid, member)
        self.load.forget(uid)
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
        architecture = self.info.architecture if self.info else ""
        self.work(name, ensure, Known(self.engine_url, architecture, self.engine), self.outside, self.identity, image, timeout=limit)

    def _look_at_images(self, work: str) -> None:
        """Something may have been built for who is not there any more."""
        if BUILT_IMAGE in work:
            self.built.soon()

    def _engine_said(self, message: EngineSaid) -> None:
        event = message.event
        if self.link.heard(event):
            uid = self.residents.names.get(event.name)
            if uid is not None:
                self.tell(uid, message)

    # --- statistics

    def _runs_not(self, message: RunsNot) -> None:
        self.watching.runs_not(message.engine_id)
        self.load.forget(message.container)

    def _sampled(self, message: Sampled) -> None:
        uid = self.watching.whose(message.stats.id)
        if uid is not None:
            self.load.sampled(uid, message.stats)
            self.tell(uid, message)

    def _look_at_disk(self) -> None:
        if self.link.up and not self.working("disk"):
            self.work("disk", self.engine.disk, timeout=DISK_LIMIT)

    def _vitals(self) -> None:
        if self.machine is None:
            self.load.no_vitals(self, "neither SSH nor the local /proc is open for this host")
        elif not self.working("vitals"):
            self.work("vitals", self.machine.vitals, timeout=VITALS_LIMIT)

    def _publish(self) -> None:
        """Once a second at most (with the ping): what the host uses, for people and for the Pool."""
        info = self.info
        if self.link.up and info is not None:
            self.observe(sensors.HOST_FOREIGN, self.residents.foreign)
            self.observe(sensors.HOST_CONTAINERS, self.watching.count + self.residents.foreign)
            self.observe(sensors.HOST_CPU, self.load.cpu(info.cores))
            self.observe(sensors.HOST_MEMORY, self.load.memory(info.memory))
        view = view_of(self)
        if view != self.load.told and not self.link.undecided:
            self.load.told = view
            self.tell(self.identity.parent, HostSeen(view))
