"""The composition root: the one place that knows every room and every concrete driver.

    Manager   the manager without doors: store, kernel, recorder, root and everything below it; tests run it in virtual time
    run       the manager with its doors, as a process: signals, logs, ordered stop

Stopping leaves the containers running; the next start finds them again by their labels.
"""

import asyncio
import gc
import json
import re
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, replace

import structlog

from clocker_actors import __version__
from clocker_actors.admin.app import create_app
from clocker_actors.admin.audit import Audit
from clocker_actors.admin.context import Context
from clocker_actors.admin.door import Door
from clocker_actors.admin.secrecy import Known
from clocker_actors.admin.tls import Certificate
from clocker_actors.admin.types import type_table
from clocker_actors.assembly import Taping, adjunct, remembered
from clocker_actors.blueprint.named import named_locations
from clocker_actors.drivers import docker
from clocker_actors.drivers.grounds import RealGrounds
from clocker_actors.drivers.http import AioHttp
from clocker_actors.drivers.machine import LocalMachine, SshMachine
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.drivers.simulated.http import SimulatedHttp
from clocker_actors.drivers.simulated.suppliers import SimulatedSuppliers
from clocker_actors.drivers.ssh import Connection, ssh_address
from clocker_actors.drivers.suppliers import Suppliers
from clocker_actors.entities import catalogue as entities
from clocker_actors.entities.hosts.leases import longest_lease
from clocker_actors.entities.inquiries import Inquiries
from clocker_actors.entities.journal import Journal
from clocker_actors.entities.outside import Outside, Timing
from clocker_actors.entities.records import HostState, Identity, PoolState, read_state, record
from clocker_actors.errors import ClockerError, SettingsError
from clocker_actors.kernel import Actor, Clock, Kernel
from clocker_actors.kernel.garbage import tended
from clocker_actors.model.containers import Login
from clocker_actors.model.identity import RECORDER, ROOT, EntityKind, Ids, Uid
from clocker_actors.model.locations import settle
from clocker_actors.model.specs import EngineSpec, HostSpec, PolicySpec, PoolSpec
from clocker_actors.model.values import Value
from clocker_actors.passwords import Passwords
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.http import Http
from clocker_actors.ports.machine import Machine
from clocker_actors.ports.store import Record
from clocker_actors.settings import Settings
from clocker_actors.store.backups import Backups, clear
from clocker_actors.store.blobs import FileBlobs
from clocker_actors.store.codec import decode
from clocker_actors.store.ownsecrets import OwnSecrets, password_key
from clocker_actors.store.sqlite import SqliteStore
from clocker_actors.store.strongbox import Strongbox
from clocker_actors.telemetry import logs
from clocker_actors.telemetry.keeping import Keeper
from clocker_actors.telemetry.lag import LoopLag
from clocker_actors.telemetry.metrics import Metrics
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.recorder import Recorder

log = structlog.get_logger(__name__)

LOCAL = "local"
SIMULATED_HOSTS = 3
STOP_LIMIT = 10.0
ASK_LIMIT = 5.0
WAKING_LIMIT = 60.0
"""Seconds after which garbage is collected even if some host was not asked yet."""
WATCH_PERIOD = 2.0
"""Seconds between two looks whether the state is still ours."""
TAKEN = 5
"""Exit code of a daemon whose state was removed or taken over: another start would begin with nothing, or with somebody else's."""
EVENTS_PER_EPOCH = 1_000_000_000
"""Event numbers go on rising over restarts, so that a client knows that it missed something."""


