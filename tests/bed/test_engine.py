"""Does the standing engine of the demo outlive its starter, serve containers, and go without a trace?"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bed.cgroups import groups_of
from tests.bed.engine import EngineProcess, find_engine, ping, start_engine
from tests.bed.image import WEB_PORT, WEB_TAG, write_context
from tests.bed.load import fetch
from tests.bed.network import links
from tests.bed.process import BedError, run, wait_until

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="clkengine-") as folder:
        yield Path(folder)
        engine = find_engine(Path(folder))
        if engine is not None:
            engine.stop()


def _docker(engine: EngineProcess, *words: str) -> str:
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(engine.state), "DOCKER_BUILDKIT": "0"}
    return run("docker", "-H", engine.host, *words, env=env)


async def _page(port: int) -> str:
    return (await fetch("127.0.0.1", port))[1]


def _machine() -> tuple[set[str], str, str]:
    rules = run("sh", "-c", "iptables-save | grep -v '^[#:]' || true")
    return links(), rules, Path("/proc/sys/net/ipv4/ip_forward").read_text()


def test_it_outlives_its_starter_and_leaves_the_machine_as_it_was(state: Path) -> None:
    before = _machine()
    starter = f"from pathlib import Path; from tests.bed.engine import start_engine; start_engine(Path({str(state)!r}))"
    subprocess.run([sys.executable, "-W", "error", "-c", starter], cwd=ROOT, check=True)
    engine = find_engine(state)
    assert engine is not None
    assert start_engine(state) == engine
    _docker(engine, "build", "-q", "-t", WEB_TAG, str(write_context(state / "web")))
    _docker(engine, "network", "create", "some")
    _docker(engine, "run", "-d", "--network", "some", "-p", f"18099:{WEB_PORT}", WEB_TAG)
    assert asyncio.run(_page(18099)).startswith("hello")
    now = _machine()
    assert now[0] > before[0]
    assert now[1:] == before[1:]
    engine.stop()
    wait_until(lambda: _machine() == before, 5.0, f"still there: {_machine()[0] - before[0]}")
    assert groups_of(engine.name) == []
    assert find_engine(state) is None
    assert {path.name for path in state.iterdir()} <= {"log", "web"}


def test_it_can_be_started_again(state: Path) -> None:
    for _ in range(2):
        engine = start_engine(state)
        assert ping(engine.socket, 2.0)
        engine.stop()


def test_a_folder_that_cannot_hold_it_is_refused() -> None:
    with pytest.raises(BedError, match="below /run"):
        start_engine(Path("/run/clocker-nothing"))
    with pytest.raises(BedError, match="too long"):
        start_engine(Path("/tmp") / ("d" * 100))
