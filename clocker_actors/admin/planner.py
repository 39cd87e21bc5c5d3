"""What a blueprint would change: gathers what runs (from the store) and where there is room (store and readings), and has planning compare.

The Pool's own index belongs to its actor; a plan makes one like it from the same durable records, so that nobody is disturbed by a question.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace

from clocker_actors.admin.plans import Plans
from clocker_actors.admin.poolviews import MachinesView, machines_of, pool_view, unseen
from clocker_actors.admin.running import applications, running
from clocker_actors.admin.secrecy import Known, asked, missing
from clocker_actors.admin.standing import standing_hosts
from clocker_actors.entities.pools.sources import refuse_unusable
from clocker_actors.entities.records import ApplicationState, Desired, PoolState
from clocker_actors.entities.root import name_fault
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.placements import HostView
from clocker_actors.model.places import pools_of
from clocker_actors.model.specs import ApplicationSpec, Blueprint, PoolSpec
from clocker_actors.model.types import TypeTable
from clocker_actors.planning.clouds import cloud_change, cloud_steps
from clocker_actors.planning.moved import World, world
from clocker_actors.planning.places import moving, staying
from clocker_actors.planning.plan import plan
from clocker_actors.planning.silences import silences
from clocker_actors.planning.values import Action, Measured, Plan, PlanRefusal, PlanStep, PlanWarning, PoolView, RunningApplication
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import ReadModel

Views = Mapping[str, PoolView]
"""Pools by name."""


@dataclass(frozen=True, slots=True)
class CloudView:
    """What becomes of one docker cloud of the blueprint."""

    name: str
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan per application of the blueprint, what becomes of its docker clouds (`pools` are the names of those that are new), and the machines that these and
    others would make. `refusals` are what a deploy is refused for: names that are taken, what cannot change. `id` is what `deploy --plan` takes; `seconds` is
    how long all of it should take, None where nobody knows."""

    changes: bool
    possible: bool
    pools: tuple[str, ...]
    plans: tuple[Plan, ...]
    refusals: tuple[PlanRefusal, ...] = ()
    machines: tuple[MachinesView, ...] = ()
    id: str = ""
    clouds: tuple[CloudView, ...] = ()
    warnings: tuple[PlanWarning, ...] = ()
    seconds: float | None = None


