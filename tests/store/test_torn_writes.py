"""A disk that keeps of what was not synced only some sectors: does our use of SQLite lose anything that it had acknowledged?

A file system of our own stands below SQLite. What is written goes to the real file, so that SQLite reads it, and to a list; a sync moves that file's list to what
the disk is known to have. When the power goes, each sector of what was not synced is there or not, as a coin falls. Then the files are opened again, as the daemon
does it.
"""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from clocker_actors.ports.store import Record
from clocker_actors.store.schema import migrate
from clocker_actors.store.sqlite import FILE, SqliteStore
from clocker_actors.store.writing import begin_epoch, commit_group, prepare, put

SECTOR = 512
BATCHES = 25


class Disk:
    """What is on the disk for sure, by file, and what was written since."""

    def __init__(self) -> None:
        self.sure: dict[str, bytearray] = {}
        self.pending: dict[str, list[tuple[int, bytes]]] = {}
        self.fail_sync = 0  # so many syncs from now fails, once

    def wrote(self, name: str, data: bytes, offset: int) -> None:
        for start in range(0, len(data), SECTOR):
            self.pending.setdefault(name, []).append((offset + start, data[start : start + SECTOR]))

    def synced(self, name: str) -> None:
        if self.fail_sync:
            self.fail_sync -= 1
            if not self.fail_sync:
                raise apsw.IOError("the disk failed")
        content = self.sure.setdefault(name, bytearray())
        for offset, data in self.pending.pop(name, []):
            _place(content, offset, data)

    def cut(self, name: str, size: int) -> None:
        """A truncation is sure at once; what was written below it is as unsure as before."""
        self.pending[name] = [(offset, data) for offset, data in self.pending.get(name, []) if offset < size]
        del self.sure.setdefault(name, bytearray())[size:]

    def gone(self, name: str) -> None:
        self.pending.pop(name, None)
        self.sure.pop(name, None)

    def after_power_cut(self, coin: random.Random) -> Iterator[tuple[str, bytes]]:
        """Every file as the next start finds it."""
        for name in {*self.sure, *self.pending}:
            content = bytearray(self.sure.get(name, b""))
            for offset, data in self.pending.get(name, []):
                if coin.random() < 0.5:
                    _place(content, offset, data)
            yield name, bytes(content)


def _place(content: bytearray, offset: int, data: bytes) -> None:
    content.extend(bytes(max(offset + len(data) - len(content), 0)))
    content[offset : offset + len(data)] = data


class Tearing(apsw.VFS):
    """SQLite's file system, with a disk that tells what it has."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        super().__init__("tearing", "")

    def xOpen(self, name, flags):  # type: ignore[no-untyped-def]  # noqa: N802 - SQLite's name
        return TornFile(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.disk.gone(Path(filename).name)


class TornFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name, flags) -> None:  # type: ignore[no-untyped-def]
        self._disk = disk
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary").name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._disk.wrote(self._name, bytes(data), offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self._disk.cut(self._name, size)

    def excepthook(self, *_: object) -> bool:
        """The failed sync that was ordered: SQLite has been told, and nobody else need be."""
        return True

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._disk.synced(self._name)


@pytest.fixture
def disk() -> Iterator[tuple[Disk, Tearing]]:
    disk = Disk()
    vfs = Tearing(disk)
    yield disk, vfs
    vfs.unregister()


def opened(path: Path) -> apsw.Connection:
    """A connection used as the store uses its own."""
    made = apsw.Connection(str(path), vfs="tearing")
    made.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()  # the shared index of the log is no file of this file system
    prepare(made)  # type: ignore[arg-type]  # another library, with the same methods
    migrate(made, path)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("seed", range(20))
async def test_what_was_acknowledged_survives_a_power_cut_that_tears_writes(tmp_path: Path, disk: tuple[Disk, Tearing], seed: int) -> None:
    coin, (ours, _) = random.Random(seed), disk
    worked = tmp_path / "worked"
    worked.mkdir()
    connection = opened(worked / FILE)
    epoch = begin_epoch(connection, worked / FILE).epoch  # type: ignore[arg-type]
    acknowledged, tried = 0, 0
    ours.fail_sync = coin.randrange(5, 3 * BATCHES)
    for number in range(BATCHES):
        batch = [Record("entity", f"{number}{half}", b"x" * coin.randrange(10, 9000)) for half in "ab"]
        tried += 1
        try:
            commit_group(connection, worked / FILE, epoch, [lambda there, batch=batch: put(there, batch)])  # type: ignore[arg-type,misc]
            acknowledged = tried
            if coin.random() < 0.2:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except apsw.Error:
            break  # as the daemon: nothing more is written on a disk in doubt
    left = list(ours.after_power_cut(coin))
    ours.fail_sync = 0  # closing is not what is asked about
    connection.close()
    found = tmp_path / "found"
    found.mkdir(mode=0o700)
    for name, content in left:
        (found / name).write_bytes(content)
    store = await SqliteStore.open(found)
    kept = {record.uid for record in store.all("entity")}
    for number in range(acknowledged):
        assert {f"{number}a", f"{number}b"} <= kept, f"batch {number} of {acknowledged} acknowledged is lost"
    assert all((f"{number}a" in kept) == (f"{number}b" in kept) for number in range(tried)), "a batch is there whole or not at all"
    assert store.epoch == epoch + 1
    await store.close()


def test_the_disk_of_this_test_does_tear(tmp_path: Path, disk: tuple[Disk, Tearing]) -> None:
    ours, _ = disk
    connection = apsw.Connection(str(tmp_path / "loose"), vfs="tearing")
    connection.execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; CREATE TABLE t (x)").fetchall()
    for number in range(200):
        connection.execute("INSERT INTO t VALUES (zeroblob(3000 + ?))", (number,))
    (name, content), *_ = ours.after_power_cut(random.Random(1))
    connection.close()
    (tmp_path / "found").write_bytes(content)
    found = sqlite3.connect(tmp_path / "found")
    with pytest.raises((sqlite3.DatabaseError, AssertionError)):
        assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found.close()
    assert name == "loose"
