"""Differences of a number, and what they mean per time. Pure.

A counter that is smaller than it was has begun anew, with its process: then what it counts now is the difference, as if it had begun at 0.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A value and its time (epoch seconds)."""

    value: float
    at: float


def delta(before: Point, now: Point, *, counter: bool) -> float:
    """How much it changed. With `counter` it cannot fall: one that did has begun anew."""
    return now.value if counter and now.value < before.value else now.value - before.value


def rate(before: Point, now: Point, unit: float, *, counter: bool) -> float | None:
    """The change per `unit` seconds; None if no time has passed."""
    passed = now.at - before.at
    return delta(before, now, counter=counter) * unit / passed if passed > 0 else None


def fraction(before: Point, now: Point, unit: float, *, counter: bool) -> float | None:
    """Which part of the time that passed was spent, for a sum of times counted in units of `unit` seconds; None if no time has passed."""
    passed = now.at - before.at
    return delta(before, now, counter=counter) * unit / passed if passed > 0 else None
