"""A host that takes nothing new, and one that is emptied: cordon, uncordon, drain, evacuate.

    cordon ──durable──▶ the pool places nothing here any more          uncordon takes it back, and ends a drain
    drain ──cordoned, durable──▶ who is on it? ──at most `surge` at a time──▶ Invoke("move") ──▶ all gone: done, still cordoned
                                     ▲                └── refused, or failed: tried again, until nothing has moved for a while ──▶ failed
                                     └── asked again after each round: what the pool says is the truth

That a host is drained is durable, so a manager that begins anew goes on with it, under an activity of its own. Taken back, it stays cordoned.
"""

from collections.abc import Mapping
from dataclasses import replace

from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import Drain, HostState
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import ActivityEnded, CancelParts, Invoke
from clocker_actors.model.moving import Residing, WhoIsOn
from clocker_actors.model.values import Value, counted

PATIENCE = 30.0
"""Seconds in which at least one member has to move, or what is left of the last to be removed; after that a drain says what blocks it, and ends."""
AGAIN = 2.0
PAUSES = (2.0, 4.0, 8.0)
"""Seconds until a member that could not move is asked once more, unless another one has moved meanwhile; the last holds for further tries."""
TOLD_OF = 3
DRAINS = ("drain", "evacuate")


class DrainAgain:
    """Timer message: who is still here, and can it go now?"""


