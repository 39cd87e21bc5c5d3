"""Databases as older versions wrote them: are they brought forward with all that is in them, and does a newer one stay as it is?"""

import sqlite3
from pathlib import Path

import pytest

from clocker_actors.errors import StoreFault
from clocker_actors.store.schema import STEPS, VERSION
from clocker_actors.store.sqlite import FILE, SqliteStore

WRITTEN = {
    1: """
        CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO meta VALUES ('epoch', 4), ('writes', 17), ('ids', 101001);
        CREATE TABLE records (position INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, uid TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (kind, uid));
        INSERT INTO records VALUES (1, 'pool', 'p1', x'7b7d'), (5, 'host', 'h2', x'7b2261223a317d');
        PRAGMA user_version = 1;
    """,
    2: """
        CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO meta VALUES ('epoch', 4), ('identity', 3735928559), ('writes', 17), ('ids', 101001);
        CREATE TABLE records (position INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, uid TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (kind, uid));
        INSERT INTO records VALUES (1, 'pool', 'p1', x'7b7d'), (5, 'host', 'h2', x'7b2261223a317d');
        PRAGMA user_version = 2;
    """,
}
"""As each version wrote it, by its number: what a step once made must never be made otherwise."""


def written(directory: Path, version: int) -> Path:
    directory.mkdir(mode=0o700)
    made = sqlite3.connect(directory / FILE)
    made.executescript(WRITTEN[version])
    made.close()
    return directory / FILE


@pytest.mark.parametrize("version", WRITTEN)
async def test_an_older_one_is_brought_forward_and_keeps_all(tmp_path: Path, version: int) -> None:
    path = written(tmp_path / "s", version)
    for epoch in (5, 6):
        store = await SqliteStore.open(tmp_path / "s")
        assert store.epoch == epoch
        assert [(kept.uid, kept.body) for kept in (*store.all("pool"), *store.all("host"))] == [("p1", b"{}"), ("h2", b'{"a":1}')]
        assert store.ids().next_number >= 101_001
        assert len(store.identity) == 8 and (version < 2 or store.identity == "deadbeef")
        assert not store.lost("h2")
        await store.close()
    found = sqlite3.connect(path)
    assert found.execute("PRAGMA user_version").fetchone() == (VERSION,)
    found.close()


def test_every_version_but_the_newest_is_among_those_that_are_tried() -> None:
    assert set(WRITTEN) == set(range(1, len(STEPS)))


async def test_a_newer_one_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = written(tmp_path / "s", 2)
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    newer.close()
    with pytest.raises(StoreFault, match=rf"newer clocker-actors \(schema {VERSION + 1}; this one knows {VERSION}\): start that version"):
        await SqliteStore.open(tmp_path / "s")
    found = sqlite3.connect(path)
    assert found.execute("SELECT number FROM meta WHERE name = 'epoch'").fetchone() == (4,)
    found.close()


async def test_a_damaged_page_is_found_when_it_is_opened(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "s")
    await store.close()
    path = tmp_path / "s" / FILE
    filled = sqlite3.connect(path)
    filled.executemany(
        "INSERT INTO records (kind, uid, body) VALUES ('host', ?, zeroblob(2000))", ((f"h{number}",) for number in range(50))
    )
    filled.commit()
    filled.close()
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 6 * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreFault, match=r"damaged.*clocker restore"):
        await SqliteStore.open(tmp_path / "s")
