"""One opened service of the file to a `ServiceSpec`: its configuration, its policies and its children."""

from collections.abc import Sequence
from dataclasses import replace

from clocker_actors.blueprint.cluster import read_sizes
from clocker_actors.blueprint.coerce import command, free
from clocker_actors.blueprint.container import check_container, read_container
from clocker_actors.blueprint.context import Context, Names, listed
from clocker_actors.blueprint.depends import held_back, read_dependencies, read_latch, read_on_change
from clocker_actors.blueprint.fit import check_fit, check_sizes, specs_of
from clocker_actors.blueprint.initializers import read_initializers
from clocker_actors.blueprint.links import read_links
from clocker_actors.blueprint.locations import read_place
from clocker_actors.blueprint.nodes import quote
from clocker_actors.blueprint.placing import read_affinity, read_minimum, read_requests, unique, with_rules
from clocker_actors.blueprint.probes import read_sensor_health
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import CLUSTER, CONFIG_OF, CONTAINER, GROUP, POOL
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.typed import read_policies, read_strategies
from clocker_actors.blueprint.untyped import UNTYPED
from clocker_actors.blueprint.values import configuration, parameter_sensors
from clocker_actors.model.expressions import OnChange
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import CHANGE_DELAY, LEAVE_TIMEOUT, ClusterSpec, ContainerSpec, Duplicate, Requests, ServiceSpec
from clocker_actors.model.values import Value


def service_of(raw: Raw, context: Context, *, healed: bool = True) -> ServiceSpec | None:
    """The service of an opened node; not `healed` if what it stands in says that nothing is mended."""
    if raw.kind == POOL:
        raw.head.fault("type", "a docker-cloud stands only in `services` at the root; move it there, and name it as `location`")
        return None
    if raw.kind == UNTYPED:
        _check_untyped(raw, context)
        return None
    head, config = raw.head, raw.config
    taken = Names()
    values = configuration(raw, context)  # first: what is wrong with a value is said of its key, not of where a type puts it
    check_siblings(raw.children, context)
    children = [service_of(child, context) for child in raw.children]
    if raw.kind == GROUP and "children" not in head:
        context.faults.add(raw.node.mark, "a group has no `children`; list the services in it")
    before = context.faults.count
    policies = read_policies(head.node("policies"), head.spelled("policies"), ("policy",), taken, context)
    enrichers = read_policies(head.node("enrichers"), head.spelled("enrichers"), ("enricher", "feed"), taken, context)
    kind = EntityKind.CLUSTER if raw.kind == CLUSTER else EntityKind.MEMBER
    initializers = read_initializers(head, kind, taken, context)
    healing = config.boolean("healing")
    check_fit((*enrichers, *initializers.written, *policies), kind, context, healing=healing and healed and raw.kind != GROUP)
    if context.faults.count > before:
        context.doubtful.add(raw.number)
    affinity = read_affinity(config, context)
    depends, latch = read_dependencies(config, raw, context), read_latch(config, raw, context)
    container = _container(raw, context) if raw.kind == CONTAINER else None
    checks = read_sensor_health(config, raw, taken, context) if raw.kind == CONTAINER else ()
    cluster = _cluster(raw, context, healed=healing) if raw.kind == CLUSTER else None
    if cluster is not None:
        check_sizes(policies, cluster, context)
    return ServiceSpec(
        id=raw.id,
        name=raw.name,
        type=raw.kind,
        container=container,
        cluster=cluster,
        policies=specs_of(policies),
        enrichers=(*specs_of((*enrichers, *initializers.feeds)), *parameter_sensors(raw, values, taken, context), *checks),
        children=tuple(
            held_back(with_rules(child, affinity), depends, latch) if raw.kind == GROUP else child for child in children if child
        ),
        strategies=(*read_strategies(config, context), *read_minimum(config, context)),
        start_timeout=config.number("startTimeout"),
        healing=healing,
        config=values,
        affinity=affinity,
        requests=read_requests(config) if raw.kind == CONTAINER else Requests(),
        duplicate=_duplicate(config, container) if raw.kind != GROUP else Duplicate.OK,
        depends=depends,
        latch=latch,
        on_change=read_on_change(config),
        change_delay=config.number("changeDelay") if raw.kind == CONTAINER else CHANGE_DELAY,
        leave_delay=config.number("leaveDelay") if raw.kind == CONTAINER else 0.0,
        leave_command=_leave_command(config, context) if raw.kind == CONTAINER else (),
        leave_timeout=config.number("leaveTimeout") if raw.kind == CONTAINER else LEAVE_TIMEOUT,
        types=raw.types,
        tags=read_tags(head, context),
        effectors=initializers.effectors,
        location=_location(head, context),
    )