@dataclass(slots=True)
class _Question:
    """A blueprint with its locations settled, and what there is by its names: all that is read of the store and of what people see, which only the loop may do.
    What is made of it may be made elsewhere."""

    blueprint: Blueprint
    store: InitVar[Store]
    model: InitVar[ReadModel]
    types: TypeTable | None
    pools: Mapping[str, PoolState] = field(init=False)
    there: Mapping[str, ApplicationState] = field(init=False)
    wanted: Mapping[str, PoolSpec] = field(init=False)
    runs: Mapping[str, RunningApplication | None] = field(init=False)
    hosts: Mapping[str, tuple[HostView, ...]] = field(init=False)
    """Of the pools that exist and are named, as they are."""
    starts: Mapping[str, Measured] = field(init=False)
    name_faults: tuple[str, ...] = field(init=False)

    def __post_init__(self, store: Store, model: ReadModel) -> None:
        self.pools = {state.spec.name: state for state in _pools(store)}
        self.there = {state.spec.id: state for state in applications(store)}
        there = self.there
        kept = (staying(there[spec.id].spec, spec) if spec.id in there else spec for spec in self.blueprint.applications)
        self.blueprint = replace(self.blueprint, applications=tuple(kept))
        self.wanted = {spec.name: spec for spec in self.blueprint.pools}
        found = ((spec.id, self.there.get(spec.id)) for spec in self.blueprint.applications)
        self.runs = {name: running(state, store, model) if state is not None else None for name, state in found}
        used = dict.fromkeys((*(name for spec in self.blueprint.applications for name in pools_of(spec)), *self.wanted))
        self.hosts = {name: tuple(standing_hosts(self.pools[name], store, model)) for name in used if name in self.pools}
        self.starts = {image: Measured(*known) for image, known in model.starts.all().items()}
        names = (*self.wanted, *(application.id for application in self.blueprint.applications))
        self.name_faults = tuple(fault for fault in (name_fault(name, store) for name in names) if fault)

    def world(self) -> World:
        """What the plan is made against."""
        return world(self.runs, self.hosts, [state.spec for name, state in self.pools.items() if name in self.wanted])

    def pools_for(self, store: Store, model: ReadModel) -> list[Views]:
        """The pools of each application. Raises BadRequest for a location that nobody knows."""
        return [{name: self._pool(name, each, store, model) for name in pools_of(each)} for each in self.blueprint.applications]

    def _pool(self, name: str, application: ApplicationSpec, store: Store, model: ReadModel) -> PoolView:
        """A pool of an application as it will be, with an index of its own."""
        wanted = self.wanted.get(name)
        if name in self.pools:
            return pool_view(self.pools[name], store, model, self.types, wanted)
        if wanted is not None:
            return unseen(wanted)
        names = ", ".join(sorted({*self.pools, *self.wanted}))
        raise BadRequest(f"application {application.id}: no location {name!r}; write one of {names}", location=name)

    def plans(self, views: Sequence[Views]) -> Iterator[Plan]:
        """One per application, on these pools."""
        for application, found_views in zip(self.blueprint.applications, views, strict=True):
            pools = {name: replace(view, types=self.types, starts=self.starts) for name, view in found_views.items()}
            own = pools.pop(application.location)
            found = plan(application, own, self.runs[application.id], pools)
            quiet = silences(application, self.types.policies) if self.types else ()
            found = replace(found, warnings=(*found.warnings, *quiet))
            yield _provisional(found, [name for name in found_views if name not in self.pools])

    def refusals(self) -> Iterator[PlanRefusal]:
        """What a deploy is refused for. Raises BadRequest as that does, for names that nothing can have."""
        if self.name_faults:
            raise BadRequest(self.name_faults[0])
        for pool in self.wanted.values():
            if pool.name in self.there:
                yield PlanRefusal(pool.name, f"{pool.name} is the name of an application already: give this docker-cloud another name")
            elif pool.name in self.pools and (refused := cloud_change(self.pools[pool.name].spec, pool).refused):
                yield PlanRefusal(pool.name, refused)
        for application in self.blueprint.applications:
            if application.id in self.pools or application.id in self.wanted:
                yield PlanRefusal(
                    application.id, f"{application.id} is the name of a docker-cloud already: give this application another name"
                )
            elif application.id in self.there:
                yield from _unchangeable(self.there[application.id], application)

    def answer(self, views: Sequence[Views], known: Known) -> PlanView:
        """All of the plan but its id."""
        made = tuple(self.plans(views))
        fresh = tuple(name for name in self.wanted if name not in self.pools)
        before = {name: state.spec for name, state in self.pools.items()}
        clouds = tuple(CloudView(name, cloud_steps(before.get(name), spec)) for name, spec in self.wanted.items())
        # A cloud that cannot change is kept as it is, and refused.
        changes = any(step.action is not Action.KEEP for cloud in clouds for step in cloud.steps) or any(found.changes for found in made)
        changes = changes or any(name in before and bool(cloud_change(before[name], spec).refused) for name, spec in self.wanted.items())
        refusals = tuple(self.refusals()) if changes else ()
        changed = [spec for name, spec in self.wanted.items() if before.get(name) != spec]
        return PlanView(
            changes,
            not refusals and all(found.possible for found in made),
            fresh,
            made,
            refusals,
            tuple(machines_of({**before, **self.wanted}, set(fresh), made)),
            clouds=clouds,
            warnings=tuple(missing(self.blueprint.applications, changed, known)) if changes else (),
            seconds=_lasting(made),
        )


