"""Policies, enrichers and placement strategies: what a person wrote, checked against the table of types.

    policies:                                     strategies:
    - type: autoscaler                            - BreadthFirst
      config: {metric: cpu.mean.average}          - MaxContainers: {maxContainers: 8}

A type is found by name, whatever its case and hyphens; also by the ancestor's Java class names; a key also with the ancestor's prefix `autoscaler.`.
"""

from collections.abc import Mapping

from clocker_actors.blueprint.ancestors import not_here
from clocker_actors.blueprint.coerce import free, typed
from clocker_actors.blueprint.context import Context, Names, listed
from clocker_actors.blueprint.fit import Written
from clocker_actors.blueprint.late import late_tree
from clocker_actors.blueprint.nodes import Entry, LostNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.placing import carries_rules
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import POLICY_KEYS, KeyTable
from clocker_actors.model.expressions import Expression, Late
from clocker_actors.model.specs import PolicySpec, StrategySpec
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

_PREFIXES = ("autoscaler.", "docker.", "enricher.aggregating.", "enricher.")
_ORDERED = (("minPoolSize", "maxPoolSize"), ("metricLowerBound", "metricUpperBound"))
_ARTICLES = {
    "policy": "a policy",
    "enricher": "an enricher",
    "feed": "a feed",
    "effector": "an effector",
    "initializer": "an initializer",
    "strategy": "a strategy",
}
_MAY_WAIT = frozenset({"policy", "enricher", "feed"})
"""Roles of what can be told another configuration while it works."""
_OBJECT = "$brooklyn:object"
_FIELDS = ("config", "brooklyn.config", "object.fields")


def read_policies(node: Node | None, what: str, roles: tuple[str, ...], taken: Names, context: Context) -> tuple[Written, ...]:
    """The policies (or enrichers and feeds) of a list; `taken` holds the names already used on that entity, and gets these."""
    found = []
    for item in listed(node, what, context.faults):
        written = _policy(item, roles, taken, context)
        if written:
            found.append(written)
    return tuple(found)


def _policy(item: Node, roles: tuple[str, ...], taken: Names, context: Context) -> Written | None:
    faults, what = context.faults, _ARTICLES[roles[0]]
    if isinstance(item, ScalarNode) and not is_null(item):
        item = MapNode(item.mark, {"type": Entry(item.mark, "type", item)})
    if not isinstance(item, MapNode):
        faults.add(item.mark, f"{what} cannot be {describe(item)}; write {{type: name, config: {{…}}}}")
        return None
    head = Section(item.mark, what, POLICY_KEYS, faults)
    rest = [entry for entry in item.entries.values() if not head.offer(entry)]
    written = head.text("type")
    known = [name for name, each in context.policies.types.items() if each.role in roles]
    if not written:
        faults.add(item.mark, f"this {roles[0]} has no `type`; write one of {', '.join(known)}")
        return None
    kind = context.policies.find(written)
    if kind is None:
        instead = not_here(written)
        if instead:
            head.fault("type", instead)
            return None
        faults.unknown(head.mark_of("type"), written, f"a known type of {roles[0]}", known)
        return None
    if kind.role not in roles:
        place = {"policy": "policies", "effector": "initializers"}.get(kind.role, "enrichers")
        head.fault("type", f"{quote(written)} is not {what} but {_ARTICLES[kind.role]}; move it under `{place}`")
        return None
    before = faults.count
    name = _name(head, kind, taken, context)
    entries = [*_inside(head, context), *rest]
    config, late, marks = _config(kind, entries, head, context)
    lost = any(isinstance(entry.node, LostNode) for entry in entries)
    spec = PolicySpec(kind.name, name, config, late)
    return Written(spec, kind, item.mark, marks, sound=faults.count == before and not late and not lost)


def _name(head: Section, kind: PolicyType, taken: Names, context: Context) -> str:
    written = head.text("name")
    if not written:
        return taken.fresh(kind.name)
    name = context.safe(written, "name", head.mark_of("name"))
    if name in taken:
        head.fault("name", f"another policy or enricher of this entity is named {quote(name)} too; give each its own name")
    taken.add(name)
    return name


def _inside(head: Section, context: Context) -> list[Entry]:
    node = head.node("config")
    if node is None:
        return []
    if isinstance(node, MapNode):
        return list(node.entries.values())
    context.faults.add(node.mark, f"{head.spelled('config')} has {describe(node)}; write a map, key: value")
    return []


