"""What can go wrong with files and SQLite, in our words: what, where, and one thing to do."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clocker_actors.errors import StoreFault

_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; stop the daemon and restore the directory from a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database; move it away, or restore the directory from a backup",
    sqlite3.SQLITE_READONLY: "the file may not be written; give it and its directory to the daemon's user",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; give it and its directory to the daemon's user",
    sqlite3.SQLITE_PERM: "the file may not be used; give it and its directory to the daemon's user",
    sqlite3.SQLITE_BUSY: "another program holds the database; close it",
    sqlite3.SQLITE_LOCKED: "another program holds the database; close it",
    sqlite3.SQLITE_IOERR: "the disk failed; look at the kernel's log and at the limits on file size",
}

_ERRNO = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "the disk quota is used up; free some space and try again",
    errno.EFBIG: "the file would be larger than allowed; raise the limit on file size",
    errno.EACCES: "it may not be used; give it to the daemon's user",
    errno.EPERM: "it may not be used; give it to the daemon's user",
    errno.EROFS: "the file system is read-only; name another state directory",
    errno.ENOTDIR: "part of the path is not a directory; name another one",
    errno.EEXIST: "there is a file of that name; name another directory",
}


@contextmanager
def told_as_faults(doing: str, path: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the file system into StoreFault: `cannot {doing} {path}: ...`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        # The low byte is the kind; the rest says where in SQLite it arose.
        advice = _SQLITE.get((code or 0) & 0xFF, "stop the daemon and check the file with `sqlite3 FILE 'pragma integrity_check'`")
        raise StoreFault(f"cannot {doing} {path}: {advice} ({error})", path=path) from error
    except OSError as error:
        advice = _ERRNO.get(error.errno or 0, "see whether the disk is well")
        raise StoreFault(f"cannot {doing} {path}: {advice} ({error.strerror or error})", path=path) from error
