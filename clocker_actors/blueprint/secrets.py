"""Secrets that a container finds in files of memory: by their names, each an expression, or a map that says more.

secrets:
  db-password: $brooklyn:external("shop", "db-password")
  tls-key: {content: $brooklyn:external("vault", "tls#key"), path: /etc/shop/tls/key.pem, mode: "0400", uid: 999}
"""

import re
from pathlib import PurePosixPath

from clocker_actors.blueprint.coerce import text
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.files import mode
from clocker_actors.blueprint.nodes import Entry, LateNode, MapNode, Node, describe, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import SECRET_KEYS
from clocker_actors.model.expressions import Late
from clocker_actors.model.specs import SecretSpec

FOLDER = "/run/secrets"
MOST_CONTENT = 64 << 10
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")
_SYSTEM = "/ /bin /dev /etc /lib /lib64 /proc /root /run /sbin /sys /tmp /usr /usr/bin /usr/lib /usr/sbin /var"
_NOT_ABOVE = frozenset(_SYSTEM.split())
"""Folders that nobody can mean, since the folder of a secret has nothing in it but secrets."""


def read_secrets(section: Section, late: list[Late], context: Context) -> tuple[SecretSpec, ...]:
    """The secrets of a container; what is known only later, as all secrets should be, goes to `late` as `secrets.NAME`."""
    node = section.node("secrets")
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        context.faults.add(node.mark, f"{section.spelled('secrets')} has {describe(node)}; write a map, NAME: expression")
        return ()
    found = [secret for entry in node.entries.values() if (secret := _secret(entry, late, context)) is not None]
    paths: dict[str, str] = {}
    for each in found:
        if paths.setdefault(each.path, each.name) != each.name:
            context.faults.add(node.mark, f"secrets {quote(paths[each.path])} and {quote(each.name)} have one path; give them two")
    return tuple(found)


def _secret(entry: Entry, late: list[Late], context: Context) -> SecretSpec | None:
    name = entry.key
    if not _NAME.fullmatch(name):
        context.faults.add(entry.mark, f"{quote(name)} cannot name a secret; write letters, digits and . _ - alone, as db-password")
        return None
    content, path, permissions, uid, gid = entry.node, f"{FOLDER}/{name}", 0o444, 0, 0
    if isinstance(entry.node, MapNode):
        inner = Section.read(entry.node, f"secret {quote(name)}", SECRET_KEYS, context.faults)
        given = inner.node("content")
        if given is None:
            context.faults.add(
                entry.mark, f"secret {quote(name)} needs `content`; write where it comes from, as $brooklyn:external(provider, key)"
            )
            return None
        content, path = given, inner.text("path") or path
        permissions, uid, gid = mode(inner, 0o444), inner.integer("uid"), inner.integer("gid")
    parent = str(PurePosixPath(path).parent)
    if not path.startswith("/") or ".." in PurePosixPath(path).parts or str(PurePosixPath(path)) != path or parent in _NOT_ABOVE:
        context.faults.add(
            entry.mark,
            f"secret {quote(name)} cannot be at {quote(path)}: its folder has nothing but secrets in it; write one of its own, as /etc/app/tls/key.pem",
        )
        return None
    return SecretSpec(name, path, _content(name, content, late, context), permissions, uid, gid)


def _content(name: str, node: Node, late: list[Late], context: Context) -> str:
    if isinstance(node, LateNode):
        late.append(Late(f"secrets.{name}", node.expression))
        context.sought.late.append((node.expression, node.mark))
        return ""
    found = text(node, f"secret {quote(name)}", context.faults) or ""
    if not found or len(found) > MOST_CONTENT:
        context.faults.add(node.mark, f"secret {quote(name)} is empty, or larger than {MOST_CONTENT >> 10} KiB; write where it comes from")
    return found
