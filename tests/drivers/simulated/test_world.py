"""Do urls name engines, once each, and is one seed one story?"""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.errors import BadRequest
from clocker_actors.model.specs import EngineSpec
from tests.drivers.simulated.helpers import running

STORY = """
import asyncio
from clocker_actors.kernel import VirtualLoop
from tests.drivers.simulated.test_world import story
with asyncio.Runner(loop_factory=VirtualLoop) as runner:
    print(runner.run(story()))
"""


class Calls:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []

    def record(self, target: str, operation: str, result: str, seconds: float) -> None:
        assert seconds >= 0
        self.lines.append((target, operation, result))


async def story(seed: int = 7) -> list[str]:
    """A few containers under load on a bad engine, as text."""
    engine = SimulatedEngine("one", seed)
    told: list[str] = []
    watch = engine.watch()
    await asyncio.gather(*(running(engine, f"c{number}") for number in range(6)))
    engine.offer("s", 300.0)
    for seen in engine.containers:
        watch.follow(seen.name, 1.0)
    async for stats in watch:
        told.append(f"{stats.id} {stats.at} {stats.cpu_percent} {stats.memory}")
        if len(told) == 30:
            await watch.close()
    return told + [f"{seen.id} {seen.started_at}" for seen in engine.containers]


async def test_a_url_is_one_engine(tmp_path: Path) -> None:
    world, calls = SimulatedWorld(), Calls()
    spec = EngineSpec("simulated://alpha?seed=5&cores=8&memory=512m")
    engine = world.connect(spec, calls, tmp_path)
    info = await engine.info()
    assert (info.name, info.cores, info.memory) == ("alpha", 8, 512 * 1024**2)
    assert world.connect(spec, calls, tmp_path) is engine is world.engine("alpha")
    assert calls.lines == [("alpha", "info", "ok")]
    assert [spec.url for spec in world.specs(2)] == [
        "simulated://sim-1?seed=1&cores=4&memory=8g",
        "simulated://sim-2?seed=1&cores=4&memory=8g",
    ]


@pytest.mark.parametrize(
    "url", ["unix:///x", "simulated://", "simulated://a?cores=0", "simulated://a?memory=much", "simulated://a?speed=2"]
)
def test_a_wrong_url_is_refused_in_words(url: str) -> None:
    with pytest.raises(BadRequest, match="engine url"):
        SimulatedWorld().engine(url)


async def test_another_seed_is_another_story() -> None:
    assert await story(1) != await story(2)


def test_one_seed_is_one_story_in_any_process() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", STORY], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
