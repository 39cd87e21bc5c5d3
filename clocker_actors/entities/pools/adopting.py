"""A docker cloud becomes what a changed file says: hosts that are listed anew come, those that are not any more are drained and taken out, the rest is adopted.

update ──durable──▶ bounds, headroom, strategies, labels, ports: by what looks at them anyway
                    added hosts: written and connected to, as at first         changed ones: told how they are described now
                    removed ones: drained ──empty──▶ out of the pool; one that cannot be emptied stays, and it is said why
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.errors import Conflict
from clocker_actors.model.activities import Activity
from clocker_actors.model.specs import PoolSpec
from clocker_actors.planning.clouds import CloudChange, cloud_change
from clocker_actors.planning.members import bounded
from clocker_actors.store.codec import convert

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool


class PoolAdopting:
    """Of one pool."""

    __slots__ = ("_pool",)

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector update."""
        pool = self._pool
        pool.refuse_if_deleting(activity)
        new = convert(PoolSpec, arguments["spec"])
        change = cloud_change(pool.state.spec, new)
        if change.refused:
            raise Conflict(change.refused, entity=pool.uid)
        pool.running.supersede("update", by=activity)
        if change.nothing:
            pool.running.step(activity.id, "compare", "nothing to do")
            pool.running.finish(activity.id, {"changed": False})
            return
        self._adopt(activity, new, change)

    def _adopt(self, activity: Activity, new: PoolSpec, change: CloudChange) -> None:
        pool = self._pool
        size = bounded(pool.state.size, new.min_size, new.max_size).size if new.location is not None else pool.state.size
        pool.running.step(activity.id, "adopt", "; ".join(change.adopted))
        pool.change(replace(pool.state, spec=new, size=size))
        pool.note()
