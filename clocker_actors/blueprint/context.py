"""What all parts of one parse share: the faults, the types known, the files named so far, and the ids given so far."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clocker_actors.allowances import Power
from clocker_actors.blueprint.blobs import FileReference, packed, placeholder
from clocker_actors.blueprint.catalogue import Catalogue, catalogue_of
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.lookup import TypeIndex
from clocker_actors.blueprint.nodes import ListNode, MapNode, Mark, Node, describe, quote
from clocker_actors.blueprint.waits import Sought
from clocker_actors.model.catalogue import TypeSource

if TYPE_CHECKING:
    from clocker_actors.blueprint.layers import Layer
    from clocker_actors.blueprint.links import Link
    from clocker_actors.blueprint.tree import Raw

MOST_PORTS = 20_000
"""Published ports in one file, ranges written out."""

MOST_SERVICES = 3_000
"""Services in one file; the members of a cluster are one service."""

MOST_FROM_TYPES = 170_000
"""Values that the types of all services of one file bring along, each time counted."""

MOST_MACHINES = 10_000
"""Machines that exist in one file, globs written out."""

MOST_LOCATION_TEXT = 256 * 1024
"""Characters of locations and hosts that are written as text, aliases counted each time."""

_LONGEST_NAME = 200
_SAFE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")


@dataclass(slots=True)
class Context:
    """One parse of one file."""

    faults: Faults
    policies: TypeIndex
    strategies: TypeIndex
    predicates: frozenset[str] = frozenset()
    partial: bool = False
    """Whether names of strategies and predicates that are not known here may be known elsewhere."""
    sources: tuple[TypeSource, ...] = ()
    """The files of types."""
    raws: list["Raw"] = field(default_factory=list)
    """Every service, opened, by its number."""
    by_id: dict[str, "Raw"] = field(default_factory=dict)
    """Services by their ids, once all have one."""
    sought: Sought = field(default_factory=Sought)
    links: dict[str, tuple["Link", ...]] = field(default_factory=dict)
    """Links by the id of who has them."""
    urls: dict[str, Mark] = field(default_factory=dict)
    """Addresses that have to answer when the blueprint is deployed."""
    places: dict[str, Mark] = field(default_factory=dict)
    """Docker clouds that services run in, each with where it is named first."""
    powers: dict[Power, Mark] = field(default_factory=dict)
    """What containers have beyond the usual, each with where it is written first."""
    template: bool = False
    """Whether a type is read, whose required parameters are given later."""
    files: dict[str, FileReference] = field(default_factory=dict)
    inline: dict[str, bytes] = field(default_factory=dict)
    """Build contexts whose files are written where they are named, by SHA-256."""
    ids: dict[str, Mark] = field(default_factory=dict)
    ports: int = 0
    services: int = 0
    doubtful: set[int] = field(default_factory=set)
    """Services, by number, in whose policies, enrichers or initializers something is wrong, so that they may be meant to have further sensors."""
    portless: set[int] = field(default_factory=set)
    """Containers, by number, that could not be read, so that they may be meant to have further ports."""
    untyped: bool = False
    """Whether the type of a service is not known."""
    from_types: int = 0
    machines: int = 0
    location_text: int = 0
    bases: dict[int, tuple[MapNode, "Layer"]] = field(default_factory=dict)
    """Layers of types by the identities of their nodes (which are kept beside them)."""
    _catalogue: Catalogue | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The types of services; their files are read when somebody asks for the first time."""
        if self._catalogue is None:
            self._catalogue = catalogue_of(self.sources)
        return self._catalogue

    def know(self, catalogue: Catalogue) -> None:
        """Have these types of services, whatever the files say."""
        self._catalogue = catalogue

    @property
    def whole(self) -> bool:
        """Whether all services could be opened, so that an id which none of them has is nobody's."""
        return self.services < len(self.raws) and not self.untyped

    def file(self, path: str, mark: Mark, inline: Mapping[str, str] | None = None) -> str:
        """The placeholder of a folder next to the blueprint, or of a repository, together with these files if there are some."""
        content = packed(inline) if inline else b""
        reference = FileReference(path, placeholder(path, content), content, mark.line, mark.column)
        return self.files.setdefault(reference.placeholder, reference).placeholder

    def written(self, files: Mapping[str, str]) -> str:
        """The SHA-256 of a build context of these files."""
        content = packed(files)
        name = hashlib.sha256(content).hexdigest()
        self.inline[name] = content
        return name

    def claim(self, name: str, mark: Mark) -> None:
        """Take an id for one service; a second taker is a fault that names both."""
        if name in self.ids:
            text = f"id {quote(name)} is also that of the service on line {self.ids[name].line}; give each service its own"
            self.faults.add(mark, text)
        self.ids.setdefault(name, mark)

    def room_for_service(self, mark: Mark) -> bool:
        """Count one service; the first that is too many is a fault, and those after it are not read."""
        self.services += 1
        if self.services == MOST_SERVICES + 1:
            self.faults.add(mark, f"more than {MOST_SERVICES} services in one file; make those of one kind a cluster, or split the file")
        return self.services <= MOST_SERVICES

    def room_for_type(self, values: int, mark: Mark) -> bool:
        """Count what a type brings to a service; the first that is too much is a fault, and the services after it are not read."""
        above, self.from_types = self.from_types, self.from_types + values
        if above <= MOST_FROM_TYPES < self.from_types:
            text = f"the types of the services above bring more than {MOST_FROM_TYPES} values; make services of one kind a cluster, or split the file"
            self.faults.add(mark, text)
        return self.from_types <= MOST_FROM_TYPES

    def room_for_machines(self, count: int, mark: Mark) -> bool:
        """Count machines that are about to be written out; the first that are too many are a fault, and none after them is written out."""
        above, self.machines = self.machines, self.machines + count
        if above <= MOST_MACHINES < self.machines:
            more = f" and {above} are named above" if above else ""
            text = f"this stands for {count:,} hosts{more}, but one file may name {MOST_MACHINES:,}; write a smaller range, or let a cloud make them"
            self.faults.add(mark, text)
        return self.machines <= MOST_MACHINES

    def room_for_location(self, text: str, mark: Mark) -> bool:
        """Count a location that is written as text, since it is read character by character."""
        above, self.location_text = self.location_text, self.location_text + len(text)
        if above <= MOST_LOCATION_TEXT < self.location_text:
            self.faults.add(
                mark,
                f"more than {MOST_LOCATION_TEXT >> 10} KiB of locations; write hosts with braces, as 10.0.0.{{1..9}}, or split the file",
            )
        return self.location_text <= MOST_LOCATION_TEXT

    def safe(self, name: str, what: str, mark: Mark) -> str:
        """The name if it can stand in a path; else a fault that says a name which could, and that one."""
        if _SAFE.fullmatch(name):
            return name
        better = slug(name)
        rule = "letters, digits, `_`, `.` and `-`, the first a letter or digit, at most 63"
        self.faults.add(mark, f"{what} {quote(name)} cannot stand in a path ({rule}); write for example {quote(better)}")
        return better

    def shown(self, name: str, what: str, mark: Mark, *, in_path: bool) -> str:
        """A name for people to see: any on one line, unless it is to stand in a path as well."""
        if in_path:
            return self.safe(name, what, mark)
        if len(name) > _LONGEST_NAME or not name.isprintable():
            self.faults.add(mark, f"{what} {quote(name)} cannot be shown; write one line of at most {_LONGEST_NAME} characters")
            return slug(name)
        return name


def slug(text: str, otherwise: str = "service") -> str:
    """A name that can stand in a path, as near to the text as can be."""
    found = re.sub(r"[^a-zA-Z0-9_.-]+", "-", text[:200]).strip("-._")[:63]
    return found or otherwise


class Names:
    """Names in use, and new ones that keep clear of them."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._used = set(used)
        self._last: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._used

    def add(self, name: str) -> None:
        """Note a name as used."""
        self._used.add(name)

    def fresh(self, wanted: str) -> str:
        """The wanted name, numbered from 2 if it is in use; it is then in use too."""
        name, number = wanted, self._last.get(wanted, 1)
        while name in self._used:
            number += 1
            name = f"{wanted}-{number}"
        self._last[wanted] = number
        self._used.add(name)
        return name


def listed(node: Node | None, what: str, faults: Faults) -> tuple[Node, ...]:
    """The items of a list node; none if there is no node, or after a fault if it is no list."""
    if node is None:
        return ()
    if isinstance(node, ListNode):
        return node.items
    if isinstance(node, MapNode):
        faults.add(node.mark, f"{what} has a map; write a list, each item beginning with `- `")
    else:
        faults.add(node.mark, f"{what} has {describe(node)}; write a list, each item beginning with `- `")
    return ()
