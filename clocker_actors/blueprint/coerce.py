"""Nodes to plain values: texts, numbers, durations, sizes, commands and free configuration.

Each function gives the value, or None after noting a fault that names the key, what stands there, and what may. Durations are seconds, sizes bytes.
"""

import math
import re
import shlex

from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import LateNode, ListNode, LiteralNode, MapNode, Node, ScalarNode, describe, is_null, quote
from clocker_actors.errors import BadRequest
from clocker_actors.model.formula import formula
from clocker_actors.model.selectors import selector
from clocker_actors.model.types import KeyType
from clocker_actors.model.values import Value

_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|sec|min|s|m|h|d)\s*")
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_BYTES = " bytes"
_LARGER = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SENSOR = re.compile(r"\$brooklyn:sensor\(\s*(?:\"[^\"]*\"\s*,\s*)?\"([^\"]+)\"\s*\)")
_YES = {"yes": True, "on": True, "no": False, "off": False}
_MOST_INTEGER = 1 << 63
_LONGEST_PATTERN = 200
_RUNAWAY = re.compile(r"[+*}]\??\)+[+*{]")
"""A group whose end repeats, itself repeated: such an expression may take for ever."""


def typed(node: Node, key: KeyType, faults: Faults) -> Value:
    """The value a key of that type has; None after a fault."""
    what = quote(key.name)
    match key.type:
        case "integer":
            return integer(node, what, faults, key.least, key.most)
        case "number":
            return number(node, what, faults, key.least, key.most)
        case "boolean":
            return boolean(node, what, faults)
        case "duration":
            return duration(node, what, faults, key.least, key.most)
        case "size":
            return size(node, what, faults, key.least, key.most)
        case "string" | "sensor":
            return _chosen(node, key, faults)
        case "labels":
            return _labels(node, what, faults)
        case "regex":
            return regex(node, what, faults)
        case "formula":
            return _formula(node, what, faults)
        case "list" if not isinstance(node, ListNode):
            _wrong(node, what, "a list", faults)
        case "map" if not isinstance(node, MapNode):
            _wrong(node, what, "a map", faults)
        case _:
            return free(node, faults)
    return None


def _chosen(node: Node, key: KeyType, faults: Faults) -> str | None:
    sensor = _SENSOR.fullmatch(node.text) if key.type == "sensor" and isinstance(node, ScalarNode) else None
    found = sensor.group(1) if sensor else text(node, quote(key.name), faults)
    if found is not None and key.choices and found not in key.choices:
        lowered = {each.lower(): each for each in key.choices}
        if found.lower() in lowered:
            return lowered[found.lower()]
        faults.add(node.mark, f"{quote(key.name)} cannot be {quote(found)}; write one of {', '.join(key.choices)}")
        return None
    return found


def _labels(node: Node, what: str, faults: Faults) -> list[str]:
    """Conditions on labels: a list, one alone, or a map of key to value; each checked where it stands."""
    if isinstance(node, MapNode):
        return [f"{key}={value}" for key, value in pairs(node, what, faults).items()]
    found = []
    for item in node.items if isinstance(node, ListNode) else (node,):
        condition = text(item, f"a condition of {what}", faults)
        try:
            found += [selector(condition).text] if condition is not None else []
        except BadRequest as fault:
            faults.add(item.mark, str(fault))
    return found


def regex(node: Node, what: str, faults: Faults) -> str | None:
    """A regular expression that ends soon, as text."""
    pattern = text(node, what, faults)
    if pattern is None:
        return None
    try:
        re.compile(pattern)
    except re.error as fault:
        faults.add(node.mark, f"{what} is {quote(pattern)}, which is no regular expression: {fault}")
        return None
    if len(pattern) > _LONGEST_PATTERN or _RUNAWAY.search(pattern):
        faults.add(
            node.mark, f"{what} repeats what repeats already, or is longer than {_LONGEST_PATTERN} characters; write a simpler expression"
        )
        return None
    return pattern


def _formula(node: Node, what: str, faults: Faults) -> str | None:
    written = text(node, what, faults)
    try:
        return None if written is None else formula(written).text
    except BadRequest as fault:
        faults.add(node.mark, f"{what}: {fault}")
        return None


def _wrong(node: Node, what: str, wanted: str, faults: Faults) -> None:
    if isinstance(node, LateNode):
        faults.add(node.mark, f"{what} cannot wait for what is known only later, {describe(node)}; write {wanted}")
    else:
        faults.add(node.mark, f"{what} has {describe(node)}; write {wanted}")


def text(node: Node, what: str, faults: Faults) -> str | None:
    """A string; numbers and booleans are taken as they are written."""
    if not isinstance(node, ScalarNode) or node.value is None:
        _wrong(node, what, "a string", faults)
        return None
    if isinstance(node, LateNode):
        _wrong(node, what, "the value itself", faults)
        return None
    if node.text.startswith("$brooklyn:") and not isinstance(node, LiteralNode):
        faults.add(node.mark, f"{what} has {quote(node.text)}, and an expression cannot stand here; write the value itself")
        return None
    return node.text


def integer(node: Node, what: str, faults: Faults, least: float | None = None, most: float | None = None) -> int | None:
    """A whole number within the bounds."""
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, str):
        value = ScalarNode(node.mark, value, plain=True).value
    if isinstance(value, bool) or not isinstance(value, int):
        _wrong(node, what, f"a whole number{_bounds(least, most)}", faults)
        return None
    return value if _within(node, what, value, least, most, faults) else None


