"""Control groups left by engines: removed when their processes are gone. Knows version 1 (one tree per controller) and 2 (one tree)."""

from __future__ import annotations

import os
from pathlib import Path

from tests.bed.process import wait_until

ROOT = Path("/sys/fs/cgroup")


def groups_of(name: str) -> list[Path]:
    """The top-level groups called `name` or `name-…`, in whichever trees they stand."""
    trees = [ROOT, *(path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink())]
    found = [path for tree in trees for path in tree.glob(f"{name}*") if path.is_dir()]
    return [path for path in found if path.name == name or path.name.startswith(f"{name}-")]


def remove_groups(name: str) -> None:
    """Remove these groups and all below them; waits for the kernel to let the last processes go."""

    def all_gone() -> bool:
        return all(_removed(group) for group in groups_of(name))

    wait_until(all_gone, 10.0, f"cgroup {name} is still busy")


def _removed(group: Path) -> bool:
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()
    except OSError:
        return False
    return True
