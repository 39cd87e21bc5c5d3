"""One activity that waits for the same effector on several other entities (a restart of all members, say). Whom it waits for is kept with it, so that the next
manager waits for them, too."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clocker_actors.entities.running import Running
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import Uid
from clocker_actors.model.values import Value

LIMIT = 900.0
"""Seconds after which parts that have not ended are not waited for any more: an entity that went away in between never says so."""


class FanoutOver:
    """Timer message: the time for a fan-out is over."""

    __slots__ = ("activity",)

    def __init__(self, activity: str) -> None:
        self.activity = activity


class Owner(Protocol):
    """What a fan-out needs of its entity."""

    running: Running

    def after(self, name: str, delay: float, message: object) -> None: ...
    def cancel_timer(self, name: str) -> None: ...


@dataclass(slots=True)
class _Wait:
    left: dict[Uid, None]
    total: int
    problems: list[str] = field(default_factory=list)


class Fanout:
    """Waits for the entities that are left, per activity, and ends it with the last one, or when its time is over."""

    __slots__ = ("_owner", "_untold", "_waits")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._untold: list[Activity] = []
        self._waits: dict[str, _Wait] = {}

    def begin(self, activity: str, whom: Iterable[Uid]) -> None:
        """The activity waits for these; with none it is done at once. Said before the intent is written, it is durable with it."""
        left = dict.fromkeys(whom)
        self._wait(activity, _Wait(left, len(left)))

    def take_up(self, activity: Activity, memory: Mapping[str, Value]) -> None:
        """Wait for those that a manager before has waited for; they are to be told once more, when they are there."""
        names, problems = memory.get("left"), memory.get("problems")
        left = dict.fromkeys(Uid(str(each)) for each in names) if isinstance(names, list | tuple) else {}
        said = [str(each) for each in problems] if isinstance(problems, list | tuple) else []
        self._untold.append(activity)
        self._wait(activity.id, _Wait(left, int(str(memory.get("total") or len(left))), said))

    def untold(self) -> Iterator[tuple[Activity, tuple[Uid, ...]]]:
        """Activities that were taken up, and who is still to be told of each; they are there by now."""
        untold, self._untold = self._untold, []
        yield from ((activity, tuple(self._waits[activity.id].left)) for activity in untold if activity.id in self._waits)

    def _wait(self, activity: str, wait: _Wait) -> None:
        self._waits[activity] = wait
        if not wait.left:
            self._conclude(activity)
            return
        self._remember(activity, wait)
        self._owner.after(f"fanout:{activity}", LIMIT, FanoutOver(activity))

    def _remember(self, activity: str, wait: _Wait, *, soon: bool = False) -> None:
        self._owner.running.remember(activity, soon=soon, left=list(wait.left), total=wait.total, problems=list(wait.problems))

    def ended(self, part: Activity) -> bool:
        """A part has ended; whether it was a part of something that waits here."""
        wait = self._waits.get(part.parent)
        if wait is None or part.entity not in wait.left:
            return False
        del wait.left[part.entity]
        if part.problem:
            wait.problems.append(part.problem)
        self._remember(part.parent, wait, soon=True)
        self._owner.running.progress(part.parent, done=wait.total - len(wait.left), total=wait.total)
        if not wait.left:
            self._conclude(part.parent)
        return True

    def over(self, activity: str) -> None:
        """Its time is over: whoever has not answered is counted as failed."""
        wait = self._waits.get(activity)
        if wait is not None and wait.left:
            wait.problems.append(f"{len(wait.left)} of {wait.total} did not end within {LIMIT:g} s; look at `clocker activities`")
            self._conclude(activity)

    def _conclude(self, activity: str) -> None:
        wait = self._waits.pop(activity)
        self._owner.cancel_timer(f"fanout:{activity}")
        if wait.problems:
            self._owner.running.fail(activity, f"{len(wait.problems)} of {wait.total} failed: {wait.problems[0]}")
        else:
            self._owner.running.finish(activity)
