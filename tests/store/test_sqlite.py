"""What is particular to SQLite: the schema's version, the epoch, group commit, a full disk, a damaged file, a killed writer."""

import asyncio
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.errors import StaleEpoch, StoreBusy, StoreFault, StoreUnwritable
from clocker_actors.model.identity import EntityKind
from clocker_actors.ports.store import Record
from clocker_actors.store.faults import told_as_faults
from clocker_actors.store.schema import STEPS, VERSION, migrate
from clocker_actors.store.sqlite import FILE, TRIAL, SqliteStore
from clocker_actors.store.writing import FIRST_RESERVE


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest_asyncio.fixture
async def store(directory: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(directory)
    yield store
    await store.close()


async def test_only_its_owner_may_read_it(store: SqliteStore, directory: Path) -> None:
    await store.write([Record("entity", "m1", b"x")])
    assert mode(directory) == 0o700
    assert [mode(directory / (FILE + suffix)) for suffix in ("", "-wal", "-shm")] == [0o600] * 3


async def test_an_open_directory_of_ours_is_closed_and_a_shared_one_refused(tmp_path: Path) -> None:
    ours, shared = tmp_path / "ours", tmp_path / "shared"
    ours.mkdir(mode=0o755)
    await (await SqliteStore.open(ours)).close()
    assert mode(ours) == 0o700
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(StoreFault, match=r"open to other users \(mode 1777\); name one of its own"):
        await SqliteStore.open(shared)
    assert mode(shared) == 0o1777


async def test_ids_start_where_the_old_reserve_ended(directory: Path) -> None:
    first = await SqliteStore.open(directory)
    ids = first.ids()
    assert ids.entity(EntityKind.APPLICATION) == "a1"
    assert ids.left == FIRST_RESERVE - 1
    ids.reserved = await first.reserve_ids(500)
    assert ids.left == FIRST_RESERVE + 499
    end = ids.reserved
    await first.close()
    second = await SqliteStore.open(directory)
    assert second.ids().next_number == end
    await second.close()


async def test_whoever_took_over_wins(store: SqliteStore, directory: Path) -> None:
    other = sqlite3.connect(directory / FILE, isolation_level=None)
    other.execute("UPDATE meta SET number = number + 1 WHERE name = 'epoch'")
    other.close()
    with pytest.raises(StaleEpoch, match=r"taken over by a newer daemon \(epoch 2; this one has 1\); stop this daemon"):
        await store.write([Record("entity", "m1", b"x")])
    with pytest.raises(StaleEpoch):
        await store.reserve_ids(1)
    assert store.read("entity", "m1") is None


@pytest.mark.real_loop
async def test_what_waits_is_committed_together(directory: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        store = await SqliteStore.open(directory, executor)
        await asyncio.gather(*(store.write([Record("entity", str(number), b"x")]) for number in range(1000)))
        assert len(store.all("entity")) == 1000
        assert store.counters.batches == 1000
        assert store.counters.commits < 20
        await store.close()


async def test_a_newer_schema_is_refused(directory: Path) -> None:
    store = await SqliteStore.open(directory)
    await store.close()
    other = sqlite3.connect(directory / FILE)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(StoreFault, match=r"written by a newer clocker-actors \(schema 99; this one knows 3\): start that version"):
        await SqliteStore.open(directory)


def test_an_older_schema_is_brought_forward_and_keeps_its_records(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    migrate(connection, tmp_path / FILE)
    connection.execute("INSERT INTO records (kind, uid, body) VALUES ('entity', 'm1', 'x')")
    longer = (*STEPS, lambda there: there.execute("ALTER TABLE records ADD COLUMN mood TEXT DEFAULT 'good'") and None)
    migrate(connection, tmp_path / FILE, longer)
    migrate(connection, tmp_path / FILE, longer)
    assert connection.execute("SELECT uid, mood FROM records").fetchall() == [("m1", "good")]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(longer),)
    connection.close()


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)

    def half(there: sqlite3.Connection) -> None:
        there.execute("CREATE TABLE half (x)")
        there.execute("CREATE NONSENSE")

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, tmp_path / FILE, (*STEPS, half))
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchone() is None
    connection.close()


async def test_a_damaged_file_is_told_and_nothing_stays_locked(directory: Path) -> None:
    await (await SqliteStore.open(directory)).close()
    (directory / FILE).write_bytes(b"this is no database at all, but quite long enough to be one" * 100)
    for _ in range(2):
        with pytest.raises(StoreFault, match=r"cannot open .*state.sqlite: the file is not a database; move it away"):
            await SqliteStore.open(directory)


async def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreFault, match=r"cannot use the state directory .*: there is a file of that name; name another"):
        await SqliteStore.open(tmp_path / "state")


async def test_a_disk_that_takes_no_more_fails_the_write_and_only_that(store: SqliteStore) -> None:
    await store.write([Record("entity", "m1", b"before")])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(StoreFault, match=r"cannot write .*state.sqlite: the disk"):
            await store.write([Record("entity", "big", b"x" * 1_000_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert store.read("entity", "big") is None
    assert store.counters.failures == 1
    with pytest.raises(StoreUnwritable, match=r"the disk"):
        await store.write([Record("entity", "m1", b"not tried")])
    assert store.read("entity", "m1") == b"before", "reading goes on"
    await asyncio.sleep(2 * TRIAL)
    assert store.unwritable == ""
    await store.write([Record("entity", "m1", b"after")])
    assert store.read("entity", "m1") == b"after"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(StoreUnwritable, match="the disk is full; free some space"), told_as_faults("write", tmp_path / FILE):
        connection.execute("CREATE TABLE t AS SELECT zeroblob(100000)")
    connection.close()


@pytest.mark.real_loop
async def test_a_stopped_executor_fails_what_waits(directory: Path) -> None:
    executor = ThreadPoolExecutor(1)
    store = await SqliteStore.open(directory, executor)
    executor.shutdown()
    with pytest.raises(StoreFault, match="the daemon stops"):
        await store.write([Record("entity", "m1", b"x")])
    await store.close()
    await (await SqliteStore.open(directory)).close()


KILLED = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from clocker_actors.ports.store import Record
from clocker_actors.store import SqliteStore
async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), ThreadPoolExecutor(1))
    for number in range(1_000_000):
        await store.write([Record("entity", f"{number}{half}", b"x") for half in "ab"])
        print(number, flush=True)
asyncio.run(main())
"""


@pytest.mark.real_loop
async def test_what_was_acknowledged_survives_a_kill(directory: Path) -> None:
    writer = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
        [sys.executable, "-c", KILLED, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    with writer, writer.stdout:
        for _ in range(20):
            writer.stdout.readline()
        with pytest.raises(StoreBusy, match=rf"pid {writer.pid};"):
            await SqliteStore.open(directory)
        writer.send_signal(signal.SIGKILL)
        acknowledged = 20 + len(writer.stdout.read().splitlines())
        writer.wait()
    store = await SqliteStore.open(directory)
    kept = [record.uid for record in store.all("entity")]
    assert len(kept) in {2 * acknowledged, 2 * acknowledged + 2}, "whole batches, and none that was acknowledged is missing"
    assert store.epoch == 2
    await store.close()
