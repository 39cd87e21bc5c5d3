"""What moving members would do, before anybody orders it: the plan of a drain, and of a rebalancing.

As with the plan of a blueprint, an index like the pool's is made from the same durable records, so that the pool is not disturbed by a question.
"""

from dataclasses import dataclass, replace

from clocker_actors.admin.standing import standing_index
from clocker_actors.entities.pools.movers import movers
from clocker_actors.entities.records import PoolState
from clocker_actors.errors import NotFound
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import as_number
from clocker_actors.planning.emptying import Mover, PlannedMove, emptied
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
    pool = _pool(store, host.parent or "", model)
    index = standing_index(pool, store, model, types)
    here = [_with_company(mover, model) for mover in movers(store, pool.identity.uid).get(host.uid, [])]
    moves = emptied(index, host.uid, here, pool.spec.strategies, pool.spec.affinity)
    return MovesView(host.path, all(move.to for move in moves), moves)


def _with_company(mover: Mover, model: ReadModel) -> Mover:
    """The same one, with those beside it in its cluster that are up at the moment; one that is not up itself is missed by nobody."""
    cluster, member = model.get(mover.request.cluster), model.get(mover.request.member)
    if mover.company is None or cluster is None or member is None:
        return mover
    if member.value(sensors.SERVICE_UP.name) is not True:
        return replace(mover, company=None)
    up = int(as_number(cluster.value(sensors.GROUP_UP.name)) or 0)
    return replace(mover, company=replace(mover.company, up=up - 1))


def rebalance_plan(entry: Entry, store: Store, model: ReadModel, types: TypeTable, budget: int) -> Rebalance:
    """What a rebalancing of a pool would move now, and why not more."""
    pool = _pool(store, entry.uid, model)
    index = standing_index(pool, store, model, types)
    return rebalance(index, movers(store, entry.uid), pool.spec.strategies, rules=pool.spec.affinity, budget=budget)


def _pool(store: Store, uid: str, model: ReadModel) -> PoolState:
    body = store.read(EntityKind.POOL, uid)
    if body is None:
        raise NotFound(f"{model.path(uid) or uid} is not known to the store (any more); `clocker hosts` lists what there is", entity=uid)
    return decode(PoolState, body)
