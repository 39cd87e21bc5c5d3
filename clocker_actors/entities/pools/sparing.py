"""Whether a pool can do with fewer hosts than it has: counts may say so when rules (affinity, volumes, labels) keep its containers apart.

Tried out on an index like the pool's, host by host in the order in which they would be drained, before anything is drained for nothing. A pool that is too large
for that finds out by draining, and takes the order back.
"""

from typing import TYPE_CHECKING

from clocker_actors.entities.pools.movers import copied, movers
from clocker_actors.model.identity import Uid
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.emptying import Mover, emptied

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

MOST_TRIED = 2_000
"""Containers in a pool beyond which nothing is tried out: all records of members are read for it."""
FAILURES = 5
"""Hosts that cannot be emptied after which no other is tried."""


class Sparing:
    """Of one pool. `why` tells what keeps the last host that was tried in vain."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.why = ""

    def spare(self, excess: int) -> int:
        """How many of so many hosts could go. Those that cannot be emptied are the last to be chosen from now on."""
        pool, supply = self._pool, self._pool.supply
        free = [uid for uid in supply.active if supply.phases[uid].coming or supply.is_empty(uid) or supply.shrinking.is_dead(uid)]
        stuck = supply.clearing.stuck
        stuck.clear()
        self.why = ""
        if len(free) >= excess or pool.index.containers > MOST_TRIED:
            return excess
        here = movers(pool.outside.store, pool.uid)
        gone: list[Uid] = []
        index = self._without(gone, here)
        for uid in supply.clearing.order(uid for uid in reversed(supply.active) if uid not in free):
            if len(free) + len(gone) >= excess or len(stuck) >= FAILURES:
                break
            if supply.clearing.holds_data(uid) or not self._empties(index, uid, here):
                stuck.add(uid)
                index = self._without(gone, here)
            else:
                gone.append(uid)
        return len(free) + len(gone)

    def _without(self, gone: list[Uid], here: dict[Uid, list[Mover]]) -> HostIndex:
        pool = self._pool
        index = copied(pool.index, pool.state.spec.ports, pool.outside.store, pool.uid)
        for uid in gone:
            self._empties(index, uid, here)
        return index

    def _empties(self, index: HostIndex, uid: Uid, here: dict[Uid, list[Mover]]) -> bool:
        pool = self._pool
        moves = emptied(index, uid, here.get(uid, ()), pool.strategies(), pool.state.spec.affinity)
        blocked = next((move for move in moves if not move.to), None)
        if blocked is not None:
            self.why = f"{blocked.path} has to stay on {pool.index.rows[uid].name}: {blocked.reason}"
        return blocked is None
