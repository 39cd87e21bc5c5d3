"""From no machine to an application under load, through a power cut and a drain, and back to no machine: in virtual time, on a simulated cloud."""

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
from tests.flows.hosts_story import Land, Pace, shop, whole_day, yard
from tests.flows.poolside import CLOUD, nodes, part, records
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
