"""Which hosts of a pool go when it has more than are wanted, and what they wait for.

too many ──dead ones──▶ once what ran there is elsewhere          a host that does not answer carries nothing: a living one in its place would be one too few
         ──on their way up──▶ at once, the newest first
         ──empty──▶ at once, the newest first
         ──the others──▶ drained first (`clearing.py`), those with least on them before the rest

Nothing is known of a host that was not heard since the manager began, and of one whose engine has not said yet which volumes it has: nobody goes before all
that answer have been heard, and of what may hold somebody's data nothing is given back.
"""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from clocker_actors.entities.records import Desired, MemberState
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.machines import MachinePhase
from clocker_actors.model.messages import Invoke
from clocker_actors.model.values import counted
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.pools.supply import Supply

KEPT_AGAIN = 15.0
"""Seconds after which hosts that could not go are looked at again."""
SILENT = "does not answer, so that nobody knows what is on it"


class LookAgain:
    """Timer message: hosts that could not go may be able to by now, or an order has waited long enough."""


class Shrinking:
    """Of one supply."""

    __slots__ = ("_resumed", "_supply")

    def __init__(self, supply: "Supply") -> None:
        self._supply = supply
        self._resumed = False  # whether people were told of what was under way when the pool began

    def go_on(self) -> bool:
        """One step towards no more hosts than are wanted; whether the state changed."""
        supply, pool = self._supply, self._supply.pool
        active = supply.active
        excess = len(active) - pool.state.size
        unheard = [uid for uid in active if uid not in pool.up and supply.phases[uid] is MachinePhase.UP]
        if pool.gathering or unheard:  # what is on the others is not known yet
            self._wait_for(unheard if excess > 0 else ())
            return self._leave(self._coming(active)[: max(0, excess)])
        now, later = self._who(active, excess) if excess > 0 else ([], [])
        if excess > 0:
            self._say_resumed()
        return self._leave(now) or self._empty(later)

    def _wait_for(self, hosts: Sequence[Uid]) -> None:
        for uid in hosts:
            self._supply.news.kept.setdefault(uid, "has not said yet how it is")
        if hosts:
            self._supply.pool.after("empty", KEPT_AGAIN, LookAgain())

    def _who(self, active: Sequence[Uid], excess: int) -> tuple[list[Uid], list[Uid]]:
        """Who may leave now, and who has to be waited for."""
        supply = self._supply
        newest = active[::-1]
        dead = [uid for uid in newest if self.is_dead(uid)][:excess]
        able = [uid for uid in dead if self.may_go_dead(uid)]
        living = [uid for uid in newest if not self.is_dead(uid)]
        coming = self._coming(active)
        empty = [uid for uid in living if supply.is_empty(uid)]
        going = [*dead, *chain(coming, empty)][:excess]
        chosen = set(going) | set(coming) | set(empty)
        full = supply.clearing.order(uid for uid in newest if uid not in chosen)
        left = excess - len(going)
        kept = set(dead) - set(able)
        return [uid for uid in going if uid not in kept], [*(uid for uid in dead if uid in kept), *full[:left]]

    def _coming(self, active: Sequence[Uid]) -> list[Uid]:
        return [uid for uid in reversed(active) if self._supply.phases[uid] is not MachinePhase.UP]

    def is_dead(self, uid: Uid) -> bool:
        """Whether a host that was heard of does not answer any more, and had nothing that would be lost with its machine."""
        supply, pool = self._supply, self._supply.pool
        came_up = supply.phases.get(uid) is MachinePhase.UP and pool.up.get(uid) is False
        return came_up and uid in pool.index and not supply.clearing.holds_data(uid)

    def may_go_dead(self, uid: Uid) -> bool:
        """Whether its members were given up there, and are elsewhere by now."""
        return self._supply.pool.losses.gave_up(uid) and not self._unreplaced(uid)

    def _unreplaced(self, uid: Uid) -> int:
        """How many that ran there have room there still, or none anywhere though they are to run."""
        pool = self._supply.pool
        homeless = [member for member in pool.losses.displaced(uid) if not pool.index.held(member) and self._is_wanted(member)]
        return pool.index.rows[uid].containers + len(homeless)

    def _is_wanted(self, member: Uid) -> bool:
        body = self._supply.pool.outside.store.read(EntityKind.MEMBER, member)
        return body is not None and decode(MemberState, body).desired is Desired.RUNNING

    def _leave(self, going: Sequence[Uid]) -> bool:
        if going:
            self._supply.let_leave(going)
        return bool(going)

    # --- those that are not empty

    def _empty(self, hosts: Sequence[Uid]) -> bool:
        """These, and no others, are to go and have containers: they are drained. What cannot be moved is waited for, and said. Whether the state changed."""
        supply, pool = self._supply, self._supply.pool
        activity = pool.running.newest("resize", "delete")
        # From those that refused nothing can move: they would be drained, and asked, without a pause.
        drained = [uid for uid in hosts if uid not in supply.refused and not self.is_dead(uid)]
        changed = supply.clearing.want(drained, supply.cause(), activity.id if activity else "")
        for uid in hosts:
            if uid in pool.index.rows:
                supply.news.kept.setdefault(uid, self._why_kept(uid))
        if hosts or supply.clearing.waits:
            pool.after("empty", KEPT_AGAIN, LookAgain())
        return changed

    def _why_kept(self, uid: Uid) -> str:
        pool = self._supply.pool
        row = pool.index.rows[uid]
        if self.is_dead(uid) and pool.losses.stopped:
            return "does not answer, and nothing is replaced while most of its pool is silent"
        if self.is_dead(uid) and not pool.losses.gave_up(uid):
            return "does not answer, and goes once it is given up"
        if self.is_dead(uid):
            count = self._unreplaced(uid)
            return f"does not answer, and goes once {counted(count, 'container')} of it {'is' if count == 1 else 'are'} replaced elsewhere"
        if not pool.up.get(uid):
            return SILENT
        if not pool.is_known(uid):
            return "has not said yet which volumes it has"
        return _holds(row.containers, row.foreign + row.foreign_idle)

    def _say_resumed(self) -> None:
        """What was begun before a restart is an order that people can follow."""
        pool = self._supply.pool
        if not self._resumed and pool.state.emptying and not pool.running.all("resize", "delete"):
            pool.running.begin(Invoke("resize", {"size": pool.state.size}, self._supply.news.asked), {"size": pool.state.size})
        self._resumed = True

    def drained(self, activity: Activity) -> None:
        """A drain is over, one way or the other."""
        supply = self._supply
        problem = supply.clearing.ended(activity)
        if problem is None:
            return
        supply.news.kept.pop(activity.entity, None)
        if problem:
            supply.news.kept[activity.entity] = f"cannot be emptied: {problem}"
            supply.pool.after("empty", KEPT_AGAIN, LookAgain())
        supply.pool.settle()


def _holds(containers: int, foreign: int) -> str:
    ours = f"still has {counted(containers, 'container')}" if containers else ""
    others = f"has {counted(foreign, 'container')} that {'is' if foreign == 1 else 'are'} not ours" if foreign else ""
    return " and ".join(part for part in (ours, others) if part) or "still has volumes"