class Emptying:
    """Of one host. `_left` are members with room here (their paths), None until the pool has said; `_seen` all that were ever here since the drain began."""

    __slots__ = (
        "_before",
        "_blocked",
        "_facts",
        "_gone",
        "_host",
        "_left",
        "_moving",
        "_outcome",
        "_progress_at",
        "_seen",
        "_standing",
        "_tries",
    )

    def __init__(self, host: "Emptied") -> None:
        self._host = host
        self._left: dict[Uid, str] | None = None
        self._seen: set[Uid] = set()
        self._gone: set[Uid] = set()  # have moved; what they keep of their room here is that of their remains
        self._moving: set[Uid] = set()
        self._blocked: dict[Uid, str] = {}
        self._tries: dict[Uid, tuple[int, float]] = {}  # how often a member could not move, and when that is tried once more
        self._progress_at = 0.0
        self._standing: tuple[int, int] = (0, 0)  # containers here that were not told to end, and all
        self._facts: dict[str, Value] = {}
        self._before = 0  # how many were here when the drain began, as far as a manager before has known
        self._outcome = ""  # why the drain that just ended did not reach its goal

    def facts(self) -> dict[str, Value]:
        """How it is, for people."""
        state = self._host.state
        return {"cordoned": state.cordoned, "draining": state.drain is not None}

    # --- effectors

    def cordon(self, _activity: Activity, _: Arguments) -> None:
        """Nothing new here."""
        self._host.change(replace(self._host.state, cordoned=True))

    def uncordon(self, activity: Activity, _: Arguments) -> None:
        """In use again."""
        host = self._host
        self._take_back(activity)
        host.running.supersede(*DRAINS, "cordon", by=activity)
        host.change(replace(host.state, cordoned=False, drain=None))

    def drain(self, activity: Activity, arguments: Arguments) -> None:
        """Everything moves elsewhere; evacuate is a drain without a limit of how many at a time."""
        host = self._host
        surge = int(str(arguments["surge"])) if activity.effector == "drain" else 0
        host.running.supersede(*DRAINS, "uncordon", by=activity)
        self._moving.clear()  # they are told again, on behalf of this activity
        self._begin()
        drain = Drain(surge, activity.effector, Cause(activity.id, activity.cause.principal))
        host.change(replace(host.state, cordoned=True, drain=drain))

    def cancelled(self, activity: Activity) -> None:
        """Whoever has not moved stays; the host stays cordoned."""
        host = self._host
        if activity.effector in DRAINS and host.state.drain is not None:
            self._take_back(activity)
            host.change(replace(host.state, drain=None))

    def take_up(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        """A drain that a manager before had begun goes on; one that had ended, with only that not written, ends as it did."""
        self._before = activity.total
        self._outcome = str(memory.get("outcome") or "")
        return activity.effector in {"cordon", "uncordon", *DRAINS}

    def _begin(self) -> None:
        self._before = 0
        self._left, self._outcome, self._progress_at = None, "", self._host.now
        self._seen.clear()
        self._gone.clear()
        self._blocked.clear()
        self._tries.clear()

    def _take_back(self, activity: Activity) -> None:
        """Moves that were asked for and are not over are not wanted any more."""
        host = self._host
        host.cancel_timer("drain")
        for drain in host.running.all(*DRAINS) or [activity]:
            for member in sorted(self._moving):
                host.tell(member, CancelParts(drain.id, activity.cause))
        self._moving.clear()
        self._begin()

    # --- towards an empty host

    def reconcile(self) -> None:
        """What is to be is durable: the pool hears of it, then members are moved."""
        host, drain = self._host, self._host.state.drain
        if self._facts != (facts := self.facts()):
            self._facts = facts
            host.note()
        for activity in host.running.all("cordon", "uncordon"):
            host.running.finish(activity.id)
        if drain is None:
            self._conclude()
        elif self._left is None:
            if not host.running.all(*DRAINS):
                self._begin()
                host.running.begin(Invoke(drain.effector, {}, drain.cause), {"surge": drain.surge} if drain.surge else {})
            self._ask()

    def _ask(self) -> None:
        self._host.tell(self._host.identity.parent, WhoIsOn(self._host.uid))
        self._host.after("drain", AGAIN, DrainAgain())

    def again(self) -> None:
        """Time has passed."""
        now = self._host.now
        if self._host.state.drain is not None:
            self._blocked = {uid: why for uid, why in self._blocked.items() if now < self._tries[uid][1]}
            self._ask()

    def residing(self, message: Residing) -> None:
        """The pool says who has room here."""
        if self._host.state.drain is None or not self._host.durable:
            return
        before = self._left
        here = dict(zip(message.members, message.paths, strict=True))
        self._seen |= here.keys()
        self._left = {uid: path for uid, path in here.items() if uid not in self._gone or not self._host.remains}
        self._moving &= self._left.keys()
        if before is not None and len(self._left) < len(before):
            self._moved()
        if not here and not self._host.remains:
            self._end("")
        else:
            self._go_on()

    def ended(self, activity: Activity) -> None:
        """A move is over, one way or the other."""
        if self._host.state.drain is None or activity.effector != "move" or activity.entity not in self._moving or self._left is None:
            return
        self._moving.discard(activity.entity)
        if activity.state is ActivityState.DONE:
            self._left.pop(activity.entity, None)
            if activity.entity not in self._gone:
                self._gone.add(activity.entity)
                self._moved()
            if not self._left:
                self._ask()
        else:
            self._block(activity.entity, activity.problem or str(activity.state))
        self._go_on()

    def _block(self, member: Uid, why: str) -> None:
        tried = self._tries.get(member, (0, 0.0))[0]
        self._blocked[member] = why
        self._tries[member] = (tried + 1, self._host.now + PAUSES[min(tried, len(PAUSES) - 1)] - AGAIN / 2)

    def _moved(self) -> None:
        self._progress_at = self._host.now
        self._blocked.clear()
        self._tries.clear()

    def _go_on(self) -> None:
        host, drain, left = self._host, self._host.state.drain, self._left
        activity = host.running.newest(*DRAINS)
        if drain is None or left is None or activity is None:
            return
        todo = [member for member in left if member not in self._moving and member not in self._blocked]
        graces = host.remains.values()
        before, self._standing = self._standing, (sum(grace is None for grace in graces), len(graces))
        if self._standing < before:
            self._progress_at = host.now
        room = drain.surge - len(self._moving) if drain.surge else len(todo)
        cause = Cause(activity.id, activity.cause.principal)
        for member in todo[: max(0, room)]:
            self._moving.add(member)
            arguments = {"leave": host.uid, "urgent": drain.surge == 0}
            host.tell(member, Invoke("move", arguments, cause, activity.id, host.uid))
        host.running.progress(activity.id, done=self._all - len(left), total=self._all, note=self._note())
        if (not self._moving or self._only_remains) and host.now - self._progress_at > self._patience():
            self._end(
                f"{self._words()}; it stays cordoned, and keeps {self._kept()}; `clocker uncordon {host.identity.path}` takes it into use again"
            )

    @property
    def _all(self) -> int:
        """How many were ever here since the drain began."""
        return max(self._before, len(self._seen))

    @property
    def _only_remains(self) -> bool:
        """Whether all that is here was told to end."""
        remains = self._host.remains
        return bool(remains) and None not in remains.values()

    def _patience(self) -> float:
        """A stop may take as long as it is allowed to."""
        graces = [grace for grace in self._host.remains.values() if grace is not None]
        return PATIENCE + (max(graces) if self._only_remains else 0.0)

    def _words(self) -> str:
        left = len(self._left) if self._left is not None else 0
        return f"{self._all - left} of {self._all} moved"

    def _note(self) -> str:
        return f"{self._words()}, {self._host.name} is cordoned" + (
            f"; waits for {self._kept()}" if self._blocked or not self._left else ""
        )

    def _kept(self) -> str:
        left = self._left or {}
        if not left or self._only_remains:
            return self._remains()
        told = [f"{path}: {self._blocked[uid]}" for uid, path in left.items() if uid in self._blocked]
        more = len(told) - TOLD_OF
        return "; ".join(told[:TOLD_OF]) + (f"; and {counted(more, 'other')}" if more > 0 else "") or counted(len(left), "member")

    def _remains(self) -> str:
        """What nobody has room here for any more, and is here."""
        names = sorted(self._host.remains)
        more = len(names) - TOLD_OF
        said = ", ".join(names[:TOLD_OF]) + (f" and {counted(more, 'other')}" if more > 0 else "")
        return f"what its engine does not remove: {said}; look there why" if names else "nothing"

    def _end(self, problem: str) -> None:
        host = self._host
        host.cancel_timer("drain")
        self._outcome = problem
        for activity in host.running.all(*DRAINS):
            host.running.remember(activity.id, outcome=problem)
        host.change(replace(host.state, drain=None))

    def _conclude(self) -> None:
        host = self._host
        for activity in host.running.all(*DRAINS):
            if self._outcome:
                host.running.fail(activity.id, self._outcome)
            else:
                host.running.progress(activity.id, done=self._all, total=self._all, note=self._note())
                host.running.finish(activity.id, self._all)
        self._begin()


class Emptied(Entity[HostState]):
    """The part of a host that can be cordoned and drained."""

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.emptying = Emptying(self)

    @property
    def name(self) -> str:
        """What its pool calls it."""
        return self.state.spec.name

    @property
    def remains(self) -> Mapping[str, float | None]:
        """Containers of ours that are known to be on it, be it only the remains of one; those that were told to end with the seconds in which to stop."""
        raise NotImplementedError(f"{type(self).__name__} must say what it holds")

    def on_receive(self, message: object) -> object:
        match message:
            case Residing():
                self.emptying.residing(message)
            case ActivityEnded():
                self.emptying.ended(message.activity)
            case DrainAgain():
                self.emptying.again()
            case _:
                return super().on_receive(message)
        return None

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        emptying = self.emptying
        return {"cordon": emptying.cordon, "uncordon": emptying.uncordon, "drain": emptying.drain, "evacuate": emptying.drain}

    def activity_cancelled(self, activity: Activity) -> None:
        self.emptying.cancelled(activity)

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        return self.emptying.take_up(activity, memory)
