"""The composition root: the one place that knows every room and every concrete driver.

    Manager   the manager without doors: store, kernel, recorder, root and everything below it; tests run it in virtual time
    run       the manager with its doors, as a process: signals, logs, ordered stop

Stopping leaves the containers running; the next start finds them again by their labels.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from difflib import get_close_matches

from clocker_actors.drivers import docker
from clocker_actors.drivers.machine import LocalMachine, SshMachine
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.ssh import Connection, ssh_address
from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.entities import catalogue as entities
from clocker_actors.entities.outside import Outside, Timing
from clocker_actors.entities.picture import running_application
from clocker_actors.entities.records import HostState, Identity, MemberState, PoolState, read_state, record
from clocker_actors.errors import BadRequest, NotFound, SettingsError
from clocker_actors.kernel import Actor, Clock, Kernel
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import RECORDER, ROOT, EntityKind, Ids, Uid
from clocker_actors.model.messages import DecisionNoted, LookAtPool, PoolLooked
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import ApplicationSpec, Blueprint, EngineSpec, HostSpec, PolicySpec, PoolSpec
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import Value
from clocker_actors.placement import catalogue as placement
from clocker_actors.planning.plan import plan as make_plan
from clocker_actors.planning.values import Action, Plan, PlanStep, PoolView, RunningApplication
from clocker_actors.policies import catalogue as policies
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.machine import Machine
from clocker_actors.settings import Settings
from clocker_actors.store.blobs import FileBlobs
from clocker_actors.store.codec import decode
from clocker_actors.store.sqlite import SqliteStore
from clocker_actors.telemetry.lag import LoopLag
from clocker_actors.telemetry.metrics import Metrics
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.recorder import Recorder

log = logging.getLogger(__name__)

LOCAL = "local"
SIMULATED_HOSTS = 3
STOP_LIMIT = 10.0
ASK_LIMIT = 5.0
EVENTS_PER_EPOCH = 1_000_000_000
"""Event numbers go on rising over restarts, so that a client knows that it missed something."""


def type_table() -> TypeTable:
    """Every policy, enricher and strategy that a blueprint may name."""
    return TypeTable({**policies.TYPES, **enrichers.TYPES}, placement.STRATEGIES)


class Manager:
    """Everything but the doors. `world` is the simulated world, for a manager without real engines."""

    def __init__(self, settings: Settings, *, world: SimulatedWorld | None = None, executor: Executor | None = None) -> None:
        self.settings = settings
        self.world = world
        self.model: ReadModel
        self.lag = LoopLag()
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="store")
        self._engines: dict[EngineSpec, Engine] = {}
        self._machines: list[SshMachine] = []
        self.kernel: Kernel
        self.store: SqliteStore
        self.metrics: Metrics
        self.blobs: FileBlobs
        self.ids: Ids

    async def start(self) -> None:
        """Open the state, and wake everything that is in it. Raises StoreBusy, StoreFault, SettingsError."""
        self.store = await SqliteStore.open(self.settings.state, self._executor)
        try:
            self.model = ReadModel(self.store.epoch * EVENTS_PER_EPOCH)
            self.ids = self.store.ids()
            self.blobs = FileBlobs(self.settings.state / "blobs", self._executor)
            await self._keep_local_pool()
            self.kernel = Kernel(Clock())
            self.metrics = Metrics(
                self.model, kernel=self.kernel, store=self.store.counters, lag=self.lag, entities=self.settings.entity_metrics
            )
            self.kernel.spawn(RECORDER, lambda: Recorder(self.model))
            self._remember_decisions()
            self.kernel.spawn(ROOT, entities.factory(EntityKind.ROOT, ROOT, self._outside()))
        except BaseException:
            await self._close()
            raise

    def watch_loop(self) -> None:
        """Measure how long the loop is held (on a real loop only: a virtual one has nothing to measure)."""
        self.lag.start()

    async def stop(self) -> None:
        """Stop the actors in order, then close what they used. Containers go on running."""
        await self.kernel.stop(STOP_LIMIT)
        await self._close()

    async def _close(self) -> None:
        self.lag.stop()
        for outside in (*self._engines.values(), *self._machines):
            await outside.close()
        self._engines.clear()
        self._machines.clear()
        await self.store.close()
        self._executor.shutdown(wait=False)

    def _remember_decisions(self) -> None:
        for kept in self.store.all("decision"):
            if kept.body is not None:
                self.kernel.tell(RECORDER, DecisionNoted(decode(Decision, kept.body)))

    # --- what the doors ask

    async def plan(self, blueprint: Blueprint) -> Plan:
        """What deploying this blueprint now would do. Raises BadRequest for an unknown location."""
        steps = [
            PlanStep(Action.CREATE, kind, path, reason)
            for pool in blueprint.pools
            for kind, path, reason in (
                (EntityKind.POOL, pool.name, f"it does not exist yet; {len(pool.hosts)} hosts"),
                *((EntityKind.HOST, f"{pool.name}/{host.name}", host.engine.url) for host in pool.hosts),
            )
        ]
        plans = [make_plan(spec, await self._pool_view(spec, blueprint), self._running(spec)) for spec in blueprint.applications]
        return Plan(
            ", ".join(one.application for one in plans),
            ", ".join(dict.fromkeys([*(pool.name for pool in blueprint.pools), *(one.pool for one in plans)])),
            (*steps, *(step for one in plans for step in one.steps)),
            tuple(refusal for one in plans for refusal in one.refusals),
            tuple(warning for one in plans for warning in one.warnings),
        )

    def _running(self, spec: ApplicationSpec) -> RunningApplication | None:
        def up(uid: Uid) -> bool:
            entry = self.model.get(uid)
            return entry is not None and entry.value("service.isUp") is True

        return running_application(self.store, spec.id, up)

    async def _pool_view(self, spec: ApplicationSpec, blueprint: Blueprint) -> PoolView:
        for pool in blueprint.pools:
            if pool.name == spec.location:
                hosts = enumerate(pool.hosts)
                views = tuple(HostView(Uid(host.name), host.name, host.reached_at, labels=host.labels, order=n) for n, host in hosts)
                return PoolView(pool.name, views, pool.strategies, pool.ports)
        known = {entry.name: entry.uid for entry in self.model.of_kind(EntityKind.POOL)}
        if spec.location not in known:
            near = ", ".join(get_close_matches(spec.location, known, n=3) or sorted(known))
            raise BadRequest(f"application {spec.id}: no location {spec.location!r}; known are {near}", location=spec.location)
        looked = await self.kernel.ask(known[spec.location], LookAtPool(), ASK_LIMIT)
        assert isinstance(looked, PoolLooked)
        return PoolView(spec.location, looked.hosts, looked.strategies, looked.ports)

    async def logs(self, uid: Uid, follow: bool, tail: int) -> AsyncIterator[str]:
        """Lines of the container that is a member's current generation. Raises NotFound for anything else."""
        entry = self.model.get(uid)
        member = str(entry.facts.get("member", "")) if entry is not None and entry.kind is EntityKind.CONTAINER else uid
        body = self.store.read(EntityKind.MEMBER, member)
        state = decode(MemberState, body) if body else None
        if state is None or state.current is None:
            raise NotFound(
                f"{self.model.path(uid)} has no container now: give a member, for example one that `clocker tree` shows", entity=uid
            )
        host = read_state(HostState, self.store, EntityKind.HOST, state.current.host)
        async for line in self._engines[host.spec.engine].logs(state.current.name, follow=follow, tail=tail):
            yield line

    def not_ready(self) -> str:
        """Why it is not ready yet; "" once every pool has looked at its hosts."""
        waiting = [entry.path for entry in self.model.of_kind(EntityKind.HOST) if "engine" not in entry.facts]
        if self.model.get(ROOT) is None or self.model.count(EntityKind.POOL) == 0:
            return "the actors are being started"
        return f"hosts not asked yet: {', '.join(waiting)}" if waiting else ""

    # --- the outside

    def _outside(self) -> Outside:
        settings = self.settings
        timing = Timing(
            ping_period=settings.ping_period,
            ping_limit=settings.ping_limit,
            ping_misses=settings.ping_misses,
            engine_grace=settings.engine_grace,
            watched_period=settings.stats_watched,
            other_period=settings.stats_other,
            start_limit=settings.start_limit,
            start_target=settings.start_target,
        )
        return Outside(
            plane=settings.plane,
            store=self.store,
            blobs=self.blobs,
            ids=self.ids,
            types=type_table(),
            connect=self._connect,
            machine=self._machine,
            adjunct=self._adjunct,
            timing=timing,
        )

    def _connect(self, spec: EngineSpec) -> Engine:
        runtime = self.settings.state / "run"
        if spec in self._engines:
            return self._engines[spec]
        if spec.url.startswith("simulated://"):
            if self.world is None:
                self.world = SimulatedWorld()
            engine = self.world.connect(spec, self.metrics.calls, runtime)
        else:
            engine = docker.connect(spec, self.metrics.calls, runtime)
        self._engines[spec] = engine
        return engine

    def _machine(self, spec: EngineSpec) -> Machine | None:
        """Vitals are read here for a local engine, and over SSH where that is the way to the engine; nothing else is open."""
        if spec.url.startswith("unix://"):
            return LocalMachine()
        if spec.url.startswith("ssh://"):
            machine = SshMachine(Connection(ssh_address(spec)), self.metrics.calls)
            self._machines.append(machine)
            return machine
        return None

    def _adjunct(self, spec: PolicySpec, entity: Uid, *, state: Mapping[str, Value] | None, suspended: bool) -> Callable[[], Actor]:
        make = policies.make if policies.has(spec.type) else enrichers.make
        return make(spec, entity, ids=self.ids, state=state, suspended=suspended)

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
        if any(host.engine.url.startswith("simulated:") for host in known.spec.hosts) != (self.world is not None):
            was = "real" if self.world is not None else "simulated"
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
        if self.world is None:
            return PoolSpec(LOCAL, (HostSpec("localhost", EngineSpec(self.settings.local_engine)),))
        hosts = tuple(HostSpec(f"sim-{n}", spec) for n, spec in enumerate(self.world.specs(SIMULATED_HOSTS), start=1))
        return PoolSpec(LOCAL, hosts)
