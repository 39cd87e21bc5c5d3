"""A cloud that lists a machine some time after it has made it: none is leaked by that, and none is taken for one that is gone."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated.cloud import CloudTiming
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from tests.flows.poolside import killed, nodes, records, yard
from tests.flows.stories import new_world
from tests.flows.support import managed

LATE = CloudTiming(listed=40.0)


@pytest.mark.parametrize("moment", [0.5, 1.9, 5.0])
async def test_a_machine_that_is_not_listed_yet_goes_with_its_pool(tmp_path: Path, moment: float) -> None:
    world = new_world()
    grounds = SimulatedGrounds(world, timing=LATE)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.deploy(yard(1))
        await asyncio.sleep(moment)
        await driven.invoke("yard", "delete")
        await driven.until(lambda: driven.gone("yard") and not records(driven), 300)
        await asyncio.sleep(60)
        assert not nodes(grounds)


async def test_nor_is_one_leaked_whose_id_nobody_was_told(tmp_path: Path) -> None:
    world = new_world()
    grounds = SimulatedGrounds(world, timing=LATE)
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.deploy(yard(1))
        await asyncio.sleep(0.5)
        await driven.invoke("yard", "delete")
        await asyncio.sleep(0.3)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: driven.gone("yard") and not records(driven), 400)
        await asyncio.sleep(60)
        assert not nodes(grounds)
