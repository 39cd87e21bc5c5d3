"""How two values compare: numbers by size, durations by length, versions part by part, whatever of these both can be read as.

A number compares as a number with anything that reads as one. Two texts compare as durations if both have units (`90s`, `2m`), else as versions do, number
parts by size: `1.10` comes after `1.9`, `9` before `10`, `2.0-rc1` before `2.0`.
"""

import re
from collections.abc import Mapping

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.texts import as_decimal, as_text
from clocker_actors.model.configuration import duration
from clocker_actors.model.values import Value

_MOST = 10_000
_TIMED = re.compile(r"\s*\d[\d.]*\s*(ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*")
_PIECES = re.compile(r"\d+|[^\d.\-_+]+")
_EARLY = {"snapshot": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2, "m": 3, "milestone": 3, "rc": 4, "cr": 4}


def equal(one: Value, other: Value) -> bool:
    """Whether two values are the same, text and number of the same amount included."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(equal(left, right) for left, right in zip(one, other, strict=True))
    if one is None or other is None or isinstance(one, Mapping | list | tuple) or isinstance(other, Mapping | list | tuple):
        return one is other
    if isinstance(one, bool) or isinstance(other, bool):
        return as_text(one).lower() == as_text(other).lower()
    if one == other:
        return True
    if isinstance(one, str) and isinstance(other, str):
        left, right = _seconds(one), _seconds(other)
        return left is not None and left == right
    pair = _amounts(one, other)
    return pair is not None and pair[0] == pair[1]


def order(one: Value, other: Value) -> int | None:
    """Below 0 if `one` is the less, 0, or above 0; None if they cannot be compared."""
    pair = _amounts(one, other)
    if pair is not None:
        return (pair[0] > pair[1]) - (pair[0] < pair[1])
    if isinstance(one, str) and isinstance(other, str):
        left, right = _version(one), _version(other)
        return (left > right) - (left < right)
    return None


def _amounts(one: Value, other: Value) -> tuple[float, float] | None:
    if not (isinstance(one, str) and isinstance(other, str)):
        left, right = as_decimal(one), as_decimal(other)
        if left is not None and right is not None:
            return left, right
    left, right = _seconds(one), _seconds(other)
    return (left, right) if left is not None and right is not None else None


def _seconds(value: Value) -> float | None:
    """The seconds of a text with a unit, or of a number beside such a one."""
    if isinstance(value, str):
        return duration(value) if len(value) < 40 and value.count(".") < 2 and _TIMED.fullmatch(value) else None
    number = as_decimal(value)
    return None if number is None else float(number)


def _version(text: str) -> list[tuple[int, int, str]]:
    """What to sort by. Words that announce a version come before its end, other words after it."""
    if len(text) > _MOST:
        raise BadRequest(f"a text of {len(text)} characters is not compared; compare shorter ones")
    found: list[tuple[int, int, str]] = []
    for piece in _PIECES.findall(text.strip()):
        if piece[0].isdecimal():
            found.append((3, int(piece[:30]), ""))
        else:
            early = _EARLY.get(piece.lower())
            found.append((2, 0, piece) if early is None else (0, early, ""))
    return [*found, (1, 0, "")]
