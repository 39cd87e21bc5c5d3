"""Do bad days come when they are ordered, and do they look as they do on a real engine?"""

import asyncio

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.errors import EngineUnavailable, OutOfDisk, PortTaken
from clocker_actors.model.containers import EngineState
from clocker_actors.model.specs import ProbeKind, ProbeSpec
from tests.drivers.simulated.helpers import actions, listening, request, running

TCP = ProbeSpec(ProbeKind.TCP, 80)


@pytest.fixture
def engine() -> SimulatedEngine:
    return SimulatedEngine("one", seed=3)


async def test_a_planned_failure_has_no_effect_and_ends(engine: SimulatedEngine) -> None:
    engine.fail("create", OutOfDisk("planned"), times=2)
    for _ in range(2):
        with pytest.raises(OutOfDisk, match="planned"):
            await engine.create(request("a"))
    assert engine.containers == ()
    await engine.create(request("a"))


async def test_a_lost_reply_is_a_done_deed(engine: SimulatedEngine) -> None:
    engine.lose_reply("create")
    with pytest.raises(EngineUnavailable):
        await engine.create(request("a"))
    assert [seen.name for seen in engine.containers] == ["a"]


@pytest.mark.parametrize("after", [0.0, 0.005])
async def test_cancelling_ends_the_waiting_not_the_effect(engine: SimulatedEngine, after: float) -> None:
    creating = asyncio.create_task(engine.create(request("a")))
    await asyncio.sleep(after)
    creating.cancel()
    await asyncio.sleep(0.05)
    starting = asyncio.create_task(engine.start("a"))
    await asyncio.sleep(after)
    starting.cancel()
    await asyncio.sleep(0.5)
    assert engine.containers[0].state is EngineState.RUNNING


async def test_processes_end_by_themselves_while_their_engine_hangs(engine: SimulatedEngine) -> None:
    await engine.create(request("a", env={"SIMULATED_LIFE": "5"}))
    await engine.start("a")
    await engine.lease("lease", {}, 3.0)
    await engine.start("lease")
    engine.hang()
    await asyncio.sleep(6)
    assert [seen.state for seen in engine.containers] == [EngineState.EXITED, EngineState.EXITED]


async def test_a_failed_start_leaves_its_container(engine: SimulatedEngine) -> None:
    engine.occupy(8080)
    await engine.create(request("a", port=8080))
    with pytest.raises(PortTaken):
        await engine.start("a")
    seen = await engine.inspect("a")
    assert (seen.state, seen.exit_code) == (EngineState.CREATED, 128)
    engine.occupy(8080, occupied=False)
    await engine.start("a")
    await engine.create(request("b", port=8080))
    with pytest.raises(PortTaken):
        await engine.start("b")


async def test_a_hanging_engine_is_silent_and_then_does_what_it_was_told(engine: SimulatedEngine) -> None:
    await running(engine, "a")
    async with listening(engine) as heard:
        engine.hang()
        begun = engine.now()
        with pytest.raises(EngineUnavailable, match="did not answer ping within 2 s"):
            await engine.ping()
        assert engine.now() - begun == pytest.approx(2.0)
        creating = asyncio.create_task(engine.create(request("b")))
        await asyncio.sleep(1)
        assert (await engine.probe(engine.containers[0], "", TCP)).ok
        engine.die("a", 1)
        assert actions(heard) == []
        engine.resume()
        await creating
        await asyncio.sleep(0.01)
        assert actions(heard) == [("die", "a"), ("create", "b")]


async def test_a_crash_takes_the_containers_and_the_memory_of_events(engine: SimulatedEngine) -> None:
    identity = await running(engine, "a")
    async with listening(engine) as heard:
        starting = asyncio.create_task(engine.create(request("b")))
        await asyncio.sleep(0.001)
        engine.crash()
        with pytest.raises(EngineUnavailable):
            await starting
        with pytest.raises(EngineUnavailable, match="refuses connections"):
            await engine.ping()
        assert heard[-1].action == "broken"
        assert actions(heard) == []
    engine.recover()
    async with listening(engine, since="1.0") as heard:
        assert actions(heard) == []
    (seen,) = await engine.list({})
    assert (seen.id, seen.state, seen.exit_code) == (identity, EngineState.EXITED, 255)


async def test_an_orderly_restart_leaves_137_and_restarts_what_always_runs(engine: SimulatedEngine) -> None:
    await running(engine, "a")
    await running(engine, "b", restart="always")
    engine.crash(graceful=True)
    engine.recover()
    assert [(seen.state, seen.exit_code) for seen in engine.containers] == [(EngineState.EXITED, 137), (EngineState.RUNNING, None)]


async def test_a_pulled_cable_is_noticed_and_the_containers_run_on(engine: SimulatedEngine) -> None:
    await running(engine, "a")
    await engine.create(request("b"))
    async with listening(engine) as heard:
        starting = asyncio.create_task(engine.start("b"))
        await asyncio.sleep(0.01)
        engine.partition()
        cut = engine.now()
        with pytest.raises(EngineUnavailable):
            await starting
        assert engine.now() - cut == pytest.approx(2.6)
        await asyncio.sleep(0.01)
        assert [event.action for event in heard] == ["subscribed", "broken"]
        assert not (await engine.probe(engine.containers[0], "", TCP)).ok
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            await engine.ping()
        engine.heal()
    assert [seen.state for seen in await engine.list({})] == [EngineState.RUNNING, EngineState.RUNNING]


async def test_a_cable_soon_back_loses_nothing(engine: SimulatedEngine) -> None:
    async with listening(engine) as heard:
        creating = asyncio.create_task(engine.create(request("a")))
        await asyncio.sleep(0.001)
        engine.partition()
        pinging = asyncio.create_task(engine.ping())
        await asyncio.sleep(2.0)
        assert not creating.done()
        engine.heal()
        await asyncio.gather(creating, pinging)
        await asyncio.sleep(5.0)
        assert actions(heard) == [("create", "a")]
        assert heard[-1].action != "broken"


async def test_a_full_disk_refuses_what_needs_space(engine: SimulatedEngine) -> None:
    engine.fill_disk()
    for call in (engine.create(request("a")), engine.pull("web"), engine.ensure_volume("v", {})):
        with pytest.raises(OutOfDisk, match=r"one.*free some"):
            await call
    engine.fill_disk(full=False)
    await engine.create(request("a"))


async def test_closing_our_side_ends_streams_and_leaves_the_engine(engine: SimulatedEngine) -> None:
    await running(engine, "a")
    watch = engine.watch()
    async with listening(engine) as heard:
        await engine.close()
        assert [stats async for stats in watch] == []
        await asyncio.sleep(0)
        assert heard[-1].action == "broken"
    assert engine.containers[0].state is EngineState.RUNNING
