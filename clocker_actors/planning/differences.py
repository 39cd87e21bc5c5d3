"""What differs between two specs, in words: `cluster.max_size: 8 -> 9`, nested specs field by field, so that a person sees which line of his file it was."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from clocker_actors.model.expressions import LITERAL, Expression
from clocker_actors.model.specs import ServiceSpec

_LONGEST = 60
"""Characters of a value that are shown."""
_NOTHING = object()


def changes(old: ServiceSpec, new: ServiceSpec) -> tuple[str, ...]:
    """The fields in which two specs of a service differ, in the order of the spec; children are services of their own."""
    return tuple(_changed("", old, new, but="children"))


def _changed(name: str, old: object, new: object, but: str = "") -> Iterator[str]:
    if old == new:
        return
    lead = f"{name}." if name else ""
    if is_dataclass(old) and is_dataclass(new) and type(old) is type(new) and not isinstance(old, Expression):
        for field in fields(old):
            if field.name != but:
                yield from _changed(lead + field.name, getattr(old, field.name), getattr(new, field.name))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changed(f"{lead}{key}", old.get(key, _NOTHING), new.get(key, _NOTHING))
    elif isinstance(old, tuple) and isinstance(new, tuple) and any(is_dataclass(each) for each in (*old, *new)):
        for number in range(max(len(old), len(new))):
            before, after = (each[number] if number < len(each) else _NOTHING for each in (old, new))
            yield from _changed(f"{name}[{_label(after if before is _NOTHING else before, number)}]", before, after)
    else:
        yield f"{name}: {_shown(old)} -> {_shown(new)}"


def _label(item: object, number: int) -> str:
    """How one of several is called: by its name, else by its number, from 1."""
    name = getattr(item, "name", "")
    return name if isinstance(name, str) and name else str(number + 1)


def _shown(value: object) -> str:
    """A value as a person would write it, cut where it is long."""
    if value is _NOTHING or value is None or value in ("", ()):
        return "nothing"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Expression) and value.op != LITERAL:
        return "an expression"
    if isinstance(value, tuple | list):
        text = "[" + ", ".join(_shown(each) for each in value) + "]"
    elif is_dataclass(value) and not isinstance(value, type):
        given = ((field.name, getattr(value, field.name)) for field in fields(value))
        text = "{" + ", ".join(f"{name}: {_shown(each)}" for name, each in given if each not in (None, "", ())) + "}"
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
