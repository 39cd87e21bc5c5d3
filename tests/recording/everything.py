"""Records what all stories in virtual time do, and lives through each again in a process of another hash seed: `python -m tests.recording.everything [FILE ...]`.

Ends with 1 if one is not the same. Stories that change the code of the manager while they run (monkeypatch) are told apart: theirs cannot be. For `make soak`: the
stories themselves take some minutes. Given to pytest (`-p tests.recording.everything`) it is the plugin that records.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clocker_actors.assembly import Taping
from clocker_actors.replaying import replayed

FOLDER = "CLOCKER_TESTS_RECORDINGS"
FLOWS = Path(__file__).parents[1] / "flows"
REAL = ("test_real_", "test_recorded_daemon", "test_determinism")


@pytest.fixture(autouse=True)
def _recorded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every manager of a test records, and its file is kept."""
    folder, began, ended, numbers = Path(os.environ[FOLDER]), Taping.__init__, Taping.end, itertools.count()
    name = f"{request.node.path.stem}-{request.node.name}".replace("/", "_")[:120]
    patched = "patched" if "monkeypatch" in request.fixturenames else "plain"

    def begin(self: Taping, settings: object, *rest: object) -> None:
        began(self, replace(settings, recording=True), *rest)  # type: ignore[type-var, arg-type]  # whatever it takes

    def end(self: Taping) -> None:
        ended(self)
        if self.scribe is not None:
            shutil.copy(self.scribe.path, folder / f"{name}-{next(numbers)}.{patched}.rec")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Taping, "__init__", begin)
        patch.setattr(Taping, "end", end)
        yield


async def _again(paths: list[Path]) -> int:
    """Live through all there are; how many parted for no reason."""
    count, faults = 0, 0
    for path in paths:
        done = await replayed(path)
        difference = done.parting or done.otherwise
        count += 1
        if difference is not None:
            faults += ".plain." in path.name
            sys.stdout.write(f"{path.name}: message {difference.number} to {difference.actor}: {difference.why}\n")
    sys.stdout.write(f"{count} recordings, {faults} not as they were\n")
    return faults


def _main(files: list[str]) -> int:
    stories = files or sorted(str(path) for path in FLOWS.glob("test_*.py") if not path.stem.startswith(REAL))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, FOLDER: folder, "PYTHONHASHSEED": "5"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.recording.everything", *stories]
        told = subprocess.run(command, env=environment, check=False).returncode
        command = [sys.executable, "-m", "tests.recording.everything", "--again", folder]
        return told or subprocess.run(command, env={**environment, "PYTHONHASHSEED": "9"}, check=False).returncode


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(min(1, asyncio.run(_again(sorted(Path(given[1]).glob("*.rec")))) if given[:1] == ["--again"] else _main(given)))