def number(node: Node, what: str, faults: Faults, least: float | None = None, most: float | None = None) -> float | None:
    """A finite number within the bounds; whole ones stay whole."""
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, str):
        value = ScalarNode(node.mark, value, plain=True).value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _wrong(node, what, f"a number{_bounds(least, most)}", faults)
        return None
    return value if _within(node, what, value, least, most, faults) else None


def _bounds(least: float | None, most: float | None, unit: str = "") -> str:
    if least is not None and most is not None:
        return f" from {_said(least, unit)} to {_said(most, unit)}"
    if least is not None:
        return f" of at least {_said(least, unit)}"
    return f" of at most {_said(most, unit)}" if most is not None else ""


def _said(bound: float, unit: str) -> str:
    """A bound for people to read: bytes in the largest unit that they are a whole number of."""
    power = 0
    while unit == _BYTES and bound >= 1024 and bound % 1024 == 0 and power < len(_LARGER):
        bound, power = bound / 1024, power + 1
    return f"{bound:.12g} {_LARGER[power - 1]}" if power else f"{bound:.12g}{unit}"


def _within(node: Node, what: str, value: float, least: float | None, most: float | None, faults: Faults, unit: str = "") -> bool:
    inside = (least is None or value >= least) and (most is None or value <= most) and abs(value) < _MOST_INTEGER
    if not inside:
        faults.add(node.mark, f"{what} is {describe(node)}, out of range; write a value{_bounds(least, most, unit) or ' below 2^63'}")
    return inside


def boolean(node: Node, what: str, faults: Faults) -> bool | None:
    """True or false; the older words yes, no, on and off are understood."""
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _YES:
        return _YES[value.lower()]
    _wrong(node, what, "true or false", faults)
    return None


def duration(node: Node, what: str, faults: Faults, least: float | None = None, most: float | None = None) -> float | None:
    """Seconds, from `250ms`, `5m`, `1h30m`, or a bare number of seconds."""
    least = 0.0 if least is None else least
    seconds = _seconds(node.value) if isinstance(node, ScalarNode) else None
    if seconds is None or not math.isfinite(seconds):
        _wrong(node, what, "a duration such as 250ms, 30s, 5m or 1h30m", faults)
        return None
    return seconds if _within(node, what, seconds, least, most, faults, "s") else None


def _seconds(value: Value) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str) or not 0 < len(value) <= 60:
        return None
    at, total = 0, 0.0
    while at < len(value):
        part = _DURATION_PART.match(value, at)
        if part is None:
            return None
        total += float(part.group(1)) * _UNITS[part.group(2)]
        at = part.end()
    return total


def size(node: Node, what: str, faults: Faults, least: float | None = None, most: float | None = None) -> int | None:
    """Bytes, from `512m`, `2GiB`, `1.5g` or a bare number; all units are powers of 1024, as engines take them."""
    found = _SIZE.fullmatch(node.text.strip()[:60]) if isinstance(node, ScalarNode) else None
    if found is None:
        _wrong(node, what, "a size such as 512m or 2GiB", faults)
        return None
    value = int(float(found.group(1)) * 1024 ** _POWERS[found.group(2).lower()])
    return value if _within(node, what, value, least, most, faults, _BYTES) else None


def texts(node: Node, what: str, faults: Faults) -> tuple[str, ...]:
    """A list of strings; one string alone is a list of one."""
    if is_null(node) or isinstance(node, MapNode):
        _wrong(node, what, "a list of strings", faults)
        return ()
    items = node.items if isinstance(node, ListNode) else (node,)
    found = (text(item, f"an item of {what}", faults) for item in items)
    return tuple(each for each in found if each is not None)


def command(node: Node, what: str, faults: Faults) -> tuple[str, ...] | None:
    """Words of a command: a list is taken as it is, a string is split as a shell would."""
    if isinstance(node, ListNode):
        return texts(node, what, faults)
    line = text(node, what, faults)
    if line is None:
        return None
    try:
        return tuple(shlex.split(line[:100_000]))
    except ValueError as error:
        faults.add(node.mark, f"{what} cannot be split into words ({str(error).lower()}); write it as a list, one word each")
        return None


def pairs(node: Node, what: str, faults: Faults) -> dict[str, str]:
    """A map of strings; also as a list of `NAME=value`."""
    if isinstance(node, MapNode):
        found = {key: _pair(entry.node, f"{quote(key)} of {what}", faults) for key, entry in node.entries.items()}
        return {key: value for key, value in found.items() if value is not None}
    if not isinstance(node, ListNode):
        _wrong(node, what, "a map, NAME: value", faults)
        return {}
    result: dict[str, str] = {}
    for item in node.items:
        line = text(item, f"an item of {what}", faults)
        name, equals, value = (line or "").partition("=")
        if line is not None and (not equals or not name):
            faults.add(item.mark, f"{quote(line)} in {what} has no value; write NAME=value")
        elif line is not None:
            result[name] = value
    return result


def _pair(node: Node, what: str, faults: Faults) -> str | None:
    if is_null(node):
        faults.add(node.mark, f'{what} has no value; write "" if it is to be empty')
        return None
    return text(node, what, faults)


def free(node: Node, faults: Faults) -> Value:
    """Any JSON value, for configuration that somebody else declares."""
    if isinstance(node, ListNode):
        return [free(item, faults) for item in node.items]
    if isinstance(node, MapNode):
        return {key: free(entry.node, faults) for key, entry in node.entries.items()}
    value = node.value
    if isinstance(node, LateNode):
        return node.text
    if isinstance(value, str) and value.startswith("$brooklyn:"):
        return text(node, "this value", faults)
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < _MOST_INTEGER):
        faults.add(node.mark, f"{describe(node)} is too large a number; write it in quotes to keep it as text")
        return None
    return value
