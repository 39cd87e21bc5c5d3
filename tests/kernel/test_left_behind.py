"""Is a test that leaves a task behind failed?"""

import os
import subprocess
import sys
from pathlib import Path

LEAKY = """
import asyncio

async def test_leaves_a_task():
    asyncio.get_running_loop().kept = asyncio.create_task(asyncio.sleep(5), name="the forgotten one")

async def test_leaves_nothing():
    await asyncio.create_task(asyncio.sleep(5))
"""


def test_the_forgotten_task_is_named(tmp_path: Path) -> None:
    conftest = Path(__file__).parents[1] / "conftest.py"
    (tmp_path / "conftest.py").write_text(conftest.read_text())
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\nmarkers =\n  real\n  real_loop\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(conftest.parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "tasks left behind: ['the forgotten one']" in done.stdout
    assert "2 passed, 1 error" in done.stdout
