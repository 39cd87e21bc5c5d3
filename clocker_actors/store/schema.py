"""The tables, and how a database of an older version becomes one of this version.

    PRAGMA user_version = n ──STEPS[n]──▶ n + 1      forward only, one transaction each; a newer version is refused

What a step once did stays as it is: databases that it was applied to are out there.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from clocker_actors.errors import StoreFault

Step = Callable[[sqlite3.Connection], None]


def _records(connection: sqlite3.Connection) -> None:
    """Records of all kinds in one table, in the order of their first write; numbers of the state as a whole in another."""
    connection.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID")
    connection.execute("INSERT INTO meta (name, number) VALUES ('epoch', 0), ('writes', 0), ('ids', 1)")
    connection.execute(
        """CREATE TABLE records (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            uid TEXT NOT NULL,
            body BLOB NOT NULL,
            UNIQUE (kind, uid))"""
    )


def _identity(connection: sqlite3.Connection) -> None:
    """What tells this state from all others on engines that several managers use."""
    connection.execute("INSERT INTO meta (name, number) VALUES ('identity', abs(random() % 4294967296))")


def _lost(connection: sqlite3.Connection) -> None:
    """Ids that may have been handed out between a backup and its restore: engines may show things of that name which no record knows."""
    connection.execute("CREATE TABLE lost (first INTEGER PRIMARY KEY, past INTEGER NOT NULL)")


STEPS: tuple[Step, ...] = (_records, _identity, _lost)
VERSION = len(STEPS)


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Bring the database to the newest version, one transaction per step. Raises StoreFault when it is newer than we are."""
    version = version_of(connection, path, steps)
    for step in range(version, len(steps)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            steps[step](connection)
            connection.execute(f"PRAGMA user_version = {step + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def version_of(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> int:
    """The version of the database, 0 for an empty one. Raises StoreFault when it is newer than we are."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(steps):
        raise StoreFault(
            f"{path} was written by a newer clocker-actors (schema {version}; this one knows {len(steps)}): "
            "start that version, or name another state directory (CLOCKER_STATE)",
            path=path,
        )
    return version
