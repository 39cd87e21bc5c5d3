"""Published ports: the three lists of the ancestor (open, direct, bound) and the modern `ports` list, made one, with clashes found.

ports:            openPorts: [80]            # a host port the manager chooses
- 80              directPorts: [8080]        # the same number on the host
- 8080:80         portBindings: {8443: 443}  # a number the blueprint names
- 9000-9010/udp
"""

import re
from collections.abc import Iterator

from clocker_actors.blueprint.coerce import integer
from clocker_actors.blueprint.context import MOST_PORTS, Context, listed
from clocker_actors.blueprint.nodes import ListNode, MapNode, Mark, Node, ScalarNode, describe, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import PORT_KEYS
from clocker_actors.model.specs import PortKind, PortSpec

_PORT = re.compile(r"(?:(?P<host>\d{1,5}(?:-\d{1,5})?)(?::|->))?(?P<container>\d{1,5}(?:-\d{1,5})?)(?:/(?P<protocol>tcp|udp|sctp))?")
_EXAMPLES = "80, 8080:80, 8080->80, 9000-9010 or 53/udp, each number from 1 to 65535"


class _Ports:
    """The ports of one service, as they are read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by_host: dict[tuple[int, str], Mark] = {}
        self._by_container: dict[tuple[int, str], Mark] = {}
        self._found: list[PortSpec] = []

    def add(self, spec: PortSpec, mark: Mark) -> None:
        fixed = spec.fixed
        key = (spec.container if fixed is None else fixed, spec.protocol)
        side, taken = ("container", self._by_container) if fixed is None else ("host", self._by_host)
        if key in taken:
            text = (
                f"{side} port {key[0]}/{key[1]} is already taken on line {taken[key].line} of the same service; use another, or remove one"
            )
            self._context.faults.add(mark, text)
            return
        taken[key] = mark
        self._found.append(spec)

    def result(self) -> tuple[PortSpec, ...]:
        """A random port is left out where the same container port has a fixed one: the ancestor's blueprints list such in both."""
        fixed = {(spec.container, spec.protocol) for spec in self._found if spec.fixed is not None}
        return tuple(spec for spec in self._found if spec.fixed is not None or (spec.container, spec.protocol) not in fixed)


def read_ports(section: Section, context: Context) -> tuple[PortSpec, ...]:
    """All published ports of a container's section, in the order of the keys above."""
    ports = _Ports(context)
    for name, kind in (("ports", PortKind.RANDOM), ("openPorts", PortKind.RANDOM), ("directPorts", PortKind.DIRECT)):
        for item in _items(section.node(name), section.spelled(name), context):
            _read_item(item, kind, section.spelled(name), ports, context)
    bindings = section.node("portBindings")
    if isinstance(bindings, MapNode):
        for entry in bindings.entries.values():
            _read_binding(entry.key, entry.mark, entry.node, ports, context)
    else:
        for item in listed(bindings, section.spelled("portBindings"), context.faults):
            _read_item(item, PortKind.RANDOM, section.spelled("portBindings"), ports, context)
    return ports.result()


def _items(node: Node | None, what: str, context: Context) -> tuple[Node, ...]:
    return (node,) if isinstance(node, ScalarNode) else listed(node, what, context.faults)


def _read_item(item: Node, kind: PortKind, what: str, ports: _Ports, context: Context) -> None:
    if isinstance(item, MapNode):
        spec = _read_map(item, context)
        if spec:
            ports.add(spec, item.mark)
        return
    found = None if isinstance(item, ListNode) else _PORT.fullmatch(item.text.replace(" ", ""))
    containers = _range(found["container"]) if found else None
    hosts = _range(found["host"]) if found and found["host"] else None
    if found is None or containers is None or (found["host"] and hosts is None):
        context.faults.add(item.mark, f"{what} has {describe(item)}; write a port as {_EXAMPLES}")
        return
    if hosts is not None and (kind is PortKind.DIRECT or len(hosts) != len(containers)):
        right = "a direct port has one number; use `ports`" if kind is PortKind.DIRECT else "make both ranges the same length"
        context.faults.add(item.mark, f"{what} has {describe(item)}; {right}")
        return
    context.ports += len(containers)
    if context.ports > MOST_PORTS:
        context.faults.add(item.mark, f"more than {MOST_PORTS} published ports in one file; use narrower ranges, or `network: host`")
        return
    for spec in _specs(containers, hosts, kind, found["protocol"] or "tcp"):
        ports.add(spec, item.mark)


def _specs(containers: range, hosts: range | None, kind: PortKind, protocol: str) -> Iterator[PortSpec]:
    for index, container in enumerate(containers):
        if hosts is None:
            yield PortSpec(container, kind, None, protocol)
        else:
            yield PortSpec(container, PortKind.BOUND, hosts[index], protocol)


def _range(text: str) -> range | None:
    first, _, last = text.partition("-")
    least, most = int(first), int(last or first)
    return range(least, most + 1) if 1 <= least <= most <= 65535 else None


def _read_map(item: MapNode, context: Context) -> PortSpec | None:
    section = Section.read(item, "a port", PORT_KEYS, context.faults)
    container, host = section.maybe_integer("container"), section.maybe_integer("host")
    if container is None:
        if "container" not in section:
            context.faults.add(item.mark, "this port has no `container`; write the port the container listens on")
        return None
    kind = section.text("kind") or ("bound" if host is not None else "random")
    if (kind == "bound") != (host is not None):
        context.faults.add(item.mark, "`host` goes with `kind: bound` and only with it; write both or neither")
        return None
    return PortSpec(container, PortKind(kind), host, section.text("protocol"), section.text("name"))


def _read_binding(key: str, mark: Mark, node: Node, ports: _Ports, context: Context) -> None:
    host = integer(ScalarNode(mark, key, plain=True), "a host port of `portBindings`", context.faults, 1, 65535)
    container = integer(node, f"container port of {quote(key)}", context.faults, 1, 65535)
    if host is not None and container is not None:
        ports.add(PortSpec(container, PortKind.BOUND, host), mark)