def _config(
    kind: PolicyType, entries: list[Entry], head: Section, context: Context
) -> tuple[dict[str, Value], tuple[Late, ...], dict[str, Mark]]:
    """The values written, those that are known only at run time, and where each stands."""
    keys = {key.name: key for key in kind.keys}
    before = context.faults.count
    found: dict[str, Value] = {}
    marks: dict[str, Entry] = {}
    late: list[Late] = []
    for entry in entries:
        key = _key(entry.key, keys)
        if key is None:
            context.faults.unknown(entry.mark, entry.key, f"a key of {kind.name}", keys)
        elif key.name in marks:
            line = marks[key.name].mark.line
            context.faults.add(entry.mark, f"{quote(entry.key)} is given a second time, first on line {line}; keep one of them")
        else:
            marks[key.name] = entry
            tree = late_tree(entry.node) if kind.role in _MAY_WAIT else None
            if tree is not None:
                _refuse_secrets(tree, kind, entry, context)
                late.append(Late(key.name, tree))
                continue
            value = None if is_null(entry.node) else typed(entry.node, key, context.faults)
            if value is not None:
                found[key.name] = value
    for key in kind.keys:
        if key.required and key.name not in marks:
            context.faults.add(head.mark, f"{kind.name} has no `{key.name}`; add it: {key.meaning or key.type}")
    _check_order(keys, found, marks, context)
    if context.faults.count == before:
        _check_all(kind, found, marks, head, context)
    return found, tuple(late), {name: entry.node.mark for name, entry in marks.items()}


def _refuse_secrets(tree: Expression, kind: PolicyType, entry: Entry, context: Context) -> None:
    if any(each.op == "external" for each in tree.walk()):
        text = f"{quote(entry.key)} of {kind.name} would show a secret to all who may look at policies; have the service itself use it"
        context.faults.add(entry.node.mark, text)


def _check_order(keys: Mapping[str, KeyType], found: Mapping[str, Value], marks: Mapping[str, Entry], context: Context) -> None:
    """Lower and upper bounds, those by default included; an upper bound of 0 is off, but an upper size of 0 is a size."""
    for low, high in _ORDERED:
        if low not in keys or not (low in found or high in found) or any(name in marks and name not in found for name in (low, high)):
            continue
        least = as_number(found.get(low, keys[low].default))
        most = as_number(found.get(high, keys[high].default))
        if least is not None and most is not None and least > most and (most > 0 or low.endswith("Size")):
            mark = marks[low if low in found else high].node.mark
            context.faults.add(mark, f"`{low}` {least:.12g} is above `{high}` {most:.12g}; write the smaller one as `{low}`")


def _check_all(kind: PolicyType, found: Mapping[str, Value], marks: Mapping[str, Entry], head: Section, context: Context) -> None:
    """What the type says of its keys together, once each of them is right."""
    whole = {key.name: found.get(key.name, key.default) for key in kind.keys}
    if kind.check is None or any(key.required and whole[key.name] is None for key in kind.keys) or any(name not in found for name in marks):
        return
    wrong = kind.check(whole)
    if wrong is not None:
        context.faults.add(marks[wrong[0]].node.mark if wrong[0] in marks else head.mark, f"{kind.name}: {wrong[1]}")


def _key(written: str, keys: Mapping[str, KeyType]) -> KeyType | None:
    keys = {**{other: key for key in keys.values() for other in key.also}, **keys}
    for prefix in _PREFIXES:
        for name in (written, written.removeprefix(prefix), prefix + written):
            if name in keys:
                return keys[name]
    return None


def read_strategies(section: Section, context: Context) -> tuple[StrategySpec, ...]:
    """The placement strategies of a section, in order."""
    node = section.node("strategies")
    items = (node,) if isinstance(node, ScalarNode) else listed(node, section.spelled("strategies"), context.faults)
    found = (_strategy(item, context) for item in items if not carries_rules(item))
    return tuple(spec for spec in found if spec)


def _strategy(item: Node, context: Context) -> StrategySpec | None:
    faults = context.faults
    entries = dict(item.entries) if isinstance(item, MapNode) else {}
    if list(entries) == [_OBJECT] and isinstance(entries[_OBJECT].node, MapNode):
        return _strategy(entries[_OBJECT].node, context)
    if "type" in entries:
        name_node = entries.pop("type").node
        inner = [each for field in _FIELDS if field in entries for each in _map_entries(entries.pop(field), context)]
        config = [*inner, *entries.values()]
    elif len(entries) == 1:
        only = next(iter(entries.values()))
        name_node, config = ScalarNode(only.mark, only.key, plain=False), _map_entries(only, context)
    else:
        name_node, config = item, []
    if not isinstance(name_node, ScalarNode) or is_null(name_node):
        faults.add(item.mark, f"a strategy cannot be {describe(name_node)}; write its name, or {{type: name, key: value}}")
        return None
    kind = context.strategies.find(name_node.text)
    if kind is None and context.partial and ":" in name_node.text:
        return StrategySpec(name_node.text, {entry.key: free(entry.node, faults) for entry in config})
    if kind is None:
        faults.unknown(name_node.mark, name_node.text, "a known placement strategy", context.strategies.types)
        return None
    head = Section(item.mark, "a strategy", KeyTable(), faults)
    return StrategySpec(kind.name, _config(kind, config, head, context)[0])


def _map_entries(entry: Entry, context: Context) -> list[Entry]:
    if isinstance(entry.node, MapNode):
        return list(entry.node.entries.values())
    if not is_null(entry.node):
        context.faults.add(entry.node.mark, f"{quote(entry.key)} has {describe(entry.node)}; write a map, key: value")
    return []
