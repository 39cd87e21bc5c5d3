"""Opens services: finds the types of each, lays its own map over theirs, hands down what it inherits, and opens what is below it.

Nothing is read but types and keys, so faults of values come later, and a service whose type is not known leaves its neighbours whole.
"""

from clocker_actors.blueprint.ancestors import advice
from clocker_actors.blueprint.catalogue import CatalogueType
from clocker_actors.blueprint.context import Context, listed
from clocker_actors.blueprint.images import parse_image
from clocker_actors.blueprint.initializers import added_children
from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.layers import Layer, configured, laid_over, read_layer
from clocker_actors.blueprint.nodes import Entry, MapNode, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.parameters import read_parameters
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import CLUSTER, CONTAINER, POOL, SERVICE_KEYS, SERVICE_TYPES
from clocker_actors.blueprint.tree import Raw, inherit
from clocker_actors.blueprint.untyped import UNTYPED, may_be_cloud

_SHORTHAND = "docker:"
APPLICATION = "application"
_APPLICATIONS = frozenset({"basicapplication", APPLICATION})
_ENTITY_SPEC = "$brooklyn:entitySpec"


def open_application(section: Section, root: MapNode, context: Context) -> Raw:
    """The application of a file, whose root keys are in the section, without its services."""
    parameters = read_parameters(section.node("parameters"), section.spelled("parameters"), context)
    nothing = Section(root.mark, "an application", KeyTable(), context.faults)
    raw = Raw(len(context.raws), root, APPLICATION, Layer(section, nothing, configured(section, context), parameters))
    context.raws.append(raw)
    return raw


def open_service(node: Node, parent: Raw | None, context: Context) -> Raw | None:
    """The service in a node and all below it; None after a fault that leaves nothing to read."""
    if not context.room_for_service(node.mark):
        return None
    if isinstance(node, ScalarNode) and not is_null(node):
        node = MapNode(node.mark, {"type": Entry(node.mark, "type", node)}, node.home)
    if not isinstance(node, MapNode):
        context.faults.add(node.mark, f"a service cannot be {describe(node)}; write a map with `type`, as in {{type: 'docker:redis:7'}}")
        return None
    kind, image, types = _types(node, context)
    if kind == UNTYPED:
        if may_be_cloud(node, _written_type(node), context.faults):
            return None
        context.untyped = True
    if types and not context.room_for_type(sum(each.size for each in types), node.mark):
        return None
    raw = Raw(len(context.raws), node, kind, _layers(node, kind, image, types, context), parent=parent)
    raw.image = image if not types else None
    raw.types = tuple(each.reference for each in types)
    context.raws.append(raw)
    _name(raw, context)
    if kind != POOL:
        inherit(raw)
        _open_below(raw, context)
    return raw


def adopt(items: tuple[Node, ...], application: Raw, context: Context) -> tuple[Node, ...]:
    """The services of a file. If it has one alone, which is an application by its type, that is the application: its keys become those of the file, which count
    before them, and its children the services."""
    others = [item for item in items if _kind_of(item, context) != POOL]
    node = others[0] if len(others) == 1 else None
    if isinstance(node, ScalarNode) and not is_null(node):
        node = MapNode(node.mark, {"type": Entry(node.mark, "type", node)})
    if not isinstance(node, MapNode) or _kind_of(node, context) != APPLICATION:
        return items
    kind, image, types = _types(node, context)
    if kind == UNTYPED:
        return items
    layer = _layers(node, kind, image, types, context)
    if layer.config.entries or "initializers" in layer.head or "children" not in layer.head:
        return items  # it says something that only a group of services can be told
    application.layer = laid_over(layer, application.layer)
    application.node = node
    children = listed(layer.head.node("children"), layer.head.spelled("children"), context.faults)
    return (*(item for item in items if item is not others[0]), *children)


def _kind_of(node: Node, context: Context) -> str:
    """The kind that a service's type names, "application" for one that is a whole application, without a word about faults."""
    entries = node.entries if isinstance(node, MapNode) else {}
    entry = next((entries[each] for each in ("type", *SERVICE_KEYS["type"].aliases) if each in entries), None)
    written = entry.node if entry else node
    if not isinstance(written, ScalarNode) or is_null(written):
        return ""
    if written.text.removeprefix("java:").rpartition(".")[2].lower() in _APPLICATIONS:
        return APPLICATION
    kind = _kind(written)[0]
    if kind:
        return kind
    found = context.catalogue.find(written.text)
    return APPLICATION if isinstance(found, CatalogueType) and found.application else ""


def _name(raw: Raw, context: Context) -> None:
    head = raw.head
    identity, name = head.text("id"), head.text("name")
    if identity and raw.kind != POOL:
        raw.id = context.safe(identity, "id", head.mark_of("id"))
        context.claim(raw.id, head.mark_of("id"))
    if name and raw.kind != POOL:
        raw.name, raw.named = context.shown(name, "name", head.mark_of("name"), in_path=not identity), True


