"""Does the bed's cloud have machines that boot, and does it leave nothing of them?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bed import cloud as bed_cloud_module
from tests.bed.cloud import BedCloud
from tests.bed.debian import _of, _paragraph
from tests.bed.engine import sweep_abandoned
from tests.bed.process import BedError, run
from tests.bed.test_remains import CLEAN, Machine
from tests.bed.visitor import Visitor, make_key

_CHILD = """
import sys, time
from pathlib import Path
from tests.bed import cloud
cloud.ROOT = sys.argv[1]
with cloud.BedCloud() as made:
    made.create("one", {}, "ssh-ed25519 AAAA nobody").machine.await_sshd()
    print(made.name, made._folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.real
def test_a_killed_session_is_swept_up(bed_cloud: BedCloud) -> None:
    command = [sys.executable, "-c", _CHILD, str(bed_cloud._root)]
    child = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    name, folder = child.stdout.readline().split()
    os.kill(child.pid, signal.SIGKILL)
    child.wait(20)
    child.stdout.close()
    assert Machine.traces(name) != CLEAN
    sweep_abandoned()
    assert Machine.traces(name, Path(folder)) == CLEAN


@pytest.mark.real
def test_a_cloud_closes_without_a_trace(bed_cloud: BedCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bed_cloud_module, "ROOT", str(bed_cloud._root))
    with BedCloud() as other:
        name, folder = other.name, other._folder
        _, public = make_key(tmp_path)
        one, two = (other.create(name, {}, public) for name in ("one", "two"))
        two.machine.await_sshd()
        other.destroy(one.id)
        assert not (folder / "n1").exists()
    assert Machine.traces(name, folder) == CLEAN


@pytest.mark.real
def test_a_cloud_whose_root_cannot_be_made_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> Path:
        raise BedError("no mirror")

    monkeypatch.setattr(bed_cloud_module, "ROOT", "")
    monkeypatch.setattr(bed_cloud_module, "make_root", fail)
    other = BedCloud()
    with pytest.raises(BedError, match="no mirror"):
        other.open()
    assert Machine.traces(other.name) == CLEAN


@pytest.mark.real
def test_the_machine_itself_keeps_its_network(bare_node: Visitor) -> None:
    """No forwarding, no rule: a node reaches the mirror on the bed's own address and nothing else."""
    assert "MASQUERADE" not in run(
        "sh", "-c", f"iptables -t nat -S 2>/dev/null | grep '{bare_node.machine.address.rpartition('.')[0]}' || true"
    )
    routes = run("ip", "-n", bare_node.machine.name, "route")
    assert "default" not in routes


def test_only_the_distributions_own_sources_are_taken() -> None:
    own = _paragraph("deb [arch=amd64 signed-by=/k.gpg] http://x/debian bookworm main contrib")
    assert own == "Types: deb\nURIs: http://x/debian\nSuites: bookworm\nComponents: main contrib\nSigned-By: /k.gpg"
    assert _of("bookworm", own)
    assert _of("bookworm", "Suites: bookworm bookworm-updates\nComponents: main")
    assert not _of("bookworm", "Suites: nodistro\nComponents: main")
    assert not _of("bookworm", "Suites: bookworm\nComponents: main\nEnabled: no")
    assert not _of("bookworm", "Suites: bookworm\nComponents: other")
    assert _paragraph("# deb http://x y main") == ""
