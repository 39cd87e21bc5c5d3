"""What a template takes of entities, told from its text alone, so that it can be checked when a file is read and waited for when a service starts.

{{ config['key'] }}  {{ attribute['host.address'] }}  {{ component('db').config['key'] }}  {{ component('db').attribute['host.address'] }}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from jinja2 import nodes

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.templates import once, parsed

CONFIG, ATTRIBUTE = "config", "attribute"
_COMPONENTS = ("component", "entity")


@dataclass(frozen=True, slots=True)
class Needs:
    """Keys of configuration and sensors: of the entity itself under "", of others under their ids."""

    config: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attribute: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def needs(text: str) -> Needs:
    """What a template takes. Raises BadRequest if it is none, or takes something whose name is made while it is filled in."""
    return once("needs", text, _needs)


def _needs(text: str) -> Needs:
    found: dict[tuple[str, str], dict[str, None]] = {}
    waiting: list[nodes.Node] = [parsed(text)]
    while waiting:
        node = waiting.pop()
        owner = _owner(node.node) if isinstance(node, nodes.Getitem | nodes.Getattr) else None
        if owner is not None and isinstance(node, nodes.Getitem | nodes.Getattr):
            found.setdefault(owner, {})[_key(node)] = None
            continue
        _refuse_bare(node)
        waiting.extend(node.iter_child_nodes())
    return Needs(
        {who: tuple(sorted(keys)) for (who, what), keys in found.items() if what == CONFIG},
        {who: tuple(sorted(keys)) for (who, what), keys in found.items() if what == ATTRIBUTE},
    )


def _owner(node: nodes.Node) -> tuple[str, str] | None:
    """Whose configuration or sensors these are."""
    if isinstance(node, nodes.Name) and node.name in (CONFIG, ATTRIBUTE):
        return "", node.name
    if not isinstance(node, nodes.Getitem | nodes.Getattr) or not isinstance(node.node, nodes.Call):
        return None
    call = node.node
    if not isinstance(call.node, nodes.Name) or call.node.name not in _COMPONENTS:
        return None
    what = _key(node)
    if what not in (CONFIG, ATTRIBUTE):
        _refuse(node, f"an entity has no `{what[:60]}`; write component('id').config['key'] or .attribute['sensor']")
    if len(call.args) != 1 or call.kwargs or not isinstance(call.args[0], nodes.Const) or not isinstance(call.args[0].value, str):
        _refuse(node, f"`{call.node.name}` takes the id of a service, as a plain text; write component('id')")
    return str(call.args[0].value), what


def _key(node: nodes.Getitem | nodes.Getattr) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if not isinstance(node.arg, nodes.Const) or not isinstance(node.arg.value, str):
        _refuse(node, "what stands in `[ ]` behind config or attribute is a plain text; write config['key']")
    return str(node.arg.value)


def _refuse_bare(node: nodes.Node) -> None:
    if isinstance(node, nodes.Name) and node.name in (CONFIG, ATTRIBUTE, *_COMPONENTS):
        _refuse(node, f"`{node.name}` is not a value; write config['key'], attribute['sensor'] or component('id').config['key']")


def _refuse(node: nodes.Node, text: str) -> NoReturn:
    raise BadRequest(f"line {node.lineno or 1} of the template: {text}")