def _open_below(raw: Raw, context: Context) -> None:
    written = listed(raw.head.node("children"), raw.head.spelled("children"), context.faults)
    for item in (*written, *added_children(raw.head, context)):
        child = open_service(item, raw, context)
        if child is not None:
            raw.children.append(child)
    node = raw.config.node("memberSpec") if raw.kind in (CLUSTER, UNTYPED) else None
    if isinstance(node, MapNode) and list(node.entries) == [_ENTITY_SPEC]:
        node = node.entries[_ENTITY_SPEC].node
    if node is not None:
        raw.member = open_service(node, raw, context)


def _layers(node: MapNode, kind: str, image: ScalarNode | None, types: list[CatalogueType], context: Context) -> Layer:
    """The maps of a service and its types as one."""
    maps = [*(each.node for each in reversed(types)), node]
    layer = _base(maps[0], kind, context) if types else read_layer(maps[0], kind, {}, context)
    if types and image is not None and not {"image", "build", "dockerfile"} & set(layer.config.entries):
        layer.config.put("image", Entry(image.mark, "image", image))
    for above in maps[1:]:
        layer = laid_over(layer, read_layer(above, kind, layer.parameters, context))
    return layer


def _base(node: MapNode, kind: str, context: Context) -> Layer:
    """The layer of a type, which is read once for all services that are of it."""
    known = context.bases.get(id(node))
    if known is None:
        known = context.bases[id(node)] = node, read_layer(node, kind, {}, context)
    layer = known[1]
    return Layer(layer.head.copy(), layer.config.copy(), dict(layer.undeclared), dict(layer.parameters))


def _types(node: MapNode, context: Context) -> tuple[str, ScalarNode | None, list[CatalogueType]]:
    """The kind of a service, its image if the type says that, and its types of the catalogue, the nearest first; UNTYPED after a fault, and the types before it."""
    types: list[CatalogueType] = []
    while True:
        written = _written_type(node)
        if written is None:
            _no_type(node, context)
            return UNTYPED, None, types
        kind, image = _kind(written)
        if kind:
            return kind, image, types
        found = context.catalogue.find(written.text)
        if not isinstance(found, CatalogueType):
            context.faults.add(written.mark, found or _unknown(written.text, context))
            return UNTYPED, None, types
        if found in types:
            names = " → ".join(each.reference for each in (*types[types.index(found) :], found))
            context.faults.add(
                written.mark, f"type {quote(found.reference)} extends itself ({names}); have one of them extend another type"
            )
            return UNTYPED, None, types
        types.append(found)
        node = found.node


def _written_type(node: MapNode) -> ScalarNode | None:
    entries = [node.entries[each] for each in ("type", *SERVICE_KEYS["type"].aliases) if each in node.entries]
    written = entries[0].node if entries else None
    return written if isinstance(written, ScalarNode) and not is_null(written) else None


def _no_type(node: MapNode, context: Context) -> None:
    entries = [node.entries[each] for each in ("type", *SERVICE_KEYS["type"].aliases) if each in node.entries]
    wrong = f"cannot be {describe(entries[0].node)}" if entries and not is_null(entries[0].node) else "is missing"
    right = f"write docker:image:tag, {', '.join(SERVICE_TYPES)}, or a type of the catalogue"
    context.faults.add(entries[0].node.mark if entries else node.mark, f"`type` of the service {wrong}; {right}")


def _kind(node: ScalarNode) -> tuple[str, ScalarNode | None]:
    """The kind that a type names without the catalogue, and the image if it names one; "" if it is none of those."""
    if node.text.startswith(_SHORTHAND):
        return CONTAINER, ScalarNode(node.mark, node.text.removeprefix(_SHORTHAND), plain=False)
    bare = node.text.removeprefix("java:").lower()
    for kind, spellings in SERVICE_TYPES.items():
        if bare == kind or bare in map(str.lower, spellings):
            return kind, None
    return "", None


def _unknown(written: str, context: Context) -> str:
    names = [
        *SERVICE_TYPES,
        *(each for spellings in SERVICE_TYPES.values() for each in spellings if "." not in each),
        *context.catalogue.ids,
    ]
    instead = advice(written)
    if instead and not context.faults.near(written, names, cutoff=0.85):
        return instead
    if isinstance(parse_image(written), str) or not ("/" in written or ":" in written):
        return f"{quote(written)} is not a known type of service; {context.faults.hint(written, names, (*SERVICE_TYPES, *context.catalogue.ids))}"
    return f"{quote(written)} is not a known type of service; for an image write {quote(_SHORTHAND + written)}"
