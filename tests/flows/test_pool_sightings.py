"""What a cloud lists is not believed at once: an empty list, one that was cut short, or one of a day on which most of the pool is silent, costs no machine."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.cloud import SimulatedCloud
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import CloudUnavailable
from clocker_actors.model.identity import EntityKind
from clocker_actors.ports.store import Record
from tests.flows.poolside import CLOUD, begun, hosts_up, killed, nodes, part, shop, yard
from tests.flows.stories import new_world, tells_all
from tests.flows.support import Driven, managed


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


def hide(cloud: SimulatedCloud, *names: str) -> None:
    """These are there, and not listed."""
    listed = cloud._living
    cloud._living = lambda: [node for node in listed() if node.name not in names]  # type: ignore[method-assign]


async def prepared(driven: Driven, hosts: int) -> None:
    await begun(driven, yard(hosts, keys="minSize: 0; maxSize: 9"))
    await driven.until(lambda: hosts_up(driven) == hosts, 120)


async def test_an_empty_list_while_most_are_silent_costs_nothing(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 4)
        await driven.ended(await driven.deploy(shop(8)), 60)
        names = nodes(grounds)
        living = cloud._living
        hide(cloud, *names)
        for name in names:
            world.engine(name).partition()
        await asyncio.sleep(1500)
        assert len(cloud._nodes) == 4 and cloud._made == 4
        cloud._living = living  # type: ignore[method-assign]
        for name in names:
            world.engine(name).heal()
        await driven.until(lambda: hosts_up(driven) == 4, 60)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 60)
        assert nodes(grounds) == names and cloud._made == 4


async def test_a_list_that_lacks_a_host_that_answers_counts_for_nothing(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 4)
        names = nodes(grounds)
        hide(cloud, names[0], names[1])
        world.engine(names[0]).partition()
        await asyncio.sleep(900)
        assert len(cloud._nodes) == 4 and cloud._made == 4
        world.engine(names[0]).heal()
        await driven.until(lambda: hosts_up(driven) == 4, 30)


async def test_most_of_a_cloud_is_believed_to_be_gone_after_five_minutes(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 1)
        cloud.vanish(nodes(grounds)[0])
        await driven.until(lambda: "simulated:paris shows" in str(driven.value("yard", "service.problems")), 60)
        tells_all(str(driven.value("yard", "service.problems")), "simulated:paris shows 0 of 1 machine", "look there")
        await asyncio.sleep(200)
        assert not nodes(grounds) and cloud._made == 1, "not at once"
        await driven.until(lambda: hosts_up(driven) == 1 and cloud._made == 2, 300)
        await driven.until(lambda: "simulated:paris shows" not in str(driven.value("yard", "service.problems")), 300)


async def test_few_of_many_are_let_go_with_the_second_look(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 3)
        cloud.vanish(nodes(grounds)[0])
        assert await driven.until(lambda: cloud._made == 4, 60) < 40


async def test_a_cloud_that_does_not_answer_holds_up_no_other(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    two = "['byon:(hosts=\"10.9.0.1\")', 'simulated:paris', 'simulated:rome']"
    paris, rome = grounds.cloud(part(CLOUD)), grounds.cloud(part("simulated:rome"))
    paris.quota = 2
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(6, location=two, keys="minSize: 0; maxSize: 9"))
        await driven.until(lambda: hosts_up(driven) == 6, 300)
        assert (len(paris._nodes), len(rome._nodes)) == (2, 3)
        paris.fail("nodes", CloudUnavailable("the cloud is busy", retry_after=1.0), 10_000)
        rome.vanish(next(iter(rome._nodes.values())).name)
        await driven.until(lambda: rome._made == 4 or paris._made == 3, 100)
        await driven.until(lambda: hosts_up(driven) == 6, 120)


async def test_that_a_machine_is_gone_outlives_the_manager(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    """Else a host that had not heard yet that it goes would be asked what is on it, and stay, since it does not answer."""
    cloud = grounds.cloud(part(CLOUD))
    async with killed(tmp_path / "s", world, grounds) as driven:
        await prepared(driven, 3)
        victim = driven.entries(EntityKind.HOST, "yard/")[0]
        store = driven.manager.store
        before = store.read(EntityKind.HOST, victim.uid)
        cloud.fail("destroy", CloudUnavailable("the cloud is busy", retry_after=1.0), 100)
        cloud.vanish(next(name for name in nodes(grounds) if name.endswith(f"-{victim.uid}")))
        await driven.until(lambda: cloud._made == 4, 60)
        await store.write([Record(EntityKind.HOST, victim.uid, before)])  # as if the manager had died a moment before
    cloud._faults.clear()
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: not driven.gone("yard") and hosts_up(driven) == 3, 60)
        await driven.until(lambda: driven.gone(victim.uid) and len(nodes(grounds)) == 3, 20)
