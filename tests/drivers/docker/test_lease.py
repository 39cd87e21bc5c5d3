"""Does the lease live exactly as long as it is answered, and do old answers prolong nothing? The program itself, run here."""

import os
import platform
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clocker_actors.drivers.docker import lease

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the lease is a program for x86-64")
TTL = 1.6


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    path = tmp_path / "lease"
    path.write_bytes(lease.program())
    path.chmod(0o755)
    with subprocess.Popen([path, str(int(TTL * 1000))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        yield process
        process.kill()


def asked(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def answer(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    os.write(process.stdin.fileno(), line)


def test_it_ends_when_nobody_answers(running: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    assert running.wait(5) == 1
    assert TTL - 0.1 <= time.monotonic() - began <= TTL + 0.6


def test_it_lives_while_it_is_answered(running: subprocess.Popen[bytes]) -> None:
    for _ in range(4):
        answer(running, asked(running))
    assert running.poll() is None
    answered = time.monotonic()
    assert running.wait(5) == 1
    assert time.monotonic() - answered <= TTL + 0.6


@pytest.mark.parametrize("what", ["old", "future", "garbage"])
def test_nothing_else_prolongs_it(running: subprocess.Popen[bytes], what: str) -> None:
    began = time.monotonic()
    first = asked(running)
    line = {"old": first, "future": b"f" * 16 + b"\n", "garbage": b"hello\n\n" + first[:7] + b"\n"}[what]
    while running.poll() is None and time.monotonic() - began < 5:
        try:
            answer(running, line)
        except BrokenPipeError:
            break
        time.sleep(0.1)
    assert running.wait(1) == 1
    assert time.monotonic() - began <= TTL + 0.8
