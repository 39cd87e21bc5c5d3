"""Is nothing of a bed left behind, however it ends?"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bed import Bed, BedError
from tests.bed.cgroups import groups_of
from tests.bed.claim import FOLDER
from tests.bed.engine import sweep_abandoned
from tests.bed.image import WEB_PORT, WEB_TAG, build_web_image
from tests.bed.network import NAMESPACES, links
from tests.bed.process import end

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]

_CHILD = """
import asyncio, sys
from tests.bed import Bed
async def story():
    async with Bed(hosts=2) as bed:
        print(bed.name, bed.hosts[0].socket.parent.parent, flush=True)
        await asyncio.sleep(60)
asyncio.run(story())
"""


@dataclass(frozen=True)
class Machine:
    """What a bed could leave on the machine, for a bed's name."""

    namespaces: list[str]
    links: list[str]
    mounts: list[str]
    processes: list[str]
    groups: list[str]
    claims: list[str]
    folder: bool

    @staticmethod
    def traces(name: str, folder: Path | None = None) -> Machine:
        """Traces of this bed alone: clkbed2 is not clkbed29, which may be another session's."""
        own = re.compile(rf"{name}(?![0-9])")
        processes = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"{name}-" in words:
                processes.append(words)
        return Machine(
            namespaces=[path.name for path in NAMESPACES.glob(f"{name}*") if own.match(path.name)],
            links=[link for link in links() if own.match(link)],
            mounts=[line for line in Path("/proc/mounts").read_text().splitlines() if own.search(line)],
            processes=processes,
            groups=[str(path) for path in groups_of(name)],
            claims=[path.name for path in FOLDER.glob(f"{name.removeprefix('clkbed')}.lock")],
            folder=folder is not None and folder.exists(),
        )


CLEAN = Machine([], [], [], [], [], [], folder=False)


async def test_three_hosts_come_up_in_parallel_and_go_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    begin = time.monotonic()
    async with Bed(hosts=3) as bed:
        up = time.monotonic()
        name, folder = bed.name, bed.hosts[0].socket.parent.parent
        await asyncio.gather(*(build_web_image(host) for host in bed.hosts))
        await asyncio.gather(*(host.docker("run", "-d", "-p", f"18080:{WEB_PORT}", WEB_TAG) for host in bed.hosts))
        await bed.hosts[0].start_sshd()
        assert len(Machine.traces(name).processes) > 3
        down = time.monotonic()
    with capsys.disabled():
        print(f" three hosts: up {up - begin:.2f} s, down {time.monotonic() - down:.2f} s ", end="")
    assert Machine.traces(name, folder) == CLEAN


async def test_a_failing_block_removes_its_bed() -> None:
    with pytest.raises(ZeroDivisionError):
        async with Bed() as bed:
            name = bed.name
            raise ZeroDivisionError
    assert Machine.traces(name) == CLEAN


async def test_an_engine_that_will_not_start_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.bed.host.BedHost.tcp_url", "tcp://203.0.113.1:2375")  # no address of the host
    bed = Bed(hosts=2)
    with pytest.raises(BedError, match=r"(?s)ended at once.*cannot assign requested address"):
        await bed.__aenter__()
    assert Machine.traces(bed.name) == CLEAN


async def test_being_cancelled_while_starting_removes_all() -> None:
    bed = Bed(hosts=2)
    opening = asyncio.create_task(bed.__aenter__())
    await asyncio.sleep(0.5)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert bed.name
    assert Machine.traces(bed.name) == CLEAN


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "SIGKILL"])
def test_a_stopped_session(by: signal.Signals) -> None:
    child = subprocess.Popen([sys.executable, "-c", _CHILD], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    name, folder = child.stdout.readline().split()
    assert Machine.traces(name).namespaces
    os.kill(child.pid, by)
    child.wait(20)
    child.stdout.close()
    if by == signal.SIGKILL:  # nobody was left to clean up: the next bed does, with this
        assert Machine.traces(name) != CLEAN
        sweep_abandoned()
    assert Machine.traces(name, Path(folder)) == CLEAN


async def test_two_beds_at_once_do_not_clash() -> None:
    async with Bed() as one, Bed() as two:
        assert one.name != two.name
        assert one.hosts[0].address != two.hosts[0].address
        names = [(await bed.hosts[0].docker("info", "--format", "{{.Name}}")).strip() for bed in (one, two)]
        assert names == [one.hosts[0].name, two.hosts[0].name]
    assert Machine.traces(one.name) == Machine.traces(two.name) == CLEAN


def test_ending_a_process_that_is_gone_is_fine() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    end(child.pid)
