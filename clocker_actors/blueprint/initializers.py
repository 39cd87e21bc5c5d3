"""Initializers: what adds sensors and effectors to a service. Those that give sensors become feeds, like any under `enrichers`; effectors stand in the spec.

    initializers:
    - type: http-request-sensor
      name: queue.length                  # the sensor; with an effector, its name
      config: {port: 8080, path: /status, jsonPath: $.queue.length, period: 5s}

`add-children` is read where services are opened (`added_children`), as `children` are.
"""

from dataclasses import dataclass, replace

from clocker_actors.blueprint.context import Context, Names, listed
from clocker_actors.blueprint.fit import Written
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.typed import read_policies
from clocker_actors.errors import BadRequest
from clocker_actors.model.declared import ROLE, effector_of
from clocker_actors.model.effectors import effectors_of
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import EffectorSpec

ROLES = ("initializer", "feed", ROLE)
_ADD_CHILDREN = frozenset({"addchildreninitializer", "addchildren"})
_CONFIG = ("config", "brooklyn.config")
_CHILDREN = ("children", "blueprint", "blueprint_yaml")


@dataclass(frozen=True, slots=True)
class Initializers:
    """What a service's initializers come to: all as they are written, and of these the effectors."""

    written: tuple[Written, ...] = ()
    effectors: tuple[EffectorSpec, ...] = ()

    @property
    def feeds(self) -> tuple[Written, ...]:
        """Those that give sensors."""
        return tuple(each for each in self.written if each.type.role != ROLE)


def read_initializers(head: Section, kind: EntityKind | None, taken: Names, context: Context) -> Initializers:
    """The initializers of a service (of no known kind: None); `taken` holds the names of its policies and enrichers, and gets these."""
    node = head.node("initializers")
    items = [_named(each, context) for each in listed(node, head.spelled("initializers"), context.faults) if not _adds_children(each)]
    if node is None or not items:
        return Initializers()
    written = read_policies(ListNode(node.mark, tuple(items)), head.spelled("initializers"), ROLES, taken, context)
    return Initializers(written, _effectors(written, kind, context))


def _effectors(written: tuple[Written, ...], kind: EntityKind | None, context: Context) -> tuple[EffectorSpec, ...]:
    found: dict[str, EffectorSpec] = {}
    for each in written:
        if each.type.role != ROLE or not each.sound:
            continue
        try:
            made = effector_of(each.type, each.spec.config)
        except BadRequest as fault:
            context.faults.add(each.marks.get(str(fault.details.get("key")), each.mark), str(fault))
            continue
        if kind is not None and made.name in effectors_of(kind):
            text = f"every {kind} has an effector {made.name!r}; give this one another name"
            context.faults.add(each.marks.get("effector", each.mark), text)
        elif made.name in found:
            context.faults.add(each.marks.get("effector", each.mark), f"effector {made.name!r} is declared twice; give each its own name")
        found[made.name] = made
    return tuple(found.values())


def _named(item: Node, context: Context) -> Node:
    """A name beside the type is that of the sensor or effector, if the type has one; a second one inside, or a list of sensors there, says that the first is
    the feed's own."""
    kind = context.policies.find(_type(item))
    if not isinstance(item, MapNode) or "name" not in item.entries or kind is None or not any("name" in key.also for key in kind.keys):
        return item
    name = item.entries["name"]
    others = {key: each for key, each in item.entries.items() if key != "name"}
    config = next((others[key] for key in _CONFIG if key in others), None)
    if config is None:
        config = Entry(item.mark, _CONFIG[0], MapNode(item.mark, {"name": name}))
    elif isinstance(config.node, MapNode) and not {"name", "targetSensor", "effector", *kind.names} & config.node.entries.keys():
        config = replace(config, node=MapNode(config.node.mark, {**config.node.entries, "name": name}))
    else:
        return item
    return MapNode(item.mark, {**others, config.key: config})


def _type(item: Node) -> str:
    entry = (
        next((item.entries[key] for key in ("type", "initializerType") if key in item.entries), None) if isinstance(item, MapNode) else None
    )
    return entry.node.text if entry is not None and isinstance(entry.node, ScalarNode) else ""


def _adds_children(item: Node) -> bool:
    return _type(item).rpartition(".")[2].lower().replace("-", "").replace("_", "") in _ADD_CHILDREN


def added_children(head: Section, context: Context) -> tuple[Node, ...]:
    """The services that `add-children` initializers add to the children of a service."""
    found: list[Node] = []
    for item in listed(head.node("initializers"), head.spelled("initializers"), context.faults):
        if not _adds_children(item) or not isinstance(item, MapNode):
            continue
        entry = _children(item)
        if entry is None:
            context.faults.add(item.mark, "add-children has no `children`; write the services to add")
        else:
            found += entry.node.items if isinstance(entry.node, ListNode) else (entry.node,)
    return tuple(found)


def _children(item: MapNode) -> Entry | None:
    inside = next((item.entries[key] for key in _CONFIG if key in item.entries), None)
    maps = [item, *([inside.node] if inside is not None and isinstance(inside.node, MapNode) else [])]
    return next((each.entries[key] for each in maps for key in _CHILDREN if key in each.entries), None)
