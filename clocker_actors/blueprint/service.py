"""One service of the file to a `ServiceSpec`: its type, its configuration from both places it may stand, its policies and its children.

A declared key may stand at the service itself or under `brooklyn.config`; a key that nobody declares only under `brooklyn.config`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clocker_actors.blueprint.cluster import read_sizes
from clocker_actors.blueprint.coerce import free
from clocker_actors.blueprint.container import read_container
from clocker_actors.blueprint.context import Context, Names, listed, slug
from clocker_actors.blueprint.fit import check_fit, specs_of
from clocker_actors.blueprint.images import parse_image
from clocker_actors.blueprint.nodes import Entry, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.placing import read_affinity, read_minimum, read_requests, unique, with_rules
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import CLUSTER, CONFIG_OF, CONTAINER, GROUP, POOL, SERVICE_KEYS, SERVICE_TYPES
from clocker_actors.blueprint.typed import read_policies, read_strategies
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ClusterSpec, ContainerSpec, Duplicate, Requests, ServiceSpec
from clocker_actors.model.values import Value

_SHORTHAND = "docker:"
_ENTITY_SPEC = "$brooklyn:entitySpec"


@dataclass(frozen=True, slots=True)
class Raw:
    """A service whose type is known: its own keys, its configuration, and what nobody declares."""

    node: MapNode
    kind: str
    head: Section
    config: Section
    image: ScalarNode | None
    undeclared: tuple[Entry, ...]


def open_service(node: Node, context: Context) -> Raw | None:
    """The service in a node, its type looked up and its keys sorted; None after a fault that leaves nothing to read."""
    if not context.room_for_service(node.mark):
        return None
    if isinstance(node, ScalarNode) and not is_null(node):
        node = MapNode(node.mark, {"type": Entry(node.mark, "type", node)})
    if not isinstance(node, MapNode):
        context.faults.add(node.mark, f"a service cannot be {describe(node)}; write a map with `type`, as in {{type: 'docker:redis:7'}}")
        return None
    head = Section(node.mark, "a service", SERVICE_KEYS, context.faults)
    rest = [entry for entry in node.entries.values() if not head.offer(entry)]
    kind, image = _type(head, context)
    if kind is None:
        return None
    config = Section(node.mark, f"a {kind}", CONFIG_OF[kind], context.faults, beside=SERVICE_KEYS)
    for entry in rest:
        if not config.offer(entry):
            config.refuse(entry)
    return Raw(node, kind, head, config, image, _configuration(head, config, context))


def _configuration(head: Section, config: Section, context: Context) -> tuple[Entry, ...]:
    node = head.node("config")
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        context.faults.add(node.mark, f"{head.spelled('config')} has {describe(node)}; write a map, key: value")
        return ()
    free_keys = [entry for entry in node.entries.values() if not config.offer(entry)]
    return tuple(entry for entry in free_keys if not config.refuse_slip(entry))


def _type(head: Section, context: Context) -> tuple[str | None, ScalarNode | None]:
    node = head.node("type")
    if not isinstance(node, ScalarNode):
        wrong = f"cannot be {describe(node)}" if node else "is missing"
        right = f"write docker:image:tag, {', '.join(SERVICE_TYPES)}"
        context.faults.add(head.mark_of("type"), f"`type` of the service {wrong}; {right}")
        return None, None
    written = node.text
    if written.startswith(_SHORTHAND):
        return CONTAINER, ScalarNode(node.mark, written.removeprefix(_SHORTHAND), plain=False)
    bare = written.removeprefix("java:").lower()
    for kind, spellings in SERVICE_TYPES.items():
        if bare == kind or bare in map(str.lower, spellings):
            return kind, None
    names = [*SERVICE_TYPES, *(each for spellings in SERVICE_TYPES.values() for each in spellings if "." not in each)]
    if isinstance(parse_image(written), str) or not ("/" in written or ":" in written):
        context.faults.add(node.mark, f"{quote(written)} is not a known type of service; {context.faults.hint(written, names)}")
    else:
        context.faults.add(node.mark, f"{quote(written)} is not a known type of service; for an image write {quote(_SHORTHAND + written)}")
    return None, None


def read_service(node: Node, context: Context, *, healed: bool = True) -> ServiceSpec | None:
    """The service in a node; None after a fault that leaves nothing of it."""
    raw = open_service(node, context)
    return None if raw is None else service_of(raw, context, healed=healed)


def service_of(raw: Raw, context: Context, *, healed: bool = True) -> ServiceSpec | None:
    """The service of an opened node; not `healed` if what it stands in says that nothing is mended. Names and ids not written are left empty, for
    `names.assign`."""
    if raw.kind == POOL:
        raw.head.fault("type", "a docker-cloud stands only in `services` at the root; move it there, and name it as `location`")
        return None
    head, config = raw.head, raw.config
    identity, name = head.text("id"), head.text("name")
    if identity:
        identity = context.safe(identity, "id", head.mark_of("id"))
        context.claim(identity, head.mark_of("id"))
    taken = Names()
    below = listed(head.node("children"), head.spelled("children"), context.faults)
    children = [(read_service(each, context), each.mark) for each in below]
    check_siblings(children, context)
    if raw.kind == GROUP and "children" not in head:
        context.faults.add(raw.node.mark, "a group has no `children`; list the services in it")
    policies = read_policies(head.node("policies"), head.spelled("policies"), ("policy",), taken, context)
    enrichers = read_policies(head.node("enrichers"), head.spelled("enrichers"), ("enricher", "feed"), taken, context)
    kind = EntityKind.CLUSTER if raw.kind == CLUSTER else EntityKind.MEMBER
    healing = config.boolean("healing")
    check_fit((*enrichers, *policies), kind, context, healing=healing and healed and raw.kind != GROUP)
    affinity = read_affinity(config, context)
    container = read_container(config, raw.image, context) if raw.kind == CONTAINER else None
    return ServiceSpec(
        id=identity,
        name=context.safe(name, "name", head.mark_of("name")) if name else "",
        type=raw.kind,
        container=container,
        cluster=_cluster(raw, context, healed=healing) if raw.kind == CLUSTER else None,
        policies=specs_of(policies),
        enrichers=specs_of(enrichers),
        children=tuple(with_rules(child, affinity) if raw.kind == GROUP else child for child, _ in children if child),
        strategies=(*read_strategies(config, context), *read_minimum(config, context)),
        start_timeout=config.number("startTimeout"),
        healing=healing,
        config=_values(raw, context),
        affinity=affinity,
        requests=read_requests(config) if raw.kind == CONTAINER else Requests(),
        duplicate=_duplicate(config, container) if raw.kind != GROUP else Duplicate.OK,
    )


def _duplicate(config: Section, container: ContainerSpec | None) -> Duplicate:
    """An engine that starts containers by itself could not be kept from making a second one."""
    found = Duplicate(config.text("duplicate"))
    if found is Duplicate.NEVER and container is not None and container.restart != "no":
        config.fault("duplicate", "`duplicate: never` does not go with the engine's own `restart`; remove that, the manager restarts it")
    return found


def _values(raw: Raw, context: Context) -> dict[str, Value]:
    return {entry.key: free(entry.node, context.faults) for entry in raw.undeclared}


def _cluster(raw: Raw, context: Context, *, healed: bool) -> ClusterSpec | None:
    node = raw.config.node("memberSpec")
    if isinstance(node, MapNode) and list(node.entries) == [_ENTITY_SPEC]:
        node = node.entries[_ENTITY_SPEC].node
    if node is None:
        context.faults.add(raw.node.mark, "a cluster has no `memberSpec`; write the service that each member is")
        return None
    member = read_service(node, context, healed=healed)
    return None if member is None else read_sizes(raw.config, _inherit(raw.config, member, context))


def _inherit(config: Section, member: ServiceSpec, context: Context) -> ServiceSpec:
    """What a cluster says of placement, starting and healing holds for its members, unless they say otherwise themselves."""
    own_timeout = member.start_timeout != CONFIG_OF[CONTAINER]["startTimeout"].default
    return replace(
        member,
        strategies=member.strategies or (*read_strategies(config, context), *read_minimum(config, context)),
        affinity=unique((*member.affinity, *read_affinity(config, context))),
        start_timeout=member.start_timeout if own_timeout else config.number("startTimeout"),
        healing=member.healing and config.boolean("healing"),
        duplicate=Duplicate.NEVER if _duplicate(config, member.container) is Duplicate.NEVER else member.duplicate,
    )


def check_siblings(services: Sequence[tuple[ServiceSpec | None, Mark]], context: Context) -> None:
    """Note services beside each other that were given one name, since their paths would be the same."""
    seen: dict[str, Mark] = {}
    for spec, mark in services:
        name = spec.name if spec else ""
        if name and name in seen:
            text = f"name {quote(name)} is also that of the service beside it on line {seen[name].line}; give each its own"
            context.faults.add(mark, text)
        seen.setdefault(name, mark)


def suggested_name(spec: ServiceSpec) -> str:
    """A name for a service that has none: from its id, image or type."""
    if spec.id:
        return spec.id
    if spec.container and spec.container.image.reference:
        repository = spec.container.image.reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
        return slug(repository)
    return spec.type
