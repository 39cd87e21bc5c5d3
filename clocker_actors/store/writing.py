"""What is done on the writing connection: opening it, beginning an epoch, committing a group of batches. All of it runs in the executor.

Each commit first compares the epoch in the database with our own, in the same transaction: whoever took the store over since wins.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.errors import StaleEpoch, StoreFault
from clocker_actors.ports.store import Record
from clocker_actors.store.faults import told_as_faults
from clocker_actors.store.schema import migrate

FIRST_RESERVE = 1_000
"""Ids reserved by opening, so that the first ones can be handed out before anything else is written."""
CHECK_LIMIT = 3.0
"""Seconds that looking through the whole database may take when it is opened; a larger one is looked at as far as that goes."""
ROOM = 64 * 1024
"""Bytes that a disk which was full has to take before it counts as having room again."""

Apply = Callable[[sqlite3.Connection], int]
_SET_META = "UPDATE meta SET number = number + ? WHERE name = ? RETURNING number"
_PUT = "INSERT INTO records (kind, uid, body) VALUES (?, ?, ?) ON CONFLICT (kind, uid) DO UPDATE SET body = excluded.body"
_REMOVE = "DELETE FROM records WHERE kind = ? AND uid = ?"
_CHECK_EVERY = 20_000  # instructions of SQLite's machine, a millisecond or two


@dataclass(frozen=True, slots=True)
class Opened:
    """What a new epoch begins with: ids from `begin` to `end` are reserved; `lost` are ranges that a restore left out."""

    epoch: int
    begin: int
    end: int
    identity: int
    lost: tuple[tuple[int, int], ...]


def open_writer(path: Path) -> sqlite3.Connection:
    """The writing connection, the schema brought up to date, the file found whole. Raises StoreFault, StoreUnwritable."""
    with told_as_faults("open", path):
        path.touch(mode=0o600)
        # Used in the executor alone. An executor with more than one thread (the loop's default) still runs one call of ours at a time.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            prepare(connection)
            check(connection, path)
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def prepare(connection: sqlite3.Connection) -> None:
    """How we use SQLite: a commit that has returned is on the disk, whatever happens next."""
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 2000")


def check(connection: sqlite3.Connection, path: Path, limit: float = CHECK_LIMIT) -> bool:
    """Look through the database; whether there was time to see all of it. Raises StoreFault for one that is damaged."""
    until = time.monotonic() + limit
    connection.set_progress_handler(lambda: time.monotonic() > until, _CHECK_EVERY)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    if found != ["ok"]:
        raise StoreFault(
            f"{path} is damaged ({'; '.join(found)}): restore a backup with `clocker restore`; without one, keep the directory as it is, "
            "start with another (CLOCKER_STATE), and deploy again",
            path=path,
        )
    return True


def begin_epoch(connection: sqlite3.Connection, path: Path) -> Opened:
    """The new epoch, durable before anything else is written."""
    with told_as_faults("write", path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            epoch = add(connection, "epoch", 1)
            end = add(connection, "ids", FIRST_RESERVE)
            identity = add(connection, "identity", 0)
            lost = tuple((int(first), int(past)) for first, past in connection.execute("SELECT first, past FROM lost ORDER BY first"))
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
    return Opened(epoch, end - FIRST_RESERVE, end, identity, lost)


def commit_group(connection: sqlite3.Connection, path: Path, epoch: int, applies: Sequence[Apply]) -> list[int]:
    """Make these batches durable together, all or nothing; what each gave."""
    with told_as_faults("write", path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _check_epoch(connection, path, epoch)
            numbers = [apply(connection) for apply in applies]
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
    return numbers


def put(connection: sqlite3.Connection, records: Sequence[Record]) -> int:
    """Apply a batch within a transaction; the number of the write."""
    for record in records:
        if record.body is None:
            connection.execute(_REMOVE, (record.kind, record.uid))
        else:
            connection.execute(_PUT, (record.kind, record.uid, record.body))
    return add(connection, "writes", 1)


def add(connection: sqlite3.Connection, name: str, count: int) -> int:
    """Add to a number of the state; what it is then."""
    row = connection.execute(_SET_META, (count, name)).fetchone()
    return int(row[0])


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo what is under way."""
    # On a full disk SQLite has rolled back by itself, and a second time would be an error that hides the first.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def mended(connection: sqlite3.Connection, path: Path, epoch: int, *, doubtful: bool) -> sqlite3.Connection:
    """Whether the disk takes something again: the connection to go on with, a fresh one that has looked through the database if the disk had failed (what
    it held back may be on the disk or not). Raises what is still wrong."""
    _try_room(path.parent)
    if doubtful:
        with suppress(sqlite3.Error):
            connection.close()
        connection = open_writer(path)
    commit_group(connection, path, epoch, [lambda there: add(there, "writes", 0)])
    return connection


def _try_room(directory: Path) -> None:
    trial = directory / ".room"
    with told_as_faults("write", trial):
        try:
            with trial.open("wb") as file:
                file.write(bytes(ROOM))
                file.flush()
                os.fsync(file.fileno())
        finally:
            with suppress(OSError):
                trial.unlink(missing_ok=True)


def _check_epoch(connection: sqlite3.Connection, path: Path, epoch: int) -> None:
    (found,) = connection.execute("SELECT number FROM meta WHERE name = 'epoch'").fetchone()
    if found != epoch:
        raise StaleEpoch(
            f"{path} was taken over by a newer daemon (epoch {found}; this one has {epoch}); stop this daemon", epoch=epoch, found=found
        )
