"""Is a state directory whole? Looked at from outside, without changing anything, with or without a daemon on it.

Records are looked through by whoever knows what they mean, over the same moment of the database.
"""

import hashlib
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.errors import ClockerError, NotFound, SettingsError, StoreFault
from clocker_actors.ports.store import Record
from clocker_actors.store.archive import DATABASE
from clocker_actors.store.codec import decode
from clocker_actors.store.faults import told_as_faults
from clocker_actors.store.keyring import FILE, Sealed, read_keyring
from clocker_actors.store.schema import VERSION, version_of
from clocker_actors.store.strongbox import KIND

_KEYS = ("*.key", "*.pem", "*token*", "*.secret")
_PIECE = 1024 * 1024
_RESTORE = "stop the daemon and `clocker restore` a backup"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. What is no `fault` mends itself, or may be on its way."""

    where: str
    what: str
    advice: str
    fault: bool = True


Look = Callable[[Sequence[Record]], tuple[Sequence[Finding], frozenset[str]]]
"""Findings among all records, and the SHA-256 of every upload they name."""


def check_state(state: Path, look: Look) -> list[Finding]:
    """All that is wrong with a state directory. Raises NotFound where there is none."""
    if not (state / DATABASE).is_file():
        raise NotFound(f"there is no state in {state}: name the directory, or CLOCKER_STATE", directory=state)
    findings = list(_modes(state))
    try:
        records = _records(state / DATABASE, findings)
    except ClockerError as error:
        return [*findings, Finding(DATABASE, str(error), _RESTORE)]
    found, named = look(records)
    return [*findings, *found, *_sealed(state, records), *_blobs(state / "blobs", named)]


def _records(path: Path, findings: list[Finding]) -> list[Record]:
    with told_as_faults("read", path), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        version = version_of(reader, path)
        if version < VERSION:
            findings.append(
                Finding(DATABASE, f"schema {version}, this version has {VERSION}", "nothing: the next start brings it forward", fault=False)
            )
        damage = [str(row[0]) for row in reader.execute("PRAGMA integrity_check(5)")]
        if damage != ["ok"]:
            findings += [Finding(DATABASE, each, _RESTORE) for each in damage]
        rows = reader.execute("SELECT kind, uid, body FROM records ORDER BY position")
        return [Record(str(kind), str(uid), bytes(body)) for kind, uid, body in rows]


def _modes(state: Path) -> Iterator[Finding]:
    if state.stat().st_mode & 0o077:
        yield Finding(".", f"others may look into it (mode {stat.S_IMODE(state.stat().st_mode):04o})", f"chmod 700 {state}")
    for path in sorted({DATABASE, *(found.relative_to(state).as_posix() for each in _KEYS for found in state.rglob(each))}):
        mode = stat.S_IMODE((state / path).stat().st_mode)
        if (state / path).is_file() and mode & 0o077:
            yield Finding(
                path, f"others may use it (mode {mode:04o})", f"chmod 600 {state / path}; if others had read it, change what it opens"
            )


def _sealed(state: Path, records: Sequence[Record]) -> Iterator[Finding]:
    """Can what is encrypted be opened? The daemon would not start without the keys. How readable their file is, is found elsewhere."""
    sealed = [each for each in records if each.kind == KIND]
    path = state / FILE
    try:
        if sealed and not path.exists():
            raise SettingsError(f"it is missing, and {len(sealed)} secrets of this state are encrypted by it")
        if not path.exists() or path.stat().st_mode & 0o077 or (keyring := read_keyring(state)) is None:
            return
        for each in sealed:
            with suppress(StoreFault):  # a record that does not decode is found with all the others
                keyring.open(each.uid, decode(Sealed, each.body or b""))
    except SettingsError as error:
        yield Finding(FILE, str(error).partition("; ")[0], "put it back: it is in a backup that was made with keys")


def _blobs(folder: Path, named: frozenset[str]) -> Iterator[Finding]:
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")} if folder.is_dir() else set[str]()
    for name in sorted(there):
        if _hash(folder / name) not in {name, ""}:
            yield Finding(
                f"blobs/{name[:12]}…", "its content is not what its name says", "remove it, and deploy again what is built from it"
            )
    for name in sorted(named - there):
        yield Finding(
            f"blobs/{name[:12]}…",
            "an application is built from it, and it is missing",
            "deploy that application again: its files are uploaded",
        )


def _hash(path: Path) -> str:
    """The SHA-256 of a file, "" of one that was removed meanwhile."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except FileNotFoundError:
        return ""
    return found.hexdigest()
