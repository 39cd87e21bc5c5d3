"""Plain JSON-shaped values: what readings, parameters and configuration hold.

`Value` is None, a boolean, a number, a string, or a list or string-keyed map of values. Python cannot write that recursive type in a way that the record
codec understands, so it is an alias of `object`: read one by narrowing it, with the helpers here.
"""

from collections.abc import Mapping
from typing import TypeAlias

Value: TypeAlias = object


def as_number(value: Value) -> float | None:
    """The value as a float if it is a real number (booleans are not), else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def as_map(value: Value) -> Mapping[str, Value]:
    """The value if it is a map, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def counted(number: int, noun: str) -> str:
    """`1 member`, `3 members`: a number with its noun, as people write it."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
