"""The circuit breaker of the replacer: says when replacing does not help, and stops.

Three things open it. Replacements that failed, in a row and within the window (a success clears them). Replacements that came up and died again within
the window. And a lineage: each member replaced by one that also died young, however slowly that goes on. Times are epoch seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.kernel import past
from clocker_actors.model.values import Value, as_map, as_number


@dataclass(slots=True)
class Breaker:
    """A mutable value of one actor. `born` and `depth` are of members that are replacements: since when, and of which consecutive attempt."""

    failed: list[float] = field(default_factory=list)
    died: list[float] = field(default_factory=list)
    born: dict[str, float] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    opened_at: float | None = None

    def member_failed(self, member: str, now: float, window: float, limit: int) -> str:
        """A member is to be replaced. Why that would not help, "" if it may; then the breaker is open."""
        if self.opened_at is not None and now - self.opened_at >= window:
            self.close()
        self._forget(now - window)
        born = self.born.get(member)
        if born is not None and now - born < window:
            self.died.append(now)
        else:
            self.depth.pop(member, None)
        why = self._why(member, limit)
        if why and self.opened_at is None:
            self.opened_at = now
        return why

    def _why(self, member: str, limit: int) -> str:
        if len(self.failed) >= limit:
            return f"{len(self.failed)} replacements in a row have failed"
        if len(self.died) >= limit:
            return f"{len(self.died)} replacements came up and died again"
        if self.depth.get(member, 0) >= limit:
            return f"{member} is the {self.depth[member]}. replacement in a row of a member that dies soon after its start"
        return "it opened earlier" if self.opened_at is not None else ""

    def replaced(self, old: str, new: str | None, now: float) -> None:
        """A replacement came up, as member `new` if that is known. Failed ones before it do not count any more."""
        self.failed.clear()
        if new is not None:
            self.born[new] = now
            self.depth[new] = self.depth.get(old, 0) + 1
        self.gone(old)

    def failed_to_replace(self, now: float, window: float, limit: int) -> str:
        """A replacement failed. Why the breaker opens, "" if it does not."""
        self._forget(now - window)
        self.failed.append(now)
        if len(self.failed) < limit or self.opened_at is not None:
            return ""
        self.opened_at = now
        return f"{len(self.failed)} replacements in a row have failed"

    def gone(self, member: str) -> None:
        """The member is no more."""
        self.born.pop(member, None)
        self.depth.pop(member, None)

    def close(self) -> None:
        """Begin anew."""
        self.failed.clear()
        self.died.clear()
        self.depth.clear()
        self.opened_at = None

    def _forget(self, before: float) -> None:
        self.failed = [at for at in self.failed if at > before]
        self.died = [at for at in self.died if at > before]

    @property
    def state(self) -> dict[str, Value]:
        """Encodable form."""
        return {
            "failed": list(self.failed),
            "died": list(self.died),
            "born": dict(self.born),
            "depth": dict(self.depth),
            "opened_at": self.opened_at,
        }

    @staticmethod
    def of(state: Mapping[str, Value], now: float) -> "Breaker":
        """From its encodable form; times in the future count from now."""

        def times(value: Value) -> list[float]:
            found = (past(entry, now) for entry in (value if isinstance(value, list | tuple) else ()))
            return [at for at in found if at is not None]

        kept = as_map(state.get("born"))
        born = dict(zip(kept, times(list(kept.values())), strict=True))
        depth = {member: int(count) for member, value in as_map(state.get("depth")).items() if (count := as_number(value)) is not None}
        return Breaker(times(state.get("failed")), times(state.get("died")), born, depth, past(state.get("opened_at"), now))
