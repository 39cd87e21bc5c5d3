"""Somebody pauses a container on its engine: is that seen for what it is, whether the manager hears or only sees it?"""

import asyncio
from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from tests.flows.stories import new_world, one, running, tells_all, well
from tests.flows.support import Driven, managed


def paused(world: SimulatedWorld, *, paused: bool = True) -> str:
    """Pause the one container that runs (or let the one that is paused go on); its name."""
    for engine in world.engines.values():
        for seen in engine.containers:
            engine.pause(seen.name, paused=paused)
            return seen.name
    raise AssertionError("nothing runs")


def generation(driven: Driven) -> object:
    return driven.value("shop/web", "generation")


async def test_a_short_pause_is_nobodys_business(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        name = paused(world)
        await asyncio.sleep(3)
        container = f"{driven.model.entry(str(driven.value('shop/web', 'container.host'))).path}/{name}"
        assert driven.value(container, "container.state") == "paused"
        paused(world, paused=False)
        await asyncio.sleep(20)
        assert driven.value(container, "container.state") == "running"
        assert driven.up("shop/web") and generation(driven) == 1


async def test_what_stays_paused_is_not_up_and_is_replaced(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        paused(world)
        await driven.until(lambda: driven.value("shop/web", "service.isUp") is False, 6)
        tells_all(str(driven.value("shop/web", "service.notUp.indicators")), "paused on its engine", "unpause it")
        await driven.until(lambda: driven.up("shop/web"), 30)
        assert generation(driven) == 2
        await well(driven, world)


async def test_without_healing_it_is_up_again_once_it_goes_on(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="healing: false")))
        paused(world)
        await asyncio.sleep(10)
        assert not driven.up("shop/web") and generation(driven) == 1
        paused(world, paused=False)
        await driven.until(lambda: driven.up("shop/web"), 1)
        assert generation(driven) == 1 and len(running(world)) == 1


async def test_a_manager_that_finds_it_paused_does_not_call_it_ended(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="healing: false")))
    paused(world)
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(10)
        said = str(driven.value("shop/web", "service.notUp.indicators"))
        tells_all(said, "paused on its engine")
        assert "exit code" not in said
        paused(world, paused=False)
        await driven.until(lambda: driven.up("shop/web"), 1)
        assert generation(driven) == 1
