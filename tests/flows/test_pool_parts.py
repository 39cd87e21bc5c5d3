"""A location of several parts: what one cloud does not give is asked of the next, at once and with the reason; and the first is tried again, not too often."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.cloud import CloudOdds, SimulatedCloud
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import CloudUnavailable
from clocker_actors.model.activities import ActivityState
from clocker_actors.telemetry.explain import explain
from tests.flows.poolside import begun, hosts_up, nodes, part, shop, yard
from tests.flows.stories import new_world, tells_all
from tests.flows.support import Driven, managed

TWO = "['simulated:paris', 'simulated:rome']"
KEYS = "minSize: 0; maxSize: 8"


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


def clouds(grounds: SimulatedGrounds) -> tuple[SimulatedCloud, SimulatedCloud]:
    return grounds.cloud(part("simulated:paris")), grounds.cloud(part("simulated:rome"))


def made(cloud: SimulatedCloud) -> int:
    return len(cloud._nodes)


def explained(driven: Driven) -> str:
    """What people read who ask why the yard is as it is."""
    return "\n".join(line.text for _, line in explain(driven.model, "yard", driven.manager.kernel.now()).flat())


async def test_a_quota_is_reached_and_the_rest_is_made_elsewhere(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    paris, rome = clouds(grounds)
    paris.quota = 2
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, location=TWO, keys=KEYS))
        order = await driven.ended(await driven.invoke("yard", "resize", size=5), 200)
        assert order.state is ActivityState.DONE, order
        assert (made(paris), made(rome), hosts_up(driven)) == (2, 3, 5)
        tells_all(explained(driven), "in simulated:rome instead of simulated:paris", "no more than 2 machines", "is asked again")
        assert not driven.value("yard", "service.problems"), "nothing is set aside where there is no machine to be looked at"


async def test_a_cloud_that_does_not_answer(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    paris, rome = clouds(grounds)
    paris.fail("create", CloudUnavailable("the cloud is busy", retry_after=1.0), 1000)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, location=TWO, keys=KEYS))
        order = await driven.ended(await driven.invoke("yard", "resize", size=2), 400)
        assert order.state is ActivityState.DONE, order
        assert (made(paris), made(rome)) == (0, 2)
        tells_all(explained(driven), "instead of simulated:paris", "the cloud is busy")


async def test_nobody_gives_any_and_the_order_ends_with_both_reasons(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    paris, rome = clouds(grounds)
    paris.quota, rome.quota = 1, 2
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, location=TWO, keys=KEYS))
        order = await driven.ended(await driven.invoke("yard", "resize", size=5), 400)
        assert order.state is ActivityState.FAILED and hosts_up(driven) == 3
        tells_all(order.problem, "3 hosts of 5", "no more than 2 machines", "resize yard")
        before = made(paris) + made(rome)
        await asyncio.sleep(900)
        assert made(paris) + made(rome) == before, "not tried for ever"
        paris.quota = 9
        assert (await driven.ended(await driven.invoke("yard", "resize", size=5), 200)).state is ActivityState.DONE
        assert made(paris) == 3, "a person's order asks the first part again"


async def test_the_first_part_is_asked_again_after_its_rest(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    paris, rome = clouds(grounds)
    paris.quota = 1
    four = "strategies: [{MaxContainers: {maxContainers: 4}}]"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, location=TWO, keys=f"{KEYS}; {four}"))
        await driven.ended(await driven.deploy(shop(8)), 200)
        assert (made(paris), made(rome)) == (1, 1)
        paris.quota = 9
        await driven.ended(await driven.invoke("shop/web", "resize", size=12), 200)
        assert (made(paris), made(rome)) == (1, 2), "it rests"
        await asyncio.sleep(120)
        await driven.ended(await driven.invoke("shop/web", "resize", size=16), 200)
        assert (made(paris), made(rome)) == (2, 2)


async def test_machines_that_never_boot_are_set_aside_and_made_elsewhere(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    paris, rome = clouds(grounds)
    paris.odds = CloudOdds(boot=1.0)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, location=TWO, keys=KEYS))
        await driven.ended(await driven.invoke("yard", "resize", size=1), 2000)
        await driven.until(lambda: hosts_up(driven) == 1, 60)
        assert (made(paris), made(rome)) == (1, 1), "the one in paris is kept to be looked at"
        tells_all(str(driven.value("yard", "service.problems")), "does not come up", "giveBack")
        tells_all(explained(driven), "in simulated:rome instead of simulated:paris")


async def test_one_part_alone_fails_as_before(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, quota=1)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, keys=KEYS))
        order = await driven.ended(await driven.invoke("yard", "resize", size=2), 200)
        assert order.state is ActivityState.FAILED and len(nodes(grounds)) == 1
        tells_all(order.problem, "no more than 1 machine")
