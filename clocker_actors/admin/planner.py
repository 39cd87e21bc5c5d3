"""What a blueprint would change: gathers what runs (from the store) and where there is room (store and readings), and has planning compare.

The Pool's own index belongs to its actor; a plan makes one like it from the same durable records, so that nobody is disturbed by a question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from clocker_actors.admin.plans import Plans
from clocker_actors.admin.poolviews import MachinesView, machines_of, pool_view, unseen
from clocker_actors.admin.running import applications, running
from clocker_actors.admin.secrecy import Known, missing
from clocker_actors.entities.pools.sources import refuse_unusable
from clocker_actors.entities.records import ApplicationState, Desired, PoolState
from clocker_actors.entities.root import name_fault
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ApplicationSpec, Blueprint, PoolSpec
from clocker_actors.model.types import TypeTable
from clocker_actors.planning.clouds import cloud_change, cloud_steps
from clocker_actors.planning.moved import World, world
from clocker_actors.planning.plan import plan
from clocker_actors.planning.silences import silences
from clocker_actors.planning.values import Action, Measured, Plan, PlanRefusal, PlanStep, PlanWarning, PoolView, RunningApplication
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import ReadModel


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
class _Planner:
    """One question: the blueprint with its locations settled, and what there is by its names."""

    blueprint: Blueprint
    store: Store
    model: ReadModel
    types: TypeTable | None
    pools: Mapping[str, PoolState] = field(init=False)
    there: Mapping[str, ApplicationState] = field(init=False)
    wanted: Mapping[str, PoolSpec] = field(init=False)
    views: dict[str, PoolView] = field(default_factory=dict)
    """Of pools that exist, as they are."""

    def __post_init__(self) -> None:
        self.pools = {state.spec.name: state for state in _pools(self.store)}
        self.there = {state.spec.id: state for state in applications(self.store)}
        self.wanted = {spec.name: spec for spec in self.blueprint.pools}

    def running(self) -> dict[str, RunningApplication | None]:
        """The applications of the blueprint as they are."""
        found = ((spec.id, self.there.get(spec.id)) for spec in self.blueprint.applications)
        return {name: running(state, self.store, self.model) if state is not None else None for name, state in found}

    def world(self, runs: Mapping[str, RunningApplication | None]) -> World:
        """What the plan is made against."""
        clouds = [state.spec for name, state in self.pools.items() if name in self.wanted]
        return world(runs, [self._standing(name) for name in self._used() if name in self.pools], clouds)

    def _used(self) -> dict[str, None]:
        return dict.fromkeys((*(spec.location for spec in self.blueprint.applications), *self.wanted))

    def _standing(self, name: str) -> PoolView:
        if name not in self.views:
            self.views[name] = pool_view(self.pools[name], self.store, self.model, self.types)
        return self.views[name]

    def pool_of(self, application: ApplicationSpec) -> PoolView:
        """The pool of an application as it will be, with an index of its own. Raises BadRequest for a location that nobody knows."""
        name = application.location
        wanted = self.wanted.get(name)
        if name in self.pools:
            return pool_view(self.pools[name], self.store, self.model, self.types, wanted)
        if wanted is not None:
            return unseen(wanted)
        names = ", ".join(sorted({*self.pools, *self.wanted}))
        raise BadRequest(f"application {application.id}: no location {name!r}; write one of {names}", location=name)

    def plans(self, runs: Mapping[str, RunningApplication | None]) -> Iterator[Plan]:
        """One per application."""
        starts = {image: Measured(*known) for image, known in self.model.starts.all().items()}
        for application in self.blueprint.applications:
            pool = replace(self.pool_of(application), types=self.types, starts=starts)
            found = _as_it_is(plan(application, pool, runs[application.id]), self.model)
            quiet = silences(application, self.types.policies) if self.types else ()
            found = replace(found, warnings=(*found.warnings, *quiet))
            yield _provisional(found) if application.location not in self.pools else found

    def refusals(self) -> Iterator[PlanRefusal]:
        """What a deploy is refused for. Raises BadRequest as that does, for names that nothing can have."""
        for name in (*self.wanted, *(application.id for application in self.blueprint.applications)):
            fault = name_fault(name, self.store)
            if fault:
                raise BadRequest(fault, name=name)
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


def plan_of(
    blueprint: Blueprint,
    store: Store,
    model: ReadModel,
    types: TypeTable | None = None,
    known: Known | None = None,
    plans: Plans | None = None,
) -> PlanView:
    """What deploying the blueprint would do; kept in `plans`, if given, under the id that it has then. Raises BadRequest for a location that nobody knows, and
    for a name that nothing can have."""
    known = known or Known()
    planner = _Planner(_settled(blueprint, known), store, model, types)
    runs = planner.running()
    made = tuple(planner.plans(runs))
    fresh = tuple(name for name in planner.wanted if name not in planner.pools)
    before = {name: state.spec for name, state in planner.pools.items()}
    clouds = tuple(CloudView(name, cloud_steps(before.get(name), spec)) for name, spec in planner.wanted.items())
    # A cloud that cannot change is kept as it is, and refused.
    changes = any(step.action is not Action.KEEP for cloud in clouds for step in cloud.steps) or any(found.changes for found in made)
    changes = changes or any(name in before and cloud_change(before[name], spec).refused for name, spec in planner.wanted.items())
    refusals = tuple(planner.refusals()) if changes else ()
    changed = [spec for name, spec in planner.wanted.items() if before.get(name) != spec]
    return PlanView(
        bool(changes),
        not refusals and all(found.possible for found in made),
        fresh,
        made,
        refusals,
        tuple(machines_of({**before, **planner.wanted}, set(fresh), made)),
        plans.keep(blueprint, planner.world(runs)) if plans is not None else "",
        clouds,
        tuple(missing(blueprint.applications, changed, known)) if changes else (),
        _lasting(made),
    )


def hold_to(
    name: str,
    plans: Plans,
    blueprint: Blueprint,
    store: Store,
    model: ReadModel,
    types: TypeTable | None = None,
    known: Known | None = None,
) -> None:
    """Raises NotFound and Conflict where the plan of that id does not hold for this blueprint now."""
    planner = _Planner(_settled(blueprint, known or Known()), store, model, types)
    plans.hold(name, blueprint, planner.world(planner.running()))


# --- what is there by these names


def _settled(blueprint: Blueprint, known: Known) -> Blueprint:
    """With the locations of settings in the place of their names. Raises BadRequest for one that nobody knows, and for what no host can be made of."""
    pools = tuple(replace(pool, location=known.settle(pool.location)) if pool.location is not None else pool for pool in blueprint.pools)
    for pool in pools:
        refuse_unusable(pool)
    return replace(blueprint, pools=pools)


def _unchangeable(state: ApplicationState, wanted: ApplicationSpec) -> Iterator[PlanRefusal]:
    name = wanted.id
    if state.spec.location != wanted.location:
        how = f"`clocker delete {name}` first, or give this one another name"
        yield PlanRefusal(name, f"application {name} runs on {state.spec.location}, and cannot be moved to {wanted.location}: {how}")
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
