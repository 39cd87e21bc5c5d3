"""One activity that waits for the same effector on several other entities (a restart of all members, say)."""

from clocker_actors.entities.running import Running
from clocker_actors.model.activities import Activity


class Fanout:
    """Counts endings per activity, and ends it with the last one."""

    __slots__ = ("_left", "_running")

    def __init__(self, running: Running) -> None:
        self._running = running
        self._left: dict[str, tuple[int, int, list[str]]] = {}

    def begin(self, activity: str, count: int) -> None:
        """The activity waits for `count` endings; with none it is done at once."""
        if count == 0:
            self._running.finish(activity)
        else:
            self._left[activity] = (count, count, [])

    def ended(self, part: Activity) -> bool:
        """A part has ended; whether it was a part of something that waits here."""
        waiting = self._left.get(part.parent)
        if waiting is None:
            return False
        left, total, problems = waiting
        if part.problem:
            problems.append(part.problem)
        self._left[part.parent] = (left - 1, total, problems)
        self._running.progress(part.parent, done=total - left + 1, total=total)
        if left == 1:
            del self._left[part.parent]
            if problems:
                self._running.fail(part.parent, f"{len(problems)} of {total} failed: {problems[0]}")
            else:
                self._running.finish(part.parent)
        return True
