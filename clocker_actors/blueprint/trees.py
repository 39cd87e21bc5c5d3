"""Trees of expressions and nodes of a file: what they weigh, whether one is in the other, and the node for a value that was worked out."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clocker_actors.blueprint.dsl import begins
from clocker_actors.blueprint.nodes import Entry, ListNode, LiteralNode, MapNode, Mark, Node, ScalarNode
from clocker_actors.expressions.texts import as_text
from clocker_actors.model.expressions import LITERAL, Expression
from clocker_actors.model.values import Value


def weights(tree: Expression) -> Iterator[int]:
    """What keeping the tree takes, node by node: one each, and one for each hundred characters of text."""
    for node in tree.walk():
        yield 1
        if node.op == LITERAL:
            yield from _value_weights(node.value)


def _value_weights(value: Value) -> Iterator[int]:
    if isinstance(value, str):
        yield len(value) // 100
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield 1 + len(str(key)) // 100
            yield from _value_weights(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield 1
            yield from _value_weights(each)


def has_expression(node: Node) -> bool:
    """Whether an expression stands anywhere in the node."""
    if begins(node):
        return True
    if isinstance(node, ListNode):
        return any(has_expression(item) for item in node.items)
    return isinstance(node, MapNode) and any(has_expression(entry.node) for entry in node.entries.values())


def map_of(node: Node) -> MapNode | None:
    """The map of `object` and `entitySpec`, which are read like any other map."""
    if not isinstance(node, MapNode) or len(node.entries) != 1:
        return None
    entry = next(iter(node.entries.values()))
    if entry.key not in ("$brooklyn:object", "$brooklyn:entitySpec") or not isinstance(entry.node, MapNode):
        return None
    return entry.node


def plain_node(value: Value, mark: Mark) -> Node:
    """The node that is written for a value."""
    if isinstance(value, list | tuple):
        return ListNode(mark, tuple(plain_node(item, mark) for item in value))
    if isinstance(value, Mapping):
        return MapNode(mark, {str(key): Entry(mark, str(key), plain_node(each, mark)) for key, each in value.items()})
    if isinstance(value, str):
        made = LiteralNode if value.lstrip().startswith("$brooklyn:") else ScalarNode
        return made(mark, value, plain=value in ("true", "false"))
    return ScalarNode(mark, "" if value is None else as_text(value), plain=True)


def unmarked(tree: Expression) -> Expression:
    """The tree without places, so that a line added to a file changes nothing of what is carried on."""
    return replace(tree, args=tuple(unmarked(arg) for arg in tree.args), line=0, column=0)
