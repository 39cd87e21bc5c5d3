"""A cloud that lists a machine some time after it has made it: none is leaked by that, and none is taken for one that is gone."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated.cloud import CloudTiming
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from tests.flows.poolside import begun, hosts_up, killed, nodes, records, yard
from tests.flows.stories import new_world, tells_all
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


async def test_a_machine_that_is_not_listed_yet_has_not_failed(tmp_path: Path) -> None:
    world = new_world()
    grounds = SimulatedGrounds(world, timing=LATE)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.deploy(yard(2))
        await driven.until(lambda: hosts_up(driven) == 2, 150)
        assert grounds.clouds["simulated:paris"]._made == 2


async def test_one_that_is_never_listed_is_taken_to_be_gone(tmp_path: Path) -> None:
    world = new_world()
    grounds = SimulatedGrounds(world, timing=CloudTiming(listed=1_000_000.0))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="onFailure: destroy"))
        made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
        tells_all((await driven.ended(made, 300)).problem, "does not have it any more")
        await driven.until(lambda: not nodes(grounds), 30, "known by its id")
