"""Options of a location: its section of keys, in which secrets are refused, and the values that several kinds of location have.

A secret is refused by its key alone, before anything looks at its value, so that no fault can show it.
"""

import re
from urllib.parse import urlsplit

from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.globs import split
from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.nodes import ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.phrases import piece
from clocker_actors.blueprint.provisioning_keys import SECRET_KEYS
from clocker_actors.blueprint.section import Section

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""How settings name locations, and so their secrets."""

_MOST_WORDS = 8 * 1024
_SECRETS = {key.lower(): ending for key, ending in SECRET_KEYS.items()}


def open_options(node: Node | None, what: str, table: KeyTable, mark: Mark, owner: str, context: Context) -> Section:
    """The section of a location's options. `owner` is the name under which settings would have its secrets."""
    section = Section(node.mark if node else mark, what, table, context.faults)
    if isinstance(node, MapNode):
        for entry in node.entries.values():
            ending = _SECRETS.get(entry.key.rpartition(".")[2].lower(), _SECRETS.get(entry.key.lower()))
            if ending is not None:
                context.faults.add(entry.mark, _where_to(entry.key, ending, owner))
            elif not section.offer(entry):
                section.refuse(entry)
    elif node is not None and not is_null(node):
        context.faults.add(node.mark, f"{what} has {describe(node)}; write its options as a map, key: value")
    return section


def _where_to(key: str, ending: str, owner: str) -> str:
    """What to do with a secret that stands in a blueprint."""
    if not ending:
        return f"{quote(key)} is a secret, which does not belong in a blueprint; write privateKeyFile, a path on the manager's machine"
    variable = f"CLOCKER_LOCATION_{owner.upper().replace('-', '_')}_{ending}"
    return (
        f"{quote(key)} is a secret, which does not belong in a blueprint; "
        f"set {variable} for the daemon, or {ending.lower()}_file under [locations.{owner}] in its clocker.toml"
    )


def absolute(section: Section, name: str) -> str:
    """A path on the manager's machine; one not from the root is a fault."""
    found = section.text(name)
    if found and not found.startswith("/"):
        section.fault(
            name, f"{section.spelled(name)} is {quote(found)}; write the path on the manager's machine from the root, beginning with `/`"
        )
    return found


def secret_name(section: Section, otherwise: str) -> str:
    """Under which name settings have the secrets."""
    written = section.text("credentials")
    if written and not NAME.fullmatch(written):
        section.fault(
            "credentials", f"{section.spelled('credentials')} is no name of a location in the settings; write one, of a-z, 0-9, - and _"
        )
        return otherwise
    return written or otherwise


def as_list(node: Node) -> Node:
    """A list, also from words with commas between them, if they are not too many to have been meant so."""
    if not isinstance(node, ScalarNode) or is_null(node) or len(node.text) > _MOST_WORDS:
        return node
    return ListNode(node.mark, tuple(piece(node, at, text) for at, text in split(node.text)))


def url(section: Section, name: str) -> str:
    """An http or https url without a password."""
    found = section.text(name)
    if not found:
        return ""
    try:
        parts = urlsplit(found)
        port = parts.port
    except ValueError:
        section.fault(name, f"{section.spelled(name)} is not an url; write https://host:port/path")
        return ""
    if parts.password is not None or parts.username is not None:
        section.fault(
            name, f"{section.spelled(name)} has a user or password in it, which would be shown to people; write them in the settings"
        )
    elif parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        section.fault(name, f"{section.spelled(name)} is {quote(found)}; write https://host:port/path")
    return found
