"""Conditions on the labels of a host, as people write them.

ssd            the label is there, with whatever value      !ssd               it is not there
disk=ssd       it has this value (also ==)                  disk!=hdd          it has another value, or is not there
zone in (a,b)  it has one of these                          zone notin (a,b)   it has none of these, or is not there
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.errors import BadRequest

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?"
_FORMS = (
    ("exists", re.compile(rf"({_KEY})")),
    ("absent", re.compile(rf"!\s*({_KEY})")),
    ("notin", re.compile(rf"({_KEY})\s*!=\s*(.*)")),
    ("in", re.compile(rf"({_KEY})\s*==?\s*(.*)")),
    ("in", re.compile(rf"({_KEY})\s+in\s*\(([^()]*)\)", re.IGNORECASE)),
    ("notin", re.compile(rf"({_KEY})\s+not\s?in\s*\(([^()]*)\)", re.IGNORECASE)),
)
_STRAY = ("=", "!", "(")
"""With these a condition goes on; a value that begins with one is a slip."""
_LISTED = re.compile(r"\(([^()]*)\)\s*\Z")


@dataclass(frozen=True, slots=True)
class Selector:
    """One condition: `kind` is exists, absent, in or notin; `text` as it was written."""

    text: str
    kind: str
    key: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels meet it."""
        match self.kind:
            case "exists":
                return self.key in labels
            case "absent":
                return self.key not in labels
            case "in":
                return labels.get(self.key) in self.values
            case _:
                return labels.get(self.key) not in self.values


def selector(text: str) -> Selector:
    """Read one condition. Raises BadRequest with what may be written."""
    stripped = text.strip()
    for kind, form in _FORMS:
        found = form.fullmatch(stripped)
        if found is None:
            continue
        if len(found.groups()) == 1:
            return Selector(stripped, kind, found[1])
        listed = _LISTED.search(stripped) is not None and "=" not in stripped
        values = [each.strip() for each in found[2].split(",")] if listed else [found[2].strip()]
        if all(values) and not any(value.startswith(_STRAY) for value in values):
            return Selector(stripped, kind, found[1], tuple(values))
    raise BadRequest(f"{stripped!r} is no condition on a label; write key, !key, key=value, key!=value, key in (a, b) or key notin (a, b)")
