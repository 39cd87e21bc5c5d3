"""What `|` can do with a value in a template: only these, each within bounds."""

import json
from collections.abc import Callable, Mapping
from itertools import islice

from jinja2 import StrictUndefined

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.texts import MOST_TEXT, as_text, bounded, url_encode
from clocker_actors.model.values import Value

_MOST_ITEMS = 10_000


def _join(values: Value, between: str = "") -> str:
    found, length = [], 0
    for each in values if isinstance(values, list | tuple | range) else [values]:
        found.append(as_text(each))
        length += len(found[-1]) + len(between)
        if length > MOST_TEXT:
            raise BadRequest(f"makes a text of more than {MOST_TEXT >> 10} KiB; make it of shorter pieces")
    return bounded(between.join(found))


def _replace(text: Value, old: str, new: str) -> str:
    given = as_text(text)
    bounded("" if given.count(old) * len(new) <= MOST_TEXT else " " * (MOST_TEXT + 1))
    return bounded(given.replace(old, new))


def _indent(text: Value, width: int = 4) -> str:
    return _replace(text, "\n", "\n" + " " * min(max(width, 0), 80))


def _default(value: Value, other: Value = "", instead: Value = False) -> Value:
    return other if isinstance(value, StrictUndefined) or value is None or (instead and not value) else value


def _sorted(values: Value) -> list[Value]:
    items = list(values) if isinstance(values, list | tuple | Mapping) else [values]
    if any(isinstance(each, list | tuple | Mapping) for each in items):
        raise BadRequest("`sort` takes a list of plain values; sort those")
    return sorted(items, key=as_text)


def _first(values: Value) -> Value:
    return values[0] if isinstance(values, list | tuple | str) and values else None


def _last(values: Value) -> Value:
    return values[-1] if isinstance(values, list | tuple | str) and values else None


def _number(value: Value) -> float:
    try:
        return float(as_text(value))
    except ValueError:
        raise BadRequest(f"`{as_text(value)[:60]}` is no number; filter one that is") from None


def _whole(value: Value) -> int:
    found = _number(value)
    if abs(found) > 1e15:
        raise BadRequest("a number above 10^15 is not made whole; use smaller ones")
    return int(found)


def _length(value: Value) -> int:
    return len(value) if isinstance(value, str | list | tuple | Mapping | range) else 0


def _listed(value: Value) -> list[Value]:
    return list(islice(value, _MOST_ITEMS)) if isinstance(value, str | list | tuple | Mapping | range) else [value]


def _items(value: Value) -> list[tuple[str, Value]]:
    return sorted(value.items(), key=lambda each: as_text(each[0])) if isinstance(value, Mapping) else []


def _json(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else as_text(value)


FILTERS: Mapping[str, Callable[..., Value]] = {
    "upper": lambda text: as_text(text).upper(),
    "lower": lambda text: as_text(text).lower(),
    "trim": lambda text: as_text(text).strip(),
    "capitalize": lambda text: as_text(text).capitalize(),
    "string": as_text,
    "replace": _replace,
    "indent": _indent,
    "join": _join,
    "default": _default,
    "d": _default,
    "length": _length,
    "count": _length,
    "first": _first,
    "last": _last,
    "list": _listed,
    "sort": _sorted,
    "dictsort": _items,
    "items": _items,
    "int": _whole,
    "float": _number,
    "round": lambda value, places=0: round(_number(value), max(-20, min(20, places))),
    "abs": lambda value: abs(_number(value)),
    "tojson": _json,
    "urlencode": url_encode,
}
"""The filters that a template may use."""
