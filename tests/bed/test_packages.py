"""Does the package script refuse what it does not know, and take no time when nothing is missing?"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

SCRIPT = Path(__file__).parents[2] / ".ci/packages.sh"
POLICY = Path("/usr/sbin/policy-rc.d")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(SCRIPT), *words], capture_output=True, text=True, timeout=60, check=False)


def test_nothing_missing_is_quick_and_touches_nothing() -> None:
    before = POLICY.read_bytes() if POLICY.exists() else None
    begin = time.monotonic()
    done = _run("iproute2", "iptables")
    assert (done.returncode, done.stdout) == (0, "packages: nothing missing\n")
    assert time.monotonic() - begin < 3
    assert (POLICY.read_bytes() if POLICY.exists() else None) == before


def test_an_unknown_package_is_refused() -> None:
    done = _run("nonsense")
    assert done.returncode == 1
    assert "unknown package nonsense; known are: docker.io" in done.stderr
