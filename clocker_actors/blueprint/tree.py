"""Services as they are written, opened but not read: types looked up, keys sorted, configuration inherited.

The whole tree is opened before the first value is read, because a value may be that of a service further down. `look_up` is how such a value is found.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from clocker_actors.blueprint.inheritance import Mode, as_map, merged, runtime_mode
from clocker_actors.blueprint.keys import Key
from clocker_actors.blueprint.layers import Layer
from clocker_actors.blueprint.nodes import Entry, MapNode, Node, ScalarNode, at_home, is_null
from clocker_actors.blueprint.parameters import Parameter, port_of, spellings
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import CONFIG_OF
from clocker_actors.blueprint.untyped import UNTYPED

_LONGEST_WHOLE = 200
"""Characters of a map's name, where its keys are written one by one."""


@dataclass(slots=True, eq=False)
class Raw:
    """A service whose type is known. `number` is its place in the file, from 0 for the application; `types` are those of the catalogue that it is of, the
    nearest first; `inherited` is what it has from above of the keys its kind declares."""

    number: int
    node: MapNode
    kind: str
    layer: Layer
    image: ScalarNode | None = None
    parent: "Raw | None" = None
    types: tuple[str, ...] = ()
    children: list["Raw"] = field(default_factory=list)
    member: "Raw | None" = None
    id: str = ""
    """Its id in the file: as written, else made (see `names`)."""
    name: str = ""
    """Its part of the path: as written (then it is `named`), else made."""
    named: bool = False
    _dotted: dict[str, list[str]] | None = None
    _spelled: dict[str, str] | None = None

    @property
    def dotted(self) -> dict[str, list[str]]:
        """Keys that nobody declares which are parts of a map: by the name of that map."""
        if self._dotted is None:
            self._dotted = _dotted(self.undeclared)
        return self._dotted

    @property
    def spelled(self) -> dict[str, str]:
        """From every way to write one of its parameters to the parameter's name."""
        if self._spelled is None:
            self._spelled = spellings(self.parameters)
        return self._spelled

    @property
    def head(self) -> Section:
        """Keys that every service has."""
        return self.layer.head

    @property
    def config(self) -> Section:
        """Configuration that its kind declares."""
        return self.layer.config

    @property
    def undeclared(self) -> dict[str, Entry]:
        """Configuration that its kind does not declare, the values of parameters included."""
        return self.layer.undeclared

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The keys that it and its types declare."""
        return self.layer.parameters

    @property
    def lost(self) -> bool:
        """Whether its type is not known, or that of a service above it, so that it may have more than is written."""
        return self.kind == UNTYPED or (self.parent is not None and self.parent.lost)

    @property
    def below(self) -> Iterator["Raw"]:
        """The services right below it: its children, and what its members are."""
        yield from self.children
        if self.member is not None:
            yield self.member


@dataclass(frozen=True, slots=True)
class Found:
    """What a key has. `node` is None if it has no value; its `home` is the number of the service whose expressions it holds (-1: of the one that was asked).
    `key` or `parameter` is who declares it, if somebody does."""

    node: Node | None
    key: Key | None = None
    parameter: Parameter | None = None


def look_up(raw: Raw, name: str) -> Found | None:
    """The configuration that a service has under a key, in any of its spellings: its own, that of its types, that of the services above it, or the default.
    None if nobody declares the key and nobody has a value for it."""
    name = raw.spelled.get(name, name)
    declared, parameter = _declared(raw, name), raw.parameters.get(name)
    key = raw.config.key(declared) if declared else None
    node = _own(raw, name)
    mode = parameter.from_parents if parameter else runtime_mode(declared) if declared else Mode.OVERWRITE
    default, from_above = parameter.default if parameter else None, None
    if mode is not Mode.NEVER and raw.parent is not None and (node is None or mode.merges):
        from_above = _from_above(raw.parent, name, merge=mode.merges)
    if from_above is not None:
        parameter = parameter or from_above.parameter
        default = default if default is not None else None if from_above.explicit else from_above.node
        if from_above.explicit:
            node = from_above.node if node is None else merged(from_above.node, node)
    if node is None:
        node = default if default is not None else _usual(key, raw)
    if node is None and key is None and parameter is None:
        return None
    return Found(_first_port(node, parameter), key, parameter)


@dataclass(frozen=True, slots=True)
class _Above:
    """What services above have of a key; not `explicit` if it is only a default."""

    node: Node
    explicit: bool
    parameter: Parameter | None = None


def _from_above(raw: Raw, name: str, *, merge: bool) -> _Above | None:
    declared, parameter = _declared(raw, name), raw.parameters.get(name)
    mode = parameter.from_parents if parameter else runtime_mode(declared) if declared else Mode.OVERWRITE
    if (parameter or declared) and mode.stays:
        return None
    merge = merge or mode.merges
    own = _own(raw, name)
    above = _from_above(raw.parent, name, merge=merge) if raw.parent and (own is None or merge) else None
    if own is not None:
        own = at_home(own, raw.number)
        return _Above(merged(above.node, own) if above and above.explicit else own, True, parameter or (above.parameter if above else None))
    if above is not None and (above.explicit or not parameter or parameter.default is None):
        return replace(above, parameter=parameter or above.parameter)
    if parameter is None or parameter.default is None:
        return None
    return _Above(at_home(parameter.default, raw.number), False, parameter)


def _declared(raw: Raw, name: str) -> str:
    return raw.config.name_of(name)


def _own(raw: Raw, name: str) -> Node | None:
    """What a service has itself, in any spelling of the key, also of keys that only other kinds declare."""
    declared = _declared(raw, name)
    if declared:
        return raw.config.node(declared)
    table = next((table for table in CONFIG_OF.values() if name in table.spellings), None)
    spelled = (name,) if table is None else (table.spellings[name], *table[table.spellings[name]].aliases)
    parts = _parts(raw, spelled)
    for each in spelled:
        entry = raw.undeclared.get(each)
        if entry is not None and not is_null(entry.node):
            return merged(entry.node, parts) if parts else as_map(entry.node)
    return parts


def _parts(raw: Raw, spelled: tuple[str, ...]) -> Node | None:
    """A map whose keys are written one by one, `env.NAME: value`, at a service that does not declare it."""
    found: dict[str, Entry] = {}
    for each in spelled:
        for key in raw.dotted.get(each, ()):
            part = key[len(each) + 1 :]
            found[part] = replace(raw.undeclared[key], key=part)
    return MapNode(next(iter(found.values())).mark, found) if found else None


def _dotted(keys: Iterable[str]) -> dict[str, list[str]]:
    """Keys by all that stands before one of their dots, as `env` of `env.NAME`."""
    found: dict[str, list[str]] = {}
    for key in keys:
        at = key.find(".")
        while 0 < at < min(len(key) - 1, _LONGEST_WHOLE):
            found.setdefault(key[:at], []).append(key)
            at = key.find(".", at + 1)
    return found


def _usual(key: Key | None, raw: Raw) -> Node | None:
    """The default of a declared key as a node."""
    if key is None or key.default is None or not isinstance(key.default, str | int | float) or key.default == "":
        return None
    written = str(key.default).lower() if isinstance(key.default, bool) else str(key.default)
    return ScalarNode(raw.node.mark, written, plain=True)


def _first_port(node: Node | None, parameter: Parameter | None) -> Node | None:
    """A port is the first of those that `8080+` allows: inside of a container all are free."""
    if parameter is None or parameter.kind.name != "port" or not isinstance(node, ScalarNode):
        return node
    first = port_of(node.text)
    return node if first is None else replace(node, text=str(first))


def inherit(raw: Raw) -> None:
    """Give a service what it has from above of the keys that its kind declares."""
    for name in _handed_down(raw):
        mode = runtime_mode(name)
        if mode is Mode.NEVER or raw.parent is None:
            continue
        found = _from_above(raw.parent, name, merge=mode.merges)
        own = raw.config.entry(name)
        if found is None or not found.explicit or (own is not None and not mode.merges):
            continue
        node = found.node if own is None else merged(found.node, own.node)
        raw.config.put(name, Entry(own.mark if own else found.node.mark, own.key if own else name, node))


def _handed_down(raw: Raw) -> list[str]:
    """Keys that its kind declares and somebody above has a value for."""
    found: dict[str, None] = {}
    above = raw.parent
    while above is not None:
        for key in above.undeclared:
            at = len(key)
            while at > 0:  # `env.NAME` gives `env` its value
                name = raw.config.name_of(key[:at])
                if name:
                    found[name] = None
                at = key.rfind(".", 0, at)
        above = above.parent
    return list(found)