class Manager:
    """Everything but the doors. `world` is the simulated world, for a manager without real engines: it touches none, whatever a blueprint names. `grounds`
    are where its machines come from, if what is made there is to outlive it."""

    def __init__(
        self,
        settings: Settings,
        *,
        world: SimulatedWorld | None = None,
        executor: Executor | None = None,
        grounds: SimulatedGrounds | None = None,
    ) -> None:
        self.settings = settings
        self.world = world
        self._lent = grounds
        self._grounds: SimulatedGrounds | RealGrounds
        self._locations = named_locations(settings)
        self._simulated = world is not None
        self.http: Http = AioHttp() if world is None else SimulatedHttp()
        self.model: ReadModel
        self.lag = LoopLag()
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="store")
        self._engines: dict[EngineSpec, Engine] = {}
        self._machines: dict[EngineSpec, SshMachine] = {}
        self._types = type_table(settings.strategy_modules)
        self._closing: set[asyncio.Task[None]] = set()
        self.kernel: Kernel
        self.store: SqliteStore
        self.metrics: Metrics
        self.blobs: FileBlobs
        self.ids: Ids
        self.own: OwnSecrets
        self._password_key: bytes
        self._longest_lease: float
        self._journal: Journal
        self._keeper: Keeper
        self._remains: list[Record] = []
        self.taping: Taping

    async def start(self) -> None:
        """Open the state, and wake everything that is in it. Raises StoreBusy, StoreFault, SettingsError."""
        self.store = await SqliteStore.open(self.settings.state, self._executor)
        try:
            clear(self.settings.state)
            clock, kept = Clock(), self.settings
            self.model = ReadModel(
                self.store.epoch * EVENTS_PER_EPOCH, events=kept.keep_events, activities=kept.keep_activities, decisions=kept.keep_decisions
            )
            self.ids = self.store.ids()
            self.own = OwnSecrets(await Strongbox.open(self.store, kept.state, clock.now), self._suppliers(), kept.externals)
            self._password_key = await password_key(self.own.box, kept.state)
            self.blobs = FileBlobs(self.settings.state / "blobs", self._executor, now=clock.now)
            await self._keep_local_pool()
            self._longest_lease = await longest_lease(self.store, self.settings.lease_ttl)
            began = clock.now()
            self.taping = Taping(self.settings, self.store, self.ids, self.plane, began, self._timing())
            self.kernel = self.taping.kernel(clock)
            self.metrics = Metrics(
                self.model, kernel=self.kernel, store=self.store.counters, lag=self.lag, entities=self.settings.entity_metrics
            )
            self._grounds = self._make_grounds()
            self._journal, self._keeper = remembered(self.store, self.model, began)
            self.kernel.spawn(RECORDER, lambda: Recorder(self.model, self._keeper, self.store))
            self.kernel.spawn(ROOT, entities.factory(EntityKind.ROOT, ROOT, self.taping.seen(self._outside())))
        except BaseException:
            await self._close()
            raise

    @property
    def plane(self) -> str:
        """What names and labels on engines say of whose they are. Unless the settings name one, it is particular to this state directory, so that
        two managers on one engine never take each other's containers for their own."""
        return self.settings.plane or f"main-{self.store.identity[:6]}"

    def watch_loop(self) -> None:
        """Measure how long the loop is held (on a real loop only: a virtual one has nothing to measure)."""
        self.lag.start()

    async def stop(self) -> None:
        """Stop the actors in order, then close what they used. Containers go on running."""
        self.taping.end()
        alive = self.kernel.alive(RECORDER)
        await self.kernel.stop(STOP_LIMIT)
        try:
            if alive:
                await self.store.write([*self._remains, *self._keeper.batch(self.kernel.now(), everything=True)])
        except ClockerError as error:
            log.warning("what was known last is not kept", problem=str(error))
        await self._close()

    async def _close(self) -> None:
        self.lag.stop()
        if hasattr(self, "_grounds") and self._lent is None:
            await self._grounds.close()
        await self.http.close()
        for engine in self._engines.values():
            await engine.close()
        for machine in self._machines.values():
            await machine.close()
        await asyncio.gather(*self._closing)
        self._engines.clear()
        self._machines.clear()
        await self.store.close()
        self._executor.shutdown(wait=False)

    def context(self) -> Context:
        """What the doors need."""
        inquiries = Inquiries(self.model, self.store, self._connect)
        return Context(
            kernel=self.kernel,
            model=self.model,
            store=self.store,
            blobs=self.blobs,
            types=self._types,
            metrics=self.metrics,
            logs=inquiries.logs,
            ready=inquiries.not_ready,
            backups=Backups(self.settings.state, self.store, __version__, now=self.kernel.now, next_id=lambda: self.ids.next_number),
            known=self.known(),
            key_roots=self.settings.key_roots,
            secrets=self.own,
            plane=self.plane,
            watched_period=self.settings.stats_watched,
        )

    def known(self) -> Known:
        """What the settings know of locations and secrets; what is only simulated needs no secrets."""
        settings = self.settings
        resolve = (lambda _: "") if self._simulated else settings.resolve
        return Known(lambda location: settle(location, self._locations), resolve, self.own.check, settings.allow, settings.plain_secrets)

    # --- the outside

    def _timing(self) -> Timing:
        settings = self.settings
        return Timing(
            ping_period=settings.ping_period,
            ping_limit=settings.ping_limit,
            ping_misses=settings.ping_misses,
            engine_grace=settings.engine_grace,
            lease_ttl=settings.lease_ttl,
            longest_lease=self._longest_lease,
            watched_period=settings.stats_watched,
            other_period=settings.stats_other,
            start_limit=settings.start_limit,
            start_target=settings.start_target,
            start_settle=settings.start_settle,
        )

    def _outside(self) -> Outside:
        settings = self.settings
        return Outside(
            plane=self.plane,
            store=self.store,
            blobs=self.blobs,
            ids=self.ids,
            types=self._types,
            connect=self._connect,
            machine=self._machine,
            http=self.http,
            disconnect=self._disconnect,
            adjunct=self._adjunct,
            grounds=self._grounds,
            secrets=Passwords(self._password_key, self.own),
            login=self._login,
            allow=settings.allow,
            plain_secrets=settings.plain_secrets,
            readdress=self._readdress,
            settle=lambda location: settle(location, self._locations),
            timing=self._timing(),
            journal=self._journal,
            remains=self._remains,
        )

    def _suppliers(self) -> Suppliers | SimulatedSuppliers:
        return SimulatedSuppliers(self.settings.externals) if self._simulated else Suppliers(self.settings.externals)

    def _login(self, reference: str) -> Login | None:
        known = self.settings.registries.login(reference)
        return Login(*known) if known else None

    def _make_grounds(self) -> SimulatedGrounds | RealGrounds:
        simulated = self._lent or SimulatedGrounds(self._a_world())
        if self._simulated:
            return simulated
        settings = self.settings
        return RealGrounds(settings.state / "machines", settings.resolve, self.metrics.calls, settings.local_engine, simulated)

    def _a_world(self) -> SimulatedWorld:
        """The simulated world; also beside real engines, for what a blueprint wants simulated."""
        if self.world is None:
            self.world = SimulatedWorld()
        return self.world

    def _connect(self, spec: EngineSpec) -> Engine:
        runtime = self.settings.state / "run"
        if spec in self._engines:
            return self._engines[spec]
        if self._simulated or spec.url.startswith("simulated://"):
            engine = self._a_world().connect(_simulated(spec), self.metrics.calls, runtime)
        else:
            engine = docker.connect(spec, self.metrics.calls, runtime)
        self._engines[spec] = engine
        return engine

    def _readdress(self, was: EngineSpec, now: EngineSpec) -> None:
        """The engine stays who it is; all who have it go on with it."""
        engine = self._engines.pop(was, None)
        if engine is not None:
            self._engines[now] = engine
            docker.readdress(engine, now)

    def _machine(self, spec: EngineSpec) -> Machine | None:
        """Vitals are read here for a local engine, and over SSH where that is the way to the engine; nothing else is open."""
        if self._simulated:
            return None
        if spec.url.startswith("unix://"):
            return LocalMachine()
        if spec.url.startswith("ssh://"):
            if spec not in self._machines:
                self._machines[spec] = SshMachine(Connection(ssh_address(spec)), self.metrics.calls)
            return self._machines[spec]
        return None

    def _disconnect(self, spec: EngineSpec) -> None:
        """Close what leads to an engine, unless another host has it."""
        hosts = (decode(HostState, kept.body) for kept in self.store.all(EntityKind.HOST) if kept.body is not None)
        if any(host.spec.engine == spec for host in hosts):
            return
        for leads in (self._engines.pop(spec, None), self._machines.pop(spec, None)):
            if leads is not None:
                task = asyncio.create_task(leads.close(), name=f"disconnect {spec.url}")
                self._closing.add(task)
                task.add_done_callback(self._disconnected)

    def _disconnected(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.warning("not closed cleanly", what=task.get_name(), problem=str(task.exception()))

    def _adjunct(self, spec: PolicySpec, entity: Uid, *, state: Mapping[str, Value] | None, suspended: bool) -> Callable[[], Actor]:
        return adjunct(spec, entity, self.ids, self.http, state, suspended=suspended)

    # --- the built-in pool

    async def _keep_local_pool(self) -> None:
        """The pool `local` is this machine's engine, or three simulated hosts. Its record follows the settings."""
        spec = self._local_spec()
        kept = [decode(PoolState, found.body) for found in self.store.all(EntityKind.POOL) if found.body]
        known = next((state for state in kept if state.spec.name == LOCAL), None)
        if known is None:
            identity = Identity(self.ids.entity(EntityKind.POOL), LOCAL, LOCAL, ROOT)
            await self.store.write([record(EntityKind.POOL, PoolState(identity, spec))])
            return
        if any(host.engine.url.startswith("simulated:") for host in known.spec.hosts) != self._simulated:
            was = "real" if self._simulated else "simulated"
            raise SettingsError(f"the state in {self.settings.state} was made with {was} engines: start it so, or choose another --state")
        if known.spec != spec:
            await self._move_local_engine(known, spec)

    async def _move_local_engine(self, known: PoolState, spec: PoolSpec) -> None:
        """The settings name another engine than the last time: hosts keep their uids and look for their containers there."""
        batch = [record(EntityKind.POOL, replace(known, spec=spec))]
        for host in spec.hosts:
            uid = known.hosts.get(host.name)
            if uid is not None:
                batch.append(record(EntityKind.HOST, replace(read_state(HostState, self.store, EntityKind.HOST, uid), spec=host)))
        await self.store.write(batch)

    def _local_spec(self) -> PoolSpec:
        if self.world is None or not self._simulated:
            return PoolSpec(LOCAL, (HostSpec("localhost", EngineSpec(self.settings.local_engine)),))
        hosts = tuple(HostSpec(f"sim-{n}", spec) for n, spec in enumerate(self.world.specs(SIMULATED_HOSTS), start=1))
        return PoolSpec(LOCAL, hosts)


def _simulated(spec: EngineSpec) -> EngineSpec:
    """The simulated engine that stands for an engine, named after its url."""
    if spec.url.startswith("simulated://"):
        return spec
    return EngineSpec(f"simulated://{re.sub('[^A-Za-z0-9]+', '-', spec.url).strip('-')}")


# --- the process


def run(settings: Settings, simulated: bool) -> int:
    """Run the daemon until SIGTERM or SIGINT; the exit code. SIGUSR1 writes what every actor is doing to stderr."""
    logs.configure(settings.log_format, settings.log_level)
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            return runner.run(_serve(settings, SimulatedWorld() if simulated else None))
    except ClockerError as error:
        sys.stderr.write(f"clocker: {error}\n")
        return 2 if isinstance(error, SettingsError) else 1


def _loop() -> asyncio.AbstractEventLoop:
    """uvloop where it exists."""
    try:
        import uvloop  # noqa: PLC0415 - it does not exist everywhere
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _serve(settings: Settings, world: SimulatedWorld | None) -> int:
    manager = Manager(settings, world=world)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gc.disable()  # until all are awake
    await manager.start()
    context = manager.context()
    try:
        async with tended(lambda: not context.ready(), WAKING_LIMIT):
            taken = await _open(manager, context, settings, world, stop)
    finally:
        await manager.stop()
    log.info("stopped")
    if taken:
        sys.stderr.write(f"clocker: {taken}; containers go on running meanwhile\n")
    return TAKEN if taken else 0


async def _open(manager: Manager, context: Context, settings: Settings, world: SimulatedWorld | None, stop: asyncio.Event) -> str:
    """Let people in until the daemon is told to stop (""), or its state is not its own any more (why)."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _dump, manager.kernel)
    manager.watch_loop()
    context.audit = audit = Audit(settings.state, manager.kernel.now)
    certificate = Certificate(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    door = Door(create_app(context, world), settings.socket, listen=settings.listen, certificate=certificate, closing=context.close)
    await door.open()
    log.info("ready", socket=str(settings.socket), listen=settings.listen, simulated=world is not None, epoch=manager.store.epoch)
    try:
        taken = await _until(stop, manager.store)
        log.info("stopping", note="containers go on running")
        return taken
    finally:
        await door.close()
        audit.close()


async def _until(stop: asyncio.Event, store: SqliteStore) -> str:
    """Wait until the daemon is told to stop (""), or its state is not its own any more (why)."""
    while not (taken := store.taken):
        try:
            await asyncio.wait_for(stop.wait(), WATCH_PERIOD)
        except TimeoutError:
            continue
        return ""
    log.error("the state is lost to this daemon", reason=taken)
    return taken


def _dump(kernel: Kernel) -> None:
    """One line of JSON per actor: what it handles, what waits for it, what works for it."""
    for actor in kernel.dump():
        sys.stderr.write(json.dumps(asdict(actor), default=str) + "\n")
    sys.stderr.flush()
