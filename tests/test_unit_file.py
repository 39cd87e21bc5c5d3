"""Does systemd rate the unit file we ship as tight as the README says?"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "docs" / "clocker.service"
WORST = 4.0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_its_exposure_is_low() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    rated = re.search(r"Overall exposure level for clocker\.service: ([0-9.]+)", ran.stdout)
    assert rated is not None, ran.stdout + ran.stderr
    assert float(rated[1]) <= WORST
