"""Hosts that a shrinking pool wants empty: drained first, since what runs is never destroyed with its host.

too many hosts ──which, durable (`PoolState.emptying`)──▶ Invoke("drain") ──done──▶ empty, so they may leave ──blocked──▶ said why, and tried again later
             wanted after all ──▶ Invoke("uncordon"), unless somebody had cordoned it before ──done──▶ forgotten

A host is in the record from before it is told until it is gone, or has answered that it is in use again. So a pool that begins anew, whatever was under
way, tells those that are to be empty once more, and has none cordoned for ever that is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import CancelParts, Invoke

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

STOPS = (ActivityState.DONE, ActivityState.SUPERSEDED)
"""Ends of an uncordon after which it is no matter of ours: it was done, or somebody drains the host."""


class Clearing:
    """Of one pool. What is not durable: `_told` are those that were told to drain, by which activity; `_under_way` whose drain is not over."""

    __slots__ = ("_failed", "_pool", "_returning", "_told", "_under_way", "stuck")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._told: dict[Uid, str] = {}
        self._under_way: set[Uid] = set()
        self._returning: set[Uid] = set()  # told to be in use again, and not answered yet
        self._failed: dict[Uid, bool] = {}  # hosts that could not be emptied, and whether they may be asked again
        self.stuck: set[Uid] = set()  # hosts whose members would find no room elsewhere, when that was tried out last

    @property
    def busy(self) -> bool:
        """Whether a drain is under way."""
        return bool(self._under_way)

    @property
    def failed(self) -> tuple[Uid, ...]:
        """Hosts that could not be emptied."""
        return tuple(self._failed)

    def asked(self, hosts: Iterable[str]) -> bool:
        """Whether any of these is to become empty."""
        return any(uid in self._pool.state.emptying for uid in hosts)

    def order(self, hosts: Iterable[Uid]) -> list[Uid]:
        """These hosts, the easiest to empty first: without volumes, not stuck, those that are being emptied already, with the fewest containers."""
        pool = self._pool
        rows, begun = pool.index.rows, pool.state.emptying
        return sorted(
            hosts, key=lambda uid: (self.holds_data(uid), uid in self.stuck, uid not in begun, rows[uid].containers if uid in rows else 0)
        )

    def holds_data(self, uid: Uid) -> bool:
        """Whether something is on it that cannot move, or may be: volumes, or containers that are not ours."""
        pool = self._pool
        row = pool.index.rows.get(uid)
        if row is None:
            return False
        return not pool.is_known(uid) or bool(row.foreign or row.foreign_idle or row.volumes or pool.index.volumes_on(uid))

    def want(self, hosts: Sequence[Uid], cause: Cause, parent: str) -> bool:
        """These are to become empty, and no others; whether that has to be written first."""
        pool, state = self._pool, self._pool.state
        fresh = [uid for uid in hosts if uid not in state.emptying and not self.holds_data(uid)]
        if fresh:
            pool.change(replace(state, emptying={**state.emptying, **{uid: uid in pool.cordoned for uid in fresh}}))
            return True
        wanted, leaving = set(hosts), set(state.leaving)
        for uid, cordoned_before in state.emptying.items():
            if uid in wanted:
                self._drain(uid, cause, parent)
            elif uid not in leaving:
                self._take_back(uid, cause, cordoned_before=cordoned_before)
        return False

    def _drain(self, uid: Uid, cause: Cause, parent: str) -> None:
        told = uid in self._told and not self._failed.get(uid)
        if told or self.holds_data(uid):
            return
        self._returning.discard(uid)
        self._failed.pop(uid, None)
        self._told[uid] = parent
        self._under_way.add(uid)
        self._pool.tell(uid, Invoke("drain", {}, cause, parent, self._pool.uid))

    def _take_back(self, uid: Uid, cause: Cause, *, cordoned_before: bool) -> None:
        """Its drain ends, and it is in use again unless somebody else had cordoned it."""
        if uid in self._returning:
            return
        pool, known = self._pool, uid in self._told
        parent = self._told.pop(uid, "") or uid
        self._failed.pop(uid, None)
        self._returning.add(uid)
        if not cordoned_before:
            self._under_way.discard(uid)
            pool.tell(uid, Invoke("uncordon", {}, cause, reply_to=pool.uid))
        elif known and uid not in self._under_way:
            self._forget(uid)  # its drain is over already
        else:
            # A drain of before our restart is under an activity that nobody here knows: a newer one takes its place, and that is taken back.
            if not known or parent == uid:
                pool.tell(uid, Invoke("drain", {}, cause, uid, pool.uid))
            pool.tell(uid, CancelParts(parent, cause))

    def ended(self, activity: Activity) -> str | None:
        """A drain is over: "" if the host is empty, the reason if it is not, None if nobody asked for it here."""
        uid = activity.entity
        if uid in self._returning and activity.effector in {"uncordon", "drain"}:
            self._returned(activity)
            return None
        if activity.effector != "drain" or uid not in self._under_way:
            return None
        self._under_way.discard(uid)
        if activity.state is ActivityState.DONE:
            return ""
        self._failed[uid] = False
        return activity.problem or str(activity.state)

    def _returned(self, activity: Activity) -> None:
        uid = activity.entity
        if activity.effector == "drain":
            over = activity.state is ActivityState.CANCELLED
            if not over and activity.state is ActivityState.SUPERSEDED:
                return  # by the one that is to be cancelled
        else:
            over = activity.state in STOPS
        self._under_way.discard(uid)
        if over:
            self._forget(uid)
        else:
            self._returning.discard(uid)  # the host begins anew: it is told again
            self._pool.settle()

    def _forget(self, uid: Uid) -> None:
        pool = self._pool
        self.gone(uid)
        pool.change(replace(pool.state, emptying={each: before for each, before in pool.state.emptying.items() if each != uid}))

    @property
    def waits(self) -> bool:
        """Whether hosts have not answered yet that they are in use again."""
        return bool(self._returning)

    def again(self) -> None:
        """What could not be emptied may be by now, and who has not answered is told once more."""
        self._failed = dict.fromkeys(self._failed, True)
        self._returning.clear()

    def gone(self, uid: Uid) -> None:
        """A host is no more, or no matter of ours."""
        self._told.pop(uid, None)
        self._failed.pop(uid, None)
        self._under_way.discard(uid)
        self._returning.discard(uid)
