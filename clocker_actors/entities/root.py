"""The management plane: everything's parent. It deploys blueprints, and forgets what was deleted.

deploy ──▶ what is not there yet: written, all or nothing, then started
           what is there: told to become what the file says (`update`); it may find that there is nothing to do
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import ClassVar

from clocker_actors.allowances import NOTHING
from clocker_actors.entities import cataloguing
from clocker_actors.entities.cataloguing import AddedTypes
from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.pools.sources import refuse_unusable
from clocker_actors.entities.records import ApplicationState, Desired, Identity, PoolState, RootState, record
from clocker_actors.entities.wanted import Wanting, named_blobs
from clocker_actors.errors import BadRequest, Conflict
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import ROOT, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import ActivityEnded, CancelParts, ChildChanged, ChildDeleted, Invoke
from clocker_actors.model.ownership import AdjunctState
from clocker_actors.model.places import pools_of
from clocker_actors.model.specs import ApplicationSpec, Blueprint, PoolSpec
from clocker_actors.model.values import Value
from clocker_actors.planning.clouds import cloud_change
from clocker_actors.planning.places import moving, staying
from clocker_actors.planning.plainsecrets import REFUSE, in_plain
from clocker_actors.planning.powers import refused, wielded
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import convert, decode, plain

log = logging.getLogger(__name__)

RESERVE_MORE_BELOW = 50_000
RESERVE = 100_000
LOOK_AT_IDS = 5.0
SWEEP_LIMIT = 60.0
SWEEP_AGAIN = 60.0
SWEEP_PERIOD = 600.0
RESERVED = frozenset({str(ROOT), "clocker"})
"""Names that mean everything."""


class SweepBlobs:
    """Timer message: look for uploads that nobody has named in time."""


class LookAtIds:
    """Timer message: are there ids enough for the next while?"""


def name_fault(name: str, store: Store) -> str:
    """Why an application or pool cannot have this name: it leads to the management plane, or to what has it as uid. "" when it can."""
    if name in RESERVED:
        return f"{name} is the name of the management plane itself: give this application or pool another name"
    for kind in EntityKind:
        if store.read(kind, name) is not None:
            return f"{name} is the uid of a {kind} that exists: give this application or pool another name"
    return ""


Orders = dict[Uid, tuple[str, Mapping[str, Value]]]
"""Effector and arguments, by the uid of who is told so."""


@dataclass(slots=True)
class Deploy:
    """What a deploy told others to do and has not heard the end of, and whether any of it changed anything."""

    orders: Orders
    changed: bool = False


class Root(Entity[RootState]):
    """Parent of applications and pools."""

    kind: ClassVar[EntityKind] = EntityKind.ROOT

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.pools: dict[str, PoolState] = {}
        self.types: dict[str, AddedTypes] = {}
        self.sweep_again = False
        self.applications: dict[str, ApplicationState] = {}
        self.deploys: dict[str, Deploy] = {}
        self.told: set[str] = set()  # deploys whose applications were told to start

    def on_start(self) -> None:
        coming = self.take_up(self._read)
        for kept in (*self.outside.store.all(EntityKind.POOL), *self.outside.store.all(EntityKind.APPLICATION), *coming):
            if kept.body and kept.kind == EntityKind.POOL:
                pool = decode(PoolState, kept.body)
                self.pools[pool.spec.name] = pool
            elif kept.body and kept.kind == EntityKind.APPLICATION:
                application = decode(ApplicationState, kept.body)
                self.applications[application.spec.id] = application
        self.types = cataloguing.read_types((*self.outside.store.all(cataloguing.KIND), *coming))
        self.note()
        self.adjuncts.spawn_all()
        self.orders.take_up()
        self.service.expect(Lifecycle.STARTING)
        self.service.expect(Lifecycle.RUNNING)
        self.ids.watch(RESERVE_MORE_BELOW, lambda: self.tell(self.uid, LookAtIds()))
        self._look_at_ids()
        self._sweep_blobs()
        self.settle()

    def _read(self) -> RootState:
        body = self.outside.store.read(self.kind, self.uid)
        return decode(RootState, body) if body else RootState(Identity(ROOT, "clocker", "", Uid("")))

    def on_receive(self, message: object) -> object:
        match message:
            case ChildChanged():
                pass  # what applications are is told to people by themselves
            case ChildDeleted():
                self._child_deleted(message.child)
            case LookAtIds():
                self._look_at_ids()
            case SweepBlobs():
                self._sweep_blobs()
            case ActivityEnded():
                self._part_ended(message.activity)
            case WorkDone(name="reserve", result=int() as reserved):
                self.ids.extend(reserved)  # durable before any of them is handed out
            case WorkDone(name="blobs"):
                self._blobs_swept("")
            case WorkFailed(name="blobs"):
                self._blobs_swept(message.failure.message)
            case _:
                return super().on_receive(message)
        return None

    def activity_cancelled(self, activity: Activity) -> None:
        """A deploy that is taken back takes back the starts it led to; what is up stays so, and `delete` removes it all."""
        deploy = self.deploys.pop(activity.id, None)
        for uid in sorted(deploy.orders) if deploy is not None else ():
            self.tell(uid, CancelParts(activity.id, activity.cause))

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        """A deploy tells its orders once more: those that were heard are known by it, and lead to nothing new."""
        if activity.effector == "deploy":
            orders: Orders = convert(Orders, memory.get("orders") or {})
            self.deploys[activity.id] = Deploy(orders)
        return activity.effector in {"deploy", "add_types", "remove_type"}

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {"deploy": self._deploy, "add_types": self._add_types, "remove_type": self._remove_type}

    # --- the catalogue

    def _add_types(self, activity: Activity, arguments: Arguments) -> None:
        files = convert(dict[str, AddedTypes], arguments["files"])
        self._keep_types(cataloguing.with_added(self.types, files.values()))
        self.running.step(activity.id, "keep", ", ".join(reference for file in files.values() for reference in file.references))

    def _remove_type(self, activity: Activity, arguments: Arguments) -> None:
        reference = str(arguments["type"])
        self._keep_types(cataloguing.without(self.types, reference, self._specs()))
        self.running.step(activity.id, "remove", reference)

    def _specs(self) -> Iterator[ApplicationSpec]:
        """Of all applications: as they are, and as they were told to be."""
        kept = self.outside.store.all(EntityKind.APPLICATION)
        yield from (decode(ApplicationState, each.body).spec for each in kept if each.body is not None)
        yield from (state.spec for state in self.applications.values())

    def _keep_types(self, types: dict[str, AddedTypes]) -> None:
        written = cataloguing.records(self.types, types)
        self.types = types
        self.change(self.state, *written)

    # --- deploy

    def _deploy(self, activity: Activity, arguments: Arguments) -> None:
        blueprint = self._staying(convert(Blueprint, arguments["blueprint"]))
        self._judge_powers(blueprint, activity)
        cause = Cause(activity.id, activity.cause.principal)
        fresh_pools, pools = self._new_pools(blueprint)
        fresh, updates = self._new_applications(blueprint, {**self.pools, **fresh_pools}, cause)
        self.pools.update(fresh_pools)
        self.applications.update(fresh)
        for spec in blueprint.applications:  # as they are told to be, which is in their records a moment later
            self.applications[spec.id] = replace(self.applications[spec.id], spec=spec)
        self.deploys = {known: waiting for known, waiting in self.deploys.items() if self.running.is_open(known)}
        self.told &= set(self.deploys)
        orders: Orders = {state.identity.uid: ("start", {}) for state in fresh.values()}
        deploy = self.deploys[activity.id] = Deploy(pools | orders | updates)
        self.running.remember(activity.id, orders={uid: [effector, given] for uid, (effector, given) in deploy.orders.items()})
        records = [record(EntityKind.POOL, state) for state in fresh_pools.values()]
        records += [record(EntityKind.APPLICATION, state) for state in fresh.values()]
        names = (*fresh, *fresh_pools)
        if names:
            self.running.step(activity.id, "keep", f"write what was asked for: {', '.join(names)}")
        self.change(self.state, *records)

    def _judge_powers(self, blueprint: Blueprint, activity: Activity) -> None:
        """Raises BadRequest for what containers may not have; what they have beyond the usual is told, and of whom."""
        allow = self.outside.allow
        faults = [each.refusal for application in blueprint.applications for each in refused(application, allow)]
        if self.outside.plain_secrets == REFUSE:
            faults += [str(each) for application in blueprint.applications for each in in_plain(application)]
        if faults:
            raise BadRequest("\n".join(faults))
        told = [
            str(each)
            for application in blueprint.applications
            for each in wielded(application)
            if not NOTHING.allows(each.pool, each.power)
        ]
        if told:
            self.running.step(activity.id, "allow", "; ".join(told))
            log.warning("%s deploys, as the settings allow: %s", activity.cause.principal, "; ".join(told))

    def _staying(self, blueprint: Blueprint) -> Blueprint:
        """Applications that exist keep a location that none of their services asks for."""
        there = self.applications
        kept = (staying(there[spec.id].spec, spec) if spec.id in there else spec for spec in blueprint.applications)
        return replace(blueprint, applications=tuple(kept))

    def _new_pools(self, blueprint: Blueprint) -> tuple[dict[str, PoolState], Orders]:
        """Docker clouds that are not there yet, and what those are told that are. Nobody waits for the hosts of new ones but who asks for nothing else."""
        fresh: dict[str, PoolState] = {}
        orders: Orders = {}
        for spec in blueprint.pools:
            there = self.pools.get(spec.name)
            if there is None:
                state = fresh[spec.name] = self._new_pool(spec)
                if state.size and not blueprint.applications:
                    orders[state.identity.uid] = ("resize", {"size": state.size})
            else:
                wanted = self._settled(spec)
                refused = cloud_change(self._pool_spec(there), wanted).refused
                if refused:
                    raise Conflict(refused, name=spec.name)
                orders[there.identity.uid] = ("update", {"spec": plain(wanted)})
        return fresh, orders

    def _new_applications(
        self, blueprint: Blueprint, pools: Mapping[str, PoolState], cause: Cause
    ) -> tuple[dict[str, ApplicationState], Orders]:
        """Applications that are not there yet, and what those are told that are."""
        fresh: dict[str, ApplicationState] = {}
        updates: Orders = {}
        for spec in blueprint.applications:
            there = self.applications.get(spec.id)
            if there is None:
                fresh[spec.id] = self._new_application(spec, cause, pools)
            else:
                self._pools_of(spec, pools)
                refused = moving(there.spec, spec)
                if refused:
                    raise Conflict(refused, name=spec.id)
                updates[there.identity.uid] = ("update", {"spec": plain(spec)})
        return fresh, updates

    def _pool_spec(self, state: PoolState) -> PoolSpec:
        """As the pool has it now: it adopts others by itself."""
        body = self.outside.store.read(EntityKind.POOL, state.identity.uid)
        return decode(PoolState, body).spec if body is not None else state.spec

    def _check_name(self, name: str) -> None:
        """Raises BadRequest for a name that would lead to something else."""
        fault = name_fault(name, self.outside.store)
        if fault:
            raise BadRequest(fault, name=name)

    def _new_pool(self, spec: PoolSpec) -> PoolState:
        self._check_name(spec.name)
        if spec.name in self.applications:
            raise Conflict(f"there is an application {spec.name} already: give this docker-cloud another name", name=spec.name)
        spec = self._settled(spec)
        return PoolState(Identity(self.ids.entity(EntityKind.POOL), spec.name, spec.name, ROOT), spec, size=spec.initial_size)

    def _settled(self, spec: PoolSpec) -> PoolSpec:
        """With the location that settings name in its place. Raises BadRequest for what cannot be."""
        if spec.location is not None:
            spec = replace(spec, location=self.outside.settle(spec.location))
            refuse_unusable(spec)
        return spec

    def _new_application(self, spec: ApplicationSpec, cause: Cause, pools: Mapping[str, PoolState]) -> ApplicationState:
        self._check_name(spec.id)
        if spec.id in pools:
            raise Conflict(f"there is a pool {spec.id} already: give this application another name", name=spec.id)
        pool, *others = self._pools_of(spec, pools)
        uid = self.ids.entity(EntityKind.APPLICATION)
        adjuncts = tuple(AdjunctState(policy) for policy in (*spec.enrichers, *spec.policies))
        identity = Identity(uid, spec.name, spec.id, ROOT, application=uid, pool=pool)
        return ApplicationState(identity, spec, cause=cause, adjuncts=adjuncts, elsewhere=tuple(others))

    def _pools_of(self, spec: ApplicationSpec, pools: Mapping[str, PoolState]) -> list[Uid]:
        """The pools that an application and its services name, its own first. Raises BadRequest and Conflict for one that is not there, or not for long."""
        return [self._pool_of(spec, name, pools) for name in pools_of(spec)]

    def _pool_of(self, spec: ApplicationSpec, name: str, pools: Mapping[str, PoolState]) -> Uid:
        pool = pools.get(name)
        if pool is None:
            near = ", ".join(get_close_matches(name, pools, n=3) or sorted(pools)) or "none yet"
            raise BadRequest(f"application {spec.id}: no location {name!r}; known are {near}", location=name)
        kept = self.outside.store.read(EntityKind.POOL, pool.identity.uid)
        if kept is not None and decode(Wanting, kept).desired is Desired.DELETED:
            raise Conflict(f"application {spec.id}: pool {name} is being deleted: name another location", location=name)
        return pool.identity.uid

    def reconcile(self) -> None:
        for pool in self.pools.values():
            self.keep(pool.identity.uid, EntityKind.POOL)
        for application in self.applications.values():
            self.keep(application.identity.uid, EntityKind.APPLICATION)
        for activity in self.running.all("deploy"):
            self._deployed(activity)
        for activity in (*self.running.all("add_types"), *self.running.all("remove_type")):
            self.running.finish(activity.id)

    def _look_at_ids(self) -> None:
        if self.ids.left < RESERVE_MORE_BELOW and not self.working("reserve"):
            self.work("reserve", self.outside.store.reserve_ids, RESERVE, timeout=30.0)
        self.after("ids", LOOK_AT_IDS, LookAtIds())

    def _deployed(self, activity: Activity) -> None:
        deploy = self.deploys.get(activity.id)
        if deploy is None or not deploy.orders:
            self.running.finish(activity.id)
            return
        if activity.id in self.told:
            return
        self.told.add(activity.id)
        cause = Cause(activity.id, activity.cause.principal)
        for effector in dict.fromkeys(effector for effector, _ in deploy.orders.values()):
            whom = [uid for uid, (ordered, _) in deploy.orders.items() if ordered == effector]
            self.running.step(activity.id, effector, ", ".join(whom) if len(whom) < 5 else f"{len(whom)} at once")
        there = self._paths()
        for uid, (effector, arguments) in sorted(deploy.orders.items()):
            invoke = Invoke(effector, arguments, cause, activity.id, self.uid)
            if uid in there:
                self.tell(uid, invoke)
                continue
            known = self.outside.journal.done(uid, invoke)  # it was heard, and how it ended was not, or not written, by the manager before
            if known is not None:
                self._part_ended(known)
            else:
                self._part_gone(activity.id, uid, uid)

    def _part_ended(self, ended: Activity) -> None:
        deploy = self.deploys.get(ended.parent)
        if deploy is None:
            return
        deploy.orders.pop(ended.entity, None)
        deploy.changed |= ended.effector != "update" or not isinstance(ended.result, Mapping) or ended.result.get("changed") is not False
        if ended.state is not ActivityState.DONE:
            self.deploys.pop(ended.parent)
            self.running.fail(ended.parent, ended.problem or str(ended.state))
        elif not deploy.orders:
            self.deploys.pop(ended.parent)
            if not deploy.changed:
                self.running.step(ended.parent, "compare", "nothing to do")
            self.running.finish(ended.parent, ended.entity if deploy.changed else "nothing to do")

    def _part_gone(self, deploy: str, uid: Uid, name: str) -> None:
        """Nobody is left who could say how an order ended."""
        waiting = self.deploys.get(deploy)
        if waiting is not None and uid in waiting.orders:
            self.deploys.pop(deploy)
            self.running.fail(deploy, f"{name} was deleted before this was done: deploy it again if it is still wanted")

    def _paths(self) -> Mapping[Uid, str]:
        """Who is there, and by which path."""
        known: tuple[PoolState | ApplicationState, ...] = (*self.pools.values(), *self.applications.values())
        return {state.identity.uid: state.identity.path for state in known}

    # --- the end of things

    def _child_deleted(self, child: Uid) -> None:
        path = self._paths().get(child, child)
        for deploy in tuple(self.deploys):
            self._part_gone(deploy, child, path)
        self.pools = {name: state for name, state in self.pools.items() if state.identity.uid != child}
        self.applications = {name: state for name, state in self.applications.items() if state.identity.uid != child}
        self.let_go(child)
        self._sweep_blobs()
        self.after("blobs", SWEEP_AGAIN, SweepBlobs())  # what was still held for a deploy that may have been under way

    def _sweep_blobs(self) -> None:
        """Uploads that no application is built from any more are not kept."""
        self.sweep_again = self.working("blobs")
        if not self.sweep_again:
            self.after("blobs", SWEEP_PERIOD, SweepBlobs())
            self.work("blobs", self.outside.blobs.sweep, named_blobs(self.outside.store), timeout=SWEEP_LIMIT)

    def _blobs_swept(self, problem: str) -> None:
        if problem:
            log.warning("uploads not swept; tried again in a while", extra={"failure": problem})
        if self.sweep_again:
            self._sweep_blobs()
