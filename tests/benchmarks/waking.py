"""How long a manager takes to be ready that finds ten thousand members in its store, all of them running on simulated engines."""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.kernel import VirtualLoop
from clocker_actors.kernel.garbage import spare_until
from tests.benchmarks.kernel import Row
from tests.flows.support import managed
from tests.store.many import fill

MEMBERS, HOSTS, CLUSTERS = 10_000, 100, 20
ROUNDS = 3
GOAL = 10.0


async def wake(state: Path, world: SimulatedWorld) -> float:
    """Seconds of processor until it is ready, which is when every host was asked what it has."""
    gc.collect()
    began = time.process_time()
    async with managed(state, world=world) as driven:
        not_ready = driven.manager.context().ready
        await spare_until(lambda: not not_ready(), 600.0)
        took = time.process_time() - began
        assert not not_ready(), not_ready()
    gc.unfreeze()
    return took


async def _measure(state: Path) -> list[float]:
    world = await fill(state, members=MEMBERS, hosts=HOSTS, clusters=CLUSTERS)
    return [await wake(state, world) for _ in range(ROUNDS)]


def waking() -> list[Row]:
    """Waking, which is one processor's work from the first record to the last host."""
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        took = runner.run(_measure(Path(folder) / "state"))
    middle = statistics.median(took)
    return [
        Row(
            what=f"start with {MEMBERS:,} members in the store, on {HOSTS} simulated hosts → ready",
            mark="-",
            ours=f"{middle:.1f} s of one processor",
            peer="-",
            ratio="-",
            goal=f"<= {GOAL:g} s",
            met=middle <= GOAL,
        )
    ]


REPORTS: tuple[Callable[[], list[Row]], ...] = (waking,)
