"""Machines that exist: lists of addresses with brace globs, and maps that say more of one of them.

byon: {hosts: ["10.0.0.{1..9}", {address: root@blue, port: 2222, name: blue, zone: b}], user: admin, privateKeyFile: /etc/clocker/id}
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from clocker_actors.blueprint.coerce import pairs, text
from clocker_actors.blueprint.context import Context, Names, slug
from clocker_actors.blueprint.globs import GlobFault, read_glob, split
from clocker_actors.blueprint.nodes import ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.options import absolute, as_list, open_options, secret_name
from clocker_actors.blueprint.phrases import piece
from clocker_actors.blueprint.provisioning_keys import MACHINE_KEYS
from clocker_actors.blueprint.section import Section
from clocker_actors.model.locations import MachineSpec, SecretRef

_ADDRESS = re.compile(
    r"(?:(?P<user>[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,63})@)?(?P<host>[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?|\[[0-9a-fA-F:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
)
_RIGHT = "write [user@]host[:port], as 10.0.0.1 or root@blue:2222"


@dataclass(frozen=True, slots=True)
class _Shared:
    """What holds for each machine of which nothing else is said."""

    user: str
    port: int
    key_file: str
    known_hosts: str
    zone: str
    labels: Mapping[str, str]
    password: SecretRef | None
    trust_first: bool


def read_machines(section: Section, items: Node | None, owner: str, context: Context) -> tuple[MachineSpec, ...]:
    """The machines of `items`, with what the section says for all of them."""
    shared = _shared(section, context)
    found: list[tuple[MachineSpec, Mark]] = []
    if items is None:
        context.faults.add(section.mark, "there are no hosts; write them as hosts: 10.0.0.{1..9}, or as a list")
        return ()
    nodes = items.items if isinstance(items, ListNode) else (items,)
    if not nodes:
        context.faults.add(items.mark, "the list of hosts is empty; write at least one, as 10.0.0.1")
    for node in nodes:
        found += _machines(node, shared, owner, context)
    return _distinct(found, context)


def _shared(section: Section, context: Context) -> _Shared:
    name = secret_name(section, "")
    return _Shared(
        section.text("user") or "root",
        section.integer("port") or 22,
        absolute(section, "privateKeyFile"),
        absolute(section, "knownHosts"),
        section.text("zone"),
        _labels(section, context),
        SecretRef(f"{name}.password") if name else None,
        section.boolean("trustFirst"),
    )


def _labels(section: Section, context: Context) -> Mapping[str, str]:
    node = section.node("labels")
    return pairs(as_list(node), section.spelled("labels"), context.faults) if node else {}


def _machines(node: Node, shared: _Shared, owner: str, context: Context) -> list[tuple[MachineSpec, Mark]]:
    if isinstance(node, ScalarNode) and not is_null(node):
        written = text(node, "a host", context.faults) or ""
        if not context.room_for_location(written, node.mark):
            return []
        pieces = [piece(node, at, part) for at, part in split(written)]
        if written and not pieces:
            context.faults.add(node.mark, f"{quote(written)} names no host; {_RIGHT}")
        return [(one, part.mark) for part in pieces for one in _addressed(part, shared, context)]
    if isinstance(node, MapNode):
        return _described(node, shared, owner, context)
    context.faults.add(node.mark, f"a host cannot be {describe(node)}; write its address, or {{address, user, port, name}}")
    return []


def _described(node: MapNode, shared: _Shared, owner: str, context: Context) -> list[tuple[MachineSpec, Mark]]:
    section = open_options(node, "a host", MACHINE_KEYS, node.mark, owner, context)
    at = section.node("address")
    if not isinstance(at, ScalarNode) or not section.text("address"):
        if at is None:
            context.faults.add(node.mark, "this host has no `address`; write it, as address: 10.0.0.1")
        return []
    if not context.room_for_location(at.text, at.mark):
        return []
    own = _Shared(
        section.text("user") or shared.user,
        section.maybe_integer("port") or shared.port,
        absolute(section, "privateKeyFile") or shared.key_file,
        absolute(section, "knownHosts") or shared.known_hosts,
        section.text("zone") or shared.zone,
        {**shared.labels, **_labels(section, context)},
        shared.password,
        shared.trust_first,
    )
    found = list(_addressed(at, own, context))
    written = section.text("name")
    if not written:
        return [(one, at.mark) for one in found]
    if len(found) > 1:
        section.fault("name", f"`name` is one, and {quote(at.text)} stands for {len(found)} hosts; leave the name out")
        return []
    name = context.safe(written, "name", section.mark_of("name"))
    return [(replace(one, name=name), section.mark_of("name")) for one in found]


def _addressed(node: ScalarNode, shared: _Shared, context: Context) -> Iterator[MachineSpec]:
    """The machines of one glob, without names; up to the first that is none."""
    try:
        glob = read_glob(node.text)
    except GlobFault as fault:
        context.faults.add(node.at(fault.offset), f"in {quote(node.text)}: {fault.text}")
        return
    if not context.room_for_machines(glob.count, node.mark):
        return
    for written in glob.expand():
        machine = _machine(written, shared)
        if isinstance(machine, str):
            context.faults.add(node.mark, machine)
            return
        yield machine


def _machine(written: str, shared: _Shared) -> MachineSpec | str:
    """The machine of one address, or what is wrong with that."""
    found = _ADDRESS.fullmatch(written)
    if found is None:
        user, at, _ = written.rpartition("@")
        if at and ":" in user:
            return "this address has a password in it, which would be shown to people; use privateKeyFile, or write the password in the settings"
        return f"{quote(written)} is not the address of a host; {_RIGHT}"
    port = int(found["port"]) if found["port"] else shared.port
    if not 1 <= port <= 65_535:
        return f"{quote(written)} has a port that cannot be; write one from 1 to 65535"
    return MachineSpec(
        "",
        found["host"].strip("[]"),
        port,
        found["user"] or shared.user,
        shared.key_file,
        shared.known_hosts,
        shared.zone,
        shared.labels,
        shared.password,
        shared.trust_first and not shared.known_hosts,
    )


def _distinct(found: list[tuple[MachineSpec, Mark]], context: Context) -> tuple[MachineSpec, ...]:
    """Names made where none is written; two of one name, or one machine twice, are faults."""
    names: dict[str, Mark] = {}
    places: dict[str, Mark] = {}
    for machine, mark in found:
        place = f"{machine.address}:{machine.port}"
        for what, value, seen in (("name", machine.name, names), ("host", place, places)):
            if value and value in seen:
                where = f"line {seen[value].line}, column {seen[value].column}"
                context.faults.add(mark, f"{what} {quote(value)} is also named at {where}; list each host once")
            seen.setdefault(value, mark)
    used = Names(names)
    return tuple(one if one.name else replace(one, name=used.fresh(slug(one.address, "host"))) for one, _ in found)
