"""A backup becomes a state directory again.

    prepare ──▶ a folder beside the directory: every file checked, the database brought to this version and moved on
    install ──▶ it takes the directory's place at once; what was there is kept under another name

Moved on: between the backup and now the manager has done things that it knows nothing of any more. So the epoch is raised well beyond any that a daemon
had meanwhile (its writes are refused), ids that may have been handed out are never given again, and are remembered as lost: what engines show under
such an id is not taken for something that was deleted.
"""

import ctypes
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.errors import Conflict, StoreBusy, StoreFault
from clocker_actors.ports.store import Record
from clocker_actors.store.archive import DATABASE, Manifest, unpack
from clocker_actors.store.faults import told_as_faults
from clocker_actors.store.lease import Lease, holder
from clocker_actors.store.writing import add, open_writer, put, roll_back

EPOCHS = 1_000
"""How far the epoch is moved on: more often than that no manager was started since the backup."""
IDS = 10_000_000
"""How far ids are moved on: more than a manager hands out in years, or in as many as a hundred starts."""
_EXCHANGE = 2
_AT_FDCWD = -100

Rewrite = Callable[[Record], Record]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A backup that was found whole, and lies ready in `folder`."""

    folder: Path
    manifest: Manifest
    epoch: int

    def drop(self) -> None:
        """It is not wanted any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def refuse(state: Path, *, force: bool) -> None:
    """Raises StoreBusy while a daemon has the directory, Conflict when there is something in it that nobody said may be put aside."""
    pid = holder(state)
    if pid:
        raise StoreBusy(
            f"state directory {state} is in use by the daemon with pid {pid}; stop it first, then restore", directory=state, pid=pid
        )
    if state.is_dir() and any(state.iterdir()) and not force:
        raise Conflict(f"{state} is not empty: name another directory with --state, or --force to put what is there aside", directory=state)


def prepare(archive: Path, state: Path, rewrite: Rewrite = lambda record: record) -> Prepared:
    """Unpack a backup beside the directory it is to become. `rewrite` moves each record on. Raises BadRequest, StoreFault, StoreUnwritable."""
    state = state.resolve()
    folder = state.parent / f".{state.name}.restoring-{os.getpid()}"
    with told_as_faults("make a folder beside the state directory:", folder):
        state.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    try:
        manifest = unpack(archive, folder)
        epoch = _move_on(folder / DATABASE, manifest, state / DATABASE, rewrite)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Prepared(folder, manifest, epoch)


def install(prepared: Prepared, state: Path, *, force: bool, stamp: str) -> Path | None:
    """Put it in the directory's place; where what was there is now, if there was something. Raises StoreBusy, Conflict, StoreFault."""
    state = state.resolve()
    refuse(state, force=force)
    there = state.is_dir()
    lease = Lease.take(state) if there else None
    try:
        if there:
            _owned_as(state, prepared.folder)
        with told_as_faults("put the backup in the place of", state):
            aside = _put_in_place(prepared, state, stamp)
            _sync(state.parent)
    except BaseException:
        prepared.drop()
        raise
    finally:
        if lease is not None:
            lease.release()
    return aside


def _put_in_place(prepared: Prepared, state: Path, stamp: str) -> Path | None:
    if os.path.ismount(state):
        raise StoreFault(f"{state} is a mount point and cannot be replaced: restore into a directory below it, with --state", path=state)
    kept = state.is_dir() and any(path.name != "daemon.pid" for path in state.iterdir())
    if not kept:
        shutil.rmtree(state, ignore_errors=True)
        prepared.folder.rename(state)
        return None
    _end_epoch(state / DATABASE, prepared.epoch)
    aside = state.parent / f"{state.name}.before-{stamp}"
    if _exchange(prepared.folder, state):
        prepared.folder.rename(aside)
    else:
        state.rename(aside)
        prepared.folder.rename(state)
    (aside / "daemon.pid").unlink(missing_ok=True)
    return aside


def _exchange(one: Path, other: Path) -> bool:
    """Swap two directories in one step, where the system can: there is never a moment without a state directory."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if swap(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL}:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _move_on(path: Path, manifest: Manifest, old: Path, rewrite: Rewrite) -> int:
    """The database as the next daemon is to find it; its epoch."""
    epoch, ids = _numbers_of(old)
    connection = open_writer(path)
    with told_as_faults("write", path):
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                numbers = {str(name): int(number) for name, number in connection.execute("SELECT name, number FROM meta")}
                raised = add(connection, "epoch", max(epoch - numbers["epoch"], 0) + EPOCHS)
                end = add(connection, "ids", max(ids - numbers["ids"], 0) + IDS)
                connection.execute("INSERT OR REPLACE INTO lost (first, past) VALUES (?, ?)", (manifest.ids, end))
                records = [Record(kind, uid, bytes(body)) for kind, uid, body in connection.execute("SELECT kind, uid, body FROM records")]
                put(connection, [changed for kept in records if (changed := rewrite(kept)) is not kept])
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()
    return raised


def _numbers_of(old: Path) -> tuple[int, int]:
    """Epoch and ids of the state that is replaced, as far as it can be read."""
    with suppress(sqlite3.Error, OSError, ValueError, KeyError):
        if old.is_file():
            reader = sqlite3.connect(f"{old.as_uri()}?mode=ro", uri=True)
            try:
                numbers = dict(reader.execute("SELECT name, number FROM meta"))
            finally:
                reader.close()
            return int(numbers["epoch"]), int(numbers["ids"])
    return 0, 0


def _end_epoch(old: Path, epoch: int) -> None:
    """Whoever still writes into what was replaced (its lock may have been lost on a network's file system) is refused from here on."""
    with suppress(sqlite3.Error):
        if old.is_file():
            connection = sqlite3.connect(old, isolation_level=None)
            try:
                connection.execute("UPDATE meta SET number = ? WHERE name = 'epoch' AND number < ?", (epoch, epoch))
            finally:
                connection.close()


def _owned_as(state: Path, folder: Path) -> None:
    """What root restores belongs to whom the directory belonged to."""
    owner = state.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
