"""A docker cloud: its hosts, each with an engine and how to reach it, and the rules by which containers are placed.

- type: docker-cloud
  name: yard
  hosts:
  - unix:///var/run/docker.sock
  - {name: blue, engine: "ssh://root@10.0.0.2", zone: b}
  - name: red
    engine: {url: "https://10.0.0.3:2376", tls: {ca: /etc/clocker/ca.pem, cert: /etc/clocker/cert.pem, key: /etc/clocker/key.pem}}
  strategies: [BreadthFirst]
"""

import re
from dataclasses import replace

from clocker_actors.blueprint.affinity import read_rules
from clocker_actors.blueprint.coerce import pairs, text
from clocker_actors.blueprint.context import Context, Names, listed, slug
from clocker_actors.blueprint.engine import read_engine
from clocker_actors.blueprint.images import parse_image
from clocker_actors.blueprint.locations import LOCAL
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.placing import read_affinity
from clocker_actors.blueprint.provisioning import provision
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import HOST_KEYS
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.typed import read_strategies
from clocker_actors.model.specs import HostSpec, PoolSpec

_RANGE = re.compile(r"\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*")
_ADDRESS = re.compile(r"[a-zA-Z0-9:._\[\]-]{1,253}")


def read_pool(raw: Raw, context: Context) -> PoolSpec:
    """The pool of an opened `docker-cloud` service."""
    head, config = raw.head, raw.config
    where = config if "locationName" in config else head
    key = "locationName" if "locationName" in config else "name" if "name" in head else "id"
    written = where.text(key)
    name = context.safe(written, "name", where.mark_of(key)) if written else ""
    if not name:
        context.faults.add(raw.node.mark, "this docker-cloud has no name; write `name`, which applications use as their `location`")
    if name == LOCAL:
        where.fault(key, f"{quote(LOCAL)} is the engine of the manager's own machine, built in; use another name")
    for key in ("policies", "enrichers", "children", "parameters"):
        if head.node(key) is not None:
            head.fault(key, f"a docker-cloud takes no {head.spelled(key)}; remove them")
    for entry in raw.undeclared.values():
        config.refuse(entry)
    if config.node("hosts") is None and config.node("location") is None:
        context.faults.add(
            raw.node.mark,
            "this docker-cloud has no `hosts` and no `location`; list at least one engine, as unix:///var/run/docker.sock, or write where hosts come from",
        )
    hosts = _hosts(config, context)
    strategies, rules = read_strategies(config, context), read_affinity(config, context)
    spec = PoolSpec(name, hosts, strategies, _port_range(config, context), affinity=rules, registry=_registry(config))
    return provision(spec, config, context)


def _registry(config: Section) -> str:
    written = config.text("registry")
    if written:
        parsed = parse_image(f"{written}/image:1")
        if isinstance(parsed, str) or not parsed.registry:
            config.fault(
                "registry", f"{config.spelled('registry')} cannot be {quote(written)}; write host:port, as registry.example.org:5000"
            )
    return written.rstrip("/")


def _hosts(config: Section, context: Context) -> tuple[HostSpec, ...]:
    found: list[tuple[HostSpec, Mark]] = []
    items = listed(config.node("hosts"), config.spelled("hosts"), context.faults)
    for item in items:
        host = _host(item, context)
        if host:
            found.append((host, item.mark))
    if isinstance(config.node("hosts"), ListNode) and not items and config.node("location") is None:
        config.fault("hosts", "`hosts` is empty; list at least one engine, as unix:///var/run/docker.sock")
    return _distinct(found, context)


def _distinct(found: list[tuple[HostSpec, Mark]], context: Context) -> tuple[HostSpec, ...]:
    """Names made where none is written; two hosts of one name, or one engine twice, are faults."""
    names: dict[str, Mark] = {}
    urls: dict[str, Mark] = {}
    for host, mark in found:
        for what, value, seen in (("name", host.name, names), ("engine", host.engine.url, urls)):
            if value and value in seen:
                context.faults.add(mark, f"{what} {quote(value)} is also that of the host on line {seen[value].line}; list each host once")
            seen.setdefault(value, mark)
    hosts = []
    used = Names(names)
    for host, _ in found:
        name = host.name or used.fresh(_suggested(host))
        hosts.append(replace(host, name=name))
    return tuple(hosts)


def _suggested(host: HostSpec) -> str:
    scheme, _, rest = host.engine.url.partition("://")
    if scheme == "unix":
        return LOCAL
    place = rest.rpartition("@")[2].partition("?")[0].partition("/")[0]
    name = place if place.endswith("]") else re.sub(r":[0-9]+$", "", place)
    return slug(name, "host")


def _host(item: Node, context: Context) -> HostSpec | None:
    if isinstance(item, ScalarNode) and not is_null(item):
        item = MapNode(item.mark, {"engine": Entry(item.mark, "engine", item)})
    if not isinstance(item, MapNode):
        context.faults.add(item.mark, f"a host cannot be {describe(item)}; write an engine's url, or {{name, engine}}")
        return None
    section = Section.read(item, "a host", HOST_KEYS, context.faults)
    node = section.node("engine")
    if node is None:
        context.faults.add(item.mark, "this host has no `engine`; write its url, as unix:///var/run/docker.sock or ssh://user@host")
        return None
    engine = read_engine(node, context)
    name, address = section.text("name"), section.text("address")
    if address and not _ADDRESS.fullmatch(address):
        section.fault("address", f"`address` cannot be {quote(address)}; write a host name or an IP address")
    labels = section.node("labels")
    rules = read_rules(section.node("affinity"), section.spelled("affinity"), context, of_host=True)
    if engine is None:
        return None
    safe = context.safe(name, "name", section.mark_of("name")) if name else ""
    return HostSpec(safe, engine, address, section.text("zone"), pairs(labels, "`labels`", context.faults) if labels else {}, rules)


def _port_range(config: Section, context: Context) -> tuple[int, int]:
    node = config.node("portRange")
    written = None
    if isinstance(node, ListNode) and len(node.items) == 2:
        parts = [text(item, "`portRange`", context.faults) or "" for item in node.items]
        written = "-".join(parts)
    elif isinstance(node, ScalarNode):
        written = node.text
    elif node is None:
        written = config.text("portRange")
    found = _RANGE.fullmatch(written or "")
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1024 <= first <= last <= 65535:
        config.fault(
            "portRange",
            f"{config.spelled('portRange')} has {describe(node) if node else 'nothing'}; write two ports from 1024, as 20000-29999",
        )
    return first, last
