"""Is a machine that cannot make hosts told so by name, and are its real tests then skipped and counted?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bed import ready

ROOT = Path(__file__).parents[2]


def test_an_ordinary_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert ready.why_not.__wrapped__() == "real hosts need root"


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("pathlib.Path.exists", lambda self: True)
    monkeypatch.setattr("shutil.which", lambda name, path: None if name in {"sshd", "dockerd"} else name)
    assert ready.why_not.__wrapped__() == "real hosts need dockerd, sshd (run .ci/packages.sh)"
    assert ready.engine_why_not() == "real hosts need dockerd (run .ci/packages.sh)"


def test_real_tests_are_skipped_by_name_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import tests.bed.fixtures as f\nf.why_not = lambda: 'no luck'\nfrom tests.bed.fixtures import *\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  real: x\n")
    (tmp_path / "test_a.py").write_text("import pytest\n@pytest.mark.real\ndef test_b(): ...\ndef test_c(): ...\n")
    command = [sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False)
    assert "test_b SKIPPED" in done.stdout
    assert ": no luck" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout
