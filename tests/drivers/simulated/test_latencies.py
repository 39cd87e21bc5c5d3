"""Does it take as long as a real engine was measured to?"""

import asyncio

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine
from tests.drivers.simulated.helpers import request, running


def elapsed(since: float) -> float:
    return asyncio.get_running_loop().time() - since


async def test_one_start_takes_a_quarter_of_a_second() -> None:
    engine = SimulatedEngine("one")
    identity = await engine.create(request("a"))
    assert 0.010 <= elapsed(0.0) <= 0.025
    await engine.start(identity)
    assert 0.2 < elapsed(0.0) < 0.28


@pytest.mark.parametrize(("at_once", "least", "most"), [(1, 3.5, 4.8), (2, 4.5, 6.5), (4, 5.5, 8.0), (8, 5.0, 7.5)])
async def test_starts_a_second_depend_on_starts_in_flight(at_once: int, least: float, most: float) -> None:
    engine = SimulatedEngine("one")
    slots = asyncio.Semaphore(at_once)

    async def start(number: int) -> None:
        identity = await engine.create(request(f"c{number}"))
        async with slots:
            await engine.start(identity)

    await asyncio.gather(*(start(number) for number in range(40)))
    assert least < 40 / elapsed(0.0) < most
    assert engine.most_starting == at_once


async def test_a_stop_takes_the_containers_own_time_but_no_more_than_the_grace() -> None:
    engine = SimulatedEngine("one")
    for name, image, env, least, most, code in (
        ("quick", "web", {}, 0.1, 0.2, 143),
        ("slow", "web", {"SIMULATED_STOP": "3"}, 2.9, 3.1, 143),
        ("deaf", "ignores-term", {}, 5.0, 5.1, 137),
        ("late", "web", {"SIMULATED_STOP": "60"}, 5.0, 5.1, 137),
    ):
        await running(engine, name, image, env=env)
        begun = asyncio.get_running_loop().time()
        await engine.stop(name, 5.0)
        assert least <= elapsed(begun) <= most
        assert (await engine.inspect(name)).exit_code == code


async def test_slow_stretches_everything() -> None:
    engine = SimulatedEngine("one")
    engine.slow(10)
    await running(engine, "a")
    assert 2.0 < elapsed(0.0) < 3.0


async def test_removal_waits_for_a_start_and_wins() -> None:
    engine = SimulatedEngine("one")
    identity = await engine.create(request("a"))
    starting = asyncio.create_task(engine.start(identity))
    await asyncio.sleep(0.05)
    await engine.remove(identity)
    await starting
    assert 0.28 < elapsed(0.0) < 0.40
    assert engine.containers == ()
