"""Times, numbers and names as people read them, the same everywhere in explanations. All times are UTC and say so."""

from collections.abc import Mapping
from datetime import UTC, datetime

from clocker_actors.model.sensors import Reading, unit_of
from clocker_actors.model.values import Value, as_number

_STEPS = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
OURS = {"": "the manager itself", "system": "the manager itself", "engine": "the engine", "probe": "a probe", "placement": "the placement"}
"""Principals and deciders that are neither people nor policies."""
_LONG_AGO = 1e9
"""Numbers above it, under a name that says so, are moments and not amounts."""
_MOMENTS = ("_at", "until", "last_order", "previous_failure")
_ENDPOINT = {"host", "port", "scope", "container"}
_IN_METRIC = frozenset({"value", "lower", "upper"})
_UNITS = {"memory": "bytes", "window": "seconds"}


def clock(at: float, now: float) -> str:
    """The time of day, to the second; with the date when that is not the day of `now`."""
    when, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    shape = "%H:%M:%S UTC" if when.date() == today.date() else "%Y-%m-%d %H:%M:%S UTC"
    return when.strftime(shape)


def span(seconds: float) -> str:
    """A duration: `0.42 s`, `38 s`, `5 min 20 s`, `3 h 5 min`, `2 d 4 h`."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.2g} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return _two(whole, 60, "min", "s")
    if whole < 172_800:
        return _two(whole // 60, 60, "h", "min")
    return _two(whole // 3600, 24, "d", "h")


def _two(whole: int, size: int, large: str, small: str) -> str:
    more, less = divmod(whole, size)
    return f"{more} {large}" + (f" {less} {small}" if less else "")


def figure(value: Value, unit: str = "") -> str:
    """A value with its unit: `71.3 %`, `512 MiB`, `3`, `yes`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    number = as_number(value)
    if number is None:
        return "nothing" if value is None else _plain(value)
    if unit == "percent":
        return f"{number:.4g} %"
    if unit == "bytes":
        return _size(number)
    if unit == "seconds":
        return span(number)
    return f"{number:.6g}"


def _plain(value: Value) -> str:
    if isinstance(value, Mapping):
        if value.keys() == _ENDPOINT:  # one on a container's own address has no port
            value = {key: inner for key, inner in value.items() if inner not in (None, "")}
        return "{" + ", ".join(f"{key}: {figure(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(figure(inner) for inner in value) + "]"
    return str(value)


def _size(number: float) -> str:
    for size, name in _STEPS:
        if abs(number) >= size:
            return f"{number / size:.4g} {name}"
    return f"{number:.0f} bytes"


def reading(value: Reading, now: float) -> str:
    """A reading in one sentence: value, how many members report, when, and why it is not to be had."""
    text = f"{value.sensor} = {figure(value.value, _unit(value.sensor))}"
    if value.of > 1:
        text += f", from {value.count} of {value.of} members"
    text += f", {'the oldest of them ' if value.count > 1 else ''}read at {clock(value.at, now)}"
    if value.unavailable:
        text += f"; unavailable now, because {value.unavailable}"
    return text


def _unit(sensor: str) -> str:
    # A moment is kept in seconds too, but "1.8e9 s" tells nobody anything.
    return "" if sensor == "container.started" else unit_of(sensor)


def moment_named(cause: str) -> tuple[str, float] | None:
    """Name and time out of a cause like `die@1800000000.123`; None for one of another form."""
    name, mark, at = cause.rpartition("@")
    try:
        return (name, float(at)) if mark else None
    except ValueError:
        return None


def pairs(values: Mapping[str, Value], now: float, about: str = "") -> str:
    """`size = 3, value = 71.3 %` in the order given; what is None or empty is left out. Bounds and value have the unit of the sensor that `metric` names, or `about`."""
    metric = unit_of(str(values.get("metric", about)))
    told = []
    for name, value in values.items():
        number = as_number(value)
        if number is not None and number > _LONG_AGO and (name == "at" or name.endswith(_MOMENTS)):
            told.append(f"{name} = {clock(number, now)}")
        elif value is not None and value not in ([], ""):
            unit = metric if name in _IN_METRIC else _UNITS.get(name) or unit_of(name)
            told.append(f"{name} = {figure(value, unit)}")
    return ", ".join(told)


def principal(name: str) -> str:
    """Who stands behind something, for people."""
    if name in OURS:
        return OURS[name]
    kind, mark, rest = name.partition(":")
    return f"user {rest}" if mark and kind == "uid" else name
