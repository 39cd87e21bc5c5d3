"""What a YAML file holds, with positions: scalars, lists and maps.

Scalars keep their text as written (an environment variable `1.10` stays `1.10`), and say only on request what YAML 1.2 takes them for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from clocker_actors.model.expressions import Expression
from clocker_actors.model.values import Value

_INTEGER = re.compile(r"[-+]?[0-9]{1,25}|0o[0-7]{1,25}|0x[0-9a-fA-F]{1,25}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,4})?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"null": None, "Null": None, "NULL": None, "~": None, "": None}
_NOTHING = Expression("list")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; both numbers start at 1. `file` is "" for the file that is being read, else that of the type the place is in."""

    line: int
    column: int
    file: str = ""


START = Mark(1, 1)


@dataclass(frozen=True)
class ScalarNode:
    """One value. `plain` means written without quotes, so that it may be a number, a boolean or null. `indent` is that of the lines of a `|` block, -1 else;
    `straight` says that the text stands in the file as it is, on one line. `home` is the number of the service whose expression it is, if it was inherited."""

    mark: Mark
    text: str
    plain: bool
    indent: int = -1
    straight: bool = False
    home: int = -1

    def at(self, offset: int) -> Mark:
        """Where the character at this offset of the text stands; where the value begins if that cannot be told."""
        if self.indent >= 0:
            before = self.text[:offset].split("\n")
            return Mark(self.mark.line + len(before), self.indent + len(before[-1]) + 1, self.mark.file)
        return replace(self.mark, column=self.mark.column + offset + (not self.plain)) if self.straight else self.mark

    @cached_property
    def value(self) -> bool | int | float | str | None:
        """What YAML 1.2 takes it for; `yes`, `no`, `on`, `off` and `8080:80` are strings."""
        if not self.plain or self.text in _WORDS:
            return None if self.plain else self.text
        if self.text in _BOOLEANS:
            return _BOOLEANS[self.text]
        if _INTEGER.fullmatch(self.text):
            digits = self.text.lstrip("+-")
            return int(self.text, 0 if digits[:2] in {"0o", "0x"} else 10)
        if _FLOAT.fullmatch(self.text):
            return float(re.sub(r"\.(?=[a-zA-Z])", "", self.text))
        return self.text


@dataclass(frozen=True)
class LateNode(ScalarNode):
    """What is known only when the service runs; `text` is how it is written."""

    expression: Expression = _NOTHING


@dataclass(frozen=True)
class LostNode(ScalarNode):
    """What stands for an expression with a fault, which is noted."""


@dataclass(frozen=True)
class LiteralNode(ScalarNode):
    """A text that looks like an expression and is none: it was asked for as it is."""


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    mark: Mark
    items: tuple["Node", ...]
    home: int = -1


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a map, where it stands, and what it has."""

    mark: Mark
    key: str
    node: "Node"


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map; keys are kept as text and in the order of the file."""

    mark: Mark
    entries: Mapping[str, Entry]
    home: int = -1


Node: TypeAlias = ScalarNode | ListNode | MapNode


def describe(node: Node) -> str:
    """The node in a few words, for faults."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a map"
    if node.value is None:
        return "nothing"
    return quote(node.text)


def quote(text: str) -> str:
    """The text in backticks, shortened, and without what would break the line or command a terminal."""
    flat = text[:61]
    if not flat.isprintable():
        flat = "".join(character if character.isprintable() else " " for character in flat)
    return f"`{flat[:60]}…`" if len(flat) > 60 else f"`{flat}`"


def is_null(node: Node) -> bool:
    """Whether nothing is written there."""
    return isinstance(node, ScalarNode) and node.value is None


def written(node: Node) -> Value:
    """The value of a node as it is written, for people to see."""
    if isinstance(node, ListNode):
        return [written(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key: written(entry.node) for key, entry in node.entries.items()}
    return node.value


def at_home(node: Node, home: int) -> Node:
    """The node and all in it as what the service of that number wrote, unless another one did: it is where expressions in it are resolved."""
    if node.home >= 0:
        return node
    if isinstance(node, ListNode):
        return replace(node, items=tuple(at_home(item, home) for item in node.items), home=home)
    if isinstance(node, MapNode):
        entries = {key: replace(entry, node=at_home(entry.node, home)) for key, entry in node.entries.items()}
        return replace(node, entries=entries, home=home)
    return replace(node, home=home)
