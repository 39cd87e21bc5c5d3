"""The keys by which what the manager keeps secret is encrypted: the file `secrets.key` of the state directory, one key a line, the newest first.

    value ──AES-256-GCM, bound to the name of its record──▶ key id, nonce and text, in the store          the key itself is never there

A new key is written before anything is encrypted with it, and an old one goes when nothing needs it any more; so at every instant the file has the keys of
all that is kept. Whoever has the file and the store has the secrets.
"""

import base64
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clocker_actors.errors import SettingsError

FILE = "secrets.key"
_BYTES = 32
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Key:
    """One key; its id is in whatever it has encrypted."""

    id: str
    key: str = field(repr=False)

    @property
    def secret(self) -> bytes:
        """The 32 bytes."""
        return base64.b64decode(self.key)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value: the id of its key, nonce and text in base64, and when it was put there. The name of its record belongs to it."""

    key: str
    nonce: str
    text: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys, the newest first."""

    path: Path
    keys: tuple[Key, ...]

    @property
    def newest(self) -> Key:
        """The one that encrypts."""
        return self.keys[0]

    def has(self, key: str) -> bool:
        """Whether there is a key of that id."""
        return any(each.id == key for each in self.keys)

    def seal(self, name: str, value: bytes, at: float) -> Sealed:
        """The value, encrypted for the record of this name."""
        nonce = secrets.token_bytes(_NONCE)
        text = AESGCM(self.newest.secret).encrypt(nonce, value, _bound(name))
        return Sealed(self.newest.id, base64.b64encode(nonce).decode(), base64.b64encode(text).decode(), at)

    def open(self, name: str, sealed: Sealed) -> bytes:
        """The value again. Raises SettingsError if the key is not there, or the record is not what was written."""
        key = next((each for each in self.keys if each.id == sealed.key), None)
        if key is None:
            raise SettingsError(
                f"{self.path} has no key {sealed.key}, by which {name} is encrypted; put the {FILE} back that belongs to this state"
            )
        try:
            return AESGCM(key.secret).decrypt(base64.b64decode(sealed.nonce), base64.b64decode(sealed.text), _bound(name))
        except (InvalidTag, ValueError):
            raise SettingsError(f"{name} in the store is not what was encrypted there; restore the state directory from a backup") from None

    def with_new(self) -> "Keyring":
        """These and a new one, on the disk when this returns. Raises SettingsError."""
        return _written(self.path, (_new_key(), *self.keys))

    def only_newest(self) -> "Keyring":
        """The newest alone, on the disk when this returns. Raises SettingsError."""
        return _written(self.path, self.keys[:1])


def read_keyring(state: Path) -> Keyring | None:
    """The keys of a state directory; None if it has none. Raises SettingsError for a file that others can read, or that is damaged."""
    path = state / FILE
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            lines = file.read(1 << 20).splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path}: the keys of secrets cannot be read ({error.strerror}); make them this user's") from None
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise SettingsError(f"{path}: others can read the keys of secrets; chmod 600 {path}, then `clocker state rotate-key`")
    keys: tuple[Key, ...] = ()
    try:
        keys = tuple(msgspec.json.decode(line, type=Key) for line in lines if line.strip())
        good = bool(keys) and all(len(key.secret) == _BYTES for key in keys)
    except (msgspec.MsgspecError, ValueError):
        good = False
    if not good:
        raise SettingsError(f"{path}: the keys of secrets are damaged; put the backup of this file back")
    return Keyring(path, keys)


def make_keyring(state: Path) -> Keyring:
    """The first key of a state directory, on the disk when this returns. Raises SettingsError."""
    return _written(state / FILE, (_new_key(),))


def _new_key() -> Key:
    return Key(secrets.token_hex(4), base64.b64encode(secrets.token_bytes(_BYTES)).decode())


def _bound(name: str) -> bytes:
    return f"clocker:sealed:{name}".encode()


def _written(path: Path, keys: Sequence[Key]) -> Keyring:
    """Whole or not at all, whenever it is interrupted."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        made = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.writelines(msgspec.json.encode(key) + b"\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SettingsError(
            f"{path}: the keys of secrets cannot be written ({error.strerror}); make room, or make the folder this user's"
        ) from None
    return Keyring(path, tuple(keys))
