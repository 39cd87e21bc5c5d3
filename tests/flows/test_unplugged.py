"""What a person pulls out: an engine for an hour, and with it whatever was running there. Does the manager stay as it is, and does all come back by itself?"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world, ours, running, well
from tests.flows.support import managed
from tests.flows.test_host_losses import MEMBERS, begun, there

HOUR = 3600.0
OUT: dict[str, tuple[Callable[[SimulatedEngine], None], Callable[[SimulatedEngine], None]]] = {
    "its cable": (SimulatedEngine.partition, SimulatedEngine.heal),
    "its power": (SimulatedEngine.crash, SimulatedEngine.recover),
    "its answers": (SimulatedEngine.hang, SimulatedEngine.resume),
}


@pytest.mark.parametrize("how", OUT)
async def test_one_engine_of_three_is_gone_for_an_hour(tmp_path: Path, how: str) -> None:
    out, back = OUT[how]
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(cluster(6)))).state is ActivityState.DONE
        lost = world.engine("sim-2")
        out(lost)
        await driven.until(
            lambda: driven.value("shop/web", "group.members.up") == 6 and sum(engine is not lost for engine, _ in running(world)) == 6, 60
        )
        decided, done = len(driven.model.decisions.all()), len(driven.model.activities.all())
        stands = {seen.id for engine, seen in running(world) if engine is not lost}
        await asyncio.sleep(HOUR)
        assert {seen.id for engine, seen in running(world) if engine is not lost} == stands, "nothing is moved about meanwhile"
        assert len(driven.model.decisions.all()) - decided <= 5 and len(driven.model.activities.all()) - done <= 2
        assert not driven.value("local", "service.problems") or "sim-2" in str(driven.value("local", "service.problems"))
        back(lost)
        took = await driven.until(lambda: driven.value("local", "docker.hosts.up") == 3, 60)
        assert took < 40, "an hour of silence is no reason to look more seldom"
        await well(driven, world)
        assert {seen.id for _, seen in running(world)} == stands, "what had been replaced is gone, and nothing else"
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not ours(world)


@pytest.mark.parametrize("how", OUT)
async def test_the_only_engine_is_gone_for_an_hour(tmp_path: Path, how: str) -> None:
    out, back = OUT[how]
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 1)
        before = there(world)
        out(world.engine("h0"))
        await asyncio.sleep(HOUR)
        back(world.engine("h0"))
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == MEMBERS, 90)
        await well(driven, world)
        assert there(world) == before or how == "its power", "there was nowhere to go: it runs on"
        assert len(driven.entries(EntityKind.MEMBER, "shop/web/")) == MEMBERS


async def test_an_order_that_is_given_meanwhile_is_done_when_it_is_back(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(cluster(3)))).state is ActivityState.DONE
        for engine in world.engines.values():
            engine.partition()
        await asyncio.sleep(60)
        order = await driven.invoke("shop/web", "resize", size=5)
        await asyncio.sleep(HOUR)
        found = driven.model.activities.get(order)
        assert found is not None
        for engine in world.engines.values():
            engine.heal()
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 5, 120)
        await well(driven, world)
        deleted = await driven.ended(await driven.invoke("shop", "delete"))
        assert deleted.state is ActivityState.DONE and not ours(world)
