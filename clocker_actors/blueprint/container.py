"""The configuration of one container: a section of the file to a `ContainerSpec`. Unprivileged unless said plainly."""

import re
from dataclasses import replace

from clocker_actors.allowances import CAPABILITIES, PRIVILEGED
from clocker_actors.blueprint.builds import read_image
from clocker_actors.blueprint.coerce import command, pairs, texts
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.files import read_files
from clocker_actors.blueprint.late import split_late
from clocker_actors.blueprint.mounts import read_mounts
from clocker_actors.blueprint.nodes import Node, ScalarNode, describe, quote
from clocker_actors.blueprint.ports import read_ports
from clocker_actors.blueprint.probes import read_probe
from clocker_actors.blueprint.secrets import read_secrets
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import CAPABILITY_KEYS
from clocker_actors.model.expressions import Late
from clocker_actors.model.specs import ContainerSpec, ImageSpec, PortKind, PortSpec, Resources

_RESTART = re.compile(r"no|always|unless-stopped|on-failure(:[1-9][0-9]{0,3})?")
_SIGNAL = re.compile(r"(SIG)?[A-Z]{2,7}([+-][0-9]{1,2})?|[1-9][0-9]?")
_ENV_NAME = re.compile(r"[^=\0]+")
_USER = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?")
_CAPABILITIES = """
ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL
LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYS_ADMIN
SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM
"""
KNOWN = frozenset(_CAPABILITIES.split())


def read_container(section: Section, shorthand: ScalarNode | None, context: Context) -> ContainerSpec | None:
    """The container a section asks for; `shorthand` is the image of a `docker:…` type. None after a fault in the image."""
    image = read_image(section, shorthand, context)
    spec, late = _alone(section, context)
    readiness = read_probe(section, "readiness", spec.ports, spec.network, context)
    health = read_probe(section, "health", spec.ports, spec.network, context)
    files, secrets = read_files(section, late, context), read_secrets(section, late, context)
    if image is None:
        return None
    return replace(spec, image=image, readiness=readiness, health=health, files=files, secrets=secrets, late=tuple(late))


def check_container(section: Section, context: Context) -> None:
    """Note what is wrong with the keys of a container whose image, ports and files may be said elsewhere, too."""
    if any(section.node(name) is not None for name in ("image", "build", "dockerfile")):
        read_image(section, None, context)
    _alone(section, context)


def _alone(section: Section, context: Context) -> tuple[ContainerSpec, list[Late]]:
    """What the keys say that can be read without the image, probes and files, and what is known only later."""
    network = section.text("network")
    add, drop = _capabilities(section, context)
    late: list[Late] = []
    spec = ContainerSpec(
        image=ImageSpec(""),
        command=_words(section, "command", late, context),
        entrypoint=_words(section, "entrypoint", late, context),
        env=_environment(section, late, context),
        ports=_on_network(read_ports(section, context), network, section),
        volumes=read_mounts(section, context),
        resources=_resources(section),
        labels=_labels(section, late, context),
        restart=_restart(section),
        user=_matching(section, "user", _USER, "a user, as www or 1000:1000"),
        read_only=section.boolean("readOnly"),
        capabilities_add=add,
        capabilities_drop=drop,
        privileged=_privileged(section, context),
        init=section.boolean("init"),
        stop_timeout=section.number("stopTimeout"),
        stop_signal=_matching(section, "stopSignal", _SIGNAL, "a signal, as SIGTERM"),
        network=network,
    )
    return spec, late


def _resources(section: Section) -> Resources:
    return Resources(
        cpus=section.maybe_number("cpus"),
        cpu_shares=section.maybe_integer("cpuShares"),
        memory=section.maybe_integer("memory"),
        pids=section.maybe_integer("pids"),
    )


def _words(section: Section, name: str, late: list[Late], context: Context) -> tuple[str, ...] | None:
    node = _early(section, name, late, context)
    return None if node is None else command(node, section.spelled(name), context.faults)


