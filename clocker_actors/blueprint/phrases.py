"""Locations written as one string, `HEAD` or `HEAD:(key=value, …)`, to the nodes that the same thing written in YAML has.

So that both are read by the same tables, with the same faults, each at its column inside the string. Values may be quoted (with backslash escapes), may hold
braces and brackets, and are lists when they stand in brackets: `multi:(targets=(localhost,byon:(hosts=10.0.0.{1..9})))`.
"""

from dataclasses import dataclass

from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Mark, Node, ScalarNode, quote

_OPEN, _CLOSE = "([{", ")]}"
_MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Phrase:
    """A location as written: its head, and what stands in the brackets (None without brackets).

    `bare` are the values in the brackets that have no key, as in `host:(10.0.0.1)`.
    """

    word: ScalarNode
    options: MapNode | None = None
    bare: tuple[ScalarNode, ...] = ()

    @property
    def mark(self) -> Mark:
        """Where the head begins."""
        return self.word.mark

    @property
    def head(self) -> str:
        """The head as text."""
        return self.word.text


class _Fault(Exception):
    def __init__(self, at: int, text: str) -> None:
        super().__init__(text)
        self.at = at
        self.text = text


def piece(node: ScalarNode, offset: int, text: str, *, plain: bool = True) -> ScalarNode:
    """A part of a scalar as a scalar of its own, which knows its place as well as the whole does."""
    straight = node.straight or (node.indent >= 0 and "\n" not in text)
    return ScalarNode(node.at(offset), text, plain, straight=straight)


def read_phrase(node: ScalarNode, faults: Faults) -> Phrase | None:
    """The phrase in a scalar; None after a fault."""
    try:
        return _Reader(node).phrase()
    except _Fault as fault:
        faults.add(node.at(fault.at), fault.text)
        return None


class _Reader:
    """One pass over one string."""

    def __init__(self, node: ScalarNode) -> None:
        self._node = node
        self._text = node.text

    def phrase(self) -> Phrase:
        text = self._text
        begin = len(text) - len(text.lstrip())
        bracket = text.find("(")
        if bracket < 0:
            return Phrase(piece(self._node, begin, text.strip()))
        head = text[begin:bracket].rstrip().removesuffix(":").rstrip()
        end = self._closing(bracket)
        if text[end + 1 :].strip():
            raise _Fault(end + 1, "something stands behind the closing bracket; remove it, or put it into the brackets")
        options, bare = self._options(bracket + 1, end)
        return Phrase(piece(self._node, begin, head), options, bare)

    def _options(self, begin: int, end: int) -> tuple[MapNode, tuple[ScalarNode, ...]]:
        entries: dict[str, Entry] = {}
        bare: list[ScalarNode] = []
        for start, stop in self._pieces(begin, end):
            equals = self._equals(start, stop)
            if equals < 0:
                value = self._value(start, stop)
                if not isinstance(value, ScalarNode):
                    raise _Fault(start, "a list has no meaning without a key here; write key=value")
                bare.append(value)
                continue
            key = self._text[start:equals].strip()
            at = self._node.at(start)
            if key in entries:
                raise _Fault(start, f"{quote(key)} is given a second time; keep one of them")
            entries[key] = Entry(at, key, self._value(equals + 1, stop))
        return MapNode(self._node.at(begin), entries), tuple(bare)

    def _equals(self, start: int, stop: int) -> int:
        """Where the `=` of `key=value` is: before any quote or bracket. -1 if there is none."""
        for at in range(start, stop):
            if self._text[at] == "=":
                return at
            if not (self._text[at].isalnum() or self._text[at] in "._- "):
                return -1
        return -1

    def _value(self, start: int, stop: int) -> Node:
        text = self._text[start:stop]
        start += len(text) - len(text.lstrip())
        stop = start + len(text.strip())
        mark = self._node.at(start)
        if start == stop:
            return ScalarNode(mark, "", plain=False)
        first = self._text[start]
        if first in "\"'" and self._unquote_end(start, stop) == stop - 1:
            return piece(self._node, start, self._unquoted(start, stop - 1), plain=False)
        if first in "([" and self._closing(start) == stop - 1:
            return ListNode(mark, tuple(self._value(begin, end) for begin, end in self._pieces(start + 1, stop - 1)))
        return piece(self._node, start, self._text[start:stop])

    def _pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """The parts between commas at this level, without those that are empty."""
        found, start, at = [], begin, begin
        while at < end:
            character = self._text[at]
            if character in "\"'":
                at = self._unquote_end(at, end)
            elif character in _OPEN:
                at = self._closing(at)
            elif character == ",":
                found.append((start, at))
                start = at + 1
            at += 1
        found.append((start, end))
        trimmed = [(one + len(self._text[one:two]) - len(self._text[one:two].lstrip()), two) for one, two in found]
        return [(one, two) for one, two in trimmed if self._text[one:two].strip()]

    def _closing(self, begin: int) -> int:
        """Where the bracket that opens at `begin` is closed."""
        stack: list[int] = []
        at = begin
        while at < len(self._text):
            character = self._text[at]
            if character in "\"'":
                at = self._unquote_end(at, len(self._text))
            elif character in _OPEN:
                stack.append(at)
                if len(stack) > _MOST_DEPTH:
                    raise _Fault(at, f"brackets inside brackets more than {_MOST_DEPTH} deep; write it as a YAML map")
            elif character in _CLOSE:
                opened = self._text[stack.pop()]
                wanted = _CLOSE[_OPEN.index(opened)]
                if character != wanted:
                    raise _Fault(at, f"{quote(character)} where {quote(wanted)} was to come; close each bracket by its own kind")
                if not stack:
                    return at
            at += 1
        raise _Fault(
            stack[-1], f"{quote(self._text[stack[-1]])} is never closed; write {quote(_CLOSE[_OPEN.index(self._text[stack[-1]])])}"
        )

    def _unquote_end(self, begin: int, end: int) -> int:
        at = begin + 1
        while at < end:
            if self._text[at] == "\\":
                at += 1
            elif self._text[at] == self._text[begin]:
                return at
            at += 1
        raise _Fault(begin, "this quote is never closed; write the same quote where the value ends")

    def _unquoted(self, begin: int, end: int) -> str:
        found, at = [], begin + 1
        while at < end:
            if self._text[at] == "\\":
                at += 1
            found.append(self._text[at])
            at += 1
        return "".join(found)
