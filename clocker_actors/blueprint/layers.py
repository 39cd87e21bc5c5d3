"""One map that describes a service, sorted: keys that every service has, configuration that its kind declares, and what nobody declares.

A service of a type from the catalogue has several such maps, one per type and its own on top, which `laid_over` makes one. A declared key may stand at the
service itself or under `config`; one that nobody declares only there. `map.key: value` is `map: {key: value}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.inheritance import MERGED, Mode, as_map, merged, type_mode
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Node, describe, quote
from clocker_actors.blueprint.parameters import Parameter, read_parameters, spellings
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import CLOUD_HEAD_KEYS, ELSEWHERE, POOL, SERVICE_KEYS
from clocker_actors.blueprint.untyped import ANY_CONFIG, config_of

_IMAGE = frozenset({"image", "build", "dockerfile"})
"""Keys of which only one can be, so that one that is written replaces the others of a type."""

_PLACES = ("config", "flags")

_ADDED = frozenset({"policies", "enrichers", "initializers", "children", "tags"})
"""Lists to which a service adds its own items."""


@dataclass(slots=True)
class Layer:
    """One map, sorted; `undeclared` is by key, and holds the values of `parameters` too."""

    head: Section
    config: Section
    undeclared: dict[str, Entry] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)


def read_layer(node: MapNode, kind: str, above: Mapping[str, Parameter], context: Context) -> Layer:
    """The map of a service or type of that kind. `above` are the parameters that its types declare."""
    head = Section(node.mark, "a service", CLOUD_HEAD_KEYS if kind == POOL else SERVICE_KEYS, context.faults)
    rest = [entry for entry in node.entries.values() if not head.offer(entry)]
    parameters = read_parameters(head.node("parameters"), head.spelled("parameters"), context)
    known = spellings({**above, **parameters})
    table = config_of(kind)
    what = "a service" if table is ANY_CONFIG else f"a {kind}"
    config = Section(node.mark, what, table, context.faults, beside=SERVICE_KEYS, more=known)
    layer = Layer(head, config, parameters=parameters)
    _sort(layer, rest, known, at_top=True)
    for place in _PLACES:
        _sort(layer, _inside(head, place, context), known, at_top=False)
    return layer


def configured(head: Section, context: Context) -> dict[str, Entry]:
    """What stands under `config` where nothing is declared: by key."""
    return {entry.key: entry for place in _PLACES for entry in _inside(head, place, context)}


def _inside(head: Section, place: str, context: Context) -> list[Entry]:
    inner = head.node(place)
    if isinstance(inner, MapNode):
        return list(inner.entries.values())
    if inner is not None:
        context.faults.add(inner.mark, f"{head.spelled(place)} has {describe(inner)}; write a map, key: value")
    return []


def _sort(layer: Layer, entries: list[Entry], parameters: Mapping[str, str], *, at_top: bool) -> None:
    parts: list[tuple[str, str, Entry]] = []
    for entry in entries:
        whole, dot, part = _split(entry.key, layer.config, parameters)
        if entry.key in parameters and not layer.config.name_of(entry.key):
            _keep(layer, replace(entry, key=parameters[entry.key]))
        elif layer.config.offer(entry):
            continue
        elif dot:
            parts.append((whole, part, entry))
        elif layer.config.table is ANY_CONFIG and not (at_top and entry.key in ELSEWHERE):
            _keep(layer, entry)
        elif at_top:
            layer.config.refuse(entry)
        elif not layer.config.refuse_slip(entry):
            _keep(layer, entry)
    for whole, part, entry in parts:
        _put_part(layer, whole, part, entry)


def _keep(layer: Layer, entry: Entry) -> None:
    first = layer.undeclared.setdefault(entry.key, entry)
    if first is not entry:
        text = f"{quote(entry.key)} is also on line {first.mark.line}; keep one of them"
        layer.config.faults.add(entry.mark, text)


def _split(key: str, config: Section, parameters: Mapping[str, str]) -> tuple[str, str, str]:
    """`map.key` as the map's name and the key, if there is such a map."""
    at = key.find(".")
    while at > 0:
        whole = key[:at]
        if config.name_of(whole) in MERGED or whole in parameters:
            return parameters.get(whole, whole), ".", key[at + 1 :]
        at = key.find(".", at + 1)
    return key, "", ""


def _put_part(layer: Layer, whole: str, part: str, entry: Entry) -> None:
    name = layer.config.name_of(whole)
    found = layer.config.entry(name) if name else layer.undeclared.get(whole)
    inner: dict[str, Entry] = {}
    if found is not None:
        before = as_map(found.node)
        if not isinstance(before, MapNode):
            layer.config.faults.add(
                entry.mark, f"{quote(entry.key)} stands beside {quote(whole)}, which has {describe(found.node)}; write it as a map"
            )
            return
        inner = dict(before.entries)
        if part in inner:
            layer.config.faults.add(
                entry.mark, f"{quote(part)} of {quote(whole)} is also on line {inner[part].mark.line}; keep one of them"
            )
    inner.setdefault(part, Entry(entry.mark, part, entry.node))
    made = Entry(found.mark if found else entry.mark, found.key if found else whole, MapNode(entry.mark, inner))
    if name:
        layer.config.put(name, made)
    else:
        layer.undeclared[whole] = made


def laid_over(below: Layer, above: Layer) -> Layer:
    """One layer of a type's and what extends it."""
    head, config = above.head, above.config
    for name, entry in below.head.entries.items():
        mine = head.entry(name)
        if mine is None:
            head.put(name, entry)
        elif name in _ADDED:
            head.put(name, replace(mine, node=_both(entry.node, mine.node)))
    image_said = not _IMAGE.isdisjoint(config.entries)
    for name, entry in below.config.entries.items():
        if image_said and name in {*_IMAGE, "imageTag"}:
            continue
        _lay(config, name, entry, below.parameters)
    parameters = {**below.parameters, **above.parameters}
    undeclared = dict(above.undeclared)
    for key, entry in below.undeclared.items():
        kept = _inherited(entry, undeclared.get(key), _mode(below.parameters, key))
        if kept is not None:
            undeclared[key] = kept
    return Layer(head, config, undeclared, parameters)


def _lay(config: Section, name: str, entry: Entry, parameters: dict[str, Parameter]) -> None:
    mode = parameters[name].from_types if name in parameters else type_mode(name)
    kept = _inherited(entry, config.entry(name), mode)
    if kept is not None:
        config.put(name, kept)


def _mode(parameters: dict[str, Parameter], key: str) -> Mode:
    return parameters[key].from_types if key in parameters else Mode.OVERWRITE


def _inherited(entry: Entry, mine: Entry | None, mode: Mode) -> Entry | None:
    """What a type that extends another has of a key: the other's entry, its own, or both merged."""
    if mode.stays:
        return mine
    if mine is None:
        return entry
    return replace(mine, node=merged(entry.node, mine.node)) if mode.merges else mine


def _both(below: Node, above: Node) -> Node:
    if isinstance(below, ListNode) and isinstance(above, ListNode):
        return ListNode(above.mark, (*below.items, *above.items))
    return above
