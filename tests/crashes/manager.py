"""The daemon as a process that can be killed like any other, and begun again on what it has kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from clocker_actors.admin.client import Client
from clocker_actors.errors import ClockerError
from clocker_actors.model.values import Value

PLANE = "crash"
_TREE = Path(__file__).parents[2]
_ANSWERS_WITHIN = 60.0


class Manager:
    """`clocker daemon` with all it keeps below a folder; its log is `folder/log`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None

    def start(self) -> None:
        """Begin a process; it is ready later."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CLOCKER_")}
        environ |= {"CLOCKER_STATE": str(self.folder / "s"), "CLOCKER_PLANE": PLANE, "PYTHONPATH": str(_TREE)}
        environ |= {"CLOCKER_LOCAL_ENGINE": f"unix://{self.folder}/none.sock"}
        command = [sys.executable, "-m", "clocker_actors", "daemon", "--log-format", "json"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environ, cwd=_TREE, start_new_session=True)

    def kill(self) -> None:
        """`kill -9`, whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order, as a service manager does it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def beside(self) -> Manager:
        """The same for somebody in another thread, who has connections of his own."""
        return Manager(self.folder)

    def client(self) -> Client:
        """Somebody to ask it by; NoDaemon while nobody answers."""
        if self._client is None:
            self._client = Client(f"unix://{self.folder}/s/clocker.sock")
        return self._client

    def ready(self, hosts: int) -> None:
        """Wait until it answers and all hosts of its pool are up, if it has one. AssertionError with its last words when it ended."""
        until = time.monotonic() + _ANSWERS_WITHIN
        while True:
            assert self._process is not None
            assert self._process.poll() is None, f"the daemon ended by itself with {self._process.returncode}:\n{self.last_words()}"
            try:
                if sum(each["up"] is True for each in self.client().items("/v1/hosts")) >= hosts:
                    return
            except ClockerError:
                self._client = None
            assert time.monotonic() < until, f"the daemon is not ready:\n{self.last_words()}"
            time.sleep(0.03)

    def order(self, entity: str, effector: str, **arguments: Value) -> str:
        """An order as a person gives it: the id of its activity. ClockerError."""
        return str(self.client().post(f"/v1/entities/{self.uid(entity)}/effectors/{effector}", arguments)["activity"])

    def deploy(self, text: str) -> str:
        """A blueprint; the id of the activity. ClockerError."""
        return str(self.client().post("/v1/applications", {"text": text})["activity"])

    def entities(self) -> Mapping[str, Mapping[str, Value]]:
        """All that exists, by path."""
        return {str(each["path"]): each for each in self.client().items("/v1/entities") if each["gone"] is None}

    def uid(self, path: str) -> str:
        """The uid of what is at a path. ClockerError."""
        (found,) = self.client().items("/v1/entities", path=path)
        return str(found["uid"])

    def under_way(self) -> list[str]:
        """Activities that have not ended."""
        found = (each["activity"] for each in self.client().items("/v1/activities", running=True))
        return [f"{each['effector']} of {each['entity']} ({each['state']})" for each in found if isinstance(each, dict)]

    def explained(self, *paths: str) -> str:
        """What it can say about these, as people are told, if it still can."""
        environ = {**os.environ, "CLOCKER_STATE": str(self.folder / "s"), "PYTHONPATH": str(_TREE)}
        command = (sys.executable, "-m", "clocker_actors", "explain")
        told = (
            subprocess.run((*command, path), env=environ, cwd=_TREE, capture_output=True, text=True, timeout=30, check=False)
            for path in paths
        )
        return "\n".join(each.stdout or each.stderr for each in told)

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
