"""Values out of an answer: by JSON path, by formula, made the type that was asked for. Pure.

Both the answer and what is taken out of it are bounded: a sensor is a value that people and policies read, not a store for documents.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import jsonpath
from jsonpath.exceptions import JSONPathError

from clocker_actors.errors import BadRequest
from clocker_actors.model.formula import formula
from clocker_actors.model.values import Value, as_map

LONGEST_TEXT = 4096
MOST_JSON = 16 * 1024
_LONGEST_PATH = 500
_PATHS = jsonpath.JSONPathEnvironment(strict=True)
for _regular in ("match", "search"):  # an answer could make a regular expression run for ever
    del _PATHS.function_extensions[_regular]
_TYPES = {
    "string": "string",
    "java.lang.string": "string",
    "integer": "integer",
    "int": "integer",
    "long": "integer",
    "java.lang.integer": "integer",
    "java.lang.long": "integer",
    "double": "number",
    "float": "number",
    "number": "number",
    "java.lang.double": "number",
    "boolean": "boolean",
    "java.lang.boolean": "boolean",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """A sensor that an answer has no value for, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One sensor: what is taken out of the answer (`path`, "" for all of it), what is made of that (`formula` of value), and its type ("" for any)."""

    sensor: str
    path: str = ""
    formula: str = ""
    kind: str = ""


PART_KEYS = ("jsonPath", "onSuccess", "targetType")


def wanted(config: Mapping[str, Value]) -> tuple[Wanted, ...]:
    """The sensors of a configuration: those in `sensors`, and `targetSensor` with its own keys. Raises BadRequest, with the key."""
    found = []
    for name, how in as_map(config.get("sensors")).items():
        parts: Mapping[str, Value] = how if isinstance(how, Mapping) else {"jsonPath": how}
        strange = [key for key in parts if key not in PART_KEYS]
        if strange:
            raise BadRequest(f"sensors: {name} has {strange[0]!r}; write a JSON path, or {{{', '.join(PART_KEYS)}}}", key="sensors")
        found.append(_part(name, parts, "sensors"))
    if config.get("targetSensor"):
        found.append(_part(str(config["targetSensor"]), config, ""))
    return tuple(found)


def _part(name: str, parts: Mapping[str, Value], within: str) -> Wanted:
    path, made, kind = (str(parts.get(key) or "") for key in PART_KEYS)
    if path:
        compiled(path, within or "jsonPath")
    if made:
        unknown = formula(made).names - {"value", "status", "latency"}
        if unknown:
            raise BadRequest(
                f"onSuccess of {name} names {', '.join(sorted(unknown))}; it knows value, status and latency", key=within or "onSuccess"
            )
    if kind.lower() not in _TYPES:
        raise BadRequest(f"targetType {kind!r} of {name} is none; write string, integer, double or boolean", key=within or "targetType")
    return Wanted(name, path, made, _TYPES[kind.lower()])


def compiled(path: str, key: str = "jsonPath") -> "jsonpath.JSONPath | jsonpath.CompoundJSONPath":
    """The path, ready to be used. Raises BadRequest."""
    if len(path) > _LONGEST_PATH:
        raise BadRequest(f"{key}: a path of {len(path)} characters; write one of at most {_LONGEST_PATH}", key=key)
    try:
        return _compiled(path if path.startswith("$") else f"$.{path}")
    except (JSONPathError, ValueError, RecursionError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "it ends too early"
        raise BadRequest(f"{key}: {path!r} is no JSON path: {first}; write one as $.queue.length", key=key) from None


@lru_cache(maxsize=1024)
def _compiled(path: str) -> "jsonpath.JSONPath | jsonpath.CompoundJSONPath":
    return _PATHS.compile(path)


def decoded(text: str) -> Value:
    """The JSON in a text. Raises ValueError with what stands there instead."""
    try:
        found: Value = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("the answer is JSON nested too deep") from None
    except ValueError:
        begins = " ".join(text[:60].split())
        what = "nothing" if not text.strip() else "HTML" if text.lstrip()[:1] == "<" else f"{begins!r}"
        raise ValueError(f"the answer is no JSON but {what}") from None
    return found


def _no_number(text: str) -> Value:
    raise ValueError(f"{text} is no number of JSON")


def value_of(one: Wanted, document: Value, names: Mapping[str, Value]) -> Value:
    """The value of one sensor, or that it is `Missing`."""
    try:
        return _bounded(_typed(_made(one, _found(one, document), names), one))
    except ValueError as why:
        return Missing(str(why))
    except (JSONPathError, TypeError, RecursionError) as error:
        return Missing(f"{one.path}: {error}")


def _found(one: Wanted, document: Value) -> Value:
    if not one.path:
        return document
    path = compiled(one.path)
    found = path.findall(document)  # type: ignore[arg-type]
    if not found:
        raise ValueError(f"nothing is at {one.path}")
    return found[0] if len(found) == 1 else found


def _made(one: Wanted, value: Value, names: Mapping[str, Value]) -> Value:
    return formula(one.formula)({**names, "value": value}) if one.formula else value


def _typed(value: Value, one: Wanted) -> Value:
    text = value.strip() if isinstance(value, str) else value
    match one.kind:
        case "string":
            return value if isinstance(value, str) else json.dumps(value)
        case "integer" | "number":
            if isinstance(text, bool) or not isinstance(text, int | float | str):
                raise ValueError(f"{_short(value)} is no number")  # noqa: TRY004 - a fault of the answer, not of ours
            try:
                number = float(text)
            except (ValueError, OverflowError):
                raise ValueError(f"{_short(value)} is no number") from None
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError(f"{_short(value)} is no number that can be used")
            return round(number) if one.kind == "integer" else number
        case "boolean":
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            if str(text).lower() not in words:
                raise ValueError(f"{_short(value)} is neither true nor false")
            return words[str(text).lower()]
        case _:
            return value


def _bounded(value: Value) -> Value:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"a text of {len(value)} characters, more than a sensor holds ({LONGEST_TEXT}); take a part of it")
    if isinstance(value, list | tuple | Mapping) and len(json.dumps(value)) > MOST_JSON:
        raise ValueError(f"more JSON than a sensor holds ({MOST_JSON} characters); take a part of it by its path")
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return float(value)
    return value


def _short(value: Value) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
