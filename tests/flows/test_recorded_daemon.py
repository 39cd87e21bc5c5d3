"""Is what a daemon process has recorded what it decided, whether it was stopped or killed?"""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_loop

COMMAND = (sys.executable, "-m", "clocker_actors")
SHOP = """
services:
- type: cluster
  id: web
  brooklyn.config: {initialSize: 3}
  memberSpec: {type: "docker:nginx:1.25"}
"""


async def began() -> Process:
    """A daemon on simulated engines that is ready."""
    process = await asyncio.create_subprocess_exec(*COMMAND, "daemon", "--simulated", "--log-format", "json", stderr=PIPE)
    assert process.stderr is not None
    while b'"ready"' not in (line := await asyncio.wait_for(process.stderr.readline(), 30)):
        assert line, "the daemon ended before it was ready"
    return process


async def clocker(*arguments: str) -> tuple[int, str]:
    """Run one command to its end."""
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=PIPE, stderr=PIPE)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, (out or err).decode()


async def replayed(path: Path) -> dict[str, Any]:
    """What a replay says of it."""
    code, out = await clocker("replay", str(path), "--json")
    assert code == 0, out
    found: dict[str, Any] = json.loads(out)
    return found


async def test_stopped_or_killed_its_recording_is_what_it_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOCKER_URL", raising=False)
    monkeypatch.setenv("CLOCKER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("CLOCKER_RECORDING", "true")
    shop = tmp_path / "shop.yaml"
    shop.write_text(SHOP)
    daemon = await began()
    assert (await clocker("deploy", str(shop)))[0] == 0
    assert (await clocker("resize", "shop/web", "5"))[0] == 0
    daemon.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(daemon.communicate(), 30)
    said = next(json.loads(line) for line in err.decode().splitlines() if '"recorded"' in line)
    done = await replayed(Path(said["file"]))
    assert (done["sha256"], done["decisions"], done["whole"]) == (said["sha256"], said["decisions"], True)
    assert done["decisions"] >= 5  # where five members went

    daemon = await began()
    assert (await clocker("resize", "shop/web", "2"))[0] == 0
    await asyncio.sleep(1.5)  # what was heard is written within a second
    daemon.kill()
    await asyncio.wait_for(daemon.communicate(), 30)
    files = sorted((tmp_path / "state" / "recordings").iterdir())
    assert len(files) == 2
    done = await replayed(files[-1])
    assert done["sha256"] == done["recorded"] and not done["whole"]
    assert done["messages"] > 100
