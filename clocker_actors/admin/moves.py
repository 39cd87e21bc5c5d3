"""What moving members would do, before anybody orders it: the plan of a drain, and of a rebalancing.

As with the plan of a blueprint, an index like the pool's is made from the same durable records, so that the pool is not disturbed by a question.
"""

from dataclasses import dataclass, replace

from clocker_actors.entities.movers import movers
from clocker_actors.entities.records import HostState, PoolState, read_state
from clocker_actors.entities.standing import occupy_standing
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.placements import HostView
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import as_number
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.emptying import PlannedMove, emptied
from clocker_actors.planning.rebalancing import Rebalance, rebalance
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import Entry, ReadModel


@dataclass(frozen=True, slots=True)
class MovesView:
    """The moves that something would lead to; `possible` if every member has somewhere to go."""

    host: str
    possible: bool
    moves: tuple[PlannedMove, ...]


def drain_plan(host: Entry, store: Store, model: ReadModel, types: TypeTable) -> MovesView:
    """Where the members of a host would go if it were drained now."""
    state = read_state(HostState, store, EntityKind.HOST, host.uid)
    pool = read_state(PoolState, store, EntityKind.POOL, state.identity.pool)
    index = standing_index(pool, store, model, types)
    here = movers(store, pool.identity.uid).get(host.uid, [])
    moves = emptied(index, host.uid, here, pool.spec.strategies, pool.spec.affinity)
    return MovesView(host.path, all(move.to for move in moves), moves)


def rebalance_plan(entry: Entry, store: Store, model: ReadModel, types: TypeTable, budget: int) -> Rebalance:
    """What a rebalancing of a pool would move now, and why not more."""
    pool = read_state(PoolState, store, EntityKind.POOL, entry.uid)
    index = standing_index(pool, store, model, types)
    return rebalance(index, movers(store, entry.uid), pool.spec.strategies, rules=pool.spec.affinity, budget=budget)


def standing_index(pool: PoolState, store: Store, model: ReadModel, types: TypeTable) -> HostIndex:
    """An index of the pool's hosts as they are, with the room that members take."""
    index = HostIndex(pool.spec.ports, types=types)
    for uid in pool.hosts.values():
        body = store.read(EntityKind.HOST, uid)
        if body is not None and uid not in pool.leaving:
            index.add(_seen(decode(HostState, body), model.get(uid)))
    occupy_standing(index, store, pool.identity.uid)
    return index


def _seen(state: HostState, entry: Entry | None) -> HostView:
    spec = state.spec
    view = HostView(
        state.identity.uid,
        spec.name,
        spec.reached_at if spec.engine.url else "",
        up=False,
        cordoned=state.cordoned,
        zone=spec.zone,
        labels=spec.labels,
        order=state.order,
        affinity=spec.affinity,
    )
    if entry is None:
        return view

    def number(sensor: sensors.Sensor) -> float:
        return as_number(entry.value(sensor.name)) or 0

    return replace(
        view,
        up=entry.value(sensors.SERVICE_UP.name) is True,
        cores=int(number(sensors.HOST_CORES)),
        memory=int(number(sensors.HOST_MEMORY_TOTAL)),
        cpu=as_number(entry.value(sensors.HOST_CPU.name)),
        foreign=int(number(sensors.HOST_FOREIGN)),
        disk=int(number(sensors.HOST_DISK_FREE)),
    )
