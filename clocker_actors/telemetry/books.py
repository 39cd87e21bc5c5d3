"""What was done and what was concluded, each in a bounded book with the indexes that explanations need.

Of activities, what still runs is always kept; what has ended leaves oldest first. Of decisions, those that acted and those that led to nothing are
bounded apart, because an autoscaler that has nothing to do says so every second and would push out the one time it acted.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable

from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Uid


class _Index:
    """Ids by key, in order of arrival; a key without ids takes no room."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, None]] = {}

    def add(self, key: str, item: str) -> None:
        self._ids.setdefault(key, {})[item] = None

    def remove(self, key: str, item: str) -> None:
        ids = self._ids.get(key)
        if ids is not None:
            ids.pop(item, None)
            if not ids:
                del self._ids[key]

    def of(self, key: str) -> tuple[str, ...]:
        return tuple(self._ids.get(key, ()))

    def count(self, key: str) -> int:
        return len(self._ids.get(key, ()))


class ActivityBook:
    """Activities by id, entity, parent and cause. `limit` ended ones are kept in all, `per_entity` of one entity."""

    def __init__(self, limit: int = 1_000, per_entity: int = 50) -> None:
        self.ended_by: Counter[tuple[str, str]] = Counter()
        """How many have ended, by (effector, state), since the start."""
        self.seconds_by: dict[tuple[str, str], float] = {}
        """How long those took together, in seconds."""
        self.limit = limit
        self.forgot: Callable[[str], None] = _nothing
        """Called with the id of each that is not remembered any more."""
        self._per_entity = per_entity
        self._by_id: dict[str, Activity] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._ended_of: dict[Uid, deque[str]] = {}
        self._of_entity = _Index()
        self._of_parent = _Index()
        self._of_cause = _Index()

    def note(self, activity: Activity, *, counted: bool = True) -> None:
        """Keep the newest state of an activity; one that has ended never goes on. Not `counted`: it ended before the start."""
        old = self._by_id.get(activity.id)
        if old is not None and old.state.ended and not activity.state.ended:
            return
        self._by_id[activity.id] = activity
        if old is None:
            self._of_entity.add(activity.entity, activity.id)
            self._of_parent.add(activity.parent, activity.id)
            self._of_cause.add(activity.cause.id, activity.id)
        if activity.state.ended and activity.id not in self._ended:
            self._end(activity, counted=counted)

    def get(self, activity: str) -> Activity | None:
        """The activity of that id, if it is kept."""
        return self._by_id.get(activity)

    def of_entity(self, uid: Uid) -> list[Activity]:
        """Activities that run, or ran, on an entity, in order of their beginning."""
        return self._pick(self._of_entity.of(uid))

    def parts_of(self, activity: str) -> list[Activity]:
        """Activities that this one asked for."""
        return self._pick(self._of_parent.of(activity)) if activity else []

    def caused_by(self, cause: str) -> list[Activity]:
        """Activities that name this decision, reading or request as their cause."""
        return self._pick(self._of_cause.of(cause))

    def all(self) -> list[Activity]:
        """All that are kept, in order of their beginning."""
        return list(self._by_id.values())

    def _pick(self, ids: Iterable[str]) -> list[Activity]:
        return [self._by_id[item] for item in ids]

    def _end(self, activity: Activity, *, counted: bool) -> None:
        key = (activity.effector, str(activity.state))
        if counted:
            self.ended_by[key] += 1
            if activity.ended is not None:
                self.seconds_by[key] = self.seconds_by.get(key, 0.0) + max(0.0, activity.ended - activity.began)
        self._ended[activity.id] = None
        mine = self._ended_of.setdefault(activity.entity, deque())
        mine.append(activity.id)
        if len(mine) > self._per_entity:
            self._forget(mine[0])
        if len(self._ended) > self.limit:
            self._forget(next(iter(self._ended)))

    def _forget(self, item: str) -> None:
        activity = self._by_id.pop(item)
        del self._ended[item]
        mine = self._ended_of[activity.entity]
        mine.remove(item)
        if not mine:
            del self._ended_of[activity.entity]
        self._of_entity.remove(activity.entity, item)
        self._of_parent.remove(activity.parent, item)
        self._of_cause.remove(activity.cause.id, item)
        self.forgot(item)


class DecisionBook:
    """Decisions by id, subject and cause; of `limit` in all, three fifths are for those that acted."""

    def __init__(self, limit: int = 5_000, acted_each: int = 50, idle_each: int = 20) -> None:
        self.counts: Counter[tuple[str, bool]] = Counter()
        """How many were made, by (kind, acted), since the start."""
        self.limit, self.each = limit, acted_each
        self.forgot: Callable[[str], None] = _nothing
        """Called with the id of each that acted and is not remembered any more."""
        acted = limit * 3 // 5
        self._limits = {True: acted, False: limit - acted}
        self._each = {True: acted_each, False: idle_each}
        self._by_id: dict[str, Decision] = {}
        self._order: dict[bool, OrderedDict[str, None]] = {True: OrderedDict(), False: OrderedDict()}
        self._of_subject = {True: _Index(), False: _Index()}
        self._of_cause = _Index()

    def note(self, decision: Decision, *, counted: bool = True) -> None:
        """Keep a decision; one that is known already (told by policy and entity) is kept once. Not `counted`: it was made before the start."""
        if decision.id in self._by_id:
            return
        acted = decision.action != ""
        if counted:
            self.counts[(decision.kind, acted)] += 1
        self._by_id[decision.id] = decision
        self._order[acted][decision.id] = None
        self._of_subject[acted].add(decision.subject, decision.id)
        self._of_cause.add(decision.cause.id, decision.id)
        if self._of_subject[acted].count(decision.subject) > self._each[acted]:
            self._forget(self._of_subject[acted].of(decision.subject)[0])
        if len(self._order[acted]) > self._limits[acted]:
            self._forget(next(iter(self._order[acted])))

    def get(self, decision: str) -> Decision | None:
        """The decision of that id, if it is kept."""
        return self._by_id.get(decision)

    def of_subject(self, uid: Uid, *, acted: bool | None = None) -> list[Decision]:
        """Decisions about an entity, oldest first: all, or only those that acted (True) or led to nothing (False)."""
        kinds = (True, False) if acted is None else (acted,)
        found = [self._by_id[item] for kind in kinds for item in self._of_subject[kind].of(uid)]
        return sorted(found, key=lambda decision: decision.at)

    def caused_by(self, cause: str) -> list[Decision]:
        """Decisions that name this as their cause."""
        return [self._by_id[item] for item in self._of_cause.of(cause)]

    def all(self) -> list[Decision]:
        """All that are kept, oldest first."""
        return sorted(self._by_id.values(), key=lambda decision: decision.at)

    def _forget(self, item: str) -> None:
        decision = self._by_id.pop(item)
        acted = decision.action != ""
        del self._order[acted][item]
        self._of_subject[acted].remove(decision.subject, item)
        self._of_cause.remove(decision.cause.id, item)
        if acted:
            self.forgot(item)


def _nothing(_: str) -> None:
    """Nobody wants to know."""
