"""One daemon per state directory: the directory is made private, then locked.

The lock is the kernel's (flock), so it ends with the process however that ends. The holder's pid is written beside it for people. A lock on a
network file system may be lost unnoticed; the epoch in the database catches that at the next write.
"""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from clocker_actors.errors import StoreBusy, StoreFault
from clocker_actors.store.faults import told_as_faults

PID_FILE = "daemon.pid"


class Lease:
    """The lock on a state directory, from `take` until `release`."""

    def __init__(self, directory: Path, descriptor: int) -> None:
        self.directory = directory
        self._descriptor = descriptor

    @classmethod
    def take(cls, directory: Path) -> "Lease":
        """Make the directory if it is missing (0700) and lock it. Raises StoreBusy naming the holder's pid, or StoreFault."""
        with told_as_faults("use the state directory", directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(directory)
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _lock(directory, descriptor)
            with told_as_faults("write", directory / PID_FILE):
                (directory / PID_FILE).write_text(f"{os.getpid()}\n")
        except BaseException:
            os.close(descriptor)
            raise
        return cls(directory, descriptor)

    def missing(self) -> str:
        """Why the directory that is locked is not the one that stands at its path any more; "" while it is."""
        try:
            found, locked = self.directory.stat(), os.fstat(self._descriptor)
        except FileNotFoundError:
            return f"state directory {self.directory} was removed while the daemon ran; `clocker restore` a backup, then start it again"
        except OSError as error:
            return f"state directory {self.directory} cannot be looked at any more ({error.strerror}): see whether its disk is well"
        if (found.st_dev, found.st_ino) == (locked.st_dev, locked.st_ino):
            return ""
        return f"state directory {self.directory} was replaced by another while the daemon ran; start the daemon again to use that one"

    def release(self) -> None:
        """Let the next one in. Calling it again does nothing."""
        if self._descriptor < 0:
            return
        with suppress(OSError):
            if not self.missing():
                (self.directory / PID_FILE).unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1


def holder(directory: Path) -> str:
    """The pid of the daemon that has a state directory now, "" when none does. Takes nothing, and changes nothing."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(directory)
    else:
        return ""
    finally:
        os.close(descriptor)


def _lock(directory: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(directory)
        raise StoreBusy(
            f"state directory {directory} is in use by the daemon with pid {holder}; stop that one, or name another directory (CLOCKER_STATE)",
            directory=directory,
            pid=holder,
        ) from None


def _holder(directory: Path) -> str:
    with suppress(OSError):
        return (directory / PID_FILE).read_text().strip() or "unknown"
    return "unknown"


def _make_private(directory: Path) -> None:
    """Others must not read the state. A directory that is shared by design (/tmp) or someone else's is not ours to change."""
    found = directory.stat()
    if not found.st_mode & 0o077:
        return
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
        raise StoreFault(
            f"state directory {directory} is open to other users (mode {stat.S_IMODE(found.st_mode):04o}); name one of its own (CLOCKER_STATE)",
            directory=directory,
        )
    directory.chmod(0o700)
