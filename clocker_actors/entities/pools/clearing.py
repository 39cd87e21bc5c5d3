"""Hosts that a shrinking pool wants empty: drained first, since what runs is never destroyed with its host.

too many hosts ──▶ those with least on them: Invoke("drain") ──done──▶ empty, so they may leave ──blocked──▶ said why, and tried again later
             wanted after all ──▶ Invoke("uncordon"), unless a person had cordoned it before
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import CancelParts, Invoke

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool


class Clearing:
    """Of one pool. Hosts that were told to drain, and whether they were cordoned before."""

    __slots__ = ("_asked", "_failed", "_pool", "_under_way")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._asked: dict[Uid, bool] = {}
        self._under_way: set[Uid] = set()
        self._failed: dict[Uid, bool] = {}  # hosts that could not be emptied, and whether they may be asked again

    @property
    def busy(self) -> bool:
        """Whether a drain is under way."""
        return bool(self._under_way)

    def asked(self, hosts: Iterable[str]) -> bool:
        """Whether any of these was told to drain."""
        return any(uid in self._asked for uid in hosts)

    def order(self, hosts: Iterable[Uid]) -> list[Uid]:
        """These hosts, the easiest to empty first: without volumes, with the fewest containers."""
        index = self._pool.index
        return sorted(hosts, key=lambda uid: (self.holds_data(uid), index.rows[uid].containers if uid in index else 0))

    def holds_data(self, uid: Uid) -> bool:
        """Whether something is on it that cannot move: volumes, or containers that are not ours."""
        index = self._pool.index
        row = index.rows.get(uid)
        return row is not None and bool(row.foreign or row.foreign_idle or row.volumes or index.volumes_on(uid))

    def want(self, hosts: Sequence[Uid], cause: Cause, parent: str) -> None:
        """These are to become empty, and no others."""
        pool = self._pool
        for uid in [each for each in self._asked if each not in hosts]:
            cordoned_before = self._asked.pop(uid)
            self._under_way.discard(uid)
            self._failed.pop(uid, None)
            if uid in pool.state.leaving or uid not in pool.index:
                continue
            pool.tell(uid, CancelParts(parent, cause))
            if not cordoned_before:
                pool.tell(uid, Invoke("uncordon", {}, cause))
        for uid in hosts:
            if (uid not in self._asked or self._failed.get(uid)) and not self.holds_data(uid):
                row = pool.index.rows.get(uid)
                self._asked.setdefault(uid, row is not None and row.cordoned)
                self._failed.pop(uid, None)
                self._under_way.add(uid)
                pool.tell(uid, Invoke("drain", {}, cause, parent, pool.uid))

    def ended(self, activity: Activity) -> str | None:
        """A drain is over: "" if the host is empty, the reason if it is not, None if nobody asked for it here."""
        if activity.effector != "drain" or activity.entity not in self._asked:
            return None
        self._under_way.discard(activity.entity)
        if activity.state is ActivityState.DONE:
            return ""
        self._failed[activity.entity] = False
        return activity.problem or str(activity.state)

    def again(self) -> None:
        """What could not be emptied may be by now."""
        self._failed = dict.fromkeys(self._failed, True)

    def gone(self, uid: Uid) -> None:
        """A host is no more."""
        self._asked.pop(uid, None)
        self._failed.pop(uid, None)
        self._under_way.discard(uid)
