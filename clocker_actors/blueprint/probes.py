"""Readiness and health probes.

    readiness: {http: 8080/health, period: 5s}
    health: {exec: [pg_isready], timeout: 1s, failures: 5}
    health: {sensor: queue.length, less-than: 1000}

The last is no probe but a check of a sensor that something else gives, and becomes an enricher. A port that is probed must be published, since the manager stands outside of the container.
"""

from clocker_actors.blueprint.coerce import command, integer, text
from clocker_actors.blueprint.context import Context, Names
from clocker_actors.blueprint.depends import condition_of
from clocker_actors.blueprint.nodes import MapNode, Node, ScalarNode, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import PROBE_KEYS, PROBE_TARGET_KEYS
from clocker_actors.blueprint.tree import Raw
from clocker_actors.model.specs import PolicySpec, PortSpec, ProbeKind, ProbeSpec
from clocker_actors.model.values import Value

_SENSOR_CHECK = "sensor-check"


def read_probe(section: Section, name: str, ports: tuple[PortSpec, ...], network: str, context: Context) -> ProbeSpec | None:
    """The probe under that key; None if there is none."""
    node = section.node(name)
    if node is None or (name == "health" and _of_sensor(node)):
        return None
    probe = Section.read(node, section.spelled(name), PROBE_KEYS, context.faults)
    kinds = [kind for kind in ProbeKind if kind.value in probe]
    if len(kinds) != 1:
        if not (kinds == [] and not isinstance(node, MapNode)):
            context.faults.add(
                node.mark, f"{section.spelled(name)} needs one of `http`, `tcp` and `exec`; write for example {{http: 8080/}}"
            )
        return None
    spec = _target(kinds[0], probe, context)
    if spec is not None and spec.kind is not ProbeKind.EXEC:
        _check_published(spec, probe, ports, network)
    return spec


def read_sensor_health(section: Section, raw: Raw, taken: Names, context: Context) -> tuple[PolicySpec, ...]:
    """The enricher that `health` with a `sensor` stands for; none without one."""
    node = section.node("health")
    if node is None or not isinstance(node, MapNode) or not _of_sensor(node):
        return ()
    failures = node.entries.get("failures")
    count = None if failures is None else integer(failures.node, "`failures`", context.faults, 1, 1000)
    found = condition_of(node, section.spelled("health"), context, ("failures",))
    if found is None or (failures is not None and count is None):
        return ()
    sensor, predicate, mark = found
    context.sought.sensors.append((raw, sensor, mark))
    config: dict[str, Value] = {"sourceSensor": sensor, "predicate": predicate}
    return (PolicySpec(_SENSOR_CHECK, taken.fresh("health"), config if count is None else config | {"failures": count}),)


def _of_sensor(node: Node) -> bool:
    return isinstance(node, MapNode) and "sensor" in node.entries


def _target(kind: ProbeKind, probe: Section, context: Context) -> ProbeSpec | None:
    period, timeout, failures = probe.number("period"), probe.number("timeout"), probe.integer("failures")
    node = probe.node(kind.value)
    if node is None:
        probe.fault(
            kind.value, f"`{kind.value}` of the probe has nothing; write {'the words to run' if kind is ProbeKind.EXEC else 'a port'}"
        )
        return None
    if kind is ProbeKind.EXEC:
        target = node.entries["command"].node if isinstance(node, MapNode) and "command" in node.entries else node
        words = command(target, "`exec`", context.faults)
        if words == ():
            context.faults.add(node.mark, "`exec` has no words; write the program and its arguments")
        return ProbeSpec(kind, command=words, period=period, timeout=timeout, failures=failures) if words else None
    port, path = _address(node, kind, context)
    return None if port is None else ProbeSpec(kind, port, path, (), period, timeout, failures)


def _address(node: Node, kind: ProbeKind, context: Context) -> tuple[int | None, str]:
    if isinstance(node, MapNode):
        target = Section.read(node, f"`{kind.value}` of the probe", PROBE_TARGET_KEYS, context.faults)
        port, path = target.maybe_integer("port"), target.text("path")
        if "port" not in target:
            context.faults.add(node.mark, f"`{kind.value}` of the probe has no `port`; write the container's")
    else:
        written = text(node, f"`{kind.value}`", context.faults)
        if written is None:
            return None, "/"
        number, slash, rest = written.partition("/")
        path = slash + rest or "/"
        port = integer(ScalarNode(node.mark, number, plain=True), f"`{kind.value}`", context.faults, 1, 65535)
    if not path.startswith("/") or any(character.isspace() for character in path) or (kind is ProbeKind.TCP and path != "/"):
        wanted = "a port alone" if kind is ProbeKind.TCP else "a path that begins with `/`, without spaces"
        context.faults.add(node.mark, f"`{kind.value}` of the probe has the path {quote(path)}; write {wanted}")
    return port, path


def _check_published(spec: ProbeSpec, probe: Section, ports: tuple[PortSpec, ...], network: str) -> None:
    published = any(port.container == spec.port and port.protocol == "tcp" for port in ports)
    if network == "none":
        probe.fault(spec.kind.value, "a container with `network: none` cannot be reached; probe it with `exec`")
    elif network == "bridge" and not published:
        probe.fault(spec.kind.value, f"port {spec.port} is probed but not published; add `- {spec.port}` to `ports`, or probe with `exec`")
