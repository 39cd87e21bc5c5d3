"""What a service waits for with its start, and what becomes of it when that changes.

dependsOn: [db, {id: cache, condition: started, timeout: 2m}]
dependsOn: [{id: queue, condition: {sensor: queue.depth, less-than: 100}}]
latch: $brooklyn:component("db").attributeWhenReady("schema.ready")
onChange: keep
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from clocker_actors.blueprint.coerce import free, text
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import Entry, LateNode, ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import DEPENDENCY_KEYS
from clocker_actors.blueprint.targets import top_of
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.waits import Wait
from clocker_actors.errors import BadRequest
from clocker_actors.expressions.predicates import check
from clocker_actors.model.expressions import Condition, Dependency, Expression, OnChange, literal
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.values import Value

_CONDITIONS = {
    "started": Condition.STARTED,
    "service_started": Condition.STARTED,
    "running": Condition.STARTED,
    "healthy": Condition.HEALTHY,
    "service_healthy": Condition.HEALTHY,
    "up": Condition.HEALTHY,
}


def read_on_change(section: Section) -> OnChange:
    """What becomes of running members when a value that they were started with has changed."""
    return OnChange(section.text("onChange"))


def read_latch(section: Section, raw: Raw, context: Context) -> Expression | None:
    """What holds the start back until it is true; None without one, and for plain `true`."""
    node = section.node("latch")
    if node is None:
        return None
    if isinstance(node, LateNode):
        context.sought.expression(raw, node.expression, node.mark)
        return node.expression
    value = node.value if isinstance(node, ScalarNode) else None
    if not isinstance(value, bool):
        section.fault("latch", f"`latch` has {describe(node)}; write true, false, or an expression such as attributeWhenReady")
    return literal(value=False) if value is False else None


def held_back(spec: ServiceSpec, depends: tuple[Dependency, ...], latch: Expression | None) -> ServiceSpec:
    """A service below a group, which waits for what the group waits for, too; unless it has a latch or dependency of its own on the same."""
    own = {each.on for each in spec.depends}
    return replace(spec, depends=(*spec.depends, *(each for each in depends if each.on not in own)), latch=spec.latch or latch)


def read_dependencies(section: Section, raw: Raw, context: Context) -> tuple[Dependency, ...]:
    """What the service depends on, each once."""
    node = section.node("dependsOn")
    if node is None:
        return ()
    found: dict[str, Dependency] = {}
    for item in _items(node):
        dependency = _dependency(item, raw, context)
        if dependency is None:
            continue
        if dependency.on in found:
            context.faults.add(item.mark, f"{quote(dependency.on)} is named a second time; say all of it in one place")
        found.setdefault(dependency.on, dependency)
    return tuple(found.values())


def _items(node: Node) -> list[Node]:
    """A list, one alone, or a map of id to the rest, as Compose has it."""
    if isinstance(node, ListNode):
        return list(node.items)
    if isinstance(node, ScalarNode) or not DEPENDENCY_KEYS.spellings.keys().isdisjoint(node.entries):
        return [node]
    found: list[Node] = []
    for entry in node.entries.values():
        inner = entry.node.entries if isinstance(entry.node, MapNode) else {}
        if not inner and not is_null(entry.node):
            inner = {"condition": Entry(entry.node.mark, "condition", entry.node)}
        found.append(MapNode(entry.mark, {"id": Entry(entry.mark, "id", ScalarNode(entry.mark, entry.key, plain=False)), **inner}))
    return found


def _dependency(item: Node, raw: Raw, context: Context) -> Dependency | None:
    if isinstance(item, ScalarNode):
        item = MapNode(item.mark, {"id": Entry(item.mark, "id", item)})
    section = Section.read(item, "a dependency", DEPENDENCY_KEYS, context.faults)
    node = section.node("id")
    if node is None:
        if isinstance(item, MapNode):
            section.fault("id", "a dependency has no `id`; write the id of a service of this file")
        return None
    name = text(node, "`id`", context.faults)
    if name is None or not known_service(name, node.mark, raw, context):
        return None
    condition, until = _condition(section, name, context)
    context.sought.waits.append(Wait(raw, name, "", node.mark))
    return Dependency(name, condition, until, section.number("timeout"))


def known_service(name: str, mark: Mark, raw: Raw, context: Context) -> bool:
    """Whether the service may wait for the one of that id; if not, it is noted why."""
    found = context.by_id.get(name)
    if found is None:
        if context.whole:
            context.faults.unknown(mark, name, "the id of a service here", context.by_id)
        return False
    inside = top_of(found)
    if inside is not None and inside is not top_of(raw):
        cluster = inside.parent.id if inside.parent else ""
        context.faults.add(mark, f"{quote(name)} is what each member of {quote(cluster)} is; wait for {quote(cluster)}")
        return False
    return True


def _condition(section: Section, name: str, context: Context) -> tuple[Condition, Expression | None]:
    node = section.node("condition")
    if node is None:
        return Condition.HEALTHY, None
    if isinstance(node, MapNode):
        return Condition.SENSOR, _until(node, name, context)
    written = text(node, "`condition`", context.faults)
    if written is not None and written not in _CONDITIONS:
        right = "write started, healthy, or {sensor: name, and what it is to be, as equals: 3}"
        section.fault("condition", f"`condition` cannot be {quote(written)}; {right}")
    return _CONDITIONS.get(written or "", Condition.HEALTHY), None


def _until(node: MapNode, name: str, context: Context) -> Expression | None:
    found = condition_of(node, "a condition as a map", context)
    if found is None:
        return None
    named, predicate, mark = found
    target = Expression("target", value=name)
    context.sought.sensors.append((context.by_id.get(name), named, mark))
    reading = Expression("attributeWhenReady", (target, literal(named), literal({"wait_for_truthy": False})))
    return Expression("predicate", (reading, literal(predicate)))


def condition_of(node: MapNode, what: str, context: Context, besides: Collection[str] = ()) -> tuple[str, Value, Mark] | None:
    """A sensor, what it is to be, and where its name stands, from a map that may have further keys `besides`. None after a fault."""
    entries = {name: entry for name, entry in node.entries.items() if name not in besides}
    sensor = entries.pop("sensor", None)
    if sensor is None:
        context.faults.add(node.mark, f"{what} has no `sensor`; write {{sensor: name, greater-than: 3}}")
        return None
    named = text(sensor.node, "`sensor`", context.faults)
    predicate = free(entries["predicate"].node if list(entries) == ["predicate"] else MapNode(node.mark, entries), context.faults)
    if isinstance(predicate, Mapping) and not predicate:
        predicate = {"when": "truthy"}
    try:
        check(predicate)
    except BadRequest as fault:
        context.faults.add(node.mark, str(fault))
        return None
    return None if named is None else (named, predicate, sensor.node.mark)
