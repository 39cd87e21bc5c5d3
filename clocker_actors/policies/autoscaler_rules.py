"""What the arithmetic of the autoscaler starts from: the rules of one autoscaler, and a measured load.

Plain values without judgement; `autoscaler_math` has that. Bounds are applied in one place, `Rules.clamp`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.model.values import Value, as_number

FRESH_PERIODS = 3
"""A reading older than this many periods says nothing about now."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration of an autoscaler as the arithmetic needs it. None is off; durations are seconds."""

    lower: float | None = None
    upper: float | None = None
    least: int = 1
    most: int = 10_000
    up_increment: int = 1
    down_increment: int = 1
    up_most: int | None = None
    down_most: int | None = None
    up_window: float = 0.0
    down_window: float = 0.0
    pause: float = 0.1
    period: float = 1.0
    mark: int | None = None

    @staticmethod
    def of(config: Mapping[str, Value], mark: int | None) -> "Rules":
        """From a checked configuration and the high-water mark. A bound of 0 or less counts as missing."""

        def number(name: str) -> float | None:
            return as_number(config[name])

        def count(name: str) -> int | None:
            value = number(name)
            return None if value is None else int(value)

        lower, upper = number("metricLowerBound"), number("metricUpperBound")
        return Rules(
            lower=lower if lower is not None and lower > 0 else None,
            upper=upper if upper is not None and upper > 0 else None,
            least=count("minPoolSize") or 0,
            most=count("maxPoolSize") or 0,
            up_increment=count("resizeUpIterationIncrement") or 1,
            down_increment=count("resizeDownIterationIncrement") or 1,
            up_most=count("resizeUpIterationMax"),
            down_most=count("resizeDownIterationMax"),
            up_window=number("resizeUpStabilizationDelay") or 0.0,
            down_window=number("resizeDownStabilizationDelay") or 0.0,
            pause=number("minPeriodBetweenExecs") or 0.0,
            period=number("metricPeriod") or 1.0,
            mark=mark,
        )

    @property
    def ceiling(self) -> int:
        """The largest size allowed: the upper bound, or the high-water mark below it; never under the lower bound."""
        return max(self.least, self.most if self.mark is None else min(self.most, self.mark))

    def clamp(self, size: int) -> int:
        """The nearest size allowed. The one place where a size is bounded."""
        return min(max(size, self.least), self.ceiling)

    def bound_of(self, size: int) -> str:
        """The bound that a size breaks, in words; "" for none."""
        if size < self.least:
            return f"minPoolSize {self.least}"
        if size > self.most:
            return f"maxPoolSize {self.most}"
        if size > self.ceiling:
            return f"insufficientCapacityHighWaterMark {self.mark}"
        return ""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard the members work: `value` is the mean over `count` members of the `of` there are; pool events bring marks of their own.

    `may_grow` and `may_shrink` are false for a pool event that only speaks of the other direction. `problem` says why there is no value, `settling` why
    it may not be used for shrinking.
    """

    name: str
    value: float
    count: int
    of: int
    at: float
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    may_grow: bool = True
    may_shrink: bool = True
    problem: str = ""
    settling: str = ""

    @property
    def total(self) -> float:
        """The work of all members that are in the value."""
        return self.value * self.count
