"""What people read, in one place and in memory: the recorder writes it, and REST views, metrics and explanations read it.

Only the loop's thread touches it, between two messages, so a reader that does not await sees one consistent moment; the event number says which.
Entities that are gone are remembered for a while, so that "why was it removed" has an answer.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from clocker_actors.errors import NotFound
from clocker_actors.model import messages, noted
from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.effectors import Effector
from clocker_actors.model.identity import ROOT, EntityKind, Uid
from clocker_actors.model.sensors import PIDS, Reading, unit_of
from clocker_actors.model.values import Value, as_number
from clocker_actors.telemetry.books import ActivityBook, DecisionBook
from clocker_actors.telemetry.events import EventRing
from clocker_actors.telemetry.history import History
from clocker_actors.telemetry.starts import Starts

GONE_KEPT = 500
NOTIFICATIONS_KEPT = 1_000
_CANDIDATES = 500
_PLOTTED = frozenset({EntityKind.CLUSTER, EntityKind.POOL})

Fact = (
    noted.EntityNoted
    | noted.EntityGone
    | noted.SensorsNoted
    | noted.NotificationNoted
    | noted.ActivityNoted
    | noted.DecisionNoted
    | noted.PolicyNoted
)
"""What may be noted."""


@dataclass(slots=True)
class Entry:
    """One entity as people see it. `since` is when it was first noted, `gone` when it ended (None while it exists)."""

    uid: Uid
    kind: EntityKind
    path: str
    name: str
    parent: Uid | None
    application: Uid | None
    type: str
    facts: Mapping[str, Value]
    since: float
    sensors: dict[str, Reading] = field(default_factory=dict)
    policies: dict[str, noted.PolicyNoted] = field(default_factory=dict)
    gone: float | None = None
    effectors: tuple[Effector, ...] = ()

    def value(self, sensor: str) -> Value:
        """The last value of a sensor, None if there is none or it is unavailable."""
        reading = self.sensors.get(sensor)
        return None if reading is None or reading.unavailable else reading.value


class ReadModel:
    """See the module. `first_event` is the number before the first event (see events.py); the others say how many of each are remembered."""

    def __init__(self, first_event: int = 0, *, events: int = 4_096, activities: int = 1_000, decisions: int = 5_000) -> None:
        self.events = EventRing(first_event, events)
        self.activities = ActivityBook(activities)
        self.decisions = DecisionBook(decisions)
        self.history = History()
        self.starts = Starts()
        self.numeric: Counter[tuple[EntityKind, str]] = Counter()
        """How many entities of a kind have a sensor with a number (or yes/no) in it: what metrics iterate over."""
        self._entries: dict[Uid, Entry] = {}
        self._gone: OrderedDict[Uid, Entry] = OrderedDict()
        self._notifications: OrderedDict[str, messages.Notified] = OrderedDict()
        self._children: dict[Uid, dict[Uid, None]] = {}
        self._by_path: dict[str, Uid] = {}
        self._by_kind: dict[EntityKind, dict[Uid, Entry]] = {kind: {} for kind in EntityKind}
        self._paths: dict[str, str] = {}  # of entities that are known by kept activities alone

    # --- reading

    def get(self, uid: str) -> Entry | None:
        """The entity of that uid, also one lately gone."""
        key = Uid(uid)
        return self._entries.get(key) or self._gone.get(key)

    def entry(self, id_or_path: str, *, uid_first: bool = False) -> Entry:
        """The entity of that path or uid. Raises NotFound with the nearest names."""
        entry = self.get(self.resolve(id_or_path, uid_first=uid_first))
        assert entry is not None
        return entry

    def resolve(self, id_or_path: str, *, uid_first: bool = False) -> Uid:
        """The uid behind what somebody typed: a path, else a uid, else the uid of an entity lately gone. Raises NotFound with the nearest names.

        An application may be named as a uid is that is given to something later. People mean their own name; `uid_first` is for programs, which have
        looked the uid up.
        """
        text = id_or_path.strip().strip("/")
        if uid_first and Uid(text) in self._entries:
            return Uid(text)
        if text in self._by_path:
            return self._by_path[text]
        if Uid(text) in self._entries:
            return Uid(text)
        if Uid(text) in self._gone:
            return Uid(text)
        raise self._not_found(id_or_path)

    def path(self, uid: str) -> str:
        """The path of an entity for people; the uid itself when it is unknown, and `clocker` for the management plane, which has none."""
        if uid == ROOT:
            return "clocker"
        entry = self.get(uid)
        return entry.path if entry is not None and entry.path else self._paths.get(uid, uid)

    def children(self, uid: str) -> list[Entry]:
        """The child entities, in the order they were first noted."""
        return [self._entries[child] for child in self._children.get(Uid(uid), ()) if child in self._entries]

    def of_kind(self, kind: EntityKind) -> list[Entry]:
        """All entities of a kind, in the order they were first noted."""
        return list(self._by_kind[kind].values())

    def count(self, kind: EntityKind) -> int:
        """How many entities of a kind exist."""
        return len(self._by_kind[kind])

    def notified(self, cause: str) -> messages.Notified | None:
        """The notification that a cause (`m7:ha.entityFailed@1800000000.123`) names, if it is kept."""
        return self._notifications.get(cause)

    def all(self) -> Iterator[Entry]:
        """All entities that exist."""
        return iter(tuple(self._entries.values()))

    def gone(self) -> Iterator[Entry]:
        """All entities lately gone, the last one first."""
        return iter(tuple(reversed(self._gone.values())))

    def __len__(self) -> int:
        return len(self._entries)

    # --- writing

    def restore(self, activities: Iterable[tuple[Activity, str]], decisions: Iterable[Decision]) -> None:
        """What was kept by a manager before: activities with the paths of their entities, and decisions that acted. It is no event, and counts for nothing."""
        for activity, path in activities:
            self.activities.note(activity, counted=False)
            self._paths[activity.entity] = path
        for decision in decisions:
            self.decisions.note(decision, counted=False)

    def note(self, fact: Fact, at: float) -> None:
        """Take in one fact; `at` is the time of events whose fact has none."""
        match fact:
            case noted.SensorsNoted():
                self._sensors(fact)
            case noted.ActivityNoted(activity):
                self._activity(activity, at)
            case noted.DecisionNoted(decision):
                self._decision(decision)
            case noted.EntityNoted():
                self._entity(fact)
            case noted.EntityGone():
                self._forget(fact)
            case noted.PolicyNoted():
                self._policy(fact, at)
            case noted.NotificationNoted(notified):
                self._notifications[notified.id] = notified
                if len(self._notifications) > NOTIFICATIONS_KEPT:
                    self._notifications.popitem(last=False)
                self.events.add(notified.at, "notification", notified.entity, self.path(notified.entity), notified)

    def _entity(self, noted: noted.EntityNoted) -> None:
        old = self._entries.get(noted.uid)
        if old is None:
            entry = Entry(noted.uid, noted.kind, noted.path, noted.name, noted.parent, noted.application, noted.type, noted.facts, noted.at)
            entry.effectors = noted.effectors
            self._entries[noted.uid] = entry
            self._by_kind[noted.kind][noted.uid] = entry
        else:
            self._unlink(old)
            entry = old
            entry.path, entry.name, entry.parent, entry.application = noted.path, noted.name, noted.parent, noted.application
            entry.type, entry.facts, entry.effectors = noted.type, noted.facts, noted.effectors
        if noted.path:
            self._by_path[noted.path] = noted.uid
        if noted.parent is not None:
            self._children.setdefault(noted.parent, {})[noted.uid] = None
        self.starts.noted(noted)
        self.events.add(noted.at, "entity", noted.uid, noted.path, noted)

    def _unlink(self, entry: Entry) -> None:
        # Another entity may have taken the path meanwhile; then it is not ours to remove.
        if self._by_path.get(entry.path) == entry.uid:
            del self._by_path[entry.path]

    def _forget(self, gone: noted.EntityGone) -> None:
        entry = self._entries.pop(gone.uid, None)
        if entry is None:
            return
        self._unlink(entry)
        self.starts.gone(entry.uid)
        del self._by_kind[entry.kind][entry.uid]
        for sensor, reading in entry.sensors.items():
            if _is_number(reading.value):
                self._count(entry.kind, sensor, -1)
        if entry.parent is not None and entry.parent in self._children:
            self._children[entry.parent].pop(entry.uid, None)
        self._children.pop(entry.uid, None)
        entry.gone = gone.at
        self._gone[entry.uid] = entry
        if len(self._gone) > GONE_KEPT:
            self._gone.popitem(last=False)
        self.events.add(gone.at, "gone", entry.uid, entry.path, gone)

    def _sensors(self, noted: noted.SensorsNoted) -> None:
        entry = self._entries.get(noted.uid)
        if entry is None:
            return  # the last readings of something that is gone
        for reading in noted.readings:
            self._reading(entry, reading)
        self.starts.read(noted.uid, entry.kind, noted.readings, entry.sensors)

    def _reading(self, entry: Entry, reading: Reading) -> None:
        old = entry.sensors.get(reading.sensor)
        entry.sensors[reading.sensor] = reading
        had, has = old is not None and _is_number(old.value), _is_number(reading.value)
        if had != has:
            self._count(entry.kind, reading.sensor, 1 if has else -1)
        number = as_number(reading.value)
        if number is not None and not reading.unavailable and entry.kind in _PLOTTED:
            self.history.add(entry.uid, reading.sensor, reading.at, number)
        if _is_news(old, reading):
            self.events.add(reading.at, "sensor", entry.uid, entry.path, reading)
        else:
            self.events.pass_on(reading.at, entry.uid, entry.path, reading)

    def _count(self, kind: EntityKind, sensor: str, by: int) -> None:
        key = (kind, sensor)
        self.numeric[key] += by
        if self.numeric[key] <= 0:
            del self.numeric[key]

    def _activity(self, activity: Activity, at: float) -> None:
        self.activities.note(activity)
        self.events.add(at, "activity", activity.entity, self.path(activity.entity), activity)

    def _decision(self, decision: Decision) -> None:
        if self.decisions.get(decision.id) is not None:
            return
        self.decisions.note(decision)
        self.events.add(decision.at, "decision", decision.subject, self.path(decision.subject), decision)

    def _policy(self, noted: noted.PolicyNoted, at: float) -> None:
        entry = self._entries.get(noted.entity)
        if entry is None:
            return
        old = entry.policies.get(noted.name)
        if noted.state == "removed":
            entry.policies.pop(noted.name, None)
        else:
            entry.policies[noted.name] = noted
        if old is None or (old.state, old.config) != (noted.state, noted.config):
            self.events.add(at, "policy", noted.entity, entry.path, noted)

    # --- names that nobody knows

    def _not_found(self, asked: str) -> NotFound:
        """The error, with the nearest names below the deepest part of the path that does exist."""
        text = asked.strip().strip("/")
        known = text
        while known and known not in self._by_path:
            known = known.rpartition("/")[0]
        if known:
            candidates = [child.path for child in self.children(self._by_path[known])]
        else:
            candidates = [path for path in self._by_path if "/" not in path]
        candidates = candidates[:_CANDIDATES]
        near = get_close_matches(text, candidates, n=3, cutoff=0.5) or sorted(candidates)[:3]
        where = f" in {known}" if known else ""
        hint = f"; try {', '.join(near)}" if near else "; `clocker tree` lists what there is"
        return NotFound(f"no entity {asked!r}{where}{hint}", asked=asked)


def _is_number(value: Value) -> bool:
    return isinstance(value, bool | int | float)


def _is_news(old: Reading | None, new: Reading) -> bool:
    """Whether a reading is worth a number: a state or a count that changed, or a measure that was lost or came back."""
    measure = isinstance(new.value, float) or unit_of(new.sensor) != "" or new.sensor == PIDS.name
    if old is None:
        return not measure or bool(new.unavailable)
    if bool(old.unavailable) != bool(new.unavailable):
        return True
    return not measure and old.value != new.value
