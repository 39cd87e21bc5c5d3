"""The catalogue of types: which there are, in which versions, and what each file says.

id: redis                       # how services name it: `type: redis`, or `type: redis:7.0` for that version alone
version: 7.0
type: container                 # what it extends: a kind of service, an image as docker:redis:7, or another type
description: a store of keys and values in memory
parameters: [...]               # and any other key of a service

An id without a version means the newest one that is no snapshot. A file may also be the ancestor's, with `brooklyn.catalog` and its `item` or `items`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache

from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import START, Entry, ListNode, MapNode, Mark, Node, ScalarNode, describe, quote
from clocker_actors.blueprint.reader import read
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import SERVICE_KEYS
from clocker_actors.blueprint.type_keys import CATALOGUE_KEYS, TYPE_KEYS
from clocker_actors.model.catalogue import TypeSource

_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,99}")
_VERSION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,49}")
_NUMBERS = re.compile(r"[0-9]{1,18}")
_PIECES = re.compile(r"([0-9]{1,18})|([a-zA-Z]+)")
_PREFIX = "brooklyn.catalog"


@dataclass(frozen=True, slots=True)
class CatalogueType:
    """One type in one version; `node` is its map without the keys that are about the type itself."""

    id: str
    version: str
    node: MapNode = field(compare=False)
    mark: Mark = field(compare=False)
    source: TypeSource = field(compare=False)
    name: str = field(default="", compare=False)
    description: str = field(default="", compare=False)
    icon: str = field(default="", compare=False)
    docs: str = field(default="", compare=False)
    aliases: tuple[str, ...] = field(default=(), compare=False)
    sensors: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    deprecated: bool = field(default=False, compare=False)
    application: bool = field(default=False, compare=False)
    """Whether it is a whole application."""
    size: int = field(default=0, compare=False)
    """What it brings to a service: values, and one more for each hundred characters."""

    @property
    def reference(self) -> str:
        """`id:version`, which means this one whatever else there is."""
        return f"{self.id}:{self.version}"

    @property
    def extends(self) -> str:
        """What it extends, as it is written."""
        entry = next((self.node.entries[each] for each in ("type", "serviceType", "service_type") if each in self.node.entries), None)
        return entry.node.text if entry and isinstance(entry.node, ScalarNode) else ""


def holds_types(root: MapNode) -> bool:
    """Whether a file is one of types, and not a blueprint."""
    keys = root.entries.keys()
    return not {"catalog", "brooklyn.catalog"}.isdisjoint(keys) or (
        "services" not in keys and ("version" in keys or {"id", "type"} <= keys)
    )


def order(version: str) -> tuple[object, ...]:
    """What versions are sorted by, oldest first: snapshots before all others, numbers as numbers, `2.0-rc1` before `2.0`."""
    core = re.split(r"[-_+]", version, maxsplit=1)
    numbers = tuple(int(each) for each in _NUMBERS.findall(core[0]))
    while numbers and numbers[-1] == 0:
        numbers = numbers[:-1]
    rest = core[1] if len(core) > 1 else ""
    pieces = tuple((1, int(number), "") if number else (0, 0, word.lower()) for number, word in _PIECES.findall(rest))
    return ("SNAPSHOT" not in version.upper(), numbers, not rest, pieces, version)


class Catalogue:
    """Types by id and version."""

    def __init__(self, types: Iterable[CatalogueType] = ()) -> None:
        self.types: dict[str, list[CatalogueType]] = {}
        self._aliases: dict[str, str] = {}
        for each in types:
            self.types.setdefault(each.id, []).append(each)
            self._aliases.update(dict.fromkeys((alias.lower() for alias in each.aliases), each.id))
        for versions in self.types.values():
            versions.sort(key=lambda each: order(each.version), reverse=True)

    @property
    def ids(self) -> list[str]:
        """Every id."""
        return list(self.types)

    def near(self, written: str) -> str:
        """Which ids are most like it, for whoever wrote one that is not there."""
        close = get_close_matches(written.partition(":")[0], self.types, n=3) or sorted(self.types)
        return f"try {', '.join(close[:20])}" if close else "there are none; `clocker catalog add FILE` adds one"

    def __iter__(self) -> Iterator[CatalogueType]:
        for name in sorted(self.types):
            yield from self.types[name]

    def find(self, written: str) -> CatalogueType | str:
        """The type that `id`, `id:version` or a Java class means; else a fault in words, "" if the id itself is not known."""
        name, colon, version = written.removeprefix("java:").strip().partition(":")
        versions = self.types.get(name) or self.types.get(self._aliases.get(name.lower(), ""))
        if not versions:
            return ""
        if not colon:
            return versions[0]
        found = next((each for each in versions if each.version == version), None)
        if found is not None:
            return found
        known = ", ".join(each.version for each in versions)
        return f"type {quote(name)} has no version {quote(version)}; write one of {known}, or {quote(name)} for the newest (an image is {quote('docker:' + written)})"


def catalogue_of(sources: Iterable[TypeSource], faults: Faults | None = None) -> Catalogue:
    """The catalogue of all sources. What is wrong with files is noted in `faults`, each place with its file; without those it is passed over, since it was
    checked when the file was added."""
    noted = faults or Faults("catalogue")
    found: dict[tuple[str, str], CatalogueType] = {}
    for source in sources:
        for each in _types(source, noted) if faults else _known_types(source):
            first = found.setdefault((each.id, each.version), each)
            if first is not each:
                text = f"type {quote(each.reference)} is also on line {first.mark.line} of {first.mark.file}; give this one another version"
                noted.add(each.mark, text)
    return Catalogue(found.values())


@lru_cache(maxsize=512)
def _known_types(source: TypeSource) -> tuple[CatalogueType, ...]:
    """The types of a file that was checked before: nodes are frozen, so that they can be kept."""
    return tuple(_types(source, Faults(source.filename)))


def _types(source: TypeSource, faults: Faults) -> list[CatalogueType]:
    root = read(source.text, faults, source.filename)
    start = replace(START, file=source.filename)
    if root is None:
        if not faults.any:
            faults.add(start, "the file is empty; begin with `id:` and `version:` of the type")
        return []
    if not isinstance(root, MapNode):
        faults.add(root.mark, f"a type is a map of keys, not {describe(root)}; begin with `id:` and `version:`")
        return []
    key = next((each for each in (_PREFIX, "catalog") if each in root.entries), None)
    found = _one(root, {}, source, faults) if key is None else _bundle(root.entries[key].node, {}, source, faults)
    return [each for each in found if each.reference not in source.without]


def _bundle(node: Node, above: Mapping[str, Entry], source: TypeSource, faults: Faults) -> list[CatalogueType]:
    """The ancestor's form: metadata, and an `item` or several `items`, which have the metadata unless they say otherwise."""
    section = Section.read(node, f"`{_PREFIX}`", CATALOGUE_KEYS, faults)
    metadata = {**above, **{name: entry for name, entry in section.entries.items() if name in TYPE_KEYS.keys}}
    item, items = section.node("item"), section.node("items")
    found: list[CatalogueType] = []
    if isinstance(item, MapNode):
        found += _one(item, metadata, source, faults)
    elif items is None:
        faults.add(node.mark, f"`{_PREFIX}` has no `item`, nor a list of `items`; write the service there, as {{type: 'docker:redis:7'}}")
    inherited = {name: entry for name, entry in metadata.items() if name != "id"}
    for each in items.items if isinstance(items, ListNode) else ():
        found += _bundle(each, inherited, source, faults)
    return found


