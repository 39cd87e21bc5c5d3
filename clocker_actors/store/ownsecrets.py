"""Secrets that the manager keeps itself, encrypted: those that people give it (`clocker secret set NAME`), and the key of the passwords that it makes.

A blueprint names one as `$brooklyn:external("clocker", "NAME")`. All other secrets are where the settings say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clocker_actors.credentials import MOST_BYTES
from clocker_actors.errors import BadRequest, NotFound, SettingsError
from clocker_actors.passwords import FILE, Opener, new_key, old_key
from clocker_actors.store.strongbox import Strongbox

PROVIDER = "clocker"
PASSWORDS = "passwords"
_PREFIX = "secret:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")


class Checker(Protocol):
    """Where all other secrets are."""

    def check(self, provider: str, key: str) -> str: ...


@dataclass(frozen=True, slots=True)
class OwnSecrets:
    """Those in the box, and all others where they are."""

    box: Strongbox
    others: Opener
    settings: Checker

    async def open(self, provider: str, key: str) -> str:
        """The value. Raises SettingsError, and what the others raise."""
        if provider == PROVIDER and self.box.has(_PREFIX + key):
            return self.box.get(_PREFIX + key).decode()
        self.check(provider, key)
        return await self.others.open(provider, key)

    def check(self, provider: str, key: str) -> str:
        """Nothing, if the value can be had as far as that is known. Raises SettingsError."""
        if provider == PROVIDER and self.box.has(_PREFIX + key):
            return ""
        try:
            return self.settings.check(provider, key)
        except SettingsError:
            if provider != PROVIDER:
                raise
            raise SettingsError(f"the manager keeps no secret {key}; give it one by `clocker secret set {key}`") from None

    def names(self) -> Mapping[str, float]:
        """Names of those that people gave, and since when they are as they are."""
        return {name.removeprefix(_PREFIX): at for name, at in sorted(self.box.names().items()) if name.startswith(_PREFIX)}

    async def put(self, name: str, value: bytes) -> None:
        """Keep one, in place of one of that name. Raises BadRequest."""
        if not _NAME.fullmatch(name):
            raise BadRequest(f"{name[:80]!r} cannot name a secret; write letters, digits and . _ - alone, as db-password", name=name[:80])
        try:
            good = len(value.decode()) > 0 and len(value) <= MOST_BYTES
        except UnicodeDecodeError:
            good = False
        if not good:
            raise BadRequest(f"secret {name} is empty, no text, or larger than {MOST_BYTES >> 10} KiB; give it the value alone", name=name)
        await self.box.put(_PREFIX + name, value)

    async def remove(self, name: str) -> float:
        """Keep it no more; what runs with it goes on. Since when it was kept comes back. Raises NotFound."""
        if not self.box.has(_PREFIX + name):
            raise NotFound(f"the manager keeps no secret {name}; list what it keeps by `clocker secret`", name=name[:80])
        at = self.box.names()[_PREFIX + name]
        await self.box.remove(_PREFIX + name)
        return at


async def password_key(box: Strongbox, state: Path) -> bytes:
    """The key of made passwords, made when it is first wanted. One in a file, as earlier releases kept it, is taken over before that file goes."""
    old = old_key(state)
    if not box.has(PASSWORDS):
        await box.put(PASSWORDS, (old or new_key()).hex().encode())
    key = bytes.fromhex(box.get(PASSWORDS).decode())
    if old is not None and old != key:
        raise SettingsError(
            f"{state / FILE} is not the key of passwords that this state has; remove the file, unless the state is to be another one"
        )
    if old is not None:
        (state / FILE).unlink()
    return key
