"""The way in: the text of one file to applications and pools, or all its faults at once.

`read` gives nodes, `service` and `pool` read the items of `services`, and `names` fills in what nobody wrote. Reading goes on after a fault wherever
something is left to read; nothing is given out unless there was none.
"""

from pathlib import PurePath

from clocker_actors.blueprint.blobs import ParsedBlueprint
from clocker_actors.blueprint.catalogue import holds_types
from clocker_actors.blueprint.context import Context, Names, listed, slug
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.fit import check_fit, specs_of
from clocker_actors.blueprint.initializers import read_initializers
from clocker_actors.blueprint.links import linked
from clocker_actors.blueprint.locations import LOCAL, read_place
from clocker_actors.blueprint.lookup import TypeIndex
from clocker_actors.blueprint.names import assign
from clocker_actors.blueprint.nodes import START, ListNode, MapNode, Mark, ScalarNode, describe, quote
from clocker_actors.blueprint.opening import adopt, open_application, open_service
from clocker_actors.blueprint.pool import read_pool
from clocker_actors.blueprint.reader import read
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.service import check_siblings, read_tags, service_of
from clocker_actors.blueprint.settling import settle
from clocker_actors.blueprint.tables import POOL, ROOT_KEYS
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.typed import read_policies
from clocker_actors.blueprint.values import configuration
from clocker_actors.blueprint.waits import check_waits
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.places import inherits, places_of
from clocker_actors.model.specs import ApplicationSpec, Blueprint, PoolSpec, ServiceSpec
from clocker_actors.model.types import TypeTable

_EXAMPLE = "begin with `services:` and a line `- type: docker:image:tag`"

_OWN = "x-"
"""Root keys that begin so are the writer's own: a place for what anchors name."""


def parse(text: str | bytes, filename: str, types: TypeTable) -> ParsedBlueprint:
    """The blueprint in the text. `filename` is used in faults and for a default name; nothing is read from disk.

    Raises BlueprintError with every fault.
    """
    faults = Faults(filename)
    context = Context(faults, TypeIndex(types.policies), TypeIndex(types.strategies), frozenset(types.predicates), types.partial)
    context.sources = types.catalogue
    root = read(text, faults)
    if root is None:
        faults.check()
    if root is None or (isinstance(root, ScalarNode) and root.value is None):
        faults.add(START, f"the file is empty; {_EXAMPLE}")
        raise faults.error()
    if not isinstance(root, MapNode):
        faults.add(root.mark, f"a blueprint is a map of keys, not {describe(root)}; {_EXAMPLE}")
        raise faults.error()
    if holds_types(root) and "services" not in root.entries:
        faults.add(
            root.mark,
            f"this is a file of a type: `clocker catalog add {filename}` adds it, and a blueprint names it as the `type` of a service",
        )
        raise faults.error()
    known = {key: entry for key, entry in root.entries.items() if not key.startswith(_OWN)}
    section = Section.read(MapNode(root.mark, known), "a blueprint", ROOT_KEYS, faults)
    blueprint = _blueprint(section, root, filename, context)
    faults.check()
    urls = {url: _place(mark, filename) for url, mark in context.urls.items()}
    places = {name: _place(mark, filename) for name, mark in context.places.items()}
    powers = {power: _place(mark, filename) for power, mark in context.powers.items()}
    return ParsedBlueprint(blueprint, tuple(context.files.values()), context.inline, urls, places, powers)


def _place(mark: Mark, filename: str) -> str:
    return f"{mark.file or filename}:{mark.line}:{mark.column}"


def _blueprint(section: Section, root: MapNode, filename: str, context: Context) -> Blueprint:
    raw = open_application(section, root, context)
    services, pools = _services(section, raw, context)
    application = _application(raw, services, pools, filename, context)
    if services:
        return Blueprint((application,), pools)
    for key in ("location", "policies", "enrichers", "initializers"):
        if pools and key in section:
            section.fault(
                key, f"{section.spelled(key)} is for an application, and this file has only docker clouds; remove it, or add services"
            )
    return Blueprint((), pools)


def _services(section: Section, application: Raw, context: Context) -> tuple[tuple[ServiceSpec, ...], tuple[PoolSpec, ...]]:
    node = section.node("services")
    if node is None or (isinstance(node, ListNode) and not node.items):
        section.fault("services", f"a blueprint needs services; {_EXAMPLE}")
    items = adopt(listed(node, "`services`", context.faults), application, context)
    opened = [raw for item in items if (raw := open_service(item, application, context))]
    application.children += [raw for raw in opened if raw.kind != POOL]
    assign(application.children, context)
    settle(context)
    pools: dict[str, tuple[PoolSpec, Mark]] = {}
    for raw in opened:
        if raw.kind == POOL:
            pool = read_pool(raw, context)
            if pool.name in pools:
                line = pools[pool.name][1].line
                text = f"docker-cloud {quote(pool.name)} is also on line {line}; give each its own name"
                context.faults.add(raw.node.mark, text)
            pools[pool.name] = (pool, raw.node.mark)
    check_siblings(application.children, context)
    services = tuple(spec for raw in application.children if (spec := service_of(raw, context)))
    check_waits(services, context)
    return linked(services, context.links, context), tuple(pool for pool, _ in pools.values())


def _application(
    raw: Raw, services: tuple[ServiceSpec, ...], pools: tuple[PoolSpec, ...], filename: str, context: Context
) -> ApplicationSpec:
    section = raw.head
    written, identity = section.text("name"), section.text("id")
    at = section.mark_of("name")
    name = context.shown(written, "name", at, in_path=not identity) if written else slug(PurePath(filename).stem, "application")
    taken = Names()
    policies = read_policies(section.node("policies"), section.spelled("policies"), ("policy",), taken, context)
    enrichers = read_policies(section.node("enrichers"), section.spelled("enrichers"), ("enricher", "feed"), taken, context)
    initializers = read_initializers(section, EntityKind.APPLICATION, taken, context)
    check_fit((*enrichers, *initializers.written, *policies), EntityKind.APPLICATION, context)
    return ApplicationSpec(
        id=context.safe(identity, "id", section.mark_of("id")) if identity else name,
        name=name,
        location=_location(section, services, context) or (pools[0].name if len(pools) == 1 else LOCAL),
        services=services,
        policies=specs_of(policies),
        enrichers=specs_of((*enrichers, *initializers.feeds)),
        config=configuration(raw, context),
        tags=read_tags(section, context),
    )


def _location(section: Section, services: tuple[ServiceSpec, ...], context: Context) -> str:
    """As written; else that of its first service, if every one has its own."""
    node = section.node("location")
    if node is not None:
        return read_place(node, context, "an application")
    return "" if any(map(inherits, services)) else next(iter(places_of(services)), "")