def _one(root: MapNode, metadata: Mapping[str, Entry], source: TypeSource, faults: Faults) -> list[CatalogueType]:
    head = Section(root.mark, "a type", TYPE_KEYS, faults)
    service = {entry.key: entry for entry in root.entries.values() if metadata or not head.offer(entry)}
    for name, entry in metadata.items():
        head.put(name, entry)
    name, version = head.text("id"), head.text("version")
    if not _ID.fullmatch(name):
        head.fault(
            "id",
            f"a type needs an `id` of letters, digits, `_`, `.` and `-`, the first a letter; {'this is ' + quote(name) if name else 'write it'}",
        )
        return []
    if not _VERSION.fullmatch(version):
        head.fault("version", "a type needs a `version`, as 1.0; write it")
        version = "0"  # nobody gets it, but all else that is wrong is told, too
    slip = _slip(service, faults)
    if slip is not None:
        faults.add(slip.mark, f"{quote(slip.key)} is not a key of a type; did you mean `services`?")
        return []
    described = _service_of(MapNode(root.mark, service))
    return [
        CatalogueType(
            name,
            version,
            described,
            head.mark_of("id"),
            source,
            head.text("name") or name,
            " ".join(head.text("description").split()),
            head.text("icon"),
            head.text("docs"),
            _texts(head, "aliases"),
            _sensors(head),
            head.boolean("deprecated"),
            head.text("itemType").lower() in {"application", "template"} or "services" in service,
            _size(described),
        )
    ]


def _slip(service: Mapping[str, Entry], faults: Faults) -> Entry | None:
    """What may be meant as the services of a type that says neither those nor what it extends."""
    if not {"type", "services"}.isdisjoint(service):
        return None
    strange = (entry for key, entry in service.items() if key not in SERVICE_KEYS.spellings)
    return next((entry for entry in strange if faults.near(entry.key, ("services",), cutoff=0.8)), None)


def _size(node: Node) -> int:
    if isinstance(node, ListNode):
        return 1 + sum(map(_size, node.items))
    if isinstance(node, MapNode):
        return 1 + sum(1 + _size(entry.node) for entry in node.entries.values())
    return 1 + len(node.text) // 100


def _service_of(node: MapNode) -> MapNode:
    """What a type says: a whole blueprint with services is a group of those."""
    if "services" not in node.entries or "type" in node.entries:
        return node
    entries = {key: entry for key, entry in node.entries.items() if key not in {"services", "location", "locations"}}
    services = node.entries["services"]
    if isinstance(services.node, ListNode) and len(services.node.items) == 1 and isinstance(services.node.items[0], MapNode):
        return MapNode(node.mark, {**entries, **services.node.items[0].entries})
    kind = Entry(services.mark, "type", ScalarNode(services.mark, "group", plain=True))
    return MapNode(node.mark, {**entries, "type": kind, "children": replace(services, key="children")})


def _texts(head: Section, name: str) -> tuple[str, ...]:
    node = head.node(name)
    items = node.items if isinstance(node, ListNode) else (node,) if isinstance(node, ScalarNode) else ()
    return tuple(item.text for item in items if isinstance(item, ScalarNode))


def _sensors(head: Section) -> tuple[tuple[str, str], ...]:
    """Names of the sensors of its own, and what each says."""
    node = head.node("sensors")
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        head.fault("sensors", "`sensors` is a map of the names of its own sensors to what each says; write it so")
        return ()
    return tuple((key, entry.node.text if isinstance(entry.node, ScalarNode) else "") for key, entry in node.entries.items())
