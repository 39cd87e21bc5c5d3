"""Durable memory: records by kind and uid, written in atomic batches under an epoch; and blobs by SHA-256."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """One durable thing; `body` is its encoded state, None to remove it."""

    kind: str
    uid: str
    body: bytes | None


class Store(Protocol):
    """One writer at a time. Errors: StoreFault (cannot read or write), StoreUnwritable (not at the moment), StaleEpoch (a newer daemon took over), StoreBusy (on opening)."""

    @property
    def epoch(self) -> int: ...
    @property
    def identity(self) -> str: ...
    @property
    def unwritable(self) -> str:
        """Why nothing can be written at the moment ("" if it can): nothing new is to be accepted then."""
        ...

    def lost(self, uid: str) -> bool:
        """Whether no record may know this id though it was handed out: after the backup that this state was restored from."""
        ...

    async def write(self, batch: Sequence[Record]) -> int:
        """Make the batch durable, all or nothing; the number of the write comes back."""
        ...

    def read(self, kind: str, uid: str) -> bytes | None:
        """The committed body; quick enough for a handler."""
        ...

    def all(self, kind: str) -> Sequence[Record]:
        """Every committed record of a kind, in order of their first write."""
        ...

    async def reserve_ids(self, count: int) -> int:
        """Reserve that many further ids durably; the new end of the reserve comes back."""
        ...

    async def close(self) -> None: ...


class Blobs(Protocol):
    """Uploaded files, named by the SHA-256 of their content."""

    async def put(self, content: bytes) -> str: ...
    async def get(self, sha256: str) -> bytes: ...
    def has(self, sha256: str) -> bool: ...
    async def sweep(self, named: Collection[str]) -> int:
        """Remove what no record names, but not what was put or asked for in this run and is still to be named."""
        ...
