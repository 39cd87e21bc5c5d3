"""The command as a process: against a real daemon on simulated engines, interrupted, on a terminal, into a closed pipe."""

import asyncio
import os
import pty
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.admin.house import House

pytestmark = pytest.mark.real_loop

COMMAND = (sys.executable, "-m", "clocker_actors")
SHOP = "services:\n- type: cluster\n  id: web\n  brooklyn.config:\n    initialSize: 2\n  memberSpec:\n    type: docker:nginx:1.25\n"


async def ended(process: Process) -> tuple[int, str, str]:
    """Exit code and what a process said."""
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    assert "Traceback" not in (err or b"").decode()
    return process.returncode, (out or b"").decode(), (err or b"").decode()


async def clocker(*arguments: str) -> tuple[int, str, str]:
    """Run one command to its end."""
    return await ended(await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=PIPE, stderr=PIPE))


@pytest.fixture
def there(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The small daemon, kept busy."""
    house.outcome = None
    return house


@pytest_asyncio.fixture
async def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    """A real daemon on simulated engines, ready."""
    monkeypatch.delenv("CLOCKER_URL", raising=False)
    monkeypatch.setenv("CLOCKER_STATE", str(tmp_path / "state"))
    process = await asyncio.create_subprocess_exec(*COMMAND, "daemon", "--simulated", "--log-format", "json", stderr=PIPE)
    assert process.stderr is not None
    while b'"ready"' not in (line := await asyncio.wait_for(process.stderr.readline(), 30)):
        assert line, "the daemon ended before it was ready"
    yield process
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    await ended(process)


async def test_the_story_of_an_application(daemon: Process, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    assert (await clocker("deploy", str(path)))[0] == 0
    assert "2/2" in (await clocker("ls"))[1]
    assert (await clocker("resize", "shop/web", "4"))[0] == 0
    code, out, _ = await clocker("explain", "shop/web")
    assert (code, "resize" in out) == (0, True)
    assert (await clocker("logs", "shop/web/1"))[0] == 0
    code, _, err = await clocker("deploy", str(path))
    assert (code, err.endswith("nothing to do\n")) == (0, True)
    assert (await clocker("plan", str(path), "--exit-code"))[0] == 0
    path.write_text(SHOP.replace("1.25", "1.26"))
    code, out, err = await clocker("plan", str(path))
    assert (code, "4 to replace" in out) == (0, True)
    code, _, err = await clocker("deploy", str(path), "--plan", err.split()[1].rstrip(":"))
    assert code == 0, err
    assert "nginx:1.26" in (await clocker("tree", "shop"))[1] and "4/4" in (await clocker("ls"))[1]
    code, _, err = await clocker("policies", "shop/web", "add", "service-replacer")
    assert (code, "shop/web has a policy 'service-replacer' already" in err) == (2, True)
    assert (await clocker("delete", "shop"))[0] == 0
    assert "no applications" in (await clocker("ls"))[2]


async def test_with_all_hosts_cordoned_a_deploy_says_so_and_what_to_do(daemon: Process, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    for host in ("sim-1", "sim-2", "sim-3"):
        assert (await clocker("cordon", f"local/{host}"))[0] == 0
    code, _, err = await clocker("deploy", str(path))
    said = " ".join(err.split())
    assert code == 1
    assert "3 of 3 hosts refused: 3 by cordoned" in said and "`clocker uncordon local/sim-1` takes it into use again" in said
    assert "clocker uncordon local/sim-1" in " ".join((await clocker("explain", "shop/web/1"))[1].split())


async def test_the_daemon_stops_in_order_while_somebody_follows(daemon: Process, tmp_path: Path) -> None:
    follower = await asyncio.create_subprocess_exec(*COMMAND, "events", "-f", "-n", "1", stdout=PIPE, stderr=PIPE)
    assert follower.stdout is not None
    assert await asyncio.wait_for(follower.stdout.readline(), 30)
    began = asyncio.get_running_loop().time()
    daemon.send_signal(signal.SIGTERM)
    assert (await ended(daemon))[0] == 0
    assert asyncio.get_running_loop().time() - began < 10
    assert (await ended(follower))[0] == 0
    assert not (tmp_path / "state" / "clocker.sock").exists()


async def test_a_second_daemon_on_the_same_state_is_refused(daemon: Process) -> None:
    code, _, err = await clocker("daemon", "--simulated")
    assert code == 1
    assert "clocker:" in err
    assert (await clocker("ls"))[0] == 0


async def test_ctrl_c_leaves_the_activity_running_and_says_how_to_follow(there: House) -> None:
    process = await asyncio.create_subprocess_exec(*COMMAND, "start", "shop", stdout=PIPE, stderr=PIPE)
    while not there.invoked:  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert code == 130
    assert "activity t1 goes on" in err
    assert "clocker cancel t1" in err
    assert list(there.open) == ["t1"]


async def test_on_a_terminal_there_is_progress_and_colour(there: House) -> None:
    ours, theirs = pty.openpty()
    try:
        environ = {**os.environ, "TERM": "xterm"}
        process = await asyncio.create_subprocess_exec(*COMMAND, "start", "shop", stdout=theirs, stderr=theirs, env=environ)
        os.close(theirs)
        seen = b""
        while b"1 of 2 members up" not in seen:
            seen += await asyncio.wait_for(asyncio.to_thread(os.read, ours, 4096), 30)
        assert b"\x1b[" in seen
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 130
    finally:
        os.close(ours)


async def test_a_closed_pipe_is_no_traceback(there: House) -> None:
    line = f"{sys.executable} -m clocker_actors effectors root --json | head -c 1"
    process = await asyncio.create_subprocess_shell(line, stdout=PIPE, stderr=PIPE)
    _, out, _ = await ended(process)
    assert out == "{"
