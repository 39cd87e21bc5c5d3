"""What containers may have beyond the usual: privileges, kernel capabilities, paths of their hosts. Only the settings say so, for all docker clouds or for one.

    [allow]                                   CLOCKER_ALLOW_PRIVILEGED=true
    capabilities = ["NET_ADMIN"]              CLOCKER_ALLOW_CAPABILITIES=NET_ADMIN,SYS_TIME
    host_paths = ["/srv/www"]                 CLOCKER_ALLOW_HOST_PATHS=/srv/www:/etc/ssl
    [allow.yard]                              # on the docker cloud `yard`, beside what all are allowed
    privileged = true

Whoever may send a blueprint does not thereby own the hosts: a privileged container, the engine's socket or a path such as `/` would give it root there.
Pure but for the reading of a table; the driver takes the lists of capabilities from here, too.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "CLOCKER_ALLOW_"
PRIVILEGED, CAPABILITIES, HOST_PATHS = "privileged", "capabilities", "host_paths"

KEPT = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"})
"""What every container has: enough to change the owner of its files, become another user and listen on low ports."""
DROPPED = ("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT")
"""What an engine would give besides, and we do not unless it is asked for."""
USUAL = KEPT | frozenset(DROPPED) | {"IPC_LOCK", "SYS_NICE"}
"""What a blueprint may add without anybody's permission: none of these leads out of the container."""

SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock")
_CAPABILITY = re.compile(r"[A-Z][A-Z_]{1,30}")

Power = tuple[str, str]
"""One thing beyond the usual: its kind, which is the key of the settings that allows it, and which of them ("" for privileges)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is allowed, in one place."""

    privileged: bool = False
    capabilities: frozenset[str] = frozenset()
    host_paths: tuple[str, ...] = ()

    def allows(self, power: Power) -> bool:
        """Whether a container may have it."""
        kind, what = power
        if kind == PRIVILEGED:
            return self.privileged
        if kind == CAPABILITIES:
            return what in USUAL or bool(self.capabilities & {what, "ALL"})
        return self._path(what)

    def _path(self, written: str) -> bool:
        """Below a path that is allowed; but the engine's socket, and folders that hold it, only where they are allowed themselves."""
        path = _normal(written)
        return path in self.host_paths or (not gives_root(path) and any(_below(path, allowed) for allowed in self.host_paths))


@dataclass(frozen=True, slots=True)
class Allowances:
    """Everywhere, and on docker clouds by their names."""

    everywhere: Allowance = Allowance()
    pools: Mapping[str, Allowance] = field(default_factory=dict)

    def allows(self, pool: str, power: Power) -> bool:
        """Whether a container on this docker cloud may have it."""
        return self.everywhere.allows(power) or (pool in self.pools and self.pools[pool].allows(power))


NOTHING = Allowances()
EVERYTHING = Allowances(Allowance(privileged=True, capabilities=frozenset({"ALL"}), host_paths=("/", *SOCKETS)))
"""For who only looks at blueprints, and for tests of other things."""


def gives_root(written: str) -> bool:
    """Whether it is the socket of an engine, or a folder that holds one: who can write there has root on the host."""
    path = _normal(written)
    return any(_below(socket, path) for socket in SOCKETS) or path.endswith("/docker.sock")


def how_to_allow(pool: str, power: Power) -> str:
    """What to write for it, in words."""
    kind, what = power
    value = "true" if kind == PRIVILEGED else f'["{_normal(what) if kind == HOST_PATHS else what}"]'
    return f"`{kind} = {value}` under [allow] or [allow.{pool}] in the daemon's clocker.toml"


def read_allowances(table: object, path: Path, environ: Mapping[str, str], faults: list[str]) -> Allowances:
    """The `allow` table of the settings file (None without), with what variables say in its place; what is wrong is added to the faults."""
    if table is not None and not isinstance(table, dict):
        faults.append(f"{path}: allow: not a table; write [allow] and below it lines such as privileged = true")
    given = dict(table) if isinstance(table, dict) else {}
    pools = {name: value for name, value in given.items() if isinstance(value, dict)}
    general = {name: value for name, value in given.items() if name not in pools}
    where = {name: f"{path}: [allow] {name}" for name in general}
    for variable in sorted(name for name in environ if name.startswith(VARIABLE)):
        name = variable.removeprefix(VARIABLE).lower()
        general[name], where[name] = _of_text(name, environ[variable]), variable
    found = {name: _allowance(own, {key: f"{path}: [allow.{name}] {key}" for key in own}, faults) for name, own in pools.items()}
    return Allowances(_allowance(general, where, faults), found)


def _of_text(name: str, text: str) -> object:
    if name == PRIVILEGED:
        return {"true": True, "1": True, "false": False, "0": False, "": False}.get(text.lower(), text)
    return [part for part in text.split(":" if name == HOST_PATHS else ",") if part]


def _allowance(given: Mapping[str, object], where: Mapping[str, str], faults: list[str]) -> Allowance:
    known = (PRIVILEGED, CAPABILITIES, HOST_PATHS)
    words = f"no such key; known are {', '.join(known)}, and tables named after docker clouds"
    faults += [f"{where[name]}: {words}" for name in given if name not in known]
    privileged = given.get(PRIVILEGED, False)
    if not isinstance(privileged, bool):
        faults.append(f"{where[PRIVILEGED]} = {privileged!r}: write true or false")
    names = tuple(_texts(CAPABILITIES, given, where, faults, 'write a list of names, for example ["NET_ADMIN"]'))
    plain = [name.upper().removeprefix("CAP_") for name in names]
    faults += [
        f"{where[CAPABILITIES]}: {name!r} is not a capability; write for example NET_ADMIN"
        for name in plain
        if not _CAPABILITY.fullmatch(name)
    ]
    paths = tuple(_texts(HOST_PATHS, given, where, faults, 'write a list of paths from the root, for example ["/srv/www"]'))
    faults += [
        f"{where[HOST_PATHS]}: {path!r} is not a path from the root; write one that begins with /"
        for path in paths
        if not path.startswith("/")
    ]
    return Allowance(privileged is True, frozenset(plain), tuple(dict.fromkeys(map(_normal, paths))))


def _texts(name: str, given: Mapping[str, object], where: Mapping[str, str], faults: list[str], right: str) -> Iterator[str]:
    value = given.get(name, [])
    items: Iterable[object] = value if isinstance(value, list) else (None,)
    for item in items:
        if isinstance(item, str) and item:
            yield item
        else:
            faults.append(f"{where[name]}: {right}")
            return


def _normal(path: str) -> str:
    return posixpath.normpath(f"/{path.lstrip('/')}")


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