def _early(section: Section, name: str, late: list[Late], context: Context) -> Node | None:
    """What the key has, with what is known only later moved to `late`."""
    node = section.node(name)
    if node is None:
        return None
    node, found = split_late(node, name, section.spelled(name), context.faults)
    for field, expression, mark in found:
        late.append(Late(field, expression))
        context.sought.late.append((expression, mark))
    return node


def _environment(section: Section, late: list[Late], context: Context) -> dict[str, str]:
    node = _early(section, "env", late, context)
    found = {} if node is None else pairs(node, section.spelled("env"), context.faults)
    for name in found:
        if not _ENV_NAME.fullmatch(name):
            section.fault("env", f"{quote(name)} cannot name an environment variable; remove the `=`, and give every one a name")
    return found


def _labels(section: Section, late: list[Late], context: Context) -> dict[str, str]:
    node = _early(section, "labels", late, context)
    found = {} if node is None else pairs(node, section.spelled("labels"), context.faults)
    for name in found:
        if name.startswith("clocker."):
            section.fault("labels", f"label {quote(name)} begins with `clocker.`, which is the manager's own; use another name")
    return found


def _restart(section: Section) -> str:
    policy = section.text("restart")
    if policy == "false":
        return "no"
    if not _RESTART.fullmatch(policy):
        section.fault("restart", f"`restart` cannot be {quote(policy)}; write one of no, always, unless-stopped, on-failure, on-failure:3")
    return policy


def _matching(section: Section, name: str, pattern: re.Pattern[str], wanted: str) -> str:
    found = section.text(name)
    if found and not pattern.fullmatch(found):
        section.fault(name, f"{section.spelled(name)} cannot be {quote(found)}; write {wanted}")
    return found


def _privileged(section: Section, context: Context) -> bool:
    """So much power is given only for the plain word, not for 1, yes, or a quoted one."""
    node = section.node("privileged")
    if node is None:
        return False
    if not isinstance(node, ScalarNode) or not node.plain or node.text not in {"true", "false"}:
        context.faults.add(node.mark, f"`privileged` has {describe(node)}; it is only given for the plain word true, else write false")
        return False
    if node.text == "true":
        context.powers.setdefault((PRIVILEGED, ""), node.mark)
    return node.text == "true"


def _capabilities(section: Section, context: Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
    add, drop = section.node("capabilitiesAdd"), section.node("capabilitiesDrop")
    node = section.node("capabilities")
    if node is not None:
        inner = Section.read(node, "`capabilities`", CAPABILITY_KEYS, context.faults)
        for name, outer in (("add", add), ("drop", drop)):
            if outer is not None and inner.node(name) is not None:
                inner.fault(name, f"capabilities to {name} are said twice; keep one of them")
        add, drop = add or inner.node("add"), drop or inner.node("drop")
    added = _names(add, context)
    if add is not None:
        for name in added:
            context.powers.setdefault((CAPABILITIES, name), add.mark)
    return added, _names(drop, context)


def _names(node: Node | None, context: Context) -> tuple[str, ...]:
    if node is None:
        return ()
    found = []
    for name in texts(node, "capabilities", context.faults):
        plain = name.upper().removeprefix("CAP_")
        if plain in KNOWN:
            found.append(plain)
        else:
            context.faults.add(node.mark, f"{quote(name)} is not a capability; {context.faults.hint(plain, KNOWN)}")
    return tuple(dict.fromkeys(found))


def _on_network(ports: tuple[PortSpec, ...], network: str, section: Section) -> tuple[PortSpec, ...]:
    """On the host's network a port is the container's own, so it is direct whatever was written, unless that cannot be."""
    if network == "none" and ports:
        section.fault("network", "a container with `network: none` cannot publish ports; remove the ports, or use bridge")
    if network != "host":
        return ports
    for port in ports:
        if port.fixed not in (None, port.container):
            section.fault(
                "network",
                f"with `network: host` port {port.container} cannot be bound to {port.fixed}; write the same number, or use bridge",
            )
    return tuple(PortSpec(port.container, PortKind.DIRECT, None, port.protocol, port.name) for port in ports)
