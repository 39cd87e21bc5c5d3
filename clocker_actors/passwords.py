"""Passwords that the manager makes, and that nobody reads: each is worked out anew, where a container is made, from one key that only the daemon has.

    sensor of the entity: secret:20:abc…:m4:db.password   ──attributeWhenReady──▶ a sealed value ──in the work that talks to the engine──▶ the password

So neither readings, records, messages nor logs ever hold one, and it is the same after any restart. The key is kept encrypted in the store; the file
`passwords.key`, in which earlier releases had it, is taken over once.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote

from clocker_actors.errors import SettingsError
from clocker_actors.masking import remember

PROVIDER = "clocker.password"
PREFIX = "secret:"
FILE = "passwords.key"
_BYTES = 32


class Opener(Protocol):
    """Where all other secrets are."""

    async def open(self, provider: str, key: str) -> str: ...


def reading_of(entity: str, sensor: str, length: int, characters: str) -> str:
    """What everybody sees of a password: which it is, not what it is."""
    return f"{PREFIX}{length}:{quote(characters, safe='')}:{entity}:{quote(sensor, safe='')}"


def key_in(value: object) -> str | None:
    """The key of the password of which this is the reading; None for any other reading."""
    return value.removeprefix(PREFIX) if isinstance(value, str) and value.startswith(PREFIX) and value.count(":") == 4 else None


@dataclass(frozen=True, slots=True)
class Passwords:
    """Opens passwords by their keys, and all other secrets where they are."""

    key: bytes = field(repr=False)
    others: Opener

    async def open(self, provider: str, key: str) -> str:
        """The value. Raises SettingsError, and what the others raise."""
        return self.made(key) if provider == PROVIDER else await self.others.open(provider, key)

    def made(self, key: str) -> str:
        """The password that this key names. Raises SettingsError."""
        length, _, rest = key.partition(":")
        characters = unquote(rest.partition(":")[0])
        if not length.isdecimal() or not 0 < int(length) <= 256 or not characters:
            raise SettingsError(f"{key[:80]!r} names no password; take it from a sensor of a create-password-sensor")
        password = _made(self.key, key, int(length), characters)
        remember(password)
        return password


def _made(key: bytes, what: str, length: int, characters: str) -> str:
    """As many characters, each as likely as any other."""
    found: list[str] = []
    number, most = 0, 256 - 256 % min(len(characters), 256)
    while len(found) < length:
        block = hmac.new(key, f"{number}:{what}".encode(), hashlib.sha256).digest()
        found += [characters[byte % len(characters)] for byte in block if byte < most]
        number += 1
    return "".join(found[:length])


def new_key() -> bytes:
    """A key that nobody had before."""
    return secrets.token_bytes(_BYTES)


def old_key(state: Path) -> bytes | None:
    """The key as releases kept it that had nothing to encrypt it by; None if there is no such file. Raises SettingsError for one that is damaged."""
    path = state / FILE
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path}: the key of passwords cannot be read ({error.strerror}); make it this user's") from None
    if len(found) != _BYTES:
        raise SettingsError(f"{path}: the key of passwords is damaged; put its backup back, or remove it, and all made passwords change")
    return found
