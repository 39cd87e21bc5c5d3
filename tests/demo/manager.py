"""The daemon as a process of its own, which may outlive whoever started it: start it, find it again, stop it, run commands against it."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.admin.client import Client
from clocker_actors.errors import ClockerError
from tests.bed.process import BedError, end, spawn, started_at, wait_until
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home

CLOCKER = Path(sys.executable).parent / "clocker"
START_LIMIT, STOP_LIMIT = 30.0, 20.0


@dataclass(frozen=True, slots=True)
class ManagerProcess:
    """A running daemon; its pid and start time name it for good."""

    state: Path
    pid: int
    started: int

    @property
    def log(self) -> Path:
        return self.state / "daemon.log"

    def client(self) -> Client:
        """A client of it, to be closed."""
        return Client(f"unix://{self.state / 'clocker.sock'}")

    def environment(self) -> Mapping[str, str]:
        """What a command needs to find it."""
        return {**_clean(), "CLOCKER_STATE": str(self.state)}

    def runs(self) -> bool:
        """Whether this very process still lives."""
        return started_at(self.pid) == self.started

    def stop(self) -> None:
        """SIGTERM, which leaves containers running; SIGKILL if it does not end in time."""
        if self.runs():
            os.kill(self.pid, signal.SIGTERM)
            try:
                wait_until(self.ended, STOP_LIMIT, "")
            except BedError:
                end(self.pid)
        (self.state / "process.json").unlink(missing_ok=True)

    def ended(self) -> bool:
        """Whether it lives no more; reaps it if it was our child."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return not self.runs()


def start(home: Home, ground: Ground) -> ManagerProcess:
    """Start the daemon on a ground and wait until it is ready. BedError has the end of its log."""
    home.manager.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = ["--simulated"] if ground.kind is Kind.SIMULATED else ["--local-engine", ground.url]
    command = [str(CLOCKER), "daemon", "--state", str(home.manager), "--log-format", "json", *flags]
    pid = spawn(command, home.manager / "daemon.log", {**_clean(), "CLOCKER_PLANE": home.plane})
    manager = ManagerProcess(home.manager, pid, started_at(pid) or 0)
    (home.manager / "process.json").write_text(json.dumps({"pid": pid, "started": manager.started}))
    try:
        wait_until(lambda: _ready(manager) or manager.ended(), START_LIMIT, f"the daemon does not get ready; its log is {manager.log}")
        if manager.ended():
            raise BedError(f"the daemon ended at once; its log ends: {_last_words(manager.log)}")
    except BaseException:
        manager.stop()
        raise
    return manager


def find(home: Home) -> ManagerProcess | None:
    """The daemon that runs in this home, whoever started it."""
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
        saved = json.loads((home.manager / "process.json").read_text())
        found = ManagerProcess(home.manager, int(saved["pid"]), int(saved["started"]))
        return found if found.runs() else None
    return None


def _ready(manager: ManagerProcess) -> bool:
    try:
        with manager.client() as client:
            return client.get("/readyz").get("status") == "ready"
    except ClockerError:
        return False


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])


def _clean() -> dict[str, str]:
    """Our environment without what would steer a clocker or a docker elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CLOCKER_", "DOCKER_"))}
