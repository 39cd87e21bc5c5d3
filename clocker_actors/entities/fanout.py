"""One activity that waits for the same effector on several other entities (a restart of all members, say)."""

from typing import Protocol

from clocker_actors.entities.running import Running
from clocker_actors.model.activities import Activity

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


class Fanout:
    """Counts endings per activity, and ends it with the last one, or when its time is over."""

    __slots__ = ("_left", "_owner")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._left: dict[str, tuple[int, int, list[str]]] = {}

    def begin(self, activity: str, count: int) -> None:
        """The activity waits for `count` endings; with none it is done at once."""
        if count == 0:
            self._owner.running.finish(activity)
        else:
            self._left[activity] = (count, count, [])
            self._owner.after(f"fanout:{activity}", LIMIT, FanoutOver(activity))

    def ended(self, part: Activity) -> bool:
        """A part has ended; whether it was a part of something that waits here."""
        waiting = self._left.get(part.parent)
        if waiting is None:
            return False
        left, total, problems = waiting
        if part.problem:
            problems.append(part.problem)
        self._left[part.parent] = (left - 1, total, problems)
        self._owner.running.progress(part.parent, done=total - left + 1, total=total)
        if left == 1:
            self._conclude(part.parent)
        return True

    def over(self, activity: str) -> None:
        """Its time is over: whoever has not answered is counted as failed."""
        left, total, problems = self._left.get(activity, (0, 0, []))
        if left:
            problems.append(f"{left} of {total} did not end within {LIMIT:g} s; look at `clocker activities`")
            self._conclude(activity)

    def _conclude(self, activity: str) -> None:
        _, total, problems = self._left.pop(activity)
        self._owner.cancel_timer(f"fanout:{activity}")
        if problems:
            self._owner.running.fail(activity, f"{len(problems)} of {total} failed: {problems[0]}")
        else:
            self._owner.running.finish(activity)
