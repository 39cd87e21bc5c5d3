"""Parameters: configuration keys that a service or type declares for itself, typed, with defaults and constraints.

parameters:
- gitRepoUrl                                              # a name alone: any text
- name: port
  type: port                                              # 8080, or 8080+ for that or a later one
  default: 8080
  constraints: [required]
- {name: size, type: integer, default: 3, constraints: [{glob: "[1-9]"}], inheritance.runtime: never}
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clocker_actors.blueprint.coerce import boolean, duration, free, integer, number, size, text, texts
from clocker_actors.blueprint.constraints import Constraint, read_constraints
from clocker_actors.blueprint.context import Context, listed
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.inheritance import SPELLINGS, Mode
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.type_keys import PARAMETER_KEYS
from clocker_actors.model.values import Value

TYPES = ("string", "integer", "long", "float", "double", "boolean", "timestamp", "duration", "size", "port", "map", "list", "any")
"""Types of parameters; `map<T>` and `list<T>` say what is in them."""

_SPELLINGS = {
    "text": "string",
    "int": "integer",
    "number": "double",
    "bool": "boolean",
    "object": "any",
    "portrange": "port",
    "date": "timestamp",
    "instant": "timestamp",
    "iterable": "list",
    "set": "list",
    "collection": "list",
    "bytesize": "size",
}
_TYPE = re.compile(r"\s*([a-zA-Z.]+)\s*(?:<(.*)>)?\s*")
_PORT = re.compile(r"([0-9]{1,5})(\+|-[0-9]{1,5})?")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,127}")
_INTEGERS = {"integer": 31, "long": 63}
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of a parameter; `inner` is that of the items of a list, or of the values of a map."""

    name: str
    inner: "Kind | None" = None

    def __str__(self) -> str:
        if self.inner is None:
            return self.name
        return f"map<string,{self.inner}>" if self.name == "map" else f"list<{self.inner}>"


