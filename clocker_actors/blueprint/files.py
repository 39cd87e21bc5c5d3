"""Files that are put into a container before it starts: by their paths, each a text, or a map that says more.

files:
  /etc/motd: Welcome
  /etc/app.conf: {template: "db = {{ component('db').attribute['host.address'] }}", mode: "0640", reload: [kill, -HUP, "1"]}
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from clocker_actors.blueprint.coerce import command, text
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import Entry, LateNode, ListNode, MapNode, Node, describe, is_null, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import FILE_KEYS
from clocker_actors.model.expressions import Late
from clocker_actors.model.specs import FileSpec

MOST_CONTENT = 1 << 20
_TEMPLATE = "$brooklyn:template"
_MODE = re.compile(r"0?[0-7]{3,4}")


def read_files(section: Section, late: list[Late], context: Context) -> tuple[FileSpec, ...]:
    """The files of a container; contents known only later go to `late` as `files.PATH`."""
    node = section.node("files")
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        context.faults.add(node.mark, f"{section.spelled('files')} has {describe(node)}; write a map, /path: text")
        return ()
    found = [_file(entry, late, context) for entry in node.entries.values()]
    return tuple(file for file in found if file is not None)


def with_templates(node: Node) -> Node:
    """The files as written, each `template` as the expression that it stands for."""
    if not isinstance(node, MapNode):
        return node
    return replace(node, entries={path: _with_template(entry) for path, entry in node.entries.items()})


def _with_template(entry: Entry) -> Entry:
    inner = entry.node
    found = inner.entries.get("template") if isinstance(inner, MapNode) else None
    if found is None or not isinstance(inner, MapNode) or is_null(found.node):
        return entry
    mark = found.node.mark
    call = MapNode(mark, {_TEMPLATE: Entry(mark, _TEMPLATE, ListNode(mark, (found.node,)))}, found.node.home)
    return replace(entry, node=replace(inner, entries={**inner.entries, "template": replace(found, node=call)}))


def _file(entry: Entry, late: list[Late], context: Context) -> FileSpec | None:
    path = entry.key
    if not path.startswith("/") or path.endswith("/") or ".." in PurePosixPath(path).parts or str(PurePosixPath(path)) != path:
        context.faults.add(entry.mark, f"{quote(path)} is no path of a file; write it from the root of the container, as /etc/app.conf")
        return None
    content, permissions = entry.node, 0o644
    reload: tuple[str, ...] = ()
    if isinstance(entry.node, MapNode):
        inner = Section.read(entry.node, f"file {quote(path)}", FILE_KEYS, context.faults)
        given = inner.node("template") or inner.node("content")
        if given is None or (inner.node("template") is not None and inner.node("content") is not None):
            context.faults.add(entry.mark, f"file {quote(path)} needs one of `content` and `template`; write one")
            return None
        content, permissions = given, mode(inner, 0o644)
        words = inner.node("reload")
        reload = () if words is None else command(words, "`reload`", context.faults) or ()
    return FileSpec(path, _content(path, content, late, context), permissions, reload)


def _content(path: str, node: Node, late: list[Late], context: Context) -> str:
    if isinstance(node, LateNode):
        late.append(Late(f"files.{path}", node.expression))
        context.sought.late.append((node.expression, node.mark))
        return ""
    found = text(node, f"the content of {quote(path)}", context.faults) or ""
    if len(found) > MOST_CONTENT:
        context.faults.add(node.mark, f"file {quote(path)} has more than {MOST_CONTENT >> 10} KiB; put it into the image, or on a volume")
    return found


def mode(section: Section, default: int) -> int:
    """The permission bits that a section has."""
    written = section.text("mode")
    if not _MODE.fullmatch(written):
        section.fault("mode", f"`mode` cannot be {quote(written)}; write the octal digits, as 0644")
        return default
    return int(written, 8)
