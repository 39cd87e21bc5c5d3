"""The store port on stdlib sqlite3: WAL, synchronous=FULL, one writer.

Writing happens in the executor that is given in (one thread in production, inline in virtual time); the writing connection lives there. What waits
while a commit runs goes into the next commit together, so a thousand intents cost a few syncs. Reading is a primary-key lookup on a connection of the
loop's own thread, a few microseconds, which sees whatever is committed.

A commit that fails leaves what was durable as it is. From then on nothing is written (`unwritable` says why) until a trial shows that the disk takes
something again; reading goes on.

    well ──a commit fails──▶ unwritable ──a trial every second, later every half minute──▶ well
"""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.errors import ClockerError, StaleEpoch, StoreFault, StoreUnwritable
from clocker_actors.model.identity import Ids, number_of
from clocker_actors.ports.store import Record
from clocker_actors.store.faults import FULL_PAUSE, told_as_faults
from clocker_actors.store.lease import Lease
from clocker_actors.store.writing import Apply, Opened, add, begin_epoch, commit_group, mended, open_writer, put

log = logging.getLogger(__name__)

FILE = "state.sqlite"
TRIAL, LONGEST_TRIAL = 1.0, 30.0
"""Seconds between trials of a disk that took nothing; each that finds it damaged still is followed by a longer pause."""


@dataclass(slots=True)
class StoreCounters:
    """Totals since opening, for metrics: commits (syncs), batches and records in them, seconds in the executor (waiting included), failures."""

    commits: int = 0
    batches: int = 0
    records: int = 0
    seconds: float = 0.0
    failures: int = 0


