"""Rows of the tables of keys: a name, its other spellings, its type and bounds, and what it means.

Apart from the tables themselves, so that each part of the language can have a file for its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.model.types import KeyType
from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class Key(KeyType):
    """One key a person may write, with its other spellings."""

    aliases: tuple[str, ...] = ()


class KeyTable:
    """Rows by name. `spellings` leads from every way to write a key to its name."""

    def __init__(self, *keys: Key) -> None:
        self.keys: Mapping[str, Key] = {key.name: key for key in keys}
        self.spellings: Mapping[str, str] = {spelling: key.name for key in keys for spelling in (key.name, *key.aliases)}

    def __add__(self, other: "KeyTable") -> "KeyTable":
        return KeyTable(*self.keys.values(), *other.keys.values())

    def __getitem__(self, name: str) -> Key:
        return self.keys[name]


def row(
    name: str,
    kind: str,
    meaning: str,
    *aliases: str,
    default: Value = None,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
) -> Key:
    """One row; what follows the meaning are its other spellings."""
    return Key(name, kind, default, meaning, least, most, choices=choices, aliases=aliases)
