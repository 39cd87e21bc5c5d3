"""What the arithmetic of the autoscaler starts from: the rules of one autoscaler, and a measured load.

Plain values without judgement; `autoscaler_math` has that. Bounds are applied in one place, `Rules.clamp`: those of the policy within those of its
cluster, which would refuse any other size.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clocker_actors.model.values import Value, as_number

FRESH_PERIODS = 3
"""A reading older than this many periods says nothing about now."""
CLUSTERS_LEAST, CLUSTERS_MOST = "the cluster's minSize", "the cluster's maxSize"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The fewest and most members that a cluster takes by its own word; those of one that has said nothing bind nobody."""

    least: int = 0
    most: int | None = None

    def within(self, rules: "Rules") -> "Rules":
        """Those rules, with the narrower bound on either side and whose it is. Where the two have no size in common the cluster's word counts."""
        if rules.least < self.least:
            rules = replace(rules, least=self.least, least_of=CLUSTERS_LEAST)
        if self.most is not None and rules.most > self.most:
            rules = replace(rules, most=self.most, most_of=CLUSTERS_MOST)
        if rules.least > rules.most:
            rules = self._apart(rules)
        return rules

    def _apart(self, rules: "Rules") -> "Rules":
        """No size suits both: the policy's bound gives way to the cluster's next to it."""
        if rules.most_of == CLUSTERS_MOST:
            return replace(rules, least=rules.most, least_of=f"minPoolSize {rules.least} above {CLUSTERS_MOST}")
        if rules.least_of == CLUSTERS_LEAST:
            return replace(rules, most=rules.least, most_of=f"maxPoolSize {rules.most} below {CLUSTERS_LEAST}")
        return rules


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration of an autoscaler as the arithmetic needs it. None is off; durations are seconds. `least_of` and `most_of` say whose bounds they are."""

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
    least_of: str = "minPoolSize"
    most_of: str = "maxPoolSize"

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
            return f"{self.least_of} {self.least}"
        if size > self.most:
            return f"{self.most_of} {self.most}"
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