def _location(head: Section, context: Context) -> str:
    node = head.node("location")
    return "" if node is None else read_place(node, context, "a service")


def _container(raw: Raw, context: Context) -> ContainerSpec | None:
    before = context.faults.count
    container = read_container(raw.config, raw.image, context)
    if context.faults.count > before:
        context.portless.add(raw.number)
    if container is not None:
        _note_links(raw, context)
    return container


def _check_untyped(raw: Raw, context: Context) -> None:
    """Note what is wrong with a service and all below it, whatever its type may be."""
    head, config = raw.head, raw.config
    taken = Names()
    configuration(raw, context)
    check_siblings(raw.children, context)
    for below in raw.below:
        service_of(below, context)
    read_policies(head.node("policies"), head.spelled("policies"), ("policy",), taken, context)
    read_policies(head.node("enrichers"), head.spelled("enrichers"), ("enricher", "feed"), taken, context)
    read_initializers(head, None, taken, context)
    config.check()
    read_affinity(config, context)
    read_dependencies(config, raw, context)
    read_latch(config, raw, context)
    read_strategies(config, context)
    read_minimum(config, context)
    _leave_command(config, context)
    check_container(config, context)
    _note_links(raw, context)
    read_tags(head, context)


def _leave_command(config: Section, context: Context) -> tuple[str, ...]:
    node = config.node("leaveCommand")
    return () if node is None else command(node, config.spelled("leaveCommand"), context.faults) or ()


def _note_links(raw: Raw, context: Context) -> None:
    context.sought.texts_of(raw)
    links = read_links(raw.config, raw, context)
    if links:
        context.links[raw.id] = links


def _duplicate(config: Section, container: ContainerSpec | None) -> Duplicate:
    """An engine that starts containers by itself could not be kept from making a second one."""
    found = Duplicate(config.text("duplicate"))
    if found is Duplicate.NEVER and container is not None and container.restart != "no":
        config.fault("duplicate", "`duplicate: never` does not go with the engine's own `restart`; remove that, the manager restarts it")
    return found


def read_tags(head: Section, context: Context) -> tuple[Value, ...]:
    """The tags of a service or application: any values."""
    return tuple(free(item, context.faults) for item in listed(head.node("tags"), head.spelled("tags"), context.faults))


def _cluster(raw: Raw, context: Context, *, healed: bool) -> ClusterSpec | None:
    if raw.member is None:
        if raw.config.node("memberSpec") is None:
            context.faults.add(raw.node.mark, "a cluster has no `memberSpec`; write the service that each member is")
        return None
    if "location" in raw.member.head:
        raw.member.head.fault("location", "all members of a cluster run at its location; write this at the cluster")
    member = service_of(raw.member, context, healed=healed)
    return None if member is None else read_sizes(raw.config, _inherit(raw.config, member, context))


def _inherit(config: Section, member: ServiceSpec, context: Context) -> ServiceSpec:
    """What a cluster says of placement, starting and healing holds for its members, unless they say otherwise themselves."""
    kept = OnChange.KEEP in (member.on_change, read_on_change(config))
    own_timeout = member.start_timeout != CONFIG_OF[CONTAINER]["startTimeout"].default
    return replace(
        member,
        strategies=member.strategies or (*read_strategies(config, context), *read_minimum(config, context)),
        affinity=unique((*member.affinity, *read_affinity(config, context))),
        start_timeout=member.start_timeout if own_timeout else config.number("startTimeout"),
        healing=member.healing and config.boolean("healing"),
        on_change=OnChange.KEEP if kept else OnChange.RESTART,
        duplicate=Duplicate.NEVER if _duplicate(config, member.container) is Duplicate.NEVER else member.duplicate,
    )


def check_siblings(services: Sequence[Raw], context: Context) -> None:
    """Note services beside each other that were given one name, since their paths would be the same."""
    seen: dict[str, Raw] = {}
    for raw in services:
        first = seen.setdefault(raw.name, raw) if raw.named else raw
        if first is not raw:
            text = f"name {quote(raw.name)} is also that of the service beside it on line {first.node.mark.line}; give each its own"
            context.faults.add(raw.node.mark, text)
