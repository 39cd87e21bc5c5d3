"""Does a recording, lived through again, give the same decisions; and does it say where others would have been taken?"""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from clocker_actors.cli import main
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import VirtualLoop
from clocker_actors.replaying import Changed, replay
from tests.flows.determinism_story import told
from tests.flows.stories import new_world
from tests.flows.support import managed


@dataclass(frozen=True)
class Recorded:
    """A file, and what the daemon said of its decisions."""

    path: Path
    count: int
    sha256: str


async def _story(state: Path) -> Recorded:
    async with managed(state, world=new_world(), plane="story", recording=True) as driven:
        await told(driven)
        scribe = driven.manager.taping.scribe
    assert scribe is not None
    return Recorded(scribe.path, scribe.decisions.count, scribe.decisions.hexdigest())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Deploy, load, kill, resize, an engine that crashes, delete."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_story(tmp_path_factory.mktemp("story")))


def by_process(path: Path, seed: int) -> dict[str, object]:
    """What a process with that hash seed says."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "clocker_actors", "replay", str(path), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_two_processes_live_through_the_same(story: Recorded) -> None:
    first, second = by_process(story.path, 1), by_process(story.path, 7)
    assert first == second
    assert (first["decisions"], first["sha256"]) == (story.count, story.sha256)
    assert first["whole"] is True and first["parting"] is None and first["otherwise"] is None


def test_with_another_bound_it_names_the_message_at_which_decisions_part(story: Recorded) -> None:
    done = replay(story.path, [Changed("autoscaler", "maxPoolSize", 8)])
    assert done.otherwise is not None and done.parting is not None
    assert "inputs" in done.otherwise.why
    before, now = json.loads(done.parting.recorded), json.loads(done.parting.replayed)
    assert (before["action"], now["action"]) == ("resize to 9", "resize to 8")
    assert done.parting.number > done.otherwise.number
    assert done.parting.at >= before["at"]
    assert before["by"].endswith(":autoscaler") and done.parting.actor == before["subject"]
    assert done.sha256 != story.sha256


def test_with_a_longer_pause_the_order_is_missing_where_it_was_given(story: Recorded) -> None:
    done = replay(story.path, [Changed("autoscaler", "resizeUpStabilizationDelay", "4s")])
    assert done.parting is not None
    assert done.parting.why == "it does not decide, and then it did"
    assert (done.parting.message, done.parting.actor.endswith(":autoscaler")) == ("LookAgain", True)
    assert json.loads(done.parting.recorded)["action"] == "resize to 9"


def test_a_change_that_changes_no_order_is_seen_to_the_end(story: Recorded) -> None:
    done = replay(story.path, [Changed("autoscaler", "maxPoolSize", 15)])
    assert done.parting is None and done.otherwise is not None and done.whole
    assert done.decisions == story.count and done.sha256 != story.sha256


def test_what_is_not_there_cannot_be_changed(story: Recorded) -> None:
    with pytest.raises(BadRequest, match="no policy of the recording is 'nobody'"):
        replay(story.path, [Changed("nobody", "maxPoolSize", 8)])


def test_a_recording_that_was_cut_off_is_lived_through_up_to_there(story: Recorded, tmp_path: Path) -> None:
    cut = tmp_path / "cut.rec"
    cut.write_bytes(story.path.read_bytes()[: story.path.stat().st_size // 2])
    done = replay(cut)
    assert done.parting is None and done.otherwise is None and not done.whole
    assert 0 < done.decisions < story.count
    assert done.sha256 == done.recorded


def test_one_command_says_it(story: Recorded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["replay", str(story.path)]) == 0
    out = capsys.readouterr().out
    assert story.sha256 in out and "as the daemon decided" in out
    assert main(["replay", str(story.path), "--against", "autoscaler.maxPoolSize=8"]) == 1
    out = capsys.readouterr().out
    assert "decisions part: at message" in out and "resize to 9" in out and "resize to 8" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert main(["replay", str(story.path), "--against", "autoscaler.maxPoolSize=15"]) == 0
    assert "orders the same" in capsys.readouterr().out
    assert main(["replay", str(story.path), "--against", "autoscaler"]) == 2
    assert "write POLICY.KEY=VALUE" in capsys.readouterr().err
    assert main(["replay", "/nowhere.rec", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["kind"] == "BadRequest"
