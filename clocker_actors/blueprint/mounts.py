"""Mounts: named volumes, paths of the host, and memory.

volumes:
- data:/var/lib/db            # a volume of that name, made and removed with the application
- /srv/www:/www:ro            # a path of the host
- /var/cache                  # a volume named after the path
tmpfs: [/run]
"""

import re

from clocker_actors.allowances import HOST_PATHS
from clocker_actors.blueprint.coerce import text, texts
from clocker_actors.blueprint.context import Context, listed, slug
from clocker_actors.blueprint.nodes import ListNode, MapNode, Mark, Node, describe, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import VOLUME_KEYS
from clocker_actors.model.specs import VolumeKind, VolumeSpec

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_EXAMPLES = "name:/path, /host/path:/path, either with :ro, or /path"


def read_mounts(section: Section, context: Context) -> tuple[VolumeSpec, ...]:
    """All mounts of a container's section; two on one path are a fault."""
    found: dict[str, tuple[VolumeSpec, Mark]] = {}
    for spec, mark in _all(section, context):
        if not _sound(spec, mark, context):
            continue
        if spec.kind is VolumeKind.BIND:
            context.powers.setdefault((HOST_PATHS, spec.source), mark)
        first = found.setdefault(spec.target, (spec, mark))
        if first[0] is not spec:
            context.faults.add(mark, f"{quote(spec.target)} already has a mount on line {first[1].line}; use another path, or remove one")
    return tuple(spec for spec, _ in found.values())


def _all(section: Section, context: Context) -> list[tuple[VolumeSpec, Mark]]:
    found: list[tuple[VolumeSpec, Mark]] = []
    for item in listed(section.node("volumes"), section.spelled("volumes"), context.faults):
        spec = _read_map(item, context) if isinstance(item, MapNode) else _read_text(item, context)
        if spec:
            found.append((spec, item.mark))
    mappings = section.node("volumeMappings")
    if isinstance(mappings, MapNode):
        for entry in mappings.entries.values():
            target = text(entry.node, quote(entry.key), context.faults)
            if target is not None:
                found.append((VolumeSpec(VolumeKind.BIND, entry.key, target), entry.mark))
    elif mappings is not None:
        context.faults.add(mappings.mark, f"{section.spelled('volumeMappings')} has {describe(mappings)}; write a map, /host/path: /path")
    tmpfs = section.node("tmpfs")
    if tmpfs is not None:
        found += [(VolumeSpec(VolumeKind.TMPFS, "", path), tmpfs.mark) for path in dict.fromkeys(texts(tmpfs, "`tmpfs`", context.faults))]
    return found


def _read_text(item: Node, context: Context) -> VolumeSpec | None:
    parts = [] if isinstance(item, ListNode | MapNode) else item.text.split(":")
    mode = parts.pop() if len(parts) > 1 and parts[-1] in {"ro", "rw"} else "rw"
    if not 1 <= len(parts) <= 2 or not all(parts):
        context.faults.add(item.mark, f"{describe(item)} is not a mount; write {_EXAMPLES}")
        return None
    if len(parts) == 1:
        return VolumeSpec(VolumeKind.VOLUME, slug(parts[0].strip("/").replace("/", "-"), "volume"), parts[0], mode == "ro")
    kind = VolumeKind.BIND if parts[0].startswith(("/", ".", "~")) else VolumeKind.VOLUME
    return VolumeSpec(kind, parts[0], parts[1], mode == "ro")


def _read_map(item: MapNode, context: Context) -> VolumeSpec | None:
    section = Section.read(item, "a mount", VOLUME_KEYS, context.faults)
    source, target = section.text("source"), section.text("target")
    if not target:
        context.faults.add(item.mark, "this mount has no `target`; write its path in the container")
        return None
    guess = VolumeKind.BIND if source.startswith("/") else VolumeKind.VOLUME
    kind = VolumeKind(section.text("kind") or guess)
    if kind is VolumeKind.VOLUME and not source:
        source = slug(target.strip("/").replace("/", "-"), "volume")
    return VolumeSpec(kind, source, target, section.boolean("readOnly"))


def _sound(spec: VolumeSpec, mark: Mark, context: Context) -> bool:
    problem = ""
    if not spec.target.startswith("/") or not spec.target.strip("/"):
        problem = f"{quote(spec.target)} is not a path to mount at; write one that begins with `/`, below the root"
    elif spec.kind is VolumeKind.BIND and not spec.source.startswith("/"):
        problem = f"{quote(spec.source)} is not a path of the host; write it from the root, beginning with `/`, or a volume's name"
    elif spec.kind is VolumeKind.VOLUME and not _NAME.fullmatch(spec.source):
        problem = f"{quote(spec.source)} is not a volume's name; write letters, digits, `_`, `.` and `-`"
    elif spec.kind is VolumeKind.TMPFS and spec.source:
        problem = "a tmpfs has no source; remove `source`"
    if problem:
        context.faults.add(mark, problem)
    return not problem
