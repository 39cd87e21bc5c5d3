"""A docker cloud becomes what a changed file says: hosts that are listed anew come, those that are not any more are drained and taken out, the rest is adopted.

    update ──durable──▶ bounds, headroom, strategies, affinity: whoever looks at them sees the new ones
                        added hosts: written and connected to, as at first         changed ones: told how they are described now
                        those not listed any more: drained ──empty, or given up as dead──▶ out of the pool, record and all; their engines are left as they are
                                   └── cannot be emptied ──▶ it stays, it is said why, and tried again

Which hosts are to go follows from the spec and the hosts there are, so nothing else is remembered.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.supply import without
from clocker_actors.entities.records import HostState, belongings, read_state
from clocker_actors.errors import Conflict
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.messages import Invoke
from clocker_actors.model.specs import HostSpec, PoolSpec
from clocker_actors.model.updating import DescribeHost
from clocker_actors.planning.clouds import CloudChange, cloud_change
from clocker_actors.planning.members import bounded
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import convert

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool

AGAIN = 30.0
"""Seconds after which a host that could not be emptied is asked to once more."""


class LeaveAgain:
    """Timer message: hosts that are to go and could not be emptied may be able to by now."""


class PoolAdopting:
    """Of one pool. `_told` are hosts that were told to drain, `_stuck` those of them that cannot be emptied, and why; `_described` how each was described last;
    `_out` hosts that are out of the record, and whose actors are still to be let go."""

    __slots__ = ("_described", "_out", "_pool", "_stuck", "_told")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._told: set[Uid] = set()
        self._stuck: dict[Uid, str] = {}
        self._described: dict[Uid, HostSpec] = {}
        self._out: list[Uid] = []

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector update."""
        pool = self._pool
        pool.refuse_if_deleting(activity)
        new = convert(PoolSpec, arguments["spec"])
        change = cloud_change(pool.state.spec, new)
        if change.refused:
            raise Conflict(change.refused, entity=pool.uid)
        pool.running.supersede("update", by=activity)
        if change.nothing and not self.departing():
            pool.running.step(activity.id, "compare", "nothing to do")
            pool.running.finish(activity.id, {"changed": False})
        else:
            self._stuck.clear()
            self._adopt(activity, new, change)

    def _adopt(self, activity: Activity, new: PoolSpec, change: CloudChange) -> None:
        pool, state = self._pool, self._pool.state
        size = bounded(state.size, new.min_size, new.max_size).size if new.location is not None else state.size
        words = [*change.adopted, *(f"new: {host.name}" for host in change.added), *(f"to go: {name}" for name in change.removed)]
        pool.running.step(activity.id, "adopt", "; ".join(words))
        if state.spec.ports != new.ports:
            pool.running.step(activity.id, "ports", "ports are chosen from the new range once the manager begins anew")
        back = {host.name for host in new.hosts} - {host.name for host in state.spec.hosts}
        for name in back & state.hosts.keys():  # it was to go, and is not any more
            self._told.discard(state.hosts[name])
            pool.tell(state.hosts[name], Invoke("uncordon", {}, Cause(activity.id, activity.cause.principal), activity.id))
        pool.change(replace(state, spec=new, size=size))
        pool.upkeep.begin()
        pool.note()

    # --- towards the hosts of the file

    def departing(self) -> dict[str, Uid]:
        """Hosts that are no longer listed, and that the pool has not made, by name."""
        pool = self._pool
        listed = {spec.name for spec in pool.state.spec.hosts}
        return {name: uid for name, uid in pool.state.hosts.items() if name not in listed and uid not in pool.supply.made}

    def reconcile(self) -> bool:
        """One step; whether the state changed."""
        pool = self._pool
        self._let_go()
        self._describe()
        going = self.departing()
        for name, uid in going.items():
            if not pool.up.get(uid) and pool.losses.gave_up(uid):
                self._take_out(uid)
                return True
            if uid not in self._told and not pool.gathering:
                self._told.add(uid)
                self._drain(name, uid)
        self._conclude(going)
        return False

    def _drain(self, name: str, uid: Uid) -> None:
        pool = self._pool
        activity = pool.running.newest("update")
        cause = Cause(activity.id, activity.cause.principal) if activity is not None else SYSTEM
        if activity is not None:
            pool.running.step(activity.id, "drain", name)
        pool.tell(uid, Invoke("drain", {}, cause, activity.id if activity is not None else "", pool.uid))

    def _describe(self) -> None:
        pool = self._pool
        for spec in pool.state.spec.hosts:
            uid = pool.state.hosts.get(spec.name)
            if uid is not None and self._described.get(uid) is not spec:
                self._described[uid] = spec
                pool.tell(uid, DescribeHost(spec))

    def ended(self, activity: Activity) -> None:
        """A drain is over."""
        pool, uid = self._pool, activity.entity
        if activity.effector != "drain" or uid not in self._told or uid not in self.departing().values():
            return
        if activity.state is ActivityState.DONE:
            self._take_out(uid)
            return
        self._stuck[uid] = activity.problem or str(activity.state)
        pool.after("leave", AGAIN, LeaveAgain())
        pool.settle()

    def again(self) -> None:
        """Those that could not be emptied are asked once more."""
        self._told -= self._stuck.keys()
        self._pool.settle()

    def _take_out(self, uid: Uid) -> None:
        """Out of the record first; the actor goes when that is durable."""
        pool = self._pool
        theirs = belongings(read_state(HostState, pool.outside.store, EntityKind.HOST, uid))
        self._told.discard(uid)
        self._stuck.pop(uid, None)
        self._described.pop(uid, None)
        self._out.append(uid)
        pool.change(without(pool.state, uid), Record(EntityKind.HOST, uid, None), *theirs)

    def _let_go(self) -> None:
        out, self._out = self._out, []
        for uid in out:
            self._pool.host_out(uid)

    # --- what people see

    def _conclude(self, going: dict[str, Uid]) -> None:
        pool = self._pool
        activity = pool.running.newest("update")
        if activity is None:
            return
        hosts = {spec.name: pool.state.hosts.get(spec.name) for spec in pool.state.spec.hosts}
        unheard = [name for name, uid in hosts.items() if uid not in pool.up]
        silent = [name for name, uid in hosts.items() if uid in pool.up and not pool.up[uid]]
        waiting = [*going, *unheard]
        total = len(hosts) + len(going)
        pool.running.progress(activity.id, done=total - len(waiting), total=total, note=", ".join(waiting[:5]))
        stuck = {name: self._stuck[uid] for name, uid in going.items() if uid in self._stuck}
        if stuck and len(stuck) == len(waiting):
            words = "; ".join(f"host {name} cannot be emptied: {why}" for name, why in stuck.items())
            pool.running.fail(activity.id, f"{words}; it stays until it is empty", {"changed": True})
        elif silent and not waiting:
            pool.running.fail(activity.id, f"hosts that do not answer: {', '.join(silent[:5])}", {"changed": True})
        elif not waiting:
            pool.running.finish(activity.id, {"changed": True})
