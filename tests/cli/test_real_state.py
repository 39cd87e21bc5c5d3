# ruff: noqa: ASYNC240 - nobody else is on these loops
"""The daemon as a process whose disk is full, whose state is copied, looked through, brought back, and taken away. Each story asks several questions of one daemon."""

import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from clocker_actors.store.archive import manifest_of
from tests.cli.test_processes import COMMAND, SHOP, ended
from tests.cli.test_processes import clocker as run

pytestmark = pytest.mark.real_loop


@asynccontextmanager
async def daemon(state: Path) -> AsyncIterator[Process]:
    """A daemon on simulated engines, ready; ended however it can be."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "daemon", "--simulated", "--log-format", "json", env={**os.environ, "CLOCKER_STATE": str(state)}, stderr=PIPE
    )
    assert process.stderr is not None
    try:
        while b'"ready"' not in (line := await asyncio.wait_for(process.stderr.readline(), 60)):
            assert line, "the daemon ended before it was ready"
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await ended(process)


async def clocker(*arguments: str) -> tuple[int, str, str]:
    """Run one command to its end; what it said on stderr without regard to where lines are broken."""
    code, out, err = await run(*arguments)
    return code, out, " ".join(err.split())


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CLOCKER_URL", raising=False)
    monkeypatch.setenv("CLOCKER_STATE", str(tmp_path / "state"))
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path / "state"


async def test_backup_check_and_restore(state: Path, tmp_path: Path) -> None:
    file, shop = tmp_path / "a.backup", str(tmp_path / "shop.yaml")
    async with daemon(state) as process:
        assert (await clocker("deploy", shop))[0] == 0
        code, _, err = await clocker("state", "check")
        assert (code, "all is well" in err) == (0, True)
        code, out, err = await clocker("backup", str(file), "--json")
        assert (code, json.loads(out)["bytes"]) == (0, file.stat().st_size)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and not (state / ".backup").exists()
        assert (await clocker("backup", str(tmp_path / "b.backup"), "--without-keys"))[0] == 0
        assert "secrets.key" in manifest_of(file).files and "secrets.key" not in manifest_of(tmp_path / "b.backup").files
        code, _, err = await clocker("backup", str(file))
        assert (code, "exists already" in err) == (1, True)
        assert (await clocker("delete", "shop"))[0] == 0
        code, _, err = await clocker("restore", str(file), "--force")
        assert code == 1 and f"pid {process.pid}" in err and "stop it first" in err
        assert (await clocker("restore", str(file), "--state", str(tmp_path / "other")))[0] == 0
    code, _, err = await clocker("restore", str(file))
    assert code == 1 and "is not empty" in err
    cut = tmp_path / "cut.backup"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    code, _, err = await clocker("restore", str(cut), "--force")
    assert code == 2 and "another backup" in err
    code, out, _ = await clocker("restore", str(file), "--force", "--json")
    told = json.loads(out)
    assert code == 0 and told["epoch"] > 1000 and (Path(told["aside"]) / "state.sqlite").exists()
    assert (await clocker("state", "check", str(tmp_path / "other")))[0] == 0
    without = str(tmp_path / "without")
    code, _, err = await clocker("restore", str(tmp_path / "b.backup"), "--state", without)
    assert code == 0 and f"put secrets.key back into {without}" in err and "one that was revoked since does so again" in err
    code, out, _ = await clocker("state", "check", without)
    assert code == 1 and "secrets.key" in out
    (state / "secrets.key").chmod(0o644)
    code, out, _ = await clocker("state", "check")
    assert code == 1 and "chmod 600" in " ".join(out.split())
    (state / "secrets.key").chmod(0o600)
    async with daemon(state):
        assert "shop" in (await clocker("ls"))[1], "what was deleted after the backup is there again"
    assert [path for path in tmp_path.iterdir() if "restoring" in path.name] == []


async def test_a_state_directory_that_is_taken_away_stops_the_daemon_and_nothing_else(state: Path) -> None:
    async with daemon(state) as process:
        began = asyncio.get_running_loop().time()
        shutil.rmtree(state)
        code, _, err = await ended(process)
        assert asyncio.get_running_loop().time() - began < 8  # 2 s to notice, the rest for stopping on a busy machine
        assert code == 5 and "was removed while the daemon ran" in err and "clocker restore" in err
        assert not state.exists(), "and it is not made anew, empty"


@pytest.fixture
def small(state: Path) -> Iterator[Path]:
    """The state directory is a disk of 1 MB."""
    state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(state)], check=True)
    yield state
    subprocess.run(["umount", str(state)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk of 1 MB")
async def test_a_full_disk_is_told_refused_and_got_over(tmp_path: Path, small: Path) -> None:
    async with daemon(small):
        shop = tmp_path / "shop.yaml"
        assert (await clocker("deploy", str(shop)))[0] == 0
        filler = small / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(1024)):
                pass
        deploying = [await first_that_fails(tmp_path, number) for number in range(1, 4)]
        assert any("the disk is full" in err for _, err in deploying), deploying
        code, out, err = await clocker("ls")
        assert code == 0 and "shop" in out and "read-only" in err and "free some space" in err
        code, _, err = await clocker("stop", "shop")
        assert code == 1 and "nothing new is accepted" in err
        filler.unlink()
        for _ in range(40):
            if "read-only" not in (await clocker("ls"))[2]:
                break
            await asyncio.sleep(0.25)
        assert (await clocker("stop", "shop"))[0] == 0
        assert (await clocker("state", "check"))[0] == 0, "nothing is half written"


async def first_that_fails(tmp_path: Path, number: int) -> tuple[int, str]:
    """Deploy one more application without waiting for it: the first may be accepted and wait, those after it are refused."""
    path = tmp_path / f"shop{number}.yaml"
    path.write_text(f"name: shop{number}\n{SHOP}")
    code, _, err = await clocker("deploy", str(path), "--no-wait")
    await asyncio.sleep(0.5)
    return code, err
