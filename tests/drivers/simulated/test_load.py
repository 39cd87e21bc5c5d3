"""Does load divide over those who carry it, and do statistics tell it as an engine does?"""

import asyncio
from itertools import pairwise

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.model.containers import Stats
from clocker_actors.model.specs import Resources
from tests.drivers.simulated.helpers import running


async def read(engine: SimulatedEngine, *containers: str, count: int = 2) -> dict[str, list[Stats]]:
    """`count` samples of each, a second apart."""
    watch = engine.watch()
    for container in containers:
        watch.follow(container, 1.0)
    found: dict[str, list[Stats]] = {container: [] for container in containers}
    async for stats in watch:
        found[stats.id].append(stats)
        if all(len(samples) == count for samples in found.values()):
            break
    await watch.close()
    return found


async def cpu(engine: SimulatedEngine, *containers: str) -> list[float]:
    """The second sample's CPU of each, rounded to whole percents."""
    return [round(samples[1].cpu_percent or 0.0) for samples in (await read(engine, *containers)).values()]


async def test_the_first_sample_has_no_cpu_and_the_rest_come_each_period() -> None:
    engine = SimulatedEngine("one")
    await running(engine, "a")
    samples = (await read(engine, "a", count=4))["a"]
    assert samples[0].cpu_percent is None
    assert all(sample.cpu_percent is not None and sample.cpu_percent < 1.0 for sample in samples[1:])
    assert [round(after.at - before.at, 6) for before, after in pairwise(samples)] == [1.0, 1.0, 1.0]
    assert samples[0].memory_limit == 8 * 1024**3


async def test_offered_load_is_shared_over_all_engines() -> None:
    world = SimulatedWorld()
    one, two = world.engine("one"), world.engine("two")
    for name in ("a", "b"):
        await running(one, name, service="web")
    await running(two, "c", service="web")
    await running(two, "d", service="other")
    world.offer("service=web", 240.0)
    assert await cpu(one, "a", "b") == pytest.approx([80, 80], abs=2)
    assert await cpu(two, "c", "d") == pytest.approx([80, 0], abs=2)
    await two.kill("c")
    assert await cpu(one, "a") == pytest.approx([120], abs=3)
    world.offer("service=web", 0.0)
    assert await cpu(one, "a") == pytest.approx([0], abs=1)


async def test_nobody_works_harder_than_limits_and_cores_allow() -> None:
    engine = SimulatedEngine("one", cores=2)
    await running(engine, "a", resources=Resources(cpus=0.5))
    await running(engine, "b")
    await running(engine, "c")
    engine.load("a", 100.0)
    assert await cpu(engine, "a") == [pytest.approx(50, abs=1)]
    engine.offer("s", 900.0)
    assert sum(await cpu(engine, "a", "b", "c")) == pytest.approx(200, abs=6)
    await engine.update("a", Resources(cpus=0.25))
    assert (await cpu(engine, "a"))[0] <= 25


async def test_a_missed_deadline_is_stale_and_the_removed_are_forgotten() -> None:
    engine = SimulatedEngine("one")
    await running(engine, "a")
    watch = engine.watch()
    watch.follow("a", 1.0)
    samples = aiter(watch)
    assert not (await anext(samples)).stale
    engine.hang()
    assert (await anext(samples)).stale
    engine.resume()
    assert not (await anext(samples)).stale
    await engine.remove("a")
    watch.follow("b", 1.0)
    waiting = asyncio.ensure_future(anext(samples))
    await asyncio.sleep(2)
    await running(engine, "b")
    await asyncio.sleep(2)
    assert not waiting.done()  # it did not exist when it was first due, so it was forgotten
    watch.follow("b", 1.0)
    assert (await waiting).id == "b"
    await watch.close()
    with pytest.raises(StopAsyncIteration):
        await anext(samples)


async def test_periods_can_be_changed_and_following_ended() -> None:
    engine = SimulatedEngine("one")
    await running(engine, "a")
    watch = engine.watch()
    watch.follow("a", 10.0)
    samples = aiter(watch)
    times = [(await anext(samples)).at for _ in range(2)]
    watch.follow("a", 1.0)
    times += [(await anext(samples)).at for _ in range(2)]
    assert [after - before for before, after in pairwise(times)] == [10.0, 1.0, 1.0]
    watch.forget("a")
    waiting = asyncio.ensure_future(anext(samples))
    await asyncio.sleep(30)
    await watch.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
