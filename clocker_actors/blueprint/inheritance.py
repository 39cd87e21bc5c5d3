"""How configuration is inherited: along the chain of a service's types, and at run time from the services it stands in.

Each key has a mode for either way. Along types a service's own map is the last link, so a value it writes counts before those of its type; at run time what
is not written there is looked for at its parent, and so on up to the application. Maps may be merged on the way instead of replaced.

A value that comes from a parent is resolved where it was written: its nodes carry that service's number as their `home`.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Node, ScalarNode


class Mode(StrEnum):
    """What becomes of a key's value on its way down."""

    NEVER = "never"
    """It is its own service's (or type's) alone."""
    NOT_REINHERITED = "not_reinherited"
    """It goes down to the first who declares the key, and no further."""
    NOT_REINHERITED_ELSE_DEEP_MERGE = "not_reinherited_else_deep_merge"
    """As that, and is merged with what that one has itself."""
    OVERWRITE = "overwrite"
    """It goes down until somebody has an own value."""
    DEEP_MERGE = "deep_merge"
    """It goes down, merged with what each has itself."""

    @property
    def merges(self) -> bool:
        """Whether maps are merged."""
        return self in {Mode.DEEP_MERGE, Mode.NOT_REINHERITED_ELSE_DEEP_MERGE}

    @property
    def stays(self) -> bool:
        """Whether who declares the key keeps its value to itself."""
        return self in {Mode.NEVER, Mode.NOT_REINHERITED, Mode.NOT_REINHERITED_ELSE_DEEP_MERGE}


SPELLINGS: Mapping[str, Mode] = {**{mode.value: mode for mode in Mode}, "none": Mode.NEVER, "always": Mode.OVERWRITE}
"""Every way to write a mode."""

MERGED = frozenset({"env", "files", "secrets", "templates", "labels", "provisioning.properties"})
"""Declared keys whose maps are merged, both ways."""

_OWN = frozenset(
    [
        "image",
        "imageTag",
        "build",
        "dockerfile",
        "command",
        "entrypoint",
        "leaveCommand",
        "ports",
        "openPorts",
        "directPorts",
        "portBindings",
        "volumes",
        "volumeMappings",
        "tmpfs",
        "readiness",
        "health",
        "privileged",
        "capabilities",
        "capabilitiesAdd",
        "capabilitiesDrop",
        "strategies",
        "affinity",
        "healing",
        "startTimeout",
        "duplicate",
        "initialSize",
        "minSize",
        "maxSize",
        "quorum",
        "removalStrategy",
        "quarantine",
        "memberSpec",
        "locationName",
        "hosts",
        "portRange",
        "latch",
        "dependsOn",
        "links",
        "onChange",
    ]
)
"""Declared keys that mean one service alone, or that are handed down in ways of their own."""


def type_mode(key: str) -> Mode:
    """How a declared key is inherited from types."""
    return Mode.DEEP_MERGE if key in MERGED else Mode.OVERWRITE


def runtime_mode(key: str) -> Mode:
    """How a declared key is inherited from the services above: whoever declares it uses it, and hands it no further."""
    if key in _OWN:
        return Mode.NEVER
    return Mode.NOT_REINHERITED_ELSE_DEEP_MERGE if key in MERGED else Mode.NOT_REINHERITED


def merged(below: Node, above: Node) -> Node:
    """Two values of one key, where `above` counts: maps are merged key by key, and so on inwards; anything else is replaced."""
    below, above = as_map(below), as_map(above)
    if not isinstance(below, MapNode) or not isinstance(above, MapNode) or _is_expression(below) or _is_expression(above):
        return above
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        under = entries.get(key)
        entries[key] = replace(entry, node=merged(under.node, entry.node)) if under else entry
    return MapNode(above.mark, entries, above.home)


def _is_expression(node: MapNode) -> bool:
    return any(key.startswith("$brooklyn:") for key in node.entries)


def as_map(node: Node) -> Node:
    """The list form of a map, `- NAME=value`, as the map; any other node as it is."""
    if not isinstance(node, ListNode) or not node.items:
        return node
    entries: dict[str, Entry] = {}
    for item in node.items:
        name, equals, value = item.text.partition("=") if isinstance(item, ScalarNode) else ("", "", "")
        if not equals or not name or not isinstance(item, ScalarNode):
            return node
        entries[name] = Entry(item.mark, name, ScalarNode(item.at(len(name) + 1), value, plain=False, home=item.home))
    return MapNode(node.mark, entries, node.home)
