"""What keeps the autoscaler from acting: nothing was heard, the cluster does not run, or the last resize is too fresh. Pure.

That, too, is a decision to do nothing, with its reason.
"""

from dataclasses import replace

from clocker_actors.policies.autoscaler_rules import Rules
from clocker_actors.policies.autoscaler_sizes import Order
from clocker_actors.policies.conclusion import Conclusion, clock_time, seconds
from clocker_actors.policies.windows import GRAIN

RETRY_PAUSE = 10.0
"""Seconds in which a size that was refused or failed is not ordered again."""


def not_at_work(expected: str) -> Conclusion:
    """The cluster does not run now (`expected` is its expected state)."""
    return Conclusion(
        f"cluster-{expected}",
        f"the cluster is {expected}; its size is left alone until it runs",
        would_change=("would decide once service.state.expected is running",),
    )


def held(words: str) -> Conclusion:
    """Somebody holds the size for a while."""
    return Conclusion(
        "held", f"the size is {words}", would_change=("would decide once that is over, or somebody resizes the cluster for good",)
    )


def no_reading(sensor: str, waited: float) -> Conclusion:
    """Nothing was heard of this sensor for all the time it was waited for (seconds)."""
    return Conclusion(
        f"silent-{sensor}",
        f"there is no reading of {sensor} yet, in {seconds(round(waited, 1))}",
        would_change=(f"would decide on the first reading of {sensor}",),
    )


def paused(
    concluded: Conclusion, rules: Rules, last_order: float | None, failed: tuple[Order, str] | None, now: float
) -> Conclusion | None:
    """The conclusion to wait, if it is to act sooner than it may after the last resize, or after this very one has failed."""
    if concluded.target is None or last_order is None:
        return None
    words, again = f"the last resize was less than {seconds(rules.pause)} ago (minPeriodBetweenExecs)", last_order + rules.pause
    if failed is not None and failed[0].target == concluded.target:
        words, again = f"that failed: {failed[1]}", failed[0].at + RETRY_PAUSE
    if now >= again - GRAIN / 2:
        return None
    reason, changes = f"{concluded.reason}, but {words}", (*concluded.would_change, f"would {concluded.action} at {clock_time(again)}")
    return replace(concluded, sort="cool-down", action="", target=None, reason=reason, would_change=changes, again=again)
