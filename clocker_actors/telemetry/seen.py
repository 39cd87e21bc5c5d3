"""What people see, cut down to what one may see who is limited to some applications.

A view, not a copy: it answers all that the read model answers, and for everything else it is as if that did not exist. So whatever reads the model through it, an
explanation for example, cannot tell of others by itself. Seen are entities at or below the paths given, their containers (wherever they run), activities and decisions
about these, and the activities that the one who looks has asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from clocker_actors.model import messages
from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.telemetry.books import ActivityBook, DecisionBook
from clocker_actors.telemetry.events import Event
from clocker_actors.telemetry.readmodel import Entry, ReadModel

K = TypeVar("K")
V = TypeVar("V")
_OF_SERVICES = frozenset({EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER})


class _Some(Mapping[K, V]):
    """The items of a mapping that may be seen."""

    def __init__(self, whole: Mapping[K, V], sees: Callable[[V], bool]) -> None:
        self._whole = whole
        self._sees = sees

    def __getitem__(self, key: K) -> V:
        value = self._whole[key]
        if not self._sees(value):
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[K]:
        return (key for key, value in self._whole.items() if self._sees(value))

    def __reversed__(self) -> Iterator[K]:
        return (key for key in reversed(list(self._whole)) if self._sees(self._whole[key]))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Activities(ActivityBook):
    def __init__(self, whole: ActivityBook, sees: Callable[[Activity], bool]) -> None:
        self.__dict__.update(whole.__dict__)
        self._by_id = _Some(whole._by_id, sees)  # type: ignore[assignment]  # all that reading needs of it

    def _pick(self, ids: object) -> list[Activity]:
        assert isinstance(ids, tuple)
        return [self._by_id[item] for item in ids if item in self._by_id]


class _Decisions(DecisionBook):
    def __init__(self, whole: DecisionBook, sees: Callable[[Decision], bool]) -> None:
        self.__dict__.update(whole.__dict__)
        self._may = sees

    def get(self, decision: str) -> Decision | None:
        found = super().get(decision)
        return found if found is not None and self._may(found) else None

    def of_subject(self, uid: Uid, *, acted: bool | None = None) -> list[Decision]:
        return [found for found in super().of_subject(uid, acted=acted) if self._may(found)]

    def caused_by(self, cause: str) -> list[Decision]:
        return [found for found in super().caused_by(cause) if self._may(found)]

    def all(self) -> list[Decision]:
        return [found for found in super().all() if self._may(found)]


class Seen(ReadModel):
    """The view of one who reaches these paths, for reading alone. What is noted later is seen as well."""

    def __init__(self, whole: ReadModel, reaches: Callable[[str], bool], principal: str) -> None:
        self.__dict__.update(whole.__dict__)
        self._whole = whole
        self._reaches = reaches
        self._principal = principal
        self._entries = _Some(whole._entries, self._sees)  # type: ignore[assignment]  # all that reading needs of it
        self._gone = _Some(whole._gone, self._sees)  # type: ignore[assignment]
        self._by_path = _Some(whole._by_path, self._sees_uid)  # type: ignore[assignment]
        self._by_kind = {kind: _Some(entries, self._sees) for kind, entries in whole._by_kind.items()}  # type: ignore[misc]
        self._notifications = _Some(whole._notifications, self._sees_notified)  # type: ignore[assignment]
        self.activities = _Activities(whole.activities, self._sees_activity)
        self.decisions = _Decisions(whole.decisions, lambda decision: self._sees_uid(decision.subject))

    def gone(self) -> Iterator[Entry]:
        """All entities lately gone, the last one first."""
        return iter([self._gone[uid] for uid in reversed(self._gone)])

    def shows(self, event: Event) -> bool:
        """Whether an event is about what is seen."""
        if isinstance(event.fact, Activity) and self._sees_activity(event.fact):
            return True
        return self._sees_uid(event.entity)

    def _sees(self, entry: Entry) -> bool:
        if entry.kind in _OF_SERVICES:
            return self._reaches(entry.path)
        if entry.kind is not EntityKind.CONTAINER:
            return False
        owner = self._whole.get(str(entry.facts.get("member", ""))) or self._whole.get(entry.application or "")
        return owner is not None and owner.kind in _OF_SERVICES and self._reaches(owner.path)

    def _sees_uid(self, uid: Uid) -> bool:
        entry = self._whole.get(uid)
        return entry is not None and self._sees(entry)

    def _sees_activity(self, activity: Activity) -> bool:
        return activity.cause.principal == self._principal or self._sees_uid(activity.entity)

    def _sees_notified(self, notified: messages.Notified) -> bool:
        return self._sees_uid(notified.entity)