class SqliteStore:
    """See ports.store.Store. Use `open`; all methods belong to the loop's thread."""

    def __init__(
        self, path: Path, lease: Lease, executor: Executor | None, writer: sqlite3.Connection, reader: sqlite3.Connection, opened: Opened
    ) -> None:
        self.path = path
        self.counters = StoreCounters()
        self._lease = lease
        self._executor = executor
        self._reader = reader
        self._writer = writer
        self._opened = opened
        self._ids_end = opened.end
        self._waiting: list[tuple[Apply, asyncio.Future[int]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._mending: asyncio.Task[None] | None = None
        self._unwritable = ""
        self._taken_over = ""
        self._closed = False

    @classmethod
    async def open(cls, directory: Path, executor: Executor | None = None) -> "SqliteStore":
        """Lock the directory, bring the schema up to date, raise the epoch. Raises StoreBusy or StoreFault, and then holds nothing."""
        lease = Lease.take(directory)
        path = directory / FILE
        writer: sqlite3.Connection | None = None
        loop = asyncio.get_running_loop()
        try:
            writer = await loop.run_in_executor(executor, open_writer, path)
            opened = await loop.run_in_executor(executor, begin_epoch, writer, path)
            with told_as_faults("open", path):
                reader = sqlite3.connect(path, isolation_level=None)
        except BaseException:
            if writer is not None:
                await loop.run_in_executor(executor, writer.close)
            lease.release()
            raise
        return cls(path, lease, executor, writer, reader, opened)

    @property
    def epoch(self) -> int:
        """Raised by one at each opening of this state."""
        return self._opened.epoch

    @property
    def identity(self) -> str:
        """Eight hex digits, chosen at random when this state was first made; a backup keeps them."""
        return f"{self._opened.identity:08x}"

    @property
    def unwritable(self) -> str:
        """Why nothing can be written at the moment, "" while all is well. It ends by itself."""
        return self._unwritable

    @property
    def taken(self) -> str:
        """Why this state is not ours any more, for good: a newer daemon has it, or its directory was removed; "" while it is."""
        return self._taken_over or self._lease.missing() or self._file_missing()

    def lost(self, uid: str) -> bool:
        """Whether this id may have been handed out after the backup that this state was restored from: engines may know it, no record does."""
        if not self._opened.lost:
            return False
        number = number_of(uid)
        return number is not None and any(first <= number < past for first, past in self._opened.lost)

    def ids(self) -> Ids:
        """Ids nobody had before: from where the reserve ended when we opened, as far as it is reserved now. Make it once."""
        return Ids(self._opened.begin, self._ids_end)

    async def write(self, batch: Sequence[Record]) -> int:
        """Make the batch durable, all or nothing; the number of the write comes back. Raises StaleEpoch, StoreUnwritable or StoreFault."""
        records = tuple(batch)
        number = await self._enqueue(lambda connection: put(connection, records))
        self.counters.batches += 1
        self.counters.records += len(records)
        return number

    async def reserve_ids(self, count: int) -> int:
        """Reserve that many further ids durably; the new end of the reserve comes back."""
        self._ids_end = await self._enqueue(lambda connection: add(connection, "ids", count))
        return self._ids_end

    def read(self, kind: str, uid: str) -> bytes | None:
        """The committed body, None if there is no such record. Raises StoreFault."""
        self._must_be_open()
        with told_as_faults("read", self.path):
            row = self._reader.execute("SELECT body FROM records WHERE kind = ? AND uid = ?", (kind, uid)).fetchone()
        return None if row is None else bytes(row[0])

    def all(self, kind: str) -> Sequence[Record]:
        """Every committed record of a kind, in order of their first write. Raises StoreFault."""
        self._must_be_open()
        with told_as_faults("read", self.path):
            rows = self._reader.execute("SELECT uid, body FROM records WHERE kind = ? ORDER BY position", (kind,)).fetchall()
        return [Record(kind, uid, bytes(body)) for uid, body in rows]

    def everything(self) -> Sequence[Record]:
        """Every committed record of every kind, in order of their first write. Raises StoreFault."""
        self._must_be_open()
        with told_as_faults("read", self.path):
            rows = self._reader.execute("SELECT kind, uid, body FROM records ORDER BY position").fetchall()
        return [Record(kind, uid, bytes(body)) for kind, uid, body in rows]

    async def close(self) -> None:
        """Finish the writes that wait, then let go of everything. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.gather(self._mending, return_exceptions=True)
        self._reader.close()
        # Nobody writes any more, so it may be closed here; then the order in which a daemon ends its executors does not matter.
        with told_as_faults("close", self.path):
            self._writer.close()
        self._lease.release()

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreFault(f"the store {self.path} is closed; ask before the daemon stops", path=self.path)

    def _file_missing(self) -> str:
        """Why the database that we write to is not the one that stands at its path."""
        try:
            return (
                ""
                if self.path.is_file()
                else f"{self.path} was removed while the daemon ran; `clocker restore` a backup, then start it again"
            )
        except OSError as error:
            return f"{self.path} cannot be looked at any more ({error.strerror}): see whether its disk is well, then start the daemon again"

    async def _enqueue(self, apply: Apply) -> int:
        self._must_be_open()
        if self._unwritable:
            raise StoreUnwritable(self._unwritable, retry_after=FULL_PAUSE, path=self.path)
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[int] = loop.create_future()
        self._waiting.append((apply, outcome))
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush(), name="store: commit what waits")
        # The task lives on by itself: whoever stops waiting for a write does not stop the write.
        return await outcome

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                began = loop.time()
                await self._commit(loop, group)
                self.counters.commits += 1
                self.counters.seconds += loop.time() - began
        finally:
            self._flushing = None

    async def _commit(self, loop: asyncio.AbstractEventLoop, group: list[tuple[Apply, "asyncio.Future[int]"]]) -> None:
        applies = [apply for apply, _ in group]
        try:
            numbers = await loop.run_in_executor(self._executor, commit_group, self._writer, self.path, self.epoch, applies)
        except (ClockerError, asyncio.CancelledError, RuntimeError) as error:
            self.counters.failures += 1
            self._failed(error)
            for _, outcome in group:
                if not outcome.done():
                    outcome.set_exception(_for_waiters(error, self.path))
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        for (_, outcome), number in zip(group, numbers, strict=True):
            if not outcome.done():
                outcome.set_result(number)

    def _failed(self, error: BaseException) -> None:
        """A commit has failed: nothing more is written until a trial shows that something can be."""
        if isinstance(error, StaleEpoch):
            self._taken_over = str(error)
        elif isinstance(error, StoreFault | StoreUnwritable) and not self._closed and self._mending is None:
            self._unwritable = str(error)
            log.error("state cannot be written; what is there is kept, read and watched meanwhile", extra={"reason": self._unwritable})
            doubtful = not isinstance(error, StoreUnwritable)
            self._mending = asyncio.get_running_loop().create_task(self._mend(doubtful), name="store: try the disk again")

    async def _mend(self, doubtful: bool) -> None:
        loop, pause = asyncio.get_running_loop(), TRIAL
        try:
            while self._unwritable:
                await asyncio.sleep(pause)
                try:
                    self._writer = await loop.run_in_executor(self._executor, _mended, self._writer, self.path, self.epoch, doubtful)
                    self._unwritable = ""
                except StaleEpoch as error:
                    self._taken_over = str(error)
                    return
                except StoreUnwritable as error:
                    self._unwritable = str(error)
                except StoreFault as error:
                    self._unwritable, doubtful, pause = str(error), True, min(2 * pause, LONGEST_TRIAL)
            log.warning("state can be written again")
        finally:
            self._mending = None


def _mended(connection: sqlite3.Connection, path: Path, epoch: int, doubtful: bool) -> sqlite3.Connection:
    return mended(connection, path, epoch, doubtful=doubtful)


def _for_waiters(error: BaseException, path: Path) -> ClockerError:
    """An error of its own for each waiter, since tracebacks are written into them."""
    if isinstance(error, ClockerError):
        return type(error)(str(error), **error.details)
    return StoreFault(f"cannot write {path}: the daemon stops; what was not committed is done again after the next start", path=path)
