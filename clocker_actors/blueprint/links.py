"""Links: names of other containers, with the environment and the entries of hosts that tell how to reach them.

    links: [db, "cache:store"]        links: {store: cache}

For `cache:store` the container knows a host `store`, and the variables STORE_NAME, STORE_PORT, STORE_PORT_6379_TCP and so on, as Docker has them; it waits
until `cache` is up. What it says itself of its environment counts before these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from clocker_actors.blueprint.coerce import pairs, texts
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.depends import known_service
from clocker_actors.blueprint.nodes import MapNode, Mark, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.waits import Wait
from clocker_actors.model.expressions import Dependency, Expression, Late, literal
from clocker_actors.model.specs import ContainerSpec, PortSpec, ServiceSpec

MOST_VARIABLES = 10_000
"""Variables that the links of one file make."""
_ADDRESS = "host.subnet.address"
_HERE = frozenset({"self", "parent"})


@dataclass(frozen=True, slots=True)
class Link:
    """A container `on` is known to another one as `alias`."""

    on: str
    alias: str
    mark: Mark


def read_links(section: Section, raw: Raw, context: Context) -> tuple[Link, ...]:
    """The links of a container, each to a service of the file."""
    node = section.node("links")
    if node is None:
        return ()
    if isinstance(node, MapNode):
        found = [(on, alias, node.entries[alias].node.mark) for alias, on in pairs(node, section.spelled("links"), context.faults).items()]
    else:
        found = []
        for written in texts(node, section.spelled("links"), context.faults):
            on, _, alias = written.partition(":")
            found.append((on, alias or on, node.mark))
    links = [Link(on, alias, mark) for on, alias, mark in found if known_service(on, mark, raw, context)]
    for link in links:
        context.sought.waits.append(Wait(raw, link.on, "", link.mark))
        if sum(1 for other in links if other.alias == link.alias) > 1:
            context.faults.add(link.mark, f"two links are named {quote(link.alias)}; give each its own name, as id:name")
    return tuple(links)


def linked(services: tuple[ServiceSpec, ...], links: Mapping[str, tuple[Link, ...]], context: Context) -> tuple[ServiceSpec, ...]:
    """The services with their links (by the id of who has them) in place."""
    if not links:
        return services
    specs = {spec.id: spec for top in services for spec in _all(top)}
    made = 0
    for link in (each for several in links.values() for each in several):
        target = specs[link.on].container if link.on in specs else None
        made += 4 * len(target.ports) + len(target.env) + 2 if target else 0
        if made > MOST_VARIABLES:
            text = f"links make more than {MOST_VARIABLES} variables in this file; link fewer ports, or name what is wanted in `env`"
            context.faults.add(link.mark, text)
            return services
    return tuple(_linked(spec, links, specs, context) for spec in services)


def _all(spec: ServiceSpec) -> Iterator[ServiceSpec]:
    yield spec
    for child in spec.children:
        yield from _all(child)
    if spec.cluster:
        yield from _all(spec.cluster.member)


def _linked(spec: ServiceSpec, links: Mapping[str, tuple[Link, ...]], specs: Mapping[str, ServiceSpec], context: Context) -> ServiceSpec:
    cluster = spec.cluster and replace(spec.cluster, member=_linked(spec.cluster.member, links, specs, context))
    children = tuple(_linked(child, links, specs, context) for child in spec.children)
    spec = replace(spec, cluster=cluster, children=children)
    for link in links.get(spec.id, ()):
        target = specs.get(link.on)
        if target is None or spec.container is None:
            continue
        if target.container is None:
            context.faults.add(link.mark, f"{quote(link.on)} is no container, so it has no address of its own; link one, or use dependsOn")
            continue
        depends = spec.depends if any(each.on == link.on for each in spec.depends) else (*spec.depends, Dependency(link.on))
        spec = replace(spec, depends=depends, container=_with(spec.container, link, target.container))
    return spec


def _with(container: ContainerSpec, link: Link, target: ContainerSpec) -> ContainerSpec:
    texts: dict[str, str | Expression] = dict(_environment(link, target))
    taken = container.env.keys()
    plain = {name: value for name, value in texts.items() if isinstance(value, str) and name not in taken}
    late = [Late(f"env.{name}", value) for name, value in texts.items() if isinstance(value, Expression) and name not in taken]
    hosts = Late(f"hosts.{link.alias}", _of(link, _ADDRESS))
    empty = {late_one.field.removeprefix("env."): "" for late_one in late}
    return replace(
        container,
        env={**plain, **empty, **container.env},
        hosts={**container.hosts, link.alias: ""},
        late=(*container.late, *late, hosts),
    )


def _environment(link: Link, target: ContainerSpec) -> Iterator[tuple[str, str | Expression]]:
    """The variables that Docker has for a link, the least port first."""
    alias = "".join(each if each.isalnum() else "_" for each in link.alias.upper())
    yield f"{alias}_NAME", link.alias
    ports = sorted(target.ports, key=lambda port: (port.protocol, port.container))
    for place, port in enumerate(ports):
        name = f"{alias}_PORT_{port.container}_{port.protocol.upper()}"
        whole = _whole(link, port)
        if place == 0:
            yield f"{alias}_PORT", whole
        yield name, whole
        yield f"{name}_ADDR", _of(link, _ADDRESS)
        yield f"{name}_PORT", _of(link, f"docker.port.{port.container}")
        yield f"{name}_PROTO", port.protocol
    late = {each.field.removeprefix("env."): each.expression for each in target.late if each.field.startswith("env.")}
    for name, value in target.env.items():
        expression = late.get(name)
        if expression is None or not any(node.op == "target" and node.value in _HERE for node in expression.walk()):
            yield f"{alias}_ENV_{name}", value if expression is None else expression


def _whole(link: Link, port: PortSpec) -> Expression:
    words = (literal(f"{port.protocol}://%s:%s"), _of(link, _ADDRESS), _of(link, f"docker.port.{port.container}"))
    return Expression("formatString", words)


def _of(link: Link, sensor: str) -> Expression:
    return Expression("attributeWhenReady", (Expression("target", value=link.on), literal(sensor)))
