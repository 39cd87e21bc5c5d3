"""A pytest plugin: a folder for what a run of all tests makes once, though several workers and beds want it: Debian's root, and the packages that went through mirrors.

Whoever comes first makes a thing, others wait for him meanwhile. Outside a run of tests (benchmarks, demo) there is no such folder, and each makes its own.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = "TESTS_OF_CLOCKER_ONCE"
"""Environment variable with the folder's path: workers inherit it."""
_MINE = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """The first process makes the folder, before workers begin."""
    if FOLDER not in os.environ:
        config.stash[_MINE] = Path(tempfile.mkdtemp(prefix="once-"))
        os.environ[FOLDER] = str(config.stash[_MINE])


def pytest_unconfigure(config: pytest.Config) -> None:
    """It is removed by who made it, when all workers have ended."""
    if (folder := config.stash.get(_MINE, None)) is not None:
        os.environ.pop(FOLDER, None)
        shutil.rmtree(folder)


def folder() -> Path | None:
    """The folder of this run; None outside one."""
    path = os.environ.get(FOLDER)
    return Path(path) if path else None


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