TEXT, ANY = Kind("string"), Kind("any")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared key. `default` is None without one; `sensor` the name under which its value is published, if it is."""

    name: str
    mark: Mark
    kind: Kind = TEXT
    default: Node | None = None
    label: str = ""
    description: str = ""
    pinned: bool = False
    constraints: tuple[Constraint, ...] = field(default=())
    from_types: Mode = Mode.OVERWRITE
    from_parents: Mode = Mode.OVERWRITE
    sensor: str = ""
    aliases: tuple[str, ...] = ()
    """Other names that a value for it may have."""


def spellings(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """From every way to write a parameter to its name."""
    return {spelling: each.name for each in parameters.values() for spelling in (*each.aliases, each.name)}


def read_parameters(node: Node | None, what: str, context: Context) -> dict[str, Parameter]:
    """The parameters of a list, by name."""
    found: dict[str, Parameter] = {}
    for item in listed(node, what, context.faults):
        parameter = _parameter(item, context)
        if parameter is None:
            continue
        first = found.setdefault(parameter.name, parameter)
        if first is not parameter:
            context.faults.add(item.mark, f"parameter {quote(parameter.name)} is also on line {first.mark.line}; keep one of them")
    return found


def _parameter(item: Node, context: Context) -> Parameter | None:
    if isinstance(item, ScalarNode) and not is_null(item):
        item = MapNode(item.mark, {"name": Entry(item.mark, "name", item)})
    section = Section.read(item, "a parameter", PARAMETER_KEYS, context.faults)
    name = section.text("name")
    if not _NAME.fullmatch(name):
        if isinstance(item, MapNode):
            section.fault("name", "a parameter needs a `name` of letters, digits, `_`, `.` and `-`; write it")
        return None
    kind = _kind(section, context.faults)
    default = section.node("default")
    if default is not None:
        value_of(default, kind, f"the default of {quote(name)}", context.faults)
    return Parameter(
        name,
        section.mark_of("name"),
        kind,
        default,
        section.text("label"),
        section.text("description"),
        section.boolean("pinned"),
        read_constraints(section.node("constraints"), context),
        _mode(section, "inheritance.type"),
        _mode(section, "inheritance.runtime"),
        section.text("sensor"),
        texts(aliases, "`aliases`", context.faults) if (aliases := section.node("aliases")) else (),
    )


def _mode(section: Section, name: str) -> Mode:
    written = section.text(name)
    found = SPELLINGS.get(written.lower().replace("-", "_"))
    if found is None:
        section.fault(name, f"{section.spelled(name)} cannot be {quote(written)}; write one of {', '.join(SPELLINGS)}")
    return found or Mode.OVERWRITE


def _kind(section: Section, faults: Faults) -> Kind:
    written = section.text("type")
    found = parse_kind(written)
    if found is None:
        right = f"write one of {', '.join(TYPES)}, as list<string> or map<string,integer>"
        close = faults.near(written.rpartition(".")[2], [*TYPES, *_SPELLINGS])
        section.fault("type", f"{quote(written)} is not a type of parameter; {f'did you mean {quote(close[0])}?' if close else right}")
    return found or ANY


def parse_kind(written: str, depth: int = 0) -> Kind | None:
    """The type of that name, whatever its case and with or without a package; None if there is none."""
    found = _TYPE.fullmatch(written[:200])
    if found is None or depth == _DEEPEST:
        return None
    plain = found[1].rpartition(".")[2].lower()
    name = _SPELLINGS.get(plain, plain)
    if name not in TYPES or (found[2] is not None and name not in {"map", "list"}):
        return None
    if found[2] is None:
        return Kind(name)
    inner = found[2].partition(",")[2] if name == "map" and "," in found[2] else found[2]
    within = parse_kind(inner, depth + 1)
    return None if within is None else Kind(name, within)


def is_expression(node: Node) -> bool:
    """Whether the value is to be worked out: what it will be cannot be checked as it stands."""
    if isinstance(node, MapNode):
        return any(key.startswith("$brooklyn:") for key in node.entries)
    return isinstance(node, ScalarNode) and node.text.startswith("$brooklyn:")


def value_of(node: Node, kind: Kind, what: str, faults: Faults) -> Value:
    """The value as the parameter's type has it; None after a fault, and for what is only known later."""
    if is_expression(node) or is_null(node):
        return None
    match kind.name:
        case "integer" | "long":
            bits = _INTEGERS[kind.name]
            return integer(node, what, faults, -(2**bits), 2**bits - 1)
        case "float" | "double":
            return number(node, what, faults)
        case "boolean":
            return boolean(node, what, faults)
        case "duration":
            return duration(node, what, faults)
        case "size":
            return size(node, what, faults)
        case "port":
            return _port(node, what, faults)
        case "timestamp":
            return _timestamp(node, what, faults)
        case "list" | "map":
            return _several(node, kind, what, faults)
        case "any":
            return free(node, faults)
        case _:
            return text(node, what, faults)


def port_of(written: str) -> int | None:
    """The first port of `8080`, `8080+` or `8080-8090`; None if that is no port."""
    found = _PORT.fullmatch(written.strip())
    if found is None or not 1 <= int(found[1]) <= 65535:
        return None
    last = int(found[2][1:]) if found[2] and found[2] != "+" else int(found[1])
    return int(found[1]) if int(found[1]) <= last <= 65535 else None


def _port(node: Node, what: str, faults: Faults) -> int | None:
    found = port_of(node.text) if isinstance(node, ScalarNode) else None
    if found is None:
        faults.add(node.mark, f"{what} has {describe(node)}; write a port, as 8080, 8080+ or 8080-8090")
    return found


def _timestamp(node: Node, what: str, faults: Faults) -> str | None:
    written = node.text if isinstance(node, ScalarNode) else ""
    if isinstance(node, ScalarNode) and isinstance(node.value, int | float) and math.isfinite(node.value):
        return written
    try:
        datetime.fromisoformat(written)
    except ValueError:
        faults.add(node.mark, f"{what} has {describe(node)}; write a time as 2026-01-31T12:00:00Z")
        return None
    return written


def _several(node: Node, kind: Kind, what: str, faults: Faults) -> Value:
    inner = kind.inner or ANY
    if kind.name == "list" and isinstance(node, ListNode):
        return [value_of(item, inner, f"an item of {what}", faults) for item in node.items]
    if kind.name == "map" and isinstance(node, MapNode):
        return {key: value_of(entry.node, inner, f"{quote(key)} of {what}", faults) for key, entry in node.entries.items()}
    faults.add(node.mark, f"{what} has {describe(node)}; write a {kind.name}")
    return None
