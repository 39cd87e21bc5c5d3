"""Plain counters of the kernel, for whoever wants to show them; the kernel knows no metrics library.

Handler times are kept per actor class: count, sum and a small histogram. Only slow messages touch the histogram, so that counting
does not cost more than handling.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 1.0)
"""Upper bounds of the buckets in seconds; the last bucket has none."""


class HandlerTime:
    """How long the handlers of one actor class took; `add` is written out in the run queue for the quick ones."""

    __slots__ = ("count", "longest", "seconds", "slow")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.longest = 0.0
        self.slow = [0] * len(BOUNDS)

    def add_slow(self, seconds: float) -> None:
        """Note one that took longer than the first bound (count and sum are kept by the caller)."""
        self.slow[bisect_left(BOUNDS, seconds) - 1] += 1
        self.longest = max(self.longest, seconds)

    @property
    def buckets(self) -> tuple[int, ...]:
        """Messages per bucket, one more than there are bounds, not cumulated."""
        return (self.count - sum(self.slow), *self.slow)


@dataclass(slots=True)
class Counters:
    """Totals since the kernel began."""

    handled: int = 0
    admitted: int = 0
    dead_letters: int = 0
    superseded: int = 0
    refused: int = 0
    crashes: int = 0
    restarts: int = 0
    escalations: int = 0
    fires: int = 0
    spawned: int = 0
    stopped: int = 0
    works_started: int = 0
    works_failed: int = 0
    works_timed_out: int = 0
    stream_items: int = 0
    timers_fired: int = 0
    requests: int = 0
    requests_timed_out: int = 0
    deepest_inbox: int = 0
    handler_time: dict[str, HandlerTime] = field(default_factory=dict)

    def of_class(self, name: str) -> HandlerTime:
        """The handler time of an actor class, made when first asked for."""
        times = self.handler_time.get(name)
        if times is None:
            times = self.handler_time[name] = HandlerTime()
        return times
