"""Secret values that the manager itself has to keep: records of the kind `sealed`, encrypted by the keyring, opened only for who asks.

    rotate:  new key in the file ──▶ every record encrypted anew, in one write ──▶ the old keys leave the file

Interrupted anywhere, the next start goes on from there: more than one key in the file means that it is not over.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from clocker_actors.errors import NotFound, SettingsError
from clocker_actors.masking import remember
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode
from clocker_actors.store.keyring import FILE, Keyring, Sealed, make_keyring, read_keyring

KIND = "sealed"


class Strongbox:
    """Of one store. What is written is durable when the call returns; StoreFault if it cannot be."""

    def __init__(self, store: Store, keyring: Keyring, now: Callable[[], float]) -> None:
        self._store = store
        self._keyring = keyring
        self._now = now
        self._one = asyncio.Lock()

    @classmethod
    async def open(cls, store: Store, state: Path, now: Callable[[], float]) -> "Strongbox":
        """The box of a state directory. Raises SettingsError if the keys are not those of what is in the store."""
        kept = store.all(KIND)
        keyring = read_keyring(state)
        if keyring is None:
            if kept:
                raise SettingsError(
                    f"{state / FILE} is missing, and {len(kept)} secrets of this state are encrypted by it; put it back from a backup"
                )
            keyring = make_keyring(state)
        box = cls(store, keyring, now)
        for record in kept:
            box._value(record)  # told now, not when a container needs it
        if len(keyring.keys) > 1:
            await box._finish()
        return box

    @property
    def key(self) -> str:
        """The id of the key that encrypts now."""
        return self._keyring.newest.id

    def names(self) -> Mapping[str, float]:
        """What there is, and since when."""
        return {record.uid: decode(Sealed, record.body or b"").at for record in self._store.all(KIND)}

    def has(self, name: str) -> bool:
        """Whether there is a value of that name."""
        return self._store.read(KIND, name) is not None

    def get(self, name: str) -> bytes:
        """The value. Raises NotFound, SettingsError."""
        body = self._store.read(KIND, name)
        if body is None:
            raise NotFound(f"there is no secret {name}", name=name)
        return self._value(Record(KIND, name, body))

    async def put(self, name: str, value: bytes) -> None:
        """Keep it, in place of one of that name."""
        async with self._one:
            await self._store.write([self._sealed(name, value, self._now())])

    async def remove(self, name: str) -> None:
        """Keep it no more. Raises NotFound."""
        async with self._one:
            if not self.has(name):
                raise NotFound(f"there is no secret {name}", name=name)
            await self._store.write([Record(KIND, name, None)])

    async def rotate(self) -> int:
        """Encrypt everything with a new key and forget the old ones; how many values there are."""
        async with self._one:
            self._keyring = await asyncio.to_thread(self._keyring.with_new)
            return await self._finish()

    async def _finish(self) -> int:
        records = self._store.all(KIND)
        old = [(record, sealed) for record in records if (sealed := decode(Sealed, record.body or b"")).key != self.key]
        if old:
            await self._store.write([self._sealed(record.uid, self._value(record), sealed.at) for record, sealed in old])
        self._keyring = await asyncio.to_thread(self._keyring.only_newest)
        return len(records)

    def _sealed(self, name: str, value: bytes, at: float) -> Record:
        return Record(KIND, name, encode(self._keyring.seal(name, value, at)))

    def _value(self, record: Record) -> bytes:
        value = self._keyring.open(record.uid, decode(Sealed, record.body or b""))
        remember(value.decode("utf-8", "ignore"))
        return value
