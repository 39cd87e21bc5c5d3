"""Is its memory of events as short, and its stream as exact, as an engine's?"""

import asyncio

from clocker_actors.drivers.simulated import SimulatedEngine
from tests.drivers.simulated.helpers import actions, listening, request, running


async def test_a_life_in_events() -> None:
    engine = SimulatedEngine("one")
    async with listening(engine) as heard:
        await running(engine, "a")
        await engine.kill("a")
        await engine.remove("a")
        await asyncio.sleep(0.01)
    assert heard[0].action == "subscribed"
    assert actions(heard) == [("create", "a"), ("start", "a"), ("die", "a"), ("destroy", "a")]
    assert [event.exit_code for event in heard if event.action == "die"] == [137]
    assert heard[1].labels == {"service": "s"}


async def test_cursors_are_unique_and_what_came_after_one_is_told() -> None:
    engine = SimulatedEngine("one")
    async with listening(engine) as heard:
        for number in range(5):
            await engine.create(request(f"c{number}"))
        await asyncio.sleep(0.01)
    cursors = [event.cursor for event in heard if event.id]
    assert len(set(cursors)) == 5
    async with listening(engine, since=cursors[2]) as later:
        assert actions(later) == [("create", "c3"), ("create", "c4")]


async def test_the_ring_holds_256() -> None:
    engine = SimulatedEngine("one")
    for number in range(300):
        await engine.create(request(f"c{number}"))
    async with listening(engine, since="1.000000000") as heard:
        assert len(actions(heard)) == 256
        assert actions(heard)[0] == ("create", "c44")


async def test_events_can_come_twice() -> None:
    engine = SimulatedEngine("one")
    engine.duplicate_events()
    async with listening(engine) as heard:
        await engine.create(request("a"))
        await asyncio.sleep(0.01)
    assert len(actions(heard)) == 2
    assert heard[1] == heard[2]


async def test_logs_are_followed_to_the_end() -> None:
    engine = SimulatedEngine("one")
    await running(engine, "a", command=("sh", "-c", "echo hello; sleep 2; exit 4"))
    assert [line async for line in engine.logs("a", follow=False, tail=1)] == ["hello"]
    assert [line async for line in engine.logs("a", follow=True, tail=-1)] == ["a: started", "hello", "a: exited with code 4"]
