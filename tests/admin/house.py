"""The small daemon that tests of this folder talk to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from clocker_actors.admin.app import create_app
from clocker_actors.admin.audit import Audit
from clocker_actors.admin.context import Context
from clocker_actors.admin.door import Door
from clocker_actors.admin.tls import Certificate
from clocker_actors.admin.types import type_table
from clocker_actors.drivers.simulated.suppliers import SimulatedSuppliers
from clocker_actors.errors import Conflict, NotFound
from clocker_actors.externals import Externals
from clocker_actors.kernel import Actor, Kernel
from clocker_actors.model import noted as facts
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.effectors import Effector, bind, find, noted
from clocker_actors.model.generations import WatchClosely
from clocker_actors.model.identity import RECORDER, ROOT, EntityKind, Uid
from clocker_actors.model.messages import Accepted, CancelActivity, Invoke
from clocker_actors.model.noted import ActivityNoted
from clocker_actors.model.tokens import Scope
from clocker_actors.store.blobs import FileBlobs
from clocker_actors.store.ownsecrets import OwnSecrets
from clocker_actors.store.sqlite import SqliteStore
from clocker_actors.store.strongbox import Strongbox
from clocker_actors.telemetry.metrics import Metrics
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.recorder import Recorder
from tests.telemetry.samples import NOW, decision, entity, readings, shop


class Probe(Actor):
    """In place of an entity: checks arguments as entities do, runs each effector to `outcome`, remembers what it was asked."""

    def __init__(self, uid: str, kind: EntityKind, house: "House") -> None:
        super().__init__()
        self.uid, self.kind, self.house = uid, kind, house

    def on_receive(self, message: object) -> object:
        match message:
            case Invoke():
                return self._invoke(message)
            case WatchClosely(member, period, "people"):
                self.house.watched.append((member, period))
            case CancelActivity(activity, cause):
                self.house.cancelled.append((activity, cause.principal))
                open_ = self.house.open.pop(activity, None)
                if open_ is None:
                    raise NotFound(f"activity {activity} is not running")
                self._note(open_, ActivityState.CANCELLED)
        return None

    def _invoke(self, invoke: Invoke) -> Accepted:
        effector = self.house.declared.get(invoke.effector) or find(self.kind, invoke.effector)
        arguments = noted(effector, bind(effector, invoke.arguments))
        if self.house.refusal:
            raise Conflict(self.house.refusal)
        self.house.invoked.append(invoke)
        number = f"t{len(self.house.invoked)}"
        activity = Activity(number, Uid(self.uid), invoke.effector, invoke.cause, self.now, {**arguments}, note="1 of 2 members up")
        self.house.open[number] = activity
        self.tell(RECORDER, ActivityNoted(activity))
        if self.house.outcome is not None:
            self._note(self.house.open.pop(number), self.house.outcome)
        return Accepted(number)

    def _note(self, activity: Activity, state: ActivityState) -> None:
        problem = "" if state is ActivityState.DONE else f"it {state}: no host would do"
        ended = Activity(
            activity.id,
            activity.entity,
            activity.effector,
            activity.cause,
            activity.began,
            activity.arguments,
            state=state,
            ended=self.now,
            result=self.house.result,
            problem=problem,
        )
        self.tell(RECORDER, ActivityNoted(ended))


@dataclass
class House:
    """What a test may look at and change."""

    folder: Path
    outcome: ActivityState | None = ActivityState.DONE
    refusal: str = ""
    result: object = None
    declared: dict[str, Effector] = field(default_factory=dict)
    """Effectors of the blueprint, whichever entity is asked."""
    not_ready: str = ""
    invoked: list[Invoke] = field(default_factory=list)
    open: dict[str, Activity] = field(default_factory=dict)
    cancelled: list[tuple[str, str]] = field(default_factory=list)
    watched: list[tuple[str, float | None]] = field(default_factory=list)
    log: tuple[str, ...] = ("one", "two")
    log_closed: bool = False
    kernel: Kernel = field(init=False)
    model: ReadModel = field(init=False)
    context: Context = field(init=False)
    door: Door = field(init=False)

    @property
    def socket(self) -> Path:
        return self.folder / "clocker.sock"

    def client(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """A client on the unix socket."""
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(self.socket)), base_url="http://clocker", headers=headers, timeout=15
        )

    async def token(self, name: str = "ci", scope: str = "admin", *applications: str, lasting: float | None = None) -> str:
        """What opens the TCP door, of a new token."""
        return (await self.context.tokens.create(name, Scope(scope), applications, lasting, "uid:0")).text

    def visitor(self, token: str = "", source: str = "") -> httpx.AsyncClient:
        """A client on the TCP door, from another address of this machine if one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.AsyncHTTPTransport(local_address=source or None)
        return httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{self.door.port}", headers=headers, timeout=15)

    def note(self, *facts: object) -> None:
        """Have the recorder note facts."""
        for fact in facts:
            self.kernel.tell(RECORDER, fact)

    async def logs(self, uid: str, follow: bool, tail: int) -> AsyncIterator[str]:
        if self.model.entry(uid).kind is not EntityKind.MEMBER:
            raise NotFound(f"{uid} has no container; name a member")
        try:
            for line in self.log[-tail:]:
                yield line
            if follow:
                await asyncio.Event().wait()
        finally:
            self.log_closed = True


