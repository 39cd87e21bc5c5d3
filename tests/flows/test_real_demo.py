"""Does `make demo` show what it promises, on an engine of its own and on simulated ones, and does it leave nothing behind, interrupted or not?"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bed.host import BedHost

LIMIT = 150.0
"""Seconds the short demo may take on a busy machine; it takes some 50."""


def demo(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """The demo as a process, with all it keeps below a folder."""
    command = [sys.executable, "-m", "tests.demo", *arguments, "--state", str(folder / ".state")]
    own = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own)


def ended(process: "subprocess.Popen[str]") -> str:
    """What it said until its end; it is ended in order if it takes too long."""
    try:
        return process.communicate(timeout=LIMIT)[0]
    except subprocess.TimeoutExpired:
        process.terminate()
        raise AssertionError(f"the demo did not end: {process.communicate()[0]}") from None


def said_all(text: str, words: Sequence[str]) -> None:
    """The words in this order, wherever lines break."""
    text = " ".join(text.split())
    position = 0
    for word in words:
        found = text.find(word, position)
        assert found >= 0, f"{word!r} is not said (or too early) in:\n{text}"
        position = found


STORY = (
    "The manager starts",
    "$ clocker deploy shop.yaml",
    "$ clocker tree",
    "Load arrives",
    "a second member is up",
    "$ clocker explain shop/web",
    "is above 15 %",
    "A container is killed",
    "serves again",
    "$ clocker explain shop/web/1",
    "ended with exit code 137",
    "Load stops",
    "back to 1 member",
    "is below 5 %",
    "size: members that are up",
    "$ clocker delete shop",
    "gone: the containers",
)


def check(folder: Path, text: str, ground: str) -> None:
    """The story was told, its outcome is good, and the folder is as it was."""
    said_all(text, STORY)
    outcome = json.loads((folder / "report.json").read_text())
    assert outcome["ground"] == ground
    assert outcome["steps_failed"] == []
    assert outcome["left"] == []
    assert outcome["largest"] >= 2
    assert outcome["smallest_after"] == 1
    assert outcome["first_step"] < 60
    assert (folder / "plot.svg").read_text().startswith("<svg ")
    assert not (folder / ".state").exists()


def test_it_says_plainly_that_engines_are_simulated(tmp_path: Path) -> None:
    process = demo(tmp_path, "--engine", "simulated", "--quick", "--report", f"{tmp_path}/report.json", "--svg", f"{tmp_path}/plot.svg")
    text = ended(process)
    assert process.returncode == 0, text
    assert "SIMULATED" in text
    check(tmp_path, text, "simulated")


@pytest.mark.real
def test_it_runs_on_an_engine_of_its_own(tmp_path: Path) -> None:
    process = demo(tmp_path, "--engine", "own", "--quick", "--report", f"{tmp_path}/report.json", "--svg", f"{tmp_path}/plot.svg")
    text = ended(process)
    assert process.returncode == 0, text
    check(tmp_path, text, "own")


@pytest.mark.real
def test_an_engine_that_answers_keeps_what_is_not_the_demos_and_an_interrupted_demo_removes_what_is(
    bed_host: BedHost, tmp_path: Path
) -> None:
    foreign = bed_host.command("run", "-d", "clocker/web:1").strip()
    images = set(bed_host.command("images", "-aq").split())
    process = demo(tmp_path, "--engine", "found", "--quick", environment={"DOCKER_HOST": bed_host.docker_host})
    deadline = time.monotonic() + 60
    while not bed_host.command("ps", "-q", "--filter", "label=clocker.plane"):
        assert process.poll() is None and time.monotonic() < deadline, "the demo never started a container"
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    text = ended(process)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert bed_host.command("ps", "-aq", "--no-trunc").split() == [foreign]
    assert set(bed_host.command("images", "-aq").split()) == images
    assert not (tmp_path / ".state").exists()


@pytest.mark.real
def test_up_keeps_the_daemon_running_until_down(tmp_path: Path) -> None:
    text = ended(demo(tmp_path, "up", "--engine", "own"))
    try:
        state = next(line.split("=")[1] for line in text.splitlines() if "export CLOCKER_STATE=" in line)
        clocker = [str(Path(sys.executable).with_name("clocker"))]
        own = {**os.environ, "CLOCKER_STATE": state}
        blueprint = str(Path(state).parent / "shop" / "shop.yaml")
        subprocess.run([*clocker, "deploy", blueprint], env=own, check=True, timeout=60)
        listed = subprocess.run([*clocker, "ls", "--json"], env=own, check=True, timeout=30, capture_output=True, text=True)
        assert json.loads(listed.stdout)["items"][0]["name"] == "shop"
        again = ended(demo(tmp_path, "up"))
        assert "runs already" in again
    finally:
        down = ended(demo(tmp_path, "down"))
    assert "gone:" in down
    assert not Path(state).exists()
    assert not (tmp_path / ".state").exists()
