"""Texts that were meant as expressions and are none: with the prefix inside of them, or with one that is misspelt. They would pass as they are written.

Looked for wherever an expression may stand. What has a language of its own may hold anything: contents of files, inline builds, whole blueprints in a text, and
what is said for people.
"""

import re
from collections.abc import Mapping

from clocker_actors.blueprint.dsl import PREFIX, begins
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import Entry, LateNode, ListNode, LiteralNode, MapNode, Node, ScalarNode, quote
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.trees import map_of

_SKIPPED = frozenset(
    {"type", "id", "name", "description", "origin", "children", "config", "flags", "parameters", "services", "memberSpec", "files"}
)
_SKIPPED_IN: Mapping[str, frozenset[str]] = {
    "build": frozenset({"inline", "dockerfile_inline", "files"}),
    "initializers": frozenset({"blueprint", "blueprint_yaml", "children", "description"}),
}
_START = re.compile(r"\s*(\$[a-zA-Z]{4,12}[:;.]|\$?[a-zA-Z]{6,12}[:;.]?(?=\s?[a-zA-Z]+\())")
_ASSIGNED = f"={PREFIX}"
_MOST_EDITS = 2


def note_slips(raw: Raw, faults: Faults) -> None:
    """Note each text of a service that looks like an expression, and would be taken for a text."""
    for section in (raw.head, raw.config):
        for name, entry in section.entries.items():
            if name not in _SKIPPED:
                _walk(entry.node, faults, _SKIPPED_IN.get(name, frozenset()), listed=name in ("env", "labels"))
    for entry in raw.undeclared.values():
        _walk(entry.node, faults)
    for parameter in raw.parameters.values():
        if parameter.default is not None:
            _walk(parameter.default, faults)


def _walk(node: Node, faults: Faults, skipped: frozenset[str] = frozenset(), *, listed: bool = False) -> None:
    special = map_of(node)
    node = node if special is None else special
    if begins(node) or isinstance(node, LateNode | LiteralNode):
        return
    if isinstance(node, ListNode):
        for item in node.items:
            if not (listed and isinstance(item, ScalarNode) and _ASSIGNED in item.text):  # that has a fault of its own
                _walk(item, faults, skipped)
    elif isinstance(node, MapNode):
        for entry in node.entries.values():
            if entry.key not in skipped:
                _note_key(entry, faults)
                _walk(entry.node, faults, skipped)
    else:
        _note(node, faults)


def _note(node: ScalarNode, faults: Faults) -> None:
    at = node.text.find(PREFIX)
    if at >= 0:
        faults.add(
            node.at(at),
            f"{quote(node.text)} has an expression inside a text, and one has to be the whole value; put it together with "
            '$brooklyn:formatString("http://%s/", …), or write $brooklyn:literal("…") if it is meant as it stands',
        )
    elif _is_slip(node.text):
        faults.add(
            node.mark,
            f'{quote(node.text)} looks like an expression, which begins with {PREFIX}; write that, or $brooklyn:literal("…") if it is meant as it stands',
        )


def _note_key(entry: Entry, faults: Faults) -> None:
    if entry.key.startswith("$") and _is_slip(entry.key):
        faults.add(entry.mark, f"{quote(entry.key)} looks like an expression, which begins with {PREFIX}; write that")


def _is_slip(text: str) -> bool:
    """Whether the text begins with what is nearly the prefix."""
    found = _START.match(text[:40])
    return found is not None and _edits(found[1], PREFIX) <= _MOST_EDITS


def _edits(one: str, other: str) -> int:
    """How many characters have to be put in, taken out or replaced to make one text the other."""
    row = list(range(len(other) + 1))
    for count, letter in enumerate(one, start=1):
        before, row[0] = row[0], count
        for place, wanted in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != wanted))
    return row[-1]
