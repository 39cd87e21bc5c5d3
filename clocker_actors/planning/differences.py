"""What differs between two specs, in words: `maxSize: 8 -> 9`, field by field under the names that a file has for them, so that a person sees which line it was."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from clocker_actors.masking import is_secret, masked_text
from clocker_actors.model.expressions import LITERAL, Expression

_LONGEST = 60
"""Characters of a value that are shown."""
_CUT = "…"
_DIGEST = re.compile("[0-9a-f]{64}")
"""What is built is known by the SHA-256 of its content, of which the first figures do."""
_NOTHING = object()
_SECRET = re.compile(r"(.*\.)?secrets\[[^]]*\]\.content")
_PLAIN = {
    "container": "",
    "cluster": "",
    "image": "",
    "resources": "",
    "reference": "image",
    "member": "memberSpec",
    "depends": "dependsOn",
    "removal": "removalStrategy",
}
"""What specs group and files do not, and what they call otherwise."""
_SIZES = frozenset({"memory", "disk"})
_APART = frozenset({"children", "services", "revision"})
"""Services are compared one by one; a revision is no field of a file."""


def differing(old: object, new: object) -> tuple[str, ...]:
    """The fields in which two specs of a kind differ, in the order of the spec; the services below are specs of their own."""
    return tuple(_changed("", old, new))


def _named(lead: str, name: str) -> str:
    """A field as files name it."""
    first, *rest = name.split("_")
    own = _PLAIN.get(name, first + "".join(each.capitalize() for each in rest))
    return f"{lead}.{own}" if lead and own else lead or own


def _changed(name: str, old: object, new: object) -> Iterator[str]:
    if old == new:
        return
    lead = f"{name}." if name else ""
    if is_dataclass(old) and is_dataclass(new) and type(old) is type(new) and not isinstance(old, Expression):
        for field in fields(old):
            if field.name not in _APART:
                yield from _changed(_named(name, field.name), getattr(old, field.name), getattr(new, field.name))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changed(f"{lead}{key}", old.get(key, _NOTHING), new.get(key, _NOTHING))
    elif isinstance(old, tuple) and isinstance(new, tuple) and any(is_dataclass(each) for each in (*old, *new)):
        for number in range(max(len(old), len(new))):
            before, after = (each[number] if number < len(each) else _NOTHING for each in (old, new))
            yield from _changed(f"{name}[{_label(after if before is _NOTHING else before, number)}]", before, after)
    elif name.rpartition(".")[2] in _SIZES:
        yield f"{name}: {_size(old)} -> {_size(new)}"
    elif is_secret(name.rpartition(".")[2]) or _SECRET.fullmatch(name):
        yield f"{name}: {'added' if old in (_NOTHING, None) else 'removed' if new in (_NOTHING, None) else 'changed'}"
    else:
        yield masked_text(f"{name or 'container'}: {_words(old, new)}")


def _words(old: object, new: object) -> str:
    """From what to what; only that it came, went or changed where the values would not tell: it has a name, is too long to be shown, or looks the same."""
    came, went = old is None or old is _NOTHING, new is None or new is _NOTHING
    one = new if came else old if went else None
    name: object = getattr(one, "name", "")
    if _shown(old) == _shown(new) or (is_dataclass(one) and (name or _shown(one).endswith(_CUT))):
        return "changed" if came == went else "added" if came else "removed"
    return f"{_shown(old)} -> {_shown(new)}"


def _size(value: object) -> str:
    """A number of bytes in the unit in which it is a whole number."""
    if not isinstance(value, int):
        return _shown(value)
    units = ((1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k"))
    return next((f"{value // size}{unit}" for size, unit in units if value and value % size == 0), f"{value} bytes")


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
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{name}: {_shown(each)}" for name, each in value.items()) + "}"
    else:
        text = str(value)
    if _DIGEST.fullmatch(text):
        return text[:12]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}{_CUT}"
