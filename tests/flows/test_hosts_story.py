"""From no machine to an application under load, through a power cut and a drain, and back to no machine: in virtual time, on a simulated cloud."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.engine import SimulatedEngine
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.model.identity import EntityKind
from clocker_actors.telemetry.readmodel import Entry
from tests.flows.bedside import done
from tests.flows.hosts_story import LEAST, MOST, Land, Pace, Story, shop, whole_day, yard
from tests.flows.poolside import CLOUD, killed, nodes, part, records
from tests.flows.support import Driven, managed

AT_LEISURE = Pace("2m", "5m", lower=30, upper=60, web='image: "clocker/web:1"', data='image: "clocker/db:1"')
PACES = {"usual": AT_LEISURE, "hasty": replace(AT_LEISURE, idle="6s", down="20s"), "calm": replace(AT_LEISURE, calm=400.0)}


class SimulatedLand(Land):
    """A simulated cloud. A machine without power is silent, and its containers have ended."""

    def __init__(self, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
        self._world, self._grounds = world, grounds

    def living(self) -> list[str]:
        return nodes(self._grounds)

    def _engine(self, host: Entry) -> SimulatedEngine:
        return self._world.engine(str(host.facts["engine"]))

    async def cut_power(self, host: Entry) -> None:
        engine = self._engine(host)
        engine.crash()
        engine.partition()

    async def give_power(self, host: Entry) -> None:
        engine = self._engine(host)
        engine.heal()
        engine.recover()

    async def on_engine(self, host: Entry) -> list[str]:
        engine = self._engine(host)
        return [*(seen.name for seen in engine.containers), *engine.volume_names]

    @asynccontextmanager
    async def load(self, driven: Driven) -> AsyncIterator[None]:
        self._world.offer("clocker/web:1", 230)
        yield
        self._world.offer("clocker/web:1", 10)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("pace", PACES)
async def test_a_whole_day_of_a_pool_that_begins_with_nothing(tmp_path: Path, pace: str, seed: int) -> None:
    how = PACES[pace]
    world = SimulatedWorld(seed)
    grounds = SimulatedGrounds(world, seed)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:

        async def drain(host: str) -> None:
            await done(driven, await driven.invoke(host, "drain"), 120)

        await done(driven, await driven.deploy(yard(CLOUD, how)))
        await whole_day(driven, SimulatedLand(world, grounds), how, lambda: driven.deploy(shop(how)), drain)
        assert not records(driven) and not grounds.cloud(part(CLOUD)).machines
        assert [entry.name for entry in driven.entries(EntityKind.POOL)] == ["local"]


@pytest.mark.parametrize("moment", [0.3, 3.0, 22.0])
async def test_the_manager_is_killed_in_each_of_its_hours(tmp_path: Path, moment: float) -> None:
    """The same day, with a manager that is killed so long after each thing has begun; the next one goes on where it was."""
    world = SimulatedWorld(1)
    grounds = SimulatedGrounds(world)
    land, state = SimulatedLand(world, grounds), tmp_path / "s"

    @asynccontextmanager
    async def manager() -> AsyncIterator[Story]:
        async with killed(state, world, grounds) as driven:
            await driven.until(lambda: not driven.gone("yard"), 10)
            yield Story(driven, land)

    async with killed(state, world, grounds) as driven:
        await done(driven, await driven.deploy(yard(CLOUD, AT_LEISURE)))
        await driven.deploy(shop(AT_LEISURE))
        await asyncio.sleep(moment)
    async with manager() as story:
        await story.until(lambda: not story.driven.gone("shop/web") and story.whole(LEAST), "begun")
        assert len(land.living()) == 2
        story.as_ruled()
        async with land.load(story.driven):
            await asyncio.sleep(moment)
    world.offer("clocker/web:1", 230)
    async with manager() as story:
        await story.grow()
        dead = story.driven.model.entry(story.with_web()[0])
        await land.cut_power(dead)
        await asyncio.sleep(moment)
    async with manager() as story:
        await story.until(lambda: story.whole(MOST) and dead.uid not in story.standing(), "healed")
        story.as_ruled()
        await land.give_power(dead)
        await story.driven.until(lambda: story.driven.up(dead.uid), 60)
        await story.driven.invoke(story.driven.model.entry(story.with_web()[0]).path, "drain")
        await asyncio.sleep(moment)
    world.offer("clocker/web:1", 10)
    async with manager() as story:
        await asyncio.sleep(moment)
    async with manager() as story:
        await story.shrink()
        await story.driven.invoke("shop", "delete")
        await asyncio.sleep(moment / 10)
    async with manager() as story:
        await story.driven.until(lambda: story.driven.gone("shop"), 60)
        await story.driven.invoke("yard", "delete")
        await asyncio.sleep(moment / 10)
    async with killed(state, world, grounds) as driven:
        await driven.until(lambda: driven.gone("yard") and not nodes(grounds) and not records(driven), 300)
