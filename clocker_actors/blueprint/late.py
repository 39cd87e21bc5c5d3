"""What is known only at run time: texts of a container, and values of policies, enrichers and feeds. Taken out of the configuration, and kept beside it."""

from clocker_actors.blueprint.dsl.forms import scalar_value
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import LateNode, ListNode, MapNode, Mark, Node, ScalarNode, quote
from clocker_actors.model.expressions import Expression, literal

_EMPTY = ""
LateText = tuple[str, Expression, Mark]
"""Its field, what it is, and where that is written."""


def split_late(node: Node, field: str, what: str, faults: Faults) -> tuple[Node, tuple[LateText, ...]]:
    """The map or list with an empty text for each late one in it, and those by `field` and their key or place."""
    found: list[LateText] = []
    if isinstance(node, LateNode):
        faults.add(node.mark, f"{what} as a whole cannot wait for what is known only later; write its parts, and let those wait")
        return ListNode(node.mark, ()) if field in ("command", "entrypoint") else MapNode(node.mark, {}), ()
    if isinstance(node, MapNode):
        entries = dict(node.entries)
        for key, entry in node.entries.items():
            if isinstance(entry.node, LateNode):
                if field == "labels" and any(each.op == "external" for each in entry.node.expression.walk()):
                    faults.add(
                        entry.node.mark,
                        f"label {quote(key)} would show a secret to all who may look at containers; use a variable or a file",
                    )
                found.append((f"{field}.{key}", entry.node.expression, entry.node.mark))
                entries[key] = type(entry)(entry.mark, key, ScalarNode(entry.node.mark, _EMPTY, plain=False))
        return MapNode(node.mark, entries, node.home), tuple(found)
    if isinstance(node, ListNode):
        items = list(node.items)
        for place, item in enumerate(node.items):
            if isinstance(item, LateNode):
                found.append((f"{field}.{place}", item.expression, item.mark))
                items[place] = ScalarNode(item.mark, _EMPTY, plain=False)
            elif isinstance(item, ScalarNode) and "=$brooklyn:" in item.text:
                faults.add(item.mark, f"{quote(item.text)} has an expression after the `=`; write {what} as a map, NAME: expression")
        return ListNode(node.mark, tuple(items), node.home), tuple(found)
    return node, ()


def late_tree(node: Node) -> Expression | None:
    """The expression that a value is which has late parts; None for one that has none."""
    return _tree(node) if _is_late(node) else None


def _is_late(node: Node) -> bool:
    if isinstance(node, MapNode):
        return any(_is_late(entry.node) for entry in node.entries.values())
    return any(map(_is_late, node.items)) if isinstance(node, ListNode) else isinstance(node, LateNode)


def _tree(node: Node) -> Expression:
    if isinstance(node, LateNode):
        return node.expression
    if isinstance(node, ListNode):
        return Expression("list", tuple(map(_tree, node.items)))
    if isinstance(node, MapNode):
        pairs = ((literal(key), _tree(entry.node)) for key, entry in node.entries.items())
        return Expression("map", tuple(part for pair in pairs for part in pair))
    return literal(scalar_value(node))
