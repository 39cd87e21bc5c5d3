"""YAML text to nodes with positions, safely.

The room takes the parser's events and builds its own nodes, because the usual construction loses positions and lets a short file grow: every bound
here (size, depth, number of values after aliases are expanded) is checked while reading, so that a hostile file is refused at once. Tags are refused;
anchors, aliases and merge keys (`<<`) are known; duplicate keys are faults.
"""

import re
from dataclasses import replace
from itertools import islice
from typing import Any, NoReturn

import yaml

from clocker_actors.blueprint.faults import Faults, Stop
from clocker_actors.blueprint.nodes import START, Entry, ListNode, MapNode, Mark, Node, ScalarNode, quote

MAX_BYTES = 1 << 20
MAX_DEPTH = 48
MAX_VALUES = 50_000
"""Values in one file, each alias counted with all that it stands for."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)
_BARE = re.compile(r"[{\[,:]\s*[$]brooklyn:[^'\n]*,")
_QUOTED = 'an expression with commas in { } or [ ] has to stand in single quotes, as \'$brooklyn:external("a", "b")\''
_COMPLETE = "check indentation, quotes and brackets here and on the line above"


def read(text: str | bytes, faults: Faults, file: str = "") -> Node | None:
    """The one document in the text, also after faults that leave it whole, such as a key written twice; None if there is none, or if something cannot be
    read or is missing from it (then there are faults). `file` is what marks call it, if it is not the file that the faults are of."""
    try:
        reader = _Reader(_decode(text, faults), faults, file)
        document = reader.document()
    except Stop:
        return None
    return document if reader.whole else None


def _decode(text: str | bytes, faults: Faults) -> str:
    if len(text) > MAX_BYTES or (isinstance(text, str) and len(text.encode("utf-8", "replace")) > MAX_BYTES):
        _stop(
            faults,
            START,
            f"the file is larger than {MAX_BYTES >> 10} KiB; a blueprint is text written by people: split it, or name big files in it",
        )
    if isinstance(text, bytes):
        text = _from_bytes(text, faults)
    text = text.removeprefix("\ufeff")
    found = _UNPRINTABLE.search(text)
    if found:
        mark = _mark_of(text[: found.start()])
        _stop(
            faults, mark, f"character U+{ord(found.group()):04X} cannot stand in YAML; remove it, or write it as an escape in double quotes"
        )
    return text


def _from_bytes(raw: bytes, faults: Faults) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        mark = _mark_of(raw[: error.start].decode("utf-8", "replace"))
        _stop(faults, mark, "not text: this byte is not UTF-8; save the file as UTF-8")


def _mark_of(before: str) -> Mark:
    lines = re.split("\r\n|\n|\r", before)
    return Mark(len(lines), len(lines[-1]) + 1)


def _stop(faults: Faults, mark: Mark, text: str) -> NoReturn:
    faults.add(mark, text)
    raise Stop


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, text: str, faults: Faults, file: str = "") -> None:
        self._text = text
        self._file = file
        self._faults = faults
        self._loader: Any = _LOADER(text)
        self._lines: list[str] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open: set[str] = set()
        self._values = 0
        self._depth = 0
        self.whole = True
        """Whether nothing is missing, so that further faults would not only follow from that."""

    def document(self) -> Node | None:
        """The first document; a second one is a fault."""
        try:
            self._next()
            event = self._next()
            if isinstance(event, yaml.StreamEndEvent):
                return None
            node = self._node(self._next())
            self._next()
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                self._faults.add(self._mark(event), "a second document starts here; write one blueprint per file")
            return node
        except yaml.YAMLError as error:
            self._not_yaml(error)
            return None

    def _next(self) -> Any:
        return self._loader.get_event()

    def _node(self, event: Any) -> Node:
        mark = self._mark(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), mark)
        if event.tag is not None:
            self._faults.add(mark, f"tag {quote(event.tag)} is not known; write the plain value, in quotes if it is a string")
        before = self._values
        self._count(1, mark)
        if event.anchor is not None:
            self._open.add(event.anchor)
        node = self._content(event, mark)
        if event.anchor is not None:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = (node, self._values - before)
        return node

    def _content(self, event: Any, mark: Mark) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                self.whole = False
                self._faults.add(mark, "a NUL character cannot be used in any value; remove it")
            return self._scalar(event, mark)
        if self._depth == MAX_DEPTH:
            _stop(self._faults, mark, f"nested deeper than {MAX_DEPTH} levels; write it flatter")
        self._depth += 1
        node = self._list(mark) if isinstance(event, yaml.SequenceStartEvent) else self._map(mark)
        self._depth -= 1
        return node

    def _scalar(self, event: Any, mark: Mark) -> ScalarNode:
        end = event.end_mark
        length = end.column - event.start_mark.column - (2 if event.style else 0)
        straight = end.line == event.start_mark.line and length == len(event.value)  # an escape makes the text shorter
        indent = self._indent_after(event.start_mark.line) if event.style == "|" else -1
        return ScalarNode(mark, event.value, not event.style, indent, straight)

    def _indent_after(self, line: int) -> int:
        self._lines = self._lines or self._text.split("\n")
        first = next((each for each in islice(self._lines, line + 1, None) if each.strip()), "")
        return len(first) - len(first.lstrip(" "))

    def _alias(self, name: str, mark: Mark) -> Node:
        if name in self._open:
            _stop(self._faults, mark, f"alias {quote('*' + name)} stands inside what it names; write out the value")
        if name not in self._anchors:
            self.whole = False
            self._faults.add(mark, f"alias {quote('*' + name)} names nothing; put {quote('&' + name)} at a value above")
            return ScalarNode(mark, "", plain=True)
        node, size = self._anchors[name]
        self._count(size, mark)
        return node

    def _count(self, values: int, mark: Mark) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            right = " with aliases written out; use fewer of them, or split the file" if self._anchors else "; split the file"
            _stop(self._faults, mark, f"more than {MAX_VALUES} values{right}")

    def _list(self, mark: Mark) -> ListNode:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event))
        return ListNode(mark, tuple(items))

    def _map(self, mark: Mark) -> MapNode:
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, at = self._node(event), self._mark(event)
            node = self._node(self._next())
            if not isinstance(key, ScalarNode):
                self.whole = False
                self._faults.add(at, "a key must be a word, not a list or map; if this is `{{ }}`, put the value in quotes")
            elif key.plain and key.text == "<<":
                merged.append(node)
            elif key.text in entries:
                first = entries[key.text].mark.line
                self._faults.add(at, f"key {quote(key.text)} is here a second time, first on line {first}; keep one of them")
            else:
                entries[key.text] = Entry(at, key.text, node)
        for node in merged:
            self._merge(entries, node)
        return MapNode(mark, entries)

    def _merge(self, entries: dict[str, Entry], node: Node) -> None:
        sources = node.items if isinstance(node, ListNode) else (node,)
        for source in sources:
            if not isinstance(source, MapNode):
                self.whole = False
                self._faults.add(node.mark, "`<<` takes a map or a list of maps; name one, as in `<<: *defaults`")
                continue
            for key, entry in source.entries.items():
                entries.setdefault(key, entry)

    def _not_yaml(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        at = Mark(mark.line + 1, mark.column + 1, self._file) if mark is not None else START
        tab = self._tab_before(at)
        if tab is not None:
            self._faults.add(tab, "a tab cannot indent YAML; use spaces")
            return
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        self._faults.add(at, f"not YAML: {problem}; {_QUOTED if self._cut_off(at) else _COMPLETE}")

    def _cut_off(self, at: Mark) -> bool:
        """Whether it gave up behind an expression without quotes in a flow map or list, which ends at the first comma in it."""
        lines = self._text.split("\n", at.line)
        line = lines[at.line - 1] if len(lines) >= at.line else ""
        return bool(_BARE.search(line[: at.column - 1]))

    def _tab_before(self, at: Mark) -> Mark | None:
        """A tab that indents, up to the place where the parser gave up: most likely why it did."""
        found = _TAB_INDENT.search(self._text)
        mark = _mark_of(self._text[: self._text.index("\t", found.start())]) if found else None
        return replace(mark, file=self._file) if mark and mark.line <= at.line else None

    def _mark(self, event: Any) -> Mark:
        return Mark(event.start_mark.line + 1, event.start_mark.column + 1, self._file)
