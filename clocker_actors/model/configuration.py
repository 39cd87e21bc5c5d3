"""Checks the configuration of a policy, enricher or feed against the keys of its type.

Configuration comes from blueprints (typed values), from people at run time (text), and from the store. All of it passes here, so a policy
only ever sees complete, typed values; whoever gave a wrong one is told the key, what it got and what would be right.
"""

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches

from clocker_actors.errors import BadRequest
from clocker_actors.model.formula import formula
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value

_SECONDS = {
    "ms": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
}
_BYTES = {"": 1, "b": 1} | {unit + b: 1024**power for power, unit in enumerate("kmgt", 1) for b in ("", "b", "ib")}
_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "duration": "a duration",
    "size": "a size",
    "sensor": "the name of a sensor",
    "list": "a list",
    "map": "a map",
    "any": "a value",
    "formula": "a formula such as value * 100",
}
_PREFIXES = ("enricher.aggregating.", "enricher.")
"""What the ancestor writes before keys."""
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_AMOUNTS = re.compile(r"\s*\d+(?:\.\d+)?\s*[a-z]+")
_SEVERAL = re.compile(rf"(?:{_AMOUNTS.pattern}){{2,}}\s*")


def checked(policy: PolicyType, given: Mapping[str, Value], base: Mapping[str, Value] | None = None) -> dict[str, Value]:
    """A value for every key: the given one, else that of `base` (a checked configuration), else the default.

    A key may be written with the type's name before it (`autoscaler.metric`); None means "not set". Raises BadRequest.
    """
    keys = {key.name: key for key in policy.keys}
    given = spelled(policy, given)
    named = {_key_name(policy, keys, name): value for name, value in given.items()}
    config: dict[str, Value] = {}
    for name, key in keys.items():
        if name in named:
            config[name] = _value(policy, key, named[name])
        else:
            config[name] = base[name] if base is not None and name in base else key.default
        if key.required and config[name] is None:
            raise BadRequest(f"{policy.name} needs {name}: {key.meaning}; give {_right(key)}", key=name)
    wrong = policy.check(config) if policy.check is not None else None
    if wrong is not None:
        raise BadRequest(f"{policy.name}: {wrong[1]}", key=wrong[0] or None)
    return config


def named(policy: PolicyType, given: Mapping[str, Value]) -> tuple[str, ...]:
    """The keys that are given, by their first spelling. Raises BadRequest for one that the type does not have."""
    known = {key.name: key for key in policy.keys}
    return tuple(_key_name(policy, known, name) for name in spelled(policy, given))


def spelled(policy: PolicyType, given: Mapping[str, Value]) -> Mapping[str, Value]:
    """The same with keys by their first spelling."""
    others = {other: key.name for key in policy.keys for other in key.also}
    return {others.get(name, name): value for name, value in given.items()} if others else given


def duration(value: Value) -> float:
    """Seconds from a number, or from text such as `100ms`, `30s`, `3 min`, `1h30m`. Raises ValueError or TypeError."""
    if isinstance(value, str) and _SEVERAL.fullmatch(value.lower()):
        return sum(_amount(part[0], _SECONDS, "s") for part in _AMOUNTS.finditer(value.lower()))
    return _amount(value, _SECONDS, "s")


def _key_name(policy: PolicyType, keys: Mapping[str, KeyType], name: str) -> str:
    for prefix in (f"{policy.name}.", *_PREFIXES):
        if name.removeprefix(prefix) in keys:
            return name.removeprefix(prefix)
    short = name.removeprefix(f"{policy.name}.")
    near = get_close_matches(short, keys, n=3) or sorted(keys)
    raise BadRequest(f"{policy.name} has no key {name!r}; try {', '.join(near) or 'no configuration at all'}", key=name)


def _value(policy: PolicyType, key: KeyType, value: Value) -> Value:
    if value is None or value == key.default == "":  # what a policy answers as its whole configuration is given to it again
        return key.default
    try:
        result = _convert(key.type, value)
    except (ValueError, TypeError):
        raise BadRequest(f"{policy.name}: {key.name}={value!r} is not {_KINDS[key.type]}; give {_right(key)}", key=key.name) from None
    if key.choices and result not in key.choices:
        raise BadRequest(f"{policy.name}: {key.name}={value!r} is none of its choices; give {_right(key)}", key=key.name)
    if isinstance(result, int | float) and not isinstance(result, bool):
        too_low = key.least is not None and result < key.least
        too_high = key.most is not None and result > key.most
        if too_low or too_high:
            raise BadRequest(f"{policy.name}: {key.name}={value!r} is out of range; give {_right(key)}", key=key.name)
    return result


def _right(key: KeyType) -> str:
    if key.choices:
        return " or ".join(key.choices)
    what = _KINDS[key.type] + {"duration": " such as 30s", "size": " such as 64m"}.get(key.type, "")
    if key.least is not None and key.most is not None:
        return f"{what}, {key.least:.10g} to {key.most:.10g}"
    if key.least is not None:
        return f"{what}, at least {key.least:.10g}"
    return f"{what}, at most {key.most:.10g}" if key.most is not None else what


def _convert(kind: str, value: Value) -> Value:  # noqa: C901 - a table of types
    match kind:
        case "integer":
            return _integer(value)
        case "number":
            return _number(value)
        case "boolean":
            return _boolean(value)
        case "duration":
            return duration(value)
        case "size":
            return int(_amount(value, _BYTES, ""))
        case "formula":
            return formula(str(value)).text
        case "list":
            return _list(value)
        case "any":
            return value
        case "map":
            if not isinstance(value, Mapping):
                raise TypeError(value)
            return value
        case "sensor" if isinstance(value, Mapping) and isinstance(value.get("sensor"), str):
            return value["sensor"]
        case _:
            if not isinstance(value, str) or not value:
                raise TypeError(value)
            return value


def _amount(value: Value, units: Mapping[str, float], unit: str) -> float:
    if isinstance(value, str):
        found = _AMOUNT.fullmatch(value.lower())
        if found is None:
            raise ValueError(value)
        written = found[2] or unit
        factor = units.get(written) or units.get(written.removesuffix("s"))
        if factor is None:
            raise ValueError(value)
        return float(found[1]) * factor
    return _number(value)


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _integer(value: Value) -> int:
    number = _number(value)
    if not number.is_integer():
        raise ValueError(value)
    return int(number)


def _boolean(value: Value) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise TypeError(value)


def _list(value: Value) -> tuple[Value, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list | tuple):
        return tuple(value)
    raise TypeError(value)
