"""Backups of a state directory that is in use, one at a time: gathered beside the loop, sent piece by piece."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from clocker_actors.errors import Conflict, StoreFault, StoreUnwritable
from clocker_actors.ports.store import Store
from clocker_actors.store.archive import WORKPLACE, Manifest, gather, pieces
from clocker_actors.store.faults import told_as_faults


class Backups:
    """Of one state directory. `now` gives epoch seconds, `next_id` the number of the next id that is handed out."""

    def __init__(self, state: Path, store: Store, version: str, *, now: Callable[[], float], next_id: Callable[[], int]) -> None:
        self._state = state
        self._store = store
        self._version = version
        self._now = now
        self._next_id = next_id
        self._first_id = next_id()
        self._gathering = False

    async def make(self, *, keys: bool = True) -> tuple[Manifest, AsyncIterator[bytes]]:
        """What the state is now, and the bytes of its backup. Raises Conflict while another is being gathered, StoreFault, StoreUnwritable (no room)."""
        if self._gathering:
            raise Conflict("a backup is being gathered already: wait until that one is sent, then try again")
        self._gathering = True
        try:
            folder = await asyncio.to_thread(_workplace, self._state)
            try:
                at, ids = self._now(), await self._settled()
                manifest = await asyncio.to_thread(gather, self._state, folder, at=at, version=self._version, ids=ids, keys=keys)
            except BaseException:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                raise
        finally:
            self._gathering = False
        return manifest, _sent(folder, manifest)

    async def _settled(self) -> int:
        """The first id that may be missing in the records from here on: all that were handed out before are written, or were never used."""
        first = self._next_id()
        with suppress(StoreFault, StoreUnwritable):
            await self._store.write(())
            return first
        return self._first_id


async def _sent(folder: Path, manifest: Manifest) -> AsyncIterator[bytes]:
    made = pieces(folder, manifest)
    try:
        while (piece := await asyncio.to_thread(next, made, b"")) != b"":
            yield piece
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()


def _workplace(state: Path) -> Path:
    """A folder of its own on the same disk; those that a daemon before us left are removed."""
    with told_as_faults("make a backup in", state):
        above = state / WORKPLACE
        above.mkdir(mode=0o700, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=above))


def clear(state: Path) -> None:
    """Remove what backups that were cut off have left."""
    shutil.rmtree(state / WORKPLACE, ignore_errors=True)