def plan_of(blueprint: Blueprint, store: Store, model: ReadModel, types: TypeTable | None = None, known: Known | None = None) -> PlanView:
    """What deploying the blueprint would do. Raises BadRequest for a location that nobody knows, and for a name that nothing can have."""
    known = known or Known()
    question = _Question(_settled(blueprint, known), store, model, types)
    views = question.pools_for(store, model)
    return _as_it_is(question.answer(views, known), model)


async def kept_plan(blueprint: Blueprint, store: Store, model: ReadModel, types: TypeTable | None, known: Known, plans: Plans) -> PlanView:
    """The same, kept in `plans` under its id. What takes long is done in a thread, since thousands of members take seconds."""
    question = _Question(_settled(blueprint, known), store, model, types)
    views = question.pools_for(store, model)
    found = await asyncio.to_thread(question.answer, views, asked(question.blueprint.applications, known))
    return _as_it_is(replace(found, id=plans.keep(blueprint, question.world())), model)


def hold_to(
    name: str,
    plans: Plans,
    blueprint: Blueprint,
    store: Store,
    model: ReadModel,
    types: TypeTable | None = None,
    known: Known | None = None,
    reaches: Callable[[str], bool] = lambda _: True,
) -> None:
    """Raises NotFound and Conflict where the plan of that id does not hold for this blueprint now."""
    question = _Question(_settled(blueprint, known or Known()), store, model, types)
    plans.hold(name, blueprint, question.world(), reaches)


# --- what is there by these names


def _settled(blueprint: Blueprint, known: Known) -> Blueprint:
    """With the locations of settings in the place of their names. Raises BadRequest for one that nobody knows, and for what no host can be made of."""
    pools = tuple(replace(pool, location=known.settle(pool.location)) if pool.location is not None else pool for pool in blueprint.pools)
    for pool in pools:
        refuse_unusable(pool)
    return replace(blueprint, pools=pools)


def _unchangeable(state: ApplicationState, wanted: ApplicationSpec) -> Iterator[PlanRefusal]:
    name = wanted.id
    if refused := moving(state.spec, wanted):
        yield PlanRefusal(name, refused)
    if state.desired is Desired.DELETED:
        yield PlanRefusal(name, f"application {name} is being deleted: deploy it when that is done (`clocker activities {name}`)")


def _lasting(plans: tuple[Plan, ...]) -> float | None:
    """Applications do not wait for each other."""
    doing = [found.seconds for found in plans if found.changes]
    known = [seconds for seconds in doing if seconds is not None]
    return max(known) if known and len(known) == len(doing) else None


# --- where there is room


def _pools(store: Store) -> Iterator[PoolState]:
    for kept in store.all(EntityKind.POOL):
        if kept.body is not None:
            yield decode(PoolState, kept.body)


def _provisional(found: Plan, fresh: Sequence[str]) -> Plan:
    """A plan on hosts that nobody has asked yet says so."""
    told = "its hosts are not known before this is deployed; this is where things go if all of them answer and have room"
    return replace(found, warnings=(*(PlanWarning(name, told) for name in fresh), *found.warnings))


def _as_it_is(found: PlanView, model: ReadModel) -> PlanView:
    """A plan in which what is kept says how it is, when that is not running: a deploy does not start what was stopped."""

    def told(each: Plan) -> Plan:
        return replace(each, steps=tuple(_kept(step, model) if step.action is Action.KEEP else step for step in each.steps))

    return replace(found, plans=tuple(map(told, found.plans)))


def _kept(step: PlanStep, model: ReadModel) -> PlanStep:
    try:
        entry = model.entry(step.path)
    except NotFound:
        return step
    state = entry.value(sensors.SERVICE_STATE.name)
    return step if entry.gone is not None or state in {None, "running"} else replace(step, reason=f"it is as asked, and {state}")
