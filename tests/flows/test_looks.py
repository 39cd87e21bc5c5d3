"""Is an engine believed only as far as it was seen: back from an outage, half broken, not asked yet, or slower than what happened meanwhile?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.errors import EngineFault
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import EngineEvent
from tests.flows.stories import cluster, new_world, one, running, tells_all, well
from tests.flows.support import Driven, managed

HEALS = {"hang": "resume", "partition": "heal", "crash": "recover"}


def up(driven: Driven) -> int:
    return int(str(driven.value("shop/web", "group.members.up")))


async def is_up(driven: Driven, host: str, up: bool, within: float = 10.0) -> None:
    """Wait until a host is up or not."""
    await driven.until(lambda: not driven.gone(host) and driven.value(host, "service.isUp") is up, within, f"{host} up is {up}")


@pytest.mark.parametrize("way", HEALS)
@pytest.mark.parametrize("seconds", [20, 33, 47])
async def test_an_engine_that_comes_back_is_heard_again(tmp_path: Path, way: str, seconds: int) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        engine = world.engine("sim-2")
        getattr(engine, way)()
        await asyncio.sleep(seconds)
        getattr(engine, HEALS[way])()
        await is_up(driven, "local/sim-2", True)
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=6))).state is ActivityState.DONE
        await well(driven, world)
        seen = next(seen for where, seen in running(world) if where is engine)
        engine.die(seen.name, 1)
        await driven.until(lambda: up(driven) == 5, 1, "its die event is heard")
        await driven.until(lambda: up(driven) == 6, 5)
        engine.hang()
        await is_up(driven, "local/sim-2", False)


@pytest.mark.parametrize("operation", ["list", "info", "events"])
async def test_an_engine_that_answers_nothing_but_pings_is_down(tmp_path: Path, operation: str) -> None:
    world = new_world()
    engine = world.engine("sim-2")
    engine.fail(operation, EngineFault(f"{operation} is broken"), 10**5)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("local/sim-2") and driven.value("local/sim-2", "service.state") == "on-fire", 15)
        tells_all(str(driven.value("local/sim-2", "service.notUp.indicators")), f"{operation} is broken")
        done = await driven.ended(await driven.deploy(cluster(3)))
        assert done.state is ActivityState.DONE, done.problem
        assert {where.name for where, _ in running(world)} == {"sim-1", "sim-3"}
        made = engine.made[operation]
        await asyncio.sleep(20)
        assert engine.made[operation] - made < 50, "it is asked again, without haste"
        engine._wire._faults.clear()
        await is_up(driven, "local/sim-2", True)


async def test_an_event_stream_that_never_opens_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(self: SimulatedEngine, since: str) -> AsyncIterator[EngineEvent]:
        if self.name == "sim-2":
            await asyncio.Event().wait()
        async for event in events(self, since):
            yield event

    events = SimulatedEngine.events
    monkeypatch.setattr(SimulatedEngine, "events", deaf)
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.until(lambda: not driven.gone("local/sim-2") and driven.value("local/sim-2", "service.state") == "on-fire", 120)
        tells_all(str(driven.value("local/sim-2", "service.notUp.indicators")), "event stream did not open")
        assert (await driven.ended(await driven.deploy(cluster(3)))).state is ActivityState.DONE


async def test_members_of_an_engine_that_cannot_be_looked_at_go_elsewhere(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
    engine = world.engine("sim-2")
    engine.fail("list", EngineFault("list is broken"), 10**5)
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(5)
        assert up(driven) == 4
        await driven.until(lambda: up(driven) == 6, 60, "after the grace")
        await asyncio.sleep(10)
        assert driven.value("local/sim-2", "service.isUp") is False, "it does not flap"
        engine._wire._faults.clear()
        await well(driven, world)


async def test_the_manager_is_ready_once_every_host_was_asked(tmp_path: Path) -> None:
    world = new_world()
    world.engine("sim-2").hang()
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(1)
        tells_all(driven.manager.context().ready(), "hosts not asked yet", "local/sim-2")
        assert "sim-1" not in driven.manager.context().ready()
        await asyncio.sleep(8)
        assert driven.manager.context().ready() == "", "an answer may be that there is none"


async def test_a_look_older_than_a_container_says_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await is_up(driven, "local/sim-1", True)
        monkeypatch.setattr(SimulatedEngine, "list", _late(SimulatedEngine.list))
        await asyncio.sleep(29.5)  # the next look is asked now, and answered 3 s later with what was then
        await driven.ended(await driven.deploy(one()))
        name = running(world)[0][1].name
        await asyncio.sleep(5)
        assert [seen.name for _, seen in running(world)] == [name], "it was not taken for gone"
        await asyncio.sleep(22.5)
        running(world)[0][0].die(name, 1)  # while the next such look is on its way, which still shows it running
        await driven.until(lambda: driven.up("shop/web"), 5)
        await asyncio.sleep(5)
        assert len(running(world)) == 1 and driven.up("shop/web")


@pytest.mark.parametrize("act", ["die", "take_away"])
@pytest.mark.parametrize("fails", [0, 1])
async def test_what_ends_between_the_first_look_and_its_being_claimed_is_known_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str, fails: int
) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
    engine, seen = running(world)[0]
    monkeypatch.setattr(SimulatedEngine, "list", _late(SimulatedEngine.list))
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(1)  # the list that still shows it is on its way, and nobody is there yet who could hear its end
        getattr(engine, act)(seen.name)
        engine.fail("inspect", EngineFault("once"), fails)
        await asyncio.sleep(12)
        assert len(running(world)) == 3, "it was noticed, and healed"
        assert seen.id not in {other.id for _, other in running(world)}
        await driven.until(lambda: up(driven) == 3, 1)
        assert not [name for name, made in world.engines.items() if made.made["list"] > 6], "without looking at all of it again and again"


def _late(call: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    async def late(self: SimulatedEngine, labels: dict[str, str]) -> object:
        seen = await call(self, labels)
        await asyncio.sleep(3)
        return seen

    return late
