"""Expressions wherever they stand in a file: as a text, or as a map of one key whose value has the arguments.

a: $brooklyn:config("x")               c: {$brooklyn:formatString: ["%s/x", $brooklyn:config("url")]}
b: {$brooklyn:literal: {any: thing}}   d: {$brooklyn:chain: [$brooklyn:component("db"), {attributeWhenReady: [up, {timeout: 5m}]}]}
"""

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from clocker_actors.blueprint.dsl.building import Part, call, plain
from clocker_actors.blueprint.dsl.functions import Gives
from clocker_actors.blueprint.dsl.lexer import DslFault
from clocker_actors.blueprint.dsl.parser import PREFIX, Head, parse, parse_head
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import Entry, LateNode, ListNode, LiteralNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.model.expressions import Expression
from clocker_actors.model.values import Value

_T = TypeVar("_T")


class _Reported(Exception):
    """A fault has been noted; nothing is left to read here."""


def begins(node: Node) -> bool:
    """Whether an expression stands here: a text with the prefix, or a map with such a key."""
    if isinstance(node, LateNode | LiteralNode):
        return False
    if isinstance(node, ScalarNode):
        return node.text.lstrip().startswith(PREFIX)
    return isinstance(node, MapNode) and any(key.startswith(PREFIX) for key in node.entries)


def expression_of(node: Node, faults: Faults) -> Part | None:
    """The expression that stands here; None after a fault."""
    try:
        return _Forms(faults).expression(node)
    except _Reported:
        return None


def scalar_value(node: ScalarNode) -> Value:
    """The value of a scalar: a number that would read otherwise as text, such as 1.10, stays the text that it is."""
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool) and str(value) != node.text:
        return node.text
    return value


class _Forms:
    """One expression with all that stands in it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def expression(self, node: Node) -> Part:
        if isinstance(node, ScalarNode):
            return self._guarded(node, lambda: parse(node))
        assert isinstance(node, MapNode)
        entry = next(entry for key, entry in node.entries.items() if key.startswith(PREFIX))
        other = next((each for each in node.entries.values() if each is not entry), None)
        if other is not None:
            self._fault(other.mark, f"{quote(other.key)} stands beside an expression in one map; an expression takes the whole map")
        key = ScalarNode(entry.mark, entry.key, plain=True, straight=True)
        head = self._guarded(key, lambda: parse_head(key))
        if isinstance(head, Part):
            self._fault(entry.mark, f"{quote(entry.key)} has its arguments already; write it as a value, or without brackets")
        return self._called(head, entry.node, key)

    def _called(self, head: Head, node: Node, key: ScalarNode) -> Part:
        if head.name == "chain":
            return self._chained(node)
        args = self._arguments(head.name, node)
        return self._guarded(key, lambda: call(head.name, head.on, args, key.at(head.offset), head.offset), args, node)

    def _arguments(self, name: str, node: Node) -> list[Part]:
        """What stands behind a function is one argument, or, as a list, all of them."""
        if name == "literal":
            return [Part(plain(verbatim(node), node.mark).tree, Gives.VALUE)]
        if is_null(node):
            return []
        return [self._argument(item) for item in node.items] if isinstance(node, ListNode) else [self._argument(node)]

    def _argument(self, node: Node) -> Part:
        if begins(node):
            return self.expression(node)
        if isinstance(node, ScalarNode):
            return plain(scalar_value(node), node.mark)
        if isinstance(node, ListNode):
            parts = [self._argument(item) for item in node.items]
            return self._nested("list", parts, parts, node.mark)
        parts = [self._argument(entry.node) for entry in node.entries.values()]
        pairs = zip((plain(entry.key, entry.mark) for entry in node.entries.values()), parts, strict=True)
        return self._nested("map", [part for pair in pairs for part in pair], parts, node.mark)

    def _nested(self, op: str, all_parts: list[Part], values: list[Part], mark: Mark) -> Part:
        entity = next((part for part in values if part.gives is Gives.ENTITY), None)
        if entity is not None:
            self._fault(mark, 'an entity is not a value; write what of it you want, as .config("…")')
        gives = Gives.LATE if any(part.gives is Gives.LATE for part in values) else Gives.VALUE
        return Part(Expression(op, tuple(part.tree for part in all_parts), line=mark.line, column=mark.column), gives)

    def _chained(self, node: Node) -> Part:
        if not isinstance(node, ListNode) or not node.items:
            self._fault(node.mark, "`chain` has no list; write [value, {function: arguments}]")
        found = self._argument(node.items[0])
        for item in node.items[1:]:
            found = self._link(found, item)
        return found

    def _link(self, on: Part, node: Node) -> Part:
        if isinstance(node, ScalarNode) and not is_null(node):
            entry = Entry(node.mark, node.text.removesuffix("()"), ScalarNode(node.mark, "", plain=True))
        elif isinstance(node, MapNode) and len(node.entries) == 1:
            entry = next(iter(node.entries.values()))
        else:
            self._fault(node.mark, f"{describe(node)} is no call; write {{function: arguments}}, one function each")
        name = entry.key.removeprefix(PREFIX)
        key = ScalarNode(entry.mark, name, plain=True, straight=True)
        args = self._arguments(name, entry.node)
        return self._guarded(key, lambda: call(name, on, args, entry.mark, 0), args, entry.node)

    def _guarded(self, node: ScalarNode, made: Callable[[], _T], args: Sequence[Part] = (), given: Node | None = None) -> _T:
        """What is made, a fault in the text of the node noted at its place; that of an argument where the argument stands."""
        try:
            return made()
        except DslFault as fault:
            blamed = next((arg for arg in args if fault.arg is arg), None)
            mark = node.at(fault.offset)
            if blamed is not None and given is not None:
                mark = Mark(blamed.tree.line, blamed.tree.column) if blamed.tree.line else given.mark
            self._fault(mark, fault.text)

    def _fault(self, mark: Mark, text: str) -> NoReturn:
        self._faults.add(mark, text)
        raise _Reported


def verbatim(node: Node) -> Value:
    """The value as it is written, expressions in it included."""
    if isinstance(node, ListNode):
        return [verbatim(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key: verbatim(entry.node) for key, entry in node.entries.items()}
    return scalar_value(node)