@asynccontextmanager
async def open_house(folder: Path, *, listen: str = "", certificate: Certificate | None = None) -> AsyncIterator[House]:
    """Start it all; stop it all."""
    house = House(folder)
    house.kernel, house.model = Kernel(), world()
    store = await SqliteStore.open(folder / "state")
    house.kernel.spawn(RECORDER, lambda: Recorder(house.model))
    for entry in house.model.all():
        house.kernel.spawn(entry.uid, lambda entry=entry: Probe(entry.uid, entry.kind, house))  # type: ignore[misc]
    house.context = Context(
        kernel=house.kernel,
        model=house.model,
        store=store,
        blobs=FileBlobs(folder / "blobs", now=house.kernel.now),
        types=type_table(),
        metrics=Metrics(house.model, kernel=house.kernel),
        logs=house.logs,
        ready=lambda: house.not_ready,
        audit=Audit(folder, house.kernel.now),
        secrets=OwnSecrets(await Strongbox.open(store, folder / "state", house.kernel.now), SimulatedSuppliers(Externals()), Externals()),
    )
    house.door = Door(create_app(house.context), house.socket, listen=listen, certificate=certificate, closing=house.context.close)
    await house.door.open()
    try:
        yield house
    finally:
        await house.door.close()
        house.context.audit.close()
        await house.kernel.stop(5.0)
        await store.close()


def world() -> ReadModel:
    """Application shop with cluster web and two members, on pool local."""
    model = shop()
    for uid, path, parent in (("c2", "shop/web", "a1"), ("m3", "shop/web/1", "c2"), ("m4", "shop/web/2", "c2")):
        model.note(replace(entity(uid, path, parent), application=Uid("a1"), type="docker:nginx"), 0)
    model.note(replace(entity("c2", "shop/web", "a1", min=1, max=10), application=Uid("a1"), type="cluster"), 0)
    up: dict[str, object] = {"service__state": "running", "service__isUp": True}
    for uid in ("a1", "m3", "m4", "p5", "h6", "k7", "k8"):
        model.note(readings(uid, NOW, **up), 0)
    model.note(
        readings("c2", NOW, **up, group__members__count=2, cluster__size__desired=2, group__members__up=2, cpu__mean__average=41.5), 0
    )
    model.note(decision(1, "c2", "resize to 2"), 0)
    model.note(facts.PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "running", {"metric": "cpu.mean.average"}), 0)
    assert model.get(ROOT) is not None
    return model
