"""What the manager before left of its activities: read once at the start, before any entity lives, and taken by the entities as they begin.

open, its entity exists          taken up by it under the same id (`Running.take_up`), which goes on with it or says why it cannot
open, its entity is gone         a delete is done, all else was interrupted
ended                            remembered; who had not heard of the end is told, and the same order told twice is one order
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from clocker_actors.model.activities import Activity, ActivityState, KeptActivity
from clocker_actors.model.identity import LETTERS, ROOT, Uid
from clocker_actors.model.messages import Invoke
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode

ACTIVITY_KIND = "activity"
"""Record kind of activities: all that are open, and the last that have ended."""
_SETTLED = frozenset({ActivityState.DONE, ActivityState.SUPERSEDED, ActivityState.CANCELLED})


def activity_record(kept: KeptActivity) -> Record:
    """The record that keeps an activity."""
    return Record(ACTIVITY_KIND, kept.activity.id, encode(kept))


@dataclass(frozen=True, slots=True)
class Activities:
    """All that are kept, in order of their beginning, and those of them that are otherwise by now than in the store."""

    kept: tuple[KeptActivity, ...]
    changed: tuple[KeptActivity, ...]


def read_activities(store: Store, now: float) -> Activities:
    """What there is of activities; those whose entity went with the manager before are ended."""
    found = (decode(KeptActivity, kept.body) for kept in store.all(ACTIVITY_KIND) if kept.body is not None)
    kept = [each if each.activity.state.ended or _exists(store, each.activity.entity) else _left_over(each, now) for each in found]
    kept.sort(key=lambda each: each.activity.began)
    return Activities(tuple(kept), tuple(each for each in kept if each.activity.ended == now))


def _exists(store: Store, uid: Uid) -> bool:
    return uid == ROOT or any(uid.startswith(letter) and store.read(kind, uid) is not None for kind, letter in LETTERS.items())


def _left_over(kept: KeptActivity, now: float) -> KeptActivity:
    activity = kept.activity
    if activity.effector == "delete":
        ended = replace(activity, state=ActivityState.DONE, ended=now)
    else:
        problem = "the manager was restarted, and what it ran on is gone"
        ended = replace(activity, state=ActivityState.INTERRUPTED, problem=problem, ended=now)
    return replace(kept, activity=ended)


class Journal:
    """Of one start of the manager. What is taken out of it is in it no more."""

    __slots__ = ("_done", "_open", "_owed")

    def __init__(self, kept: Iterable[KeptActivity] = ()) -> None:
        self._open: dict[Uid, list[KeptActivity]] = {}
        self._done: dict[tuple[str, str, str, str], Activity] = {}
        self._owed: dict[str, list[Activity]] = {}
        for each in kept:
            activity = each.activity
            if not activity.state.ended:
                self._open.setdefault(activity.entity, []).append(each)
                continue
            if each.reply_to:
                self._owed.setdefault(each.reply_to, []).append(activity)
            self.ended(activity)

    def ended(self, activity: Activity) -> None:
        """One of before has ended, and whoever wanted it may not know. What failed or was interrupted may be wanted once more."""
        if activity.parent and activity.state in _SETTLED:
            self._done[(activity.entity, activity.effector, activity.parent, activity.cause.id)] = activity

    def open_of(self, uid: Uid) -> list[KeptActivity]:
        """Those that are to be taken up by this entity, oldest first."""
        return self._open.pop(uid, [])

    def done(self, uid: Uid, invoke: Invoke) -> Activity | None:
        """The activity that this very order led to, if that is over: it was given before the manager was restarted, and is told once more."""
        return self._done.pop((uid, invoke.effector, invoke.parent, invoke.cause.id), None) if invoke.parent and self._done else None

    def ended_for(self, actor: str) -> Iterator[Activity]:
        """Those of whose end this actor was to be told, and may have died before it had done with that."""
        yield from self._owed.pop(actor, ())
