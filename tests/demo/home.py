"""Where the demo keeps things: one folder, with the engine's, the manager's and the shop's files in it."""

import contextlib
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOM = 70
"""Longest path whose sockets still fit into the system's limit."""


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that the demo makes and removes. `plane` labels whatever it makes on an engine, so that a later run finds what a killed one left."""

    path: Path

    @property
    def engine(self) -> Path:
        return self.path / "engine"

    @property
    def manager(self) -> Path:
        return self.path / "manager"

    @property
    def shop(self) -> Path:
        return self.path / "shop"

    @property
    def plane(self) -> str:
        return f"demo-{_digest(self.path)}"

    def make(self) -> None:
        """Make the folder, for its owner only."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove it with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the folder around it if that is ours by its name, and empty."""
        with contextlib.suppress(OSError):
            if self.path.parent.name == ".state":
                self.path.parent.rmdir()


def home_at(path: Path) -> Home:
    """The home at a path, or at a short one that stands for it when sockets would not fit in there."""
    absolute = path.absolute()
    if len(str(absolute)) <= ROOM and Path("/run") not in absolute.parents:
        return Home(absolute)
    return Home(Path(tempfile.gettempdir()) / f"clocker-{_digest(absolute)}")


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]
