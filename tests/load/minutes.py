"""Real minutes: a daemon of its own process on simulated engines, asked and followed by many; how long answers take, and what memory does meanwhile."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.admin.client import Client
from clocker_actors.errors import ClockerError
from tests.load.clients import Asked, crowd
from tests.load.ground import Size, application, pool, quantile, resident, slope

_TREE = Path(__file__).parents[2]
_LOOK = 1.0
PERIOD = 5.0
"""Seconds between two questions of a client: as somebody asks who looks at a page, or a script that polls."""
DEPLOYED_WITHIN = 1800.0


@dataclass(slots=True)
class Minutes:
    """What came of it; seconds and MiB."""

    asked: Asked
    deployed: float
    memory: list[tuple[float, float]]
    processor: float

    @property
    def p99(self) -> float:
        """Of all reads."""
        return quantile(self.asked.all(), 0.99)

    def __str__(self) -> str:
        rows = [
            f"  {name:24} {len(took):7} asked   p50 {1e3 * quantile(took, 0.5):7.1f} ms   p99 {1e3 * quantile(took, 0.99):7.1f} ms"
            f"   longest {1e3 * max(took):7.1f} ms"
            for name, took in sorted([*self.asked.took.items(), ("all", self.asked.all())])
        ]
        first, last = self.memory[0][1], self.memory[-1][1]
        return "\n".join(
            [
                (
                    f"deployed in {self.deployed:.1f} s; {self.asked.events} events and {self.asked.readings} readings were heard; "
                    f"{len(self.asked.wrong)} wrong answers; {self.processor:.0f} % of a core"
                ),
                *rows,
                f"  memory {first:.1f} -> {last:.1f} MiB, slope of the second half {60 * slope(self.memory[len(self.memory) // 2 :]):+.2f} MiB a minute",
            ]
        )


@contextmanager
def daemon(folder: Path) -> Iterator[tuple[int, Path]]:
    """A daemon on simulated engines, which answers: its pid and its socket."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CLOCKER_")}
    environ |= {"CLOCKER_STATE": str(folder / "s"), "PYTHONPATH": str(_TREE)}
    command = [sys.executable, "-m", "clocker_actors", "daemon", "--simulated", "--log-format", "json", "--log-level", "warning"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ, cwd=_TREE)
    try:
        socket = folder / "s" / "clocker.sock"
        until = time.monotonic() + 60
        while not _answers(socket):
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield process.pid, socket
    finally:
        process.terminate()
        process.wait(60)


def _answers(socket: Path) -> bool:
    try:
        with Client(f"unix://{socket}") as client:
            client.get("/v1/applications")
            return True
    except ClockerError:
        return False


def fill(socket: Path, size: Size) -> float:
    """Deploy pool and applications and wait until all members are up; seconds that it took."""
    began = time.monotonic()
    with Client(f"unix://{socket}") as client:
        client.post("/v1/applications", {"text": pool(size)})
        _until(lambda: sum(each["up"] is True for each in client.items("/v1/hosts")) >= size.hosts, began)
        for number in range(size.applications):
            client.post("/v1/applications", {"text": application(size, number)})
        _until(lambda: sum(int(str(each["members_up"])) for each in client.items("/v1/applications")) >= size.containers, began)
    return time.monotonic() - began


def _until(test: Callable[[], bool], began: float) -> None:
    while not test():
        assert time.monotonic() - began < DEPLOYED_WITHIN, "not everything has come up"
        time.sleep(0.5)


async def _watched(pid: int, socket: Path, size: Size, seconds: float) -> tuple[Asked, list[tuple[float, float]]]:
    memory: list[tuple[float, float]] = []

    async def watch() -> None:
        began = asyncio.get_running_loop().time()
        while True:
            memory.append((asyncio.get_running_loop().time() - began, resident(pid)))
            await asyncio.sleep(_LOOK)

    watching = asyncio.create_task(watch())
    try:
        return await crowd(socket, size.clients, size.streams, seconds, PERIOD), memory
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _processor(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def run(size: Size, seconds: float) -> Minutes:
    """The whole of it."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # deploying is not what is measured, and the disk is slow
    with tempfile.TemporaryDirectory(prefix="load-", dir=memory) as name, daemon(Path(name)) as (pid, socket):
        deployed = fill(socket, size)
        before, began = _processor(pid), time.monotonic()
        asked, looks = asyncio.run(_watched(pid, socket, size, seconds))
        return Minutes(asked, deployed, looks, 100 * (_processor(pid) - before) / (time.monotonic() - began))
