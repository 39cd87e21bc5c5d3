"""Messages to bytes and back: any of our dataclasses, enumerations and plain containers, exactly.

Types are written once per file, by module and name, with the names of their fields; a value is its type's number and its fields. So a recording is
read by a program whose types have grown: fields that are new take their defaults, and fields that are gone are ignored. Only types of this package
are ever made of what a file says, and only dataclasses, named tuples and enumerations: a file from elsewhere can lie, but not act.

    [number of the type, field, field ...]      numbers below 16 are containers that msgpack does not tell apart
"""

import importlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import msgspec

from clocker_actors.errors import BadRequest

PACKAGE = "clocker_actors."
TUPLE, LIST, DICT, SET, FROZENSET, PROXY, BIG, DEQUE = range(8)
FIRST = 16
_PLAIN = frozenset((str, int, float, bool, type(None), bytes))
_ITERABLES: dict[int, Callable[[Iterable[Any]], Any]] = {TUPLE: tuple, LIST: list, SET: set, FROZENSET: frozenset, DEQUE: deque}
_SMALL = 1 << 63

Definition = tuple[int, str, tuple[str, ...]]
"""A type: its number, `module:qualified name`, and its fields in order (none for an enumeration)."""
Encode = Callable[[Any], object]


class Encoder:
    """Makes values fit for msgpack. `define` is told each type before the first value of it."""

    def __init__(self, define: Callable[[Definition], None]) -> None:
        self._define = define
        self._next = FIRST
        self._known: dict[type, Encode] = {
            tuple: lambda value: [TUPLE, *map(self.encode, value)],
            list: lambda value: [LIST, *map(self.encode, value)],
            dict: lambda value: self._mapping(DICT, value),
            MappingProxyType: lambda value: self._mapping(PROXY, value),
            set: lambda value: [SET, *sorted(map(self.encode, value), key=repr)],
            frozenset: lambda value: [FROZENSET, *sorted(map(self.encode, value), key=repr)],
            deque: lambda value: [DEQUE, *map(self.encode, value)],
        }

    def encode(self, value: Any) -> object:
        """The value, in plain words. Raises BadRequest for what cannot be written down."""
        kind = type(value)
        if kind in _PLAIN:
            return value if kind is not int or -_SMALL <= value < _SMALL else [BIG, str(value)]
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = self._learn(kind)
        return known(value)

    def _mapping(self, tag: int, value: Any) -> object:
        found: list[object] = [tag]
        for key, each in value.items():
            found.append(self.encode(key))
            found.append(self.encode(each))
        return found

    def _learn(self, kind: type) -> Encode:
        name = f"{kind.__module__}:{kind.__qualname__}"
        if not name.startswith(PACKAGE) or "<" in name:
            raise BadRequest(
                f"a {name} cannot be written down: only values of this package can; have a message hold plain values", type=name
            )
        number = self._next
        names: tuple[str, ...]
        if issubclass(kind, Enum):
            names = ()
            encode: Encode = lambda value: [number, value.value]  # noqa: E731
        else:
            names = _fields_of(kind)
            encode = self._by_fields(number, names)
        self._next += 1
        self._define((number, name, names))
        return encode

    def _by_fields(self, number: int, names: tuple[str, ...]) -> Encode:
        if not names:
            return lambda _: [number]
        get, encode, plain = attrgetter(*names), self.encode, _PLAIN - {int}
        if len(names) == 1:
            return lambda value: [number, encode(get(value))]
        return lambda value: [number, *[each if type(each) in plain else encode(each) for each in get(value)]]


def _fields_of(kind: type) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(each.name for each in fields(kind) if each.init)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return tuple(kind._fields)
    name = f"{kind.__module__}:{kind.__qualname__}"
    raise BadRequest(f"a {name} cannot be written down: make it a dataclass of plain values", type=name)


class Decoder:
    """The way back. Types are told by `define` before the first value of them."""

    def __init__(self) -> None:
        self._makers: dict[int, Callable[[list[Any]], Any]] = {}

    def define(self, definition: Definition) -> None:
        """Know a type. Raises BadRequest for one that this program has not, or that is none of those that a recording may have."""
        number, name, names = definition
        self._makers[number] = _maker(_type(name), tuple(names))

    def decode(self, value: Any) -> Any:
        """The value that was encoded. Raises BadRequest when it cannot be one."""
        if not isinstance(value, list):
            return value
        tag, *rest = value
        made = _ITERABLES.get(tag)
        if made is not None:
            return made(map(self.decode, rest))
        if tag in {DICT, PROXY}:
            decode = self.decode
            found = {decode(rest[at]): decode(rest[at + 1]) for at in range(0, len(rest), 2)}
            return MappingProxyType(found) if tag == PROXY else found
        if tag == BIG:
            return int(rest[0])
        maker = self._makers.get(tag)
        if maker is None:
            raise BadRequest(f"a value of type {tag}, which the recording does not name: the file is damaged")
        return maker([self.decode(each) for each in rest])


def _type(name: str) -> type:
    module, _, path = name.partition(":")
    if not module.startswith(PACKAGE):
        raise BadRequest(f"the recording names {name}, which is none of this program's types")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        raise BadRequest(f"the recording names {name}, which this program has not: replay it by the version that made it") from None
    if not isinstance(found, type) or not (issubclass(found, Enum) or is_dataclass(found) or hasattr(found, "_fields")):
        raise BadRequest(f"the recording names {name}, which is no plain value")
    return found


def _maker(kind: type, names: tuple[str, ...]) -> Callable[[list[Any]], Any]:
    if issubclass(kind, Enum):
        return lambda values: kind(values[0])
    there = _fields_of(kind)
    if names == there and is_dataclass(kind):
        return _straight(kind)
    return lambda values: kind(**{name: value for name, value in zip(names, values, strict=False) if name in there})


def _straight(kind: Any) -> Callable[[list[Any]], Any]:
    """All fields, in the order in which the class takes them; none of them is for keywords alone."""
    if any(each.kw_only for each in fields(kind) if each.init):
        names = _fields_of(kind)
        return lambda values: kind(**dict(zip(names, values, strict=True)))
    return lambda values: kind(*values)


pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder().decode
