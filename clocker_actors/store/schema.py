"""Tables of the state database and the way from each version to the next.

`meta` holds numbers: the epoch (raised at each opening), the writes done so far, the end of the reserved ids, and a random
identity by which what was made from this state is told from what another state directory made. `records` keeps one row per
durable thing; its rowid is the order of first writes, which an update keeps.

    version (PRAGMA user_version) n ──SCRIPTS[n]──▶ n + 1      forward only; a newer version is refused
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from clocker_actors.errors import StoreFault

SCRIPTS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO meta (name, number) VALUES ('epoch', 0), ('writes', 0), ('ids', 1)",
        """CREATE TABLE records (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            uid TEXT NOT NULL,
            body BLOB NOT NULL,
            UNIQUE (kind, uid))""",
    ),
    ("INSERT INTO meta (name, number) VALUES ('identity', abs(random() % 4294967296))",),
)


def migrate(connection: sqlite3.Connection, path: Path, scripts: Sequence[Sequence[str]] = SCRIPTS) -> None:
    """Bring the database to the newest version, one transaction per step. Raises StoreFault when it is newer than we are."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise StoreFault(
            f"{path} was written by a newer clocker-actors (schema {version}; this one knows {len(scripts)}): "
            "start that version, or name another state directory (CLOCKER_STATE)",
            path=path,
        )
    for step in range(version, len(scripts)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in scripts[step]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
