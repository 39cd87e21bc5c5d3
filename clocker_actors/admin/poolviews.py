"""Pools as a plan sees them: where there is room now, and what hosts a pool would make.

A host that is on its way up, or that a plan would have the pool make, is taken to be as large as the last one that was made, else as its template asks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clocker_actors.admin.standing import standing_index
from clocker_actors.entities.pools.sources import next_source, parts_of
from clocker_actors.entities.records import HostState, PoolState
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import HostSpec, PoolSpec
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import counted
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.growth import LARGE_BYTES, LARGE_CORES, template_view
from clocker_actors.planning.values import Action, Plan, PoolView
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import ReadModel


@dataclass(frozen=True, slots=True)
class MachinesView:
    """Machines that a pool would make in its location: `first` since it is new and has a size, `more` for containers that find no room. `kinds` are the parts
    of the location that they may come from, with what is asked of a machine there."""

    pool: str
    location: str
    kinds: tuple[str, ...]
    first: int
    more: int


def machines_of(specs: Mapping[str, PoolSpec], fresh: Collection[str], plans: Sequence[Plan]) -> Iterator[MachinesView]:
    """What plans would have pools make, none of them more than it may."""
    for name, spec in specs.items():
        if spec.location is None:
            continue
        first = spec.initial_size if name in fresh else 0
        steps = [step for found in plans for step in found.steps if (step.pool or found.pool) == name]
        more = min(sum(step.kind == EntityKind.HOST and step.action is Action.CREATE for step in steps), spec.max_size - first)
        if first or more:
            yield MachinesView(name, spec.location.name, tuple(map(_kind, parts_of(spec.location))), first, more)


def _kind(part: LocationSpec) -> str:
    """`simulated paris, at least 4 cores, 8 GiB`, or `3 machines of rack`."""
    if part.cloud is None:
        return f"{counted(len(part.machines), 'machine')} of {part.name}" if part.machines else part.name
    wanted = part.cloud.template
    hardware = wanted.hardware_id or wanted.hardware_regex
    sizes = [f"{wanted.min_cores:g} cores" if wanted.min_cores else "", f"{wanted.min_ram / (1 << 30):.3g} GiB" if wanted.min_ram else ""]
    least = [each for each in sizes if each]
    told = [f"{part.cloud.provider} {part.cloud.region}".strip(), hardware, f"at least {' and '.join(least)}" if least else ""]
    return ", ".join(each for each in told if each)


def pool_view(state: PoolState, store: Store, model: ReadModel, types: TypeTable | None, wanted: PoolSpec | None = None) -> PoolView:
    """A pool that exists, as it will be by the spec `wanted`, if that is given. Hosts that are on their way up are counted as there."""
    spec = wanted or state.spec
    index = standing_index(state, store, model, types)
    _describe_anew(index, state, spec)
    made = [host for host in _made(state, store) if host.identity.uid not in {*state.leaving, *state.aside}]
    sized = (index.host(host.identity.uid) for host in reversed(made))
    template = _template(spec, next((view for view in sized if view.cores), None))
    may_make = 0
    if template is not None:
        for host in made:
            if host.made is not None and host.made.phase.coming:
                index.update(replace(template, uid=host.identity.uid, name=host.spec.name))
        may_make = 0 if state.given_up else max(0, _most(spec) - len(made))
    return replace(_view(spec, index.hosts(), template, may_make), index=index)


def _describe_anew(index: HostIndex, state: PoolState, spec: PoolSpec) -> None:
    """Hosts that the spec adds are taken to be there, and those that it takes away take nothing new."""
    there, listed = {host.name for host in state.spec.hosts}, {host.name for host in spec.hosts}
    for order, host in enumerate(spec.hosts):
        if host.name not in there:
            index.add(_idle(spec, host, order))
    for name in there - listed:
        if name in state.hosts and state.hosts[name] in index:
            index.cordon(state.hosts[name], True)


def _most(spec: PoolSpec) -> int:
    """How many hosts it may make, and its location has."""
    capacity = spec.location.capacity if spec.location is not None else None
    return spec.max_size if capacity is None else min(spec.max_size, capacity)


def _idle(spec: PoolSpec, host: HostSpec, order: int) -> HostView:
    """A listed host that nobody has asked yet: large, and idle."""
    return HostView(
        Uid(f"{spec.name}/{host.name}"),
        host.name,
        host.reached_at,
        zone=host.zone,
        labels=host.labels,
        cores=LARGE_CORES,
        memory=LARGE_BYTES,
        disk=LARGE_BYTES,
        cpu=0.0,
        order=order,
        affinity=host.affinity,
    )


def unseen(spec: PoolSpec) -> PoolView:
    """A pool that the blueprint brings: its hosts are taken to answer, and to be large and idle, since nobody knows yet."""
    hosts = [_idle(spec, host, order) for order, host in enumerate(spec.hosts)]
    template = _template(spec, None)
    if template is None:
        return _view(spec, tuple(hosts), None, 0)
    first = [f"docker-{number}" for number in range(1, spec.initial_size + 1)]
    hosts += [replace(template, uid=Uid(f"{spec.name}/{name}"), name=name, order=len(hosts) + n) for n, name in enumerate(first)]
    return _view(spec, tuple(hosts), template, max(0, _most(spec) - spec.initial_size))


def _view(spec: PoolSpec, hosts: tuple[HostView, ...], template: HostView | None, may_make: int) -> PoolView:
    return PoolView(spec.name, hosts, spec.strategies, spec.ports, affinity=spec.affinity, template=template, may_make=may_make)


def _made(state: PoolState, store: Store) -> Iterator[HostState]:
    listed = {spec.name for spec in state.spec.hosts}
    for name, uid in state.hosts.items():
        body = store.read(EntityKind.HOST, uid) if name not in listed else None
        if body is not None:
            yield decode(HostState, body)


def _template(spec: PoolSpec, like: HostView | None) -> HostView | None:
    """What the next host of a pool will look like; None if it makes none."""
    if spec.location is None:
        return None
    found = next_source(spec, ())
    return template_view(spec, found.source if found is not None else next(parts_of(spec.location)), like)
