"""A pytest plugin: a folder for what a run of all tests makes once, though several workers and beds want it: Debian's root, and the packages that went through mirrors.

Whoever comes first makes a thing, others wait for him meanwhile. Outside a run of tests (benchmarks, demo) there is no such folder, and each makes its own.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bed.process import BedError

FOLDER = "TESTS_OF_CLOCKER_ONCE"
"""Environment variable with the folder's path: workers inherit it."""
_MINE = pytest.StashKey[Path]()
_AHEAD: list[threading.Thread] = []


def pytest_configure(config: pytest.Config) -> None:
    """The first process makes the folder, before workers begin."""
    if FOLDER not in os.environ:
        config.stash[_MINE] = Path(tempfile.mkdtemp(prefix="once-"))
        os.environ[FOLDER] = str(config.stash[_MINE])


def pytest_unconfigure(config: pytest.Config) -> None:
    """It is removed by who made it, when all workers have ended."""
    for thread in _AHEAD:
        thread.join()
    if (folder := config.stash.get(_MINE, None)) is not None:
        os.environ.pop(FOLDER, None)
        shutil.rmtree(folder)


def folder() -> Path | None:
    """The folder of this run; None outside one."""
    path = os.environ.get(FOLDER)
    return Path(path) if path else None


def ahead(name: str, make: Callable[[Path], None]) -> None:
    """Begin to make a file that somebody will want; whoever does waits for it, and meets what went wrong when he tries again."""

    def begin() -> None:
        with contextlib.suppress(BedError):
            once(name, make)

    _AHEAD.append(threading.Thread(target=begin, name=f"ahead: {name}"))
    _AHEAD[-1].start()


def once(name: str, make: Callable[[Path], None]) -> Path | None:
    """The file of that name, made by `make(path)` if nobody has yet; None outside a run. What `make` raises is raised, and the next one tries again."""
    shared = folder()
    if shared is None:
        return None
    made = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = shared / f"{name}.part"
            make(unfinished)
            unfinished.rename(made)
    return made
