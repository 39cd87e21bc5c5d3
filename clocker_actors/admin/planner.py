"""What a blueprint would change: gathers what runs (from the store) and where there is room (store and readings), and has planning compare.

The Pool's own index belongs to its actor; a plan makes one like it from the same durable records, so that nobody is disturbed by a question.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from clocker_actors.admin.poolviews import MachinesView, machines_of, pool_view, unseen
from clocker_actors.entities.records import ApplicationState, ClusterState, MemberState, PoolState
from clocker_actors.entities.root import name_fault
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.specs import ApplicationSpec, Blueprint
from clocker_actors.model.types import TypeTable
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.plan import plan
from clocker_actors.planning.silences import silences
from clocker_actors.planning.values import Action, Plan, PlanRefusal, PlanStep, PlanWarning, RunningApplication, RunningService
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import ReadModel


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan per application of the blueprint, the docker clouds it would add, and the machines that these and others would make. `refusals` are names that are
    taken already."""

    changes: bool
    possible: bool
    pools: tuple[str, ...]
    plans: tuple[Plan, ...]
    refusals: tuple[PlanRefusal, ...] = ()
    machines: tuple[MachinesView, ...] = ()


def plan_of(blueprint: Blueprint, store: Store, model: ReadModel, types: TypeTable | None = None) -> PlanView:
    """What deploying the blueprint would do. Raises BadRequest for a location that nobody knows, and for a name that nothing can have."""
    known = {state.spec.name: state for state in _pools(store)}
    fresh = {spec.name: spec for spec in blueprint.pools if spec.name not in known}
    plans = []
    for application in blueprint.applications:
        state = known.get(application.location)
        if state is not None:
            view = pool_view(state, store, model, types)
        elif application.location in fresh:
            view = unseen(fresh[application.location])
        else:
            names = ", ".join(sorted({*known, *fresh}))
            raise BadRequest(
                f"application {application.id}: no location {application.location!r}; write one of {names}", location=application.location
            )
        found = _as_it_is(plan(application, replace(view, types=types), _running(application, store, model)), model)
        found = replace(found, warnings=(*found.warnings, *(silences(application, types.policies) if types else ())))
        plans.append(_provisional(found) if application.location in fresh else found)
    there = {state.spec.id: state.spec for state in _applications(store)}
    others = any(spec != known[spec.name].spec for spec in blueprint.pools if spec.name in known)
    others = others or any(_frame(spec) != _frame(there[spec.id]) for spec in blueprint.applications if spec.id in there)
    changes = others or bool(fresh) or any(found.changes for found in plans)
    refusals = tuple(_taken(blueprint, store, {*known}, {*fresh}, {*there})) if changes else ()
    specs = {**{name: state.spec for name, state in known.items()}, **fresh}
    machines = tuple(machines_of(specs, set(fresh), plans))
    return PlanView(changes, not refusals and all(found.possible for found in plans), tuple(fresh), tuple(plans), refusals, machines)


# --- what is there by these names


def _frame(spec: ApplicationSpec) -> ApplicationSpec:
    """All of an application but its services, which a plan compares one by one."""
    return replace(spec, services=())


def _taken(blueprint: Blueprint, store: Store, pools: set[str], fresh: set[str], applications: set[str]) -> Iterator[PlanRefusal]:
    """What a deploy is refused for, since it only adds. A blueprint that changes nothing needs no deploy. Raises BadRequest as that does, for names that
    nothing can have."""
    for name in (*(pool.name for pool in blueprint.pools), *(application.id for application in blueprint.applications)):
        fault = name_fault(name, store)
        if fault:
            raise BadRequest(fault, name=name)
    for pool in blueprint.pools:
        if pool.name in pools:
            yield PlanRefusal(
                pool.name, f"docker-cloud {pool.name} exists already: leave it out of this blueprint, or give it another name"
            )
        elif pool.name in applications:
            yield PlanRefusal(pool.name, f"{pool.name} is the name of an application already: give this docker-cloud another name")
    for application in blueprint.applications:
        name = application.id
        if name in applications:
            how = f"`clocker delete {name}` first, or give this one another name"
            yield PlanRefusal(name, f"application {name} exists already, and changing it in place is not there yet: {how}")
        elif name in pools | fresh:
            yield PlanRefusal(name, f"{name} is the name of a docker-cloud already: give this application another name")


# --- where there is room


def _pools(store: Store) -> Iterator[PoolState]:
    for kept in store.all(EntityKind.POOL):
        if kept.body is not None:
            yield decode(PoolState, kept.body)


def _provisional(found: Plan) -> Plan:
    """A plan on hosts that nobody has asked yet says so."""
    warning = PlanWarning(
        found.pool, "its hosts are not known before this is deployed; this is where things go if all of them answer and have room"
    )
    return replace(found, warnings=(warning, *found.warnings))


def _as_it_is(found: Plan, model: ReadModel) -> Plan:
    """A plan in which what is kept says how it is, when that is not running: a deploy does not start what was stopped."""
    return replace(found, steps=tuple(_kept(step, model) if step.action is Action.KEEP else step for step in found.steps))


def _kept(step: PlanStep, model: ReadModel) -> PlanStep:
    try:
        state = model.entry(step.path).value(sensors.SERVICE_STATE.name)
    except NotFound:
        return step
    return step if state in {None, "running"} else replace(step, reason=f"it is as asked, and {state}")


# --- what runs


def _applications(store: Store) -> Iterator[ApplicationState]:
    for kept in store.all(EntityKind.APPLICATION):
        if kept.body is not None:
            yield decode(ApplicationState, kept.body)


def _running(spec: ApplicationSpec, store: Store, model: ReadModel) -> RunningApplication | None:
    for state in _applications(store):
        if state.spec.id == spec.id:
            services = (_service(uid, store, model) for uid in state.children.values())
            return RunningApplication(state.identity.uid, tuple(found for found in services if found is not None))
    return None


def _service(uid: Uid, store: Store, model: ReadModel) -> RunningService | None:
    body = store.read(EntityKind.CLUSTER, uid)
    if body is not None:
        cluster = decode(ClusterState, body)
        aside = {each.uid for each in cluster.quarantined}
        members = tuple(_member_view(member, model, quarantined=member in aside) for member in cluster.members)
        return RunningService(uid, cluster.spec, members, cluster.next_index)
    body = store.read(EntityKind.MEMBER, uid)
    if body is None:
        return None
    state = decode(MemberState, body)
    children = (_service(child, store, model) for child in state.children.values())
    return RunningService(uid, state.spec, children=tuple(child for child in children if child is not None))


def _member_view(uid: Uid, model: ReadModel, *, quarantined: bool) -> MemberView:
    entry = model.get(uid)
    up = entry is not None and entry.value(sensors.SERVICE_UP.name) is True
    return MemberView(uid, up=up, quarantined=quarantined, name=entry.path.rpartition("/")[2] if entry else uid)
