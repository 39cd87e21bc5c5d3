"""The high-water mark: the most members there was room for when room was short.

One that the autoscaler set itself lapses after a while, because hosts come and go and nobody tells it; then it tries once more. One that a person set stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.kernel import past
from clocker_actors.model.activities import Activity
from clocker_actors.model.values import Value, as_number
from clocker_actors.policies.autoscaler_keys import MARK, MARK_LIFE
from clocker_actors.policies.conclusion import Conclusion, clock_time

SHORT = "insufficient capacity"
"""So begins what a resize says that found no room; hosts that merely do not answer are no lack of it."""


@dataclass(slots=True)
class Mark:
    """A mutable value of one autoscaler: the size, None for no mark, and when the autoscaler set it (None: a person did)."""

    size: int | None = None
    set_at: float | None = None

    @staticmethod
    def of(kept: Mapping[str, Value], configured: Value, now: float) -> "Mark":
        """From what was kept, else from the configuration."""
        size = as_number(kept.get("mark", configured))
        return Mark(None if size is None else int(size), past(kept.get("marked_at"), now))

    def given(self, configured: Value) -> None:
        """A person has set it, or taken it away."""
        size = as_number(configured)
        self.size, self.set_at = None if size is None else int(size), None

    def found(self, size: int, now: float) -> None:
        """There was room for so many."""
        self.size, self.set_at = size, now

    def lapse(self, now: float) -> None:
        """Forget it if it is old and nobody's wish."""
        if self.set_at is not None and now - self.set_at >= MARK_LIFE:
            self.size = self.set_at = None

    def conclusion(self, size: int, mark: int, activity: Activity, now: float) -> Conclusion:
        """To be content with as many as there is room for, although `size` were asked for."""
        reason = f"there is room for {mark} of {size} members: {activity.problem}"
        change = f"would try more again after {clock_time(now + MARK_LIFE)}, or once {MARK} is set to null"
        return Conclusion("capacity", reason, f"resize to {mark}", mark, {"size": size, "mark": mark}, would_change=(change,))
