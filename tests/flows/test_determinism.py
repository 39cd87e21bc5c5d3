"""Does one story of the whole manager, told twice, give the same stream of decisions, whatever the hash seed and however busy the machine?"""

import os
import subprocess
import sys
from pathlib import Path

STORY = Path(__file__).with_name("determinism_story.py")


def told(state: Path, seed: int) -> list[str]:
    """The decisions, encoded, and the hash over them."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(STORY), str(state), str(seed)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_told_twice_it_is_the_same(tmp_path: Path) -> None:
    first, second = told(tmp_path / "first", 1), told(tmp_path / "second", 7)
    for word in ('"kind":"place"', '"kind":"autoscale"', '"kind":"restart"', '"action":"resize to ', "service-restarter"):
        assert any(word in line for line in first), f"{word} does not happen in the story"
    different = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    assert not different, different[0]
    assert first == second
