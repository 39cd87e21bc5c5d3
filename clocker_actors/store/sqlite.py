"""The store port on stdlib sqlite3: WAL, synchronous=FULL, one writer.

Writing happens in the executor that is given in (one thread in production, inline in virtual time); the writing connection lives there. What waits
while a commit runs goes into the next commit together, so a thousand intents cost a few syncs. Reading is a primary-key lookup on a connection of the
loop's own thread, a few microseconds, which sees whatever is committed.

Each commit first compares the epoch in the database with our own, in the same transaction: whoever took the store over since wins.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.errors import ClockerError, StaleEpoch, StoreFault
from clocker_actors.model.identity import Ids
from clocker_actors.ports.store import Record
from clocker_actors.store.faults import told_as_faults
from clocker_actors.store.lease import Lease
from clocker_actors.store.schema import migrate

FILE = "state.sqlite"
FIRST_RESERVE = 1_000
"""Ids reserved by opening, so that the first ones can be handed out before anything else is written."""

_Apply = Callable[[sqlite3.Connection], int]
_SET_META = "UPDATE meta SET number = number + ? WHERE name = ? RETURNING number"
_PUT = "INSERT INTO records (kind, uid, body) VALUES (?, ?, ?) ON CONFLICT (kind, uid) DO UPDATE SET body = excluded.body"
_REMOVE = "DELETE FROM records WHERE kind = ? AND uid = ?"


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

    def __init__(self, path: Path, lease: Lease, executor: Executor | None, reader: sqlite3.Connection) -> None:
        self.path = path
        self.counters = StoreCounters()
        self._lease = lease
        self._executor = executor
        self._reader = reader
        self._writer: sqlite3.Connection | None = None
        self._epoch = 0
        self._identity = 0
        self._ids_begin = 0
        self._ids_end = 0
        self._waiting: list[tuple[_Apply, asyncio.Future[int]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, directory: Path, executor: Executor | None = None) -> "SqliteStore":
        """Lock the directory, bring the schema up to date, raise the epoch. Raises StoreBusy or StoreFault, and then holds nothing."""
        lease = Lease.take(directory)
        path = directory / FILE
        writer: sqlite3.Connection | None = None
        loop = asyncio.get_running_loop()
        try:
            writer = await loop.run_in_executor(executor, _open_writer, path)
            epoch, begin, end, identity = await loop.run_in_executor(executor, _begin_epoch, writer, path)
            with told_as_faults("open", path):
                reader = sqlite3.connect(path, isolation_level=None)
        except BaseException:
            if writer is not None:
                await loop.run_in_executor(executor, writer.close)
            lease.release()
            raise
        store = cls(path, lease, executor, reader)
        store._writer, store._epoch, store._ids_begin, store._ids_end, store._identity = writer, epoch, begin, end, identity
        return store

    @property
    def epoch(self) -> int:
        """Raised by one at each opening of this state."""
        return self._epoch

    @property
    def identity(self) -> str:
        """Eight hex digits, chosen at random when this state was first made; a backup keeps them."""
        return f"{self._identity:08x}"

    def ids(self) -> Ids:
        """Ids nobody had before: from where the reserve ended when we opened, as far as it is reserved now. Make it once."""
        return Ids(self._ids_begin, self._ids_end)

    async def write(self, batch: Sequence[Record]) -> int:
        """Make the batch durable, all or nothing; the number of the write comes back. Raises StaleEpoch or StoreFault."""
        records = tuple(batch)
        number = await self._enqueue(lambda connection: _apply(connection, records))
        self.counters.batches += 1
        self.counters.records += len(records)
        return number

    async def reserve_ids(self, count: int) -> int:
        """Reserve that many further ids durably; the new end of the reserve comes back."""
        self._ids_end = await self._enqueue(lambda connection: _add(connection, "ids", count))
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

    async def close(self) -> None:
        """Finish the writes that wait, then let go of everything. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        self._reader.close()
        if self._writer is not None:
            # Nobody writes any more, so it may be closed here; then the order in which a daemon ends its executors does not matter.
            self._writer.close()
        self._lease.release()

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreFault(f"the store {self.path} is closed; ask before the daemon stops", path=self.path)

    async def _enqueue(self, apply: _Apply) -> int:
        self._must_be_open()
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

    async def _commit(self, loop: asyncio.AbstractEventLoop, group: list[tuple[_Apply, "asyncio.Future[int]"]]) -> None:
        assert self._writer is not None
        applies = [apply for apply, _ in group]
        try:
            numbers = await loop.run_in_executor(self._executor, _commit_group, self._writer, self.path, self._epoch, applies)
        except (ClockerError, asyncio.CancelledError, RuntimeError) as error:
            self.counters.failures += 1
            for _, outcome in group:
                if not outcome.done():
                    outcome.set_exception(_for_waiters(error, self.path))
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        for (_, outcome), number in zip(group, numbers, strict=True):
            if not outcome.done():
                outcome.set_result(number)


def _for_waiters(error: BaseException, path: Path) -> ClockerError:
    """An error of its own for each waiter, since tracebacks are written into them."""
    if isinstance(error, ClockerError):
        return type(error)(str(error), **error.details)
    return StoreFault(f"cannot write {path}: the daemon stops; what was not committed is done again after the next start", path=path)


def _open_writer(path: Path) -> sqlite3.Connection:
    with told_as_faults("open", path):
        path.touch(mode=0o600)
        # Used in the executor alone. An executor with more than one thread (the loop's default) still runs one call of ours at a time.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 2000")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def _begin_epoch(connection: sqlite3.Connection, path: Path) -> tuple[int, int, int, int]:
    """The new epoch, where the ids of this run begin, how far they are reserved, and the identity; durable before anything else is written."""
    with told_as_faults("write", path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            epoch = _add(connection, "epoch", 1)
            end = _add(connection, "ids", FIRST_RESERVE)
            identity = _add(connection, "identity", 0)
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
    return epoch, end - FIRST_RESERVE, end, identity


def _commit_group(connection: sqlite3.Connection, path: Path, epoch: int, applies: Sequence[_Apply]) -> list[int]:
    with told_as_faults("write", path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _check_epoch(connection, path, epoch)
            numbers = [apply(connection) for apply in applies]
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
    return numbers


def _roll_back(connection: sqlite3.Connection) -> None:
    # On a full disk SQLite has rolled back by itself, and a second time would be an error that hides the first.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _check_epoch(connection: sqlite3.Connection, path: Path, epoch: int) -> None:
    (found,) = connection.execute("SELECT number FROM meta WHERE name = 'epoch'").fetchone()
    if found != epoch:
        raise StaleEpoch(
            f"{path} was taken over by a newer daemon (epoch {found}; this one has {epoch}); stop this daemon", epoch=epoch, found=found
        )


def _apply(connection: sqlite3.Connection, records: Sequence[Record]) -> int:
    for record in records:
        if record.body is None:
            connection.execute(_REMOVE, (record.kind, record.uid))
        else:
            connection.execute(_PUT, (record.kind, record.uid, record.body))
    return _add(connection, "writes", 1)


def _add(connection: sqlite3.Connection, name: str, count: int) -> int:
    row = connection.execute(_SET_META, (count, name)).fetchone()
    return int(row[0])
