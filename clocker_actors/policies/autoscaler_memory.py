"""What one autoscaler remembers over restarts: wishes inside windows, the last resize and shrink, the high-water mark, whether "max reached" was said."""

from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.kernel import past
from clocker_actors.model.values import Value, as_number
from clocker_actors.policies.autoscaler_mark import Mark
from clocker_actors.policies.autoscaler_max import MaxReached
from clocker_actors.policies.windows import SizeHistory


@dataclass(slots=True)
class Memory:
    """A mutable value of one autoscaler. Times are epoch seconds; `last_order` is None before the first resize."""

    wishes: SizeHistory
    max: MaxReached
    mark: Mark
    last_order: float | None
    shrunk_at: float

    @staticmethod
    def of(kept: Mapping[str, Value], mark: Value, now: float) -> "Memory":
        """From its encodable form and the configured mark; times in the future count from now."""
        return Memory(
            SizeHistory(_entries(kept.get("wishes"), now)),
            MaxReached(SizeHistory(_entries(kept.get("raw"), now)), bool(kept.get("max_told"))),
            Mark.of(kept, mark, now),
            past(kept.get("last_order"), now),
            past(kept.get("shrunk_at"), now) or 0.0,
        )

    def encoded(self, *, windows: bool, delay: bool) -> dict[str, Value]:
        """Its encodable form; histories only where there are `windows`, or a `delay` of the notification, that look at them."""
        return {
            "mark": self.mark.size,
            "marked_at": self.mark.set_at,
            "last_order": self.last_order,
            "shrunk_at": self.shrunk_at,
            "max_told": self.max.told,
            "wishes": [list(entry) for entry in self.wishes.entries] if windows else [],
            "raw": [list(entry) for entry in self.max.wanted.entries] if delay else [],
        }

    def begin_windows(self) -> None:
        """What was seen before counts for nothing."""
        self.wishes.clear()
        self.max.wanted.clear()


def _entries(kept: Value, now: float) -> list[tuple[float, int]]:
    """Stored wishes; a time in the future counts from now."""
    found = []
    for entry in kept if isinstance(kept, list | tuple) else ():
        at, size = past(entry[0], now), as_number(entry[1])
        if at is not None and size is not None:
            found.append((at, int(size)))
    return found
