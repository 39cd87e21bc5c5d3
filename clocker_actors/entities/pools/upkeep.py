"""Looking after the size of a pool when nobody asks: room is kept free, and hosts that have been empty for long are given back.

Looked at every few seconds, since time is part of it: unless its blueprint says otherwise, more hosts are asked for when half a minute wanted them, fewer
when five minutes did. A pool that has given up making hosts tries again after pauses that grow (`rests.py`), as long as the room is wanted.
"""

from typing import TYPE_CHECKING

from clocker_actors.entities.pools.sparing import Sparing
from clocker_actors.entities.records import Desired
from clocker_actors.model import sensors
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import SYSTEM, Cause, Uid
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.values import Value, counted
from clocker_actors.placement.catalogue import most_containers
from clocker_actors.placement.hosts import NANO
from clocker_actors.planning.headroom import Room, Steady, Verdict, judge

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

PERIOD = 5.0
MAX_CONTAINERS = "MaxContainers"
UNCOUNTED = "headroom has nothing to count room by: add the strategy MaxContainers, or give services memory or cpus"


class LookAtRoom:
    """Timer message: see how much room is free, and for how long."""


class Upkeep:
    """Of one pool."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._steady = Steady()
        self._sparing = Sparing(pool)
        self._fewer = -1  # the size that was ordered here when it became smaller last
        self._empty_since: dict[Uid, float] = {}
        self._told: Sensor | None = None

    @property
    def wanted(self) -> bool:
        """Whether the blueprint asks for any of it."""
        spec = self._pool.state.spec
        return bool(spec.headroom or spec.headroom_percent or (spec.location is not None and spec.remove_empty))

    def begin(self) -> None:
        """Look from now on."""
        if self.wanted:
            self._pool.after("room", PERIOD, LookAtRoom())

    def look(self) -> None:
        """Once."""
        pool = self._pool
        self.begin()
        if pool.state.desired is Desired.DELETED or pool.gathering:
            return
        least = self._look_at_headroom()
        if pool.state.spec.location is not None and pool.state.spec.remove_empty:
            self._look_at_empty(least)

    # --- room kept free

    def _look_at_headroom(self) -> int:
        """How many made hosts it takes."""
        pool, spec = self._pool, self._pool.state.spec
        if not (spec.headroom or spec.headroom_percent):
            return 0
        room = self._room()
        pool.service.set_problem("headroom", "" if room.known or not room.hosts else UNCOUNTED)
        if not room.known:
            return 0
        found = judge(room, spec.headroom, spec.headroom_percent)
        pool.observe(sensors.POOL_NEEDED, found.needed)
        pool.observe(sensors.POOL_UTILISATION, round(found.utilisation, 4))
        self._tell(found, room)
        if spec.location is None:
            return 0
        listed = sum(1 for uid in self._open() if uid not in pool.supply.made)
        silent = sum(1 for uid in pool.supply.active if pool.up.get(uid) is False and not pool.supply.shrinking.may_go_dead(uid))
        wanted = min(max(found.hosts - listed + silent + self._closed(), spec.min_size), spec.max_size)
        if pool.supply.coming or pool.demand.waiting:  # somebody found no room, whatever counts say: rules may keep containers apart
            wanted = max(wanted, pool.state.size)
        if not self._took_back():
            self._resize(wanted, found, room)
        return wanted

    def _took_back(self) -> bool:
        """What was ordered here and cannot be done, since members of hosts have nowhere to go, is not wanted any more."""
        pool, supply = self._pool, self._pool.supply
        if pool.state.size != self._fewer:
            return False
        stuck = [uid for uid in supply.clearing.failed if uid in supply.active]
        if stuck:
            why = "; ".join(f"{supply.made[uid].spec.name} {supply.news.kept.get(uid, 'cannot be emptied')}" for uid in stuck[:3])
            self._steady, self._fewer = Steady(), -1
            self._decide("headroom", len(supply.active), f"counts would do with fewer hosts, but {why}", {"stuck": len(stuck)})
        return bool(stuck)

    def _spared(self, size: int, inputs: dict[str, Value]) -> int:
        """So few hosts, or as few as rules allow."""
        pool = self._pool
        excess = len(pool.supply.active) - size
        spared = self._sparing.spare(excess) if excess > 0 else excess
        if spared < excess:
            self._steady = Steady()
            inputs["stuck"] = excess - spared
        if spared <= 0 < excess:
            reason = f"counts would do with {counted(size, 'host')}, but {self._sparing.why}"
            decision = Decision(pool.ids.decision(), pool.uid, pool.uid, "headroom", pool.now, "", reason, SYSTEM, inputs)
            pool.decided(decision, acted=False)
        return min(pool.state.size, len(pool.supply.active) - spared)

    def _resize(self, wanted: int, found: Verdict, room: Room) -> None:
        pool, state = self._pool, self._pool.state
        size = self._steady.believe(pool.now, wanted, state.size, up=state.spec.up_delay, down=state.spec.down_delay)
        again = state.given_up > 0 and size >= state.size and pool.supply.rests.may_try(pool.now)
        if (size == state.size or state.given_up) and not again:
            return
        if size < state.size and not state.spec.cold_enabled:
            return
        more = size >= state.size
        reason = (
            f"{room.containers} containers and the room to be kept free need {counted(found.hosts, 'host')} of {room.each:g} containers"
        )
        reason += f"; {counted(state.given_up, 'host')} could not be made before: {pool.supply.news.why}" if again else ""
        window = state.spec.up_delay if more else state.spec.down_delay
        inputs: dict[str, Value] = {
            "containers": room.containers,
            "per_host": round(room.each, 2),
            "needed": found.needed,
            "window_s": window,
        }
        if not more:
            size = self._fewer = self._spared(size, inputs)
            if size == state.size:
                return
        self._decide("headroom", size, reason, inputs)

    def _room(self) -> Room:
        """Room on cordoned hosts is nobody's, and what is there has its place; what the pool itself moves away needs room elsewhere."""
        pool = self._pool
        rows = [pool.index.rows[uid] for uid in self._open()]
        moving = [pool.index.rows[uid] for uid in pool.state.emptying if uid in pool.index.rows]
        per_host = [most_containers(each) for each in pool.strategies() if each.type == MAX_CONTAINERS]
        return Room(
            hosts=len(rows),
            containers=sum(row.load for row in (*rows, *moving)),
            per_host=min(per_host, default=0) or self._per_host_at_first(),
            memory=sum(row.memory_reserved for row in (*rows, *moving)),
            host_memory=min((row.memory for row in rows), default=0),
            cpus=sum(row.nanocpus for row in (*rows, *moving)) / NANO,
            host_cpus=min((row.cores for row in rows), default=0),
        )

    def _open(self) -> list[Uid]:
        """Hosts that take something new."""
        return [uid for uid in self._in_use() if not self._pool.index.rows[uid].cordoned]

    def _closed(self) -> int:
        """Made hosts that count as such, and take nothing new: those that somebody has cordoned."""
        pool, rows = self._pool, self._pool.index.rows
        return sum(1 for uid in self._in_use() if rows[uid].cordoned and uid in pool.supply.made and uid not in pool.state.emptying)

    def _in_use(self) -> list[Uid]:
        pool = self._pool
        return [uid for uid in pool.hosts_up() if uid in pool.index.rows and pool.supply.in_use(uid)]

    def _per_host_at_first(self) -> int:
        """Without any host that takes something, one is wanted for whatever headroom there is; then its size is known."""
        state = self._pool.state
        return 0 if self._open() or state.emptying else state.spec.headroom

    def _tell(self, found: Verdict, room: Room) -> None:
        """Hot and cold each time it is so anew, ok once after either."""
        pool = self._pool
        now = sensors.CLUSTER_HOT if found.needed > 0 else None
        if now is None and found.cold and pool.state.spec.cold_enabled:
            now = sensors.CLUSTER_COLD
        if now is self._told:
            return
        said = now if now is not None else sensors.CLUSTER_OK
        self._told = now
        values: dict[str, Value] = {
            "pool.current.size": room.hosts,
            "pool.current.workrate": round(found.utilisation * room.hosts, 4),
            "pool.low.threshold": round(found.low * room.hosts, 4),
            "pool.high.threshold": round(found.high * room.hosts, 4),
        }
        pool.notify(said.name, values, SYSTEM)

    # --- empty hosts

    def used(self, host: Uid) -> None:
        """Something is placed there, be it for less than until the next look."""
        self._empty_since.pop(host, None)

    def _look_at_empty(self, least: int) -> None:
        pool, state = self._pool, self._pool.state
        empty = [uid for uid in pool.supply.active if pool.supply.is_empty(uid)]
        self._empty_since = {uid: self._empty_since.get(uid, pool.now) for uid in empty}
        idle = [uid for uid, since in self._empty_since.items() if pool.now - since >= state.spec.idle_time]
        size = max(state.spec.min_size, least, state.size - len(idle))
        if not idle or size >= state.size or pool.supply.coming:
            return
        names = ", ".join(pool.supply.made[uid].spec.name for uid in idle[:5])
        reason = f"{names} had no container for {state.spec.idle_time:g} s"
        self._decide("empty", size, reason, {"idle": len(idle), "idle_time_s": state.spec.idle_time, "min": state.spec.min_size})

    def _decide(self, kind: str, size: int, reason: str, inputs: dict[str, Value]) -> None:
        pool, before = self._pool, self._pool.state.size
        decision = Decision(
            pool.ids.decision(), pool.uid, pool.uid, kind, pool.now, f"resize {before} → {size}", reason, SYSTEM, inputs,
            (f"{before} → {size}, within {pool.state.spec.min_size} to {pool.state.spec.max_size}",),
        )  # fmt: skip
        pool.supply.order(size, Cause(decision.id))
        pool.decided(decision, acted=True)
