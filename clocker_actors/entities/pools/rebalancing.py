"""A pool's hosts are made more alike: the effector that works out the moves, says them, and has them made.

    rebalance ──plan, step by step on a copy, a decision──▶ at most one member of a cluster at a time: Invoke("move", target) ──▶ done | failed: said, the others go on

A newer order takes the place of an older one: what that has begun goes on, and counts for nobody, but its clusters are waited for. What was planned is kept with
the activity, so that a manager that begins anew goes on with the moves that are left; one that was still being worked out is worked out anew.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.movers import copying
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, EntityKind, Uid
from clocker_actors.model.messages import CancelParts, Invoke
from clocker_actors.model.values import Value, counted
from clocker_actors.planning.rebalancing import Rebalance, Shift, steps
from clocker_actors.store.codec import convert, plain

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool


OVER = object()
MOVES = 10
"""Members that may move where nobody says how many; as the effector has it."""


LOOK = 5.0
"""Seconds after which it is looked who is there still of those who move."""


class PlanOn:
    """Message of a pool to itself: the next step of working out what to move, or a look at those who do."""


class Rebalancing:
    """Of one pool. `_waiting` are moves that have not begun, `_moving` those under way by member, with the activity that began them."""

    __slots__ = ("_failed", "_moving", "_over", "_plan", "_pool", "_taken_up", "_total", "_waiting")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._waiting: list[Shift] = []
        self._moving: dict[Uid, tuple[Shift, str]] = {}
        self._failed: list[str] = []
        self._over: list[str] = []  # members whose moves have ended
        self._taken_up: Activity | None = None
        self._total = 0
        self._plan: Iterator[None] | None = None  # of the newest order, while it is worked out

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector."""
        pool = self._pool
        pool.refuse_if_deleting(activity)
        pool.running.supersede("rebalance", by=activity)
        self._waiting, self._failed, self._over, self._total = [], [], [], 0
        self._plan = self._planning(activity, int(str(arguments["moves"])))
        self.plan_on()

    def take_up(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        """One that a manager before has begun goes on: who has moved is where he was to go."""
        planned = memory.get("moves")
        self._taken_up = activity
        if planned is None:
            return True
        moves, over, failed = convert(list[Shift], planned), memory.get("over"), memory.get("failed")
        gone = [str(each) for each in over] if isinstance(over, list | tuple) else []
        self._waiting, self._total = [each for each in moves if each.member not in gone], len(moves)
        self._failed = [str(each) for each in failed] if isinstance(failed, list | tuple) else []
        self._over = gone
        return True

    def gathered(self) -> None:
        """All who are there are known: what was taken up goes on."""
        activity, self._taken_up = self._taken_up, None
        if activity is None or not self._pool.running.is_open(activity.id):
            return
        if not self._total:
            self._plan = self._planning(activity, int(str(activity.arguments.get("moves") or MOVES)))
            self.plan_on()
        else:
            self._go_on()

    def plan_on(self) -> None:
        """A step of working out what to move; everybody who waits for the pool has a turn before the next."""
        if self._plan is None:
            self._forget_deleted()
            return
        if next(self._plan, OVER) is None:
            self._pool.tell(self._pool.uid, PlanOn())
            return
        self._plan = None
        self._go_on()

    def _planning(self, activity: Activity, budget: int) -> Iterator[None]:
        pool = self._pool
        index, movers = yield from copying(pool.index, pool.outside.store)
        found = yield from steps(index, movers, pool.strategies(), rules=pool.state.spec.affinity, budget=budget)
        self._waiting, self._total = list(found.moves), len(found.moves)
        pool.running.remember(activity.id, moves=[plain(move) for move in found.moves], over=[], failed=[])
        self._decide(activity, found)
        pool.running.step(activity.id, "plan", f"{counted(len(found.moves), 'move')}; {found.reason}")

    def _decide(self, activity: Activity, found: Rebalance) -> None:
        pool = self._pool
        cause = Cause(activity.id, activity.cause.principal)
        reason = f"(max - min) load of hosts goes from {found.before:.0f} to {found.after:.0f} points; {found.reason}"
        action = f"make {counted(len(found.moves), 'move')}" if found.moves else ""
        inputs = {"before": round(found.before, 1), "after": round(found.after, 1), "moves": len(found.moves)}
        steps = tuple(move.words for move in found.moves)
        decision = Decision(pool.ids.decision(), pool.uid, pool.uid, "rebalance", pool.now, action, reason, cause, inputs, steps)
        pool.decided(decision, acted=bool(found.moves))

    def ended(self, activity: Activity) -> None:
        """A move is over."""
        shift, order = self._moving.get(activity.entity, (None, ""))
        if shift is None or activity.effector != "move" or activity.parent != order:
            return
        del self._moving[activity.entity]
        if self._pool.running.is_open(order):
            self._over.append(activity.entity)
            if activity.state is not ActivityState.DONE:
                self._failed.append(f"{shift.path}: {activity.problem or activity.state}")
            self._pool.running.remember(order, soon=True, over=list(self._over), failed=list(self._failed))
        self._go_on()

    def cancelled(self, activity: Activity) -> None:
        """What was not begun is not begun, what is under way is taken back."""
        if activity.effector == "rebalance":
            self._plan = None
            for member in self._moving:
                self._pool.tell(member, CancelParts(activity.id, activity.cause))
            self._waiting.clear()

    def _forget_deleted(self) -> None:
        """Members that were deleted just when they were told to move: nobody is there to say how that ended."""
        gone = [uid for uid in self._moving if self._pool.outside.store.read(EntityKind.MEMBER, uid) is None]
        for uid in gone:
            shift, order = self._moving.pop(uid)
            if self._pool.running.is_open(order):
                self._over.append(uid)
                self._failed.append(f"{shift.path}: it was deleted")
        self._go_on()

    def _go_on(self) -> None:
        pool = self._pool
        activity = pool.running.newest("rebalance")
        if activity is None or self._plan is not None:
            return
        for shift in tuple(self._waiting):
            busy = any(shift.cluster and other.cluster == shift.cluster for other, _ in self._moving.values())
            if not busy and shift.member not in self._moving:
                self._waiting.remove(shift)
                self._moving[shift.member] = (shift, activity.id)
                cause = Cause(activity.id, activity.cause.principal)
                pool.tell(shift.member, Invoke("move", {"host": shift.target}, cause, activity.id, pool.uid))
        moving = sum(order == activity.id for _, order in self._moving.values())
        done = self._total - len(self._waiting) - moving
        pool.running.progress(activity.id, done=done, total=self._total, note=f"{done} of {self._total} moved")
        if self._waiting or moving:
            pool.after("moves", LOOK, PlanOn())
            return
        if self._failed:
            pool.running.fail(activity.id, f"{len(self._failed)} of {counted(self._total, 'move')} failed: {'; '.join(self._failed[:3])}")
        else:
            pool.running.finish(activity.id, self._total)
