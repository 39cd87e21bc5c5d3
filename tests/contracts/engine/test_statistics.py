"""Are readings plausible, of exactly the containers followed, and said to be stale when they are late?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

from clocker_actors.model.containers import Stats
from clocker_actors.model.specs import Resources
from clocker_actors.ports.engine import StatsWatch
from tests.contracts.engine.lab import SPINNING, Lab

DOORS = ("docker-unix", "docker-ssh")  # what is asked here does not depend on the door


@asynccontextmanager
async def _watching(lab: Lab) -> AsyncIterator[tuple[StatsWatch, AsyncIterator[Stats]]]:
    watch = lab.engine.watch()
    try:
        async with asyncio.timeout(30):
            yield watch, aiter(watch)
    finally:
        await watch.close()


async def test_a_busy_container_shows_its_share_of_a_core(lab: Lab) -> None:
    wanted = lab.request(command=SPINNING, resources=Resources(cpus=0.5, memory=64 << 20))
    identity = await lab.run(wanted)
    lab.weather.work(wanted.name)
    async with _watching(lab) as (watch, samples):
        watch.follow(identity, 1.0)
        seen = [await anext(samples) for _ in range(4)]
    assert {sample.id for sample in seen} == {identity}
    assert seen[0].cpu_percent is None
    shares = [sample.cpu_percent for sample in seen[1:] if sample.cpu_percent is not None]
    assert len(shares) == 3
    assert 10.0 <= sum(shares) / 3 <= 65.0  # half a core is its limit; a busy machine may give it less
    assert all(sample.memory_limit == 64 << 20 and 0 < sample.memory < 64 << 20 for sample in seen)
    assert seen[-1].pids >= 1
    assert all(0.5 <= later.at - sooner.at <= 2.5 for sooner, later in pairwise(seen))


async def test_an_idle_container_shows_next_to_nothing(lab: Lab) -> None:
    identity = await lab.run()
    async with _watching(lab) as (watch, samples):
        watch.follow(identity, 1.0)
        await anext(samples)
        share = (await anext(samples)).cpu_percent
    assert share is not None
    assert 0.0 <= share < 5.0


async def test_many_are_read_in_the_same_second(lab: Lab) -> None:
    wanted = [lab.request(network="host") for _ in range(8)]
    identities = await asyncio.gather(*map(lab.run, wanted))
    loop = asyncio.get_running_loop()
    async with _watching(lab) as (watch, samples):
        for identity in identities:
            watch.follow(identity, 1.0)
        began, seen = loop.time(), dict.fromkeys(identities, 0)
        while min(seen.values()) < 3:
            seen[(await anext(samples)).id] += 1
        assert loop.time() - began < 5.0


async def test_a_forgotten_one_is_silent_and_the_other_goes_on(lab: Lab) -> None:
    kept, dropped = await lab.run(), await lab.run()
    async with _watching(lab) as (watch, samples):
        watch.follow(kept, 1.0)
        watch.follow(dropped, 1.0)
        while (await anext(samples)).id != dropped:
            pass
        watch.forget(dropped)
        assert {(await anext(samples)).id for _ in range(3)} == {kept}


async def test_a_removed_one_is_forgotten_by_itself(lab: Lab) -> None:
    kept, gone = await lab.run(), await lab.run()
    async with _watching(lab) as (watch, samples):
        watch.follow(gone, 1.0)
        await anext(samples)
        await lab.engine.remove(gone)
        watch.follow(kept, 1.0)
        seen = [(await anext(samples)).id for _ in range(4)]
    assert seen[-2:] == [kept, kept]


async def test_a_shorter_period_takes_effect_at_once(lab: Lab) -> None:
    identity = await lab.run()
    loop = asyncio.get_running_loop()
    async with _watching(lab) as (watch, samples):
        watch.follow(identity, 20.0)
        await anext(samples)
        watch.follow(identity, 1.0)
        began = loop.time()
        for _ in range(2):
            await anext(samples)
        assert loop.time() - began < 5.0


async def test_a_hanging_engine_makes_readings_stale_and_then_fresh_again(lab: Lab) -> None:
    identity = await lab.run()
    async with _watching(lab) as (watch, samples):
        watch.follow(identity, 1.0)
        await anext(samples)
        lab.weather.hang()
        try:
            async with asyncio.timeout(6):
                while not (late := await anext(samples)).stale:
                    pass
        finally:
            lab.weather.resume()
        assert (late.id, late.cpu_percent) == (identity, None)
        async with asyncio.timeout(6):
            while (await anext(samples)).stale:
                pass
