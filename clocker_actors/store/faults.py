"""What can go wrong with files and SQLite, in our words: what, where, and one thing to do.

A disk that takes nothing more is StoreUnwritable, since it may take something again by itself; all else is StoreFault.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clocker_actors.errors import ClockerError, StoreFault, StoreUnwritable

FULL_PAUSE = 5.0
"""Seconds after which it may be worth it to try a full disk again."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; stop the daemon and `clocker restore` a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database; move it away, or `clocker restore` a backup",
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
    """Turns errors of SQLite and of the file system into StoreFault or StoreUnwritable: `cannot {doing} {path}: ...`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        # The low byte is the kind; the rest says where in SQLite it arose.
        kind = (code or 0) & 0xFF
        advice = _SQLITE.get(kind, "stop the daemon and check it with `clocker state check`")
        raise _fault(f"cannot {doing} {path}: {advice} ({error})", path, full=kind == sqlite3.SQLITE_FULL) from error
    except OSError as error:
        advice = _ERRNO.get(error.errno or 0, "see whether the disk is well")
        raise _fault(f"cannot {doing} {path}: {advice} ({error.strerror or error})", path, full=error.errno in _FULL) from error


def _fault(message: str, path: Path, *, full: bool) -> ClockerError:
    return StoreUnwritable(message, retry_after=FULL_PAUSE, path=path) if full else StoreFault(message, path=path)
