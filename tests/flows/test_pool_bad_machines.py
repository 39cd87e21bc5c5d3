"""Machines that fail, vanish, are nobody's or somebody else's, and managers that are killed meanwhile: nothing leaked, nothing doubled."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.cloud import CloudOdds
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.locations import NodeTemplate
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.ports.cloud import NodeRequest
from tests.flows.poolside import CLOUD, begun, hosts_up, killed, nodes, part, records, shop, yard
from tests.flows.stories import new_world, tells_all
from tests.flows.support import managed


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


MOMENTS = [0.01, 0.5, 1.0, 1.6, 2.0, 10.0, 21.0, 23.0, 26.0, 33.0, 36.0, 40.0]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_manager_killed_at_any_moment_makes_each_machine_once(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, moment: float
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.deploy(yard(3))
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: hosts_up(driven) == 3, 200)
        assert len(nodes(grounds)) == 3 and grounds.clouds["simulated:paris"]._made == 3
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.until(lambda: hosts_up(driven) == 3, 60)
        await driven.invoke("yard", "delete")
        await asyncio.sleep(min(moment, 3.0))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: driven.gone("yard") and not nodes(grounds) and not records(driven), 300)


@pytest.mark.parametrize("moment", [0.5, 1.4, 1.6, 5.0, 30.0])
async def test_a_manager_killed_while_it_makes_and_told_to_delete_leaves_nothing(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, moment: float
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.deploy(yard(2))
        await asyncio.sleep(moment)
        await driven.invoke("yard", "delete")
        await asyncio.sleep(0.3)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: driven.gone("yard") and not records(driven), 400)
        await asyncio.sleep(60)
        assert not nodes(grounds)


async def test_a_call_whose_answer_is_lost_made_its_machine_once(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, keys="minSize: 0; maxSize: 3"))
        cloud = grounds.cloud(part("simulated:paris"))
        cloud.lose_reply("create", 2)
        cloud.lose_reply("destroy", 1)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=3), 200)).state is ActivityState.DONE
        assert cloud._made == 3
        assert (await driven.ended(await driven.invoke("yard", "delete"), 200)).state is ActivityState.DONE
        assert not nodes(grounds)


async def test_a_machine_that_never_boots_is_set_aside_with_its_reason(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, odds=CloudOdds(boot=1.0))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1))
        made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
        ended = await driven.ended(made, 3000)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "docker-1", "does not come up", "resize yard")
        assert len(nodes(grounds)) == 1, "kept to be looked at"
        await asyncio.sleep(900)
        assert len(nodes(grounds)) == 1, "and not tried for ever"
        assert "docker-1" in str(driven.value("yard", "service.problems"))
        await driven.ended(await driven.invoke("yard", "delete"), 100)
        assert not nodes(grounds) and driven.gone("yard")


async def test_destroyed_on_failure_and_tried_as_often_as_written(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, odds=CloudOdds(boot=1.0))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="onFailure: destroy; machineCreateAttempts: 3"))
        made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
        ended = await driven.ended(made, 3000)
        assert ended.state is ActivityState.FAILED and grounds.clouds["simulated:paris"]._made == 3
        assert not nodes(grounds) and not driven.entries(EntityKind.HOST, "yard/")


async def test_an_installation_that_fails_goes_on_from_there(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, odds=CloudOdds(install=1.0))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2))
        await driven.until(lambda: hosts_up(driven) == 2, 200)
        assert grounds.clouds["simulated:paris"]._made == 2


async def test_a_quota_ends_the_order_and_a_later_one_goes_on(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, quota=2)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(3, keys="minSize: 0; maxSize: 5"))
        made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
        ended = await driven.ended(made, 100)
        assert ended.state is ActivityState.FAILED and hosts_up(driven) == 2
        tells_all(ended.problem, "no more than 2 machines", "2 hosts of 3")
        for cloud in grounds.clouds.values():
            cloud.quota = 9
        assert (await driven.ended(await driven.invoke("yard", "resize", size=3), 100)).state is ActivityState.DONE
        assert hosts_up(driven) == 3


async def test_machines_that_belong_to_no_host_are_told_and_destroyed_only_when_asked(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        tags = {"clocker-plane": driven.manager.plane, "clocker-host": "hzz", "clocker-state": driven.manager.store.identity}
        await cloud.create(NodeRequest("left-behind", NodeTemplate(), tags, ""))
        await cloud.create(NodeRequest("anothers", NodeTemplate(), {**tags, "clocker-state": "another"}, ""))
        await driven.until(lambda: "left-behind" in str(driven.value("yard", "service.problems")), 300)
        told = str(driven.value("yard", "service.problems"))
        tells_all(told, "1 machine of ours", "destroyOrphans")
        assert "anothers" not in told and len(nodes(grounds)) == 3
        assert (await driven.ended(await driven.invoke("yard", "destroyOrphans"), 60)).result == 1
        assert "left-behind" not in nodes(grounds) and "anothers" in nodes(grounds) and hosts_up(driven) == 1
        await driven.until(lambda: driven.up("yard"), 30)


async def test_a_machine_that_vanishes_is_replaced_and_its_containers_too(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2))
        await driven.until(lambda: hosts_up(driven) == 2, 100)
        await driven.ended(await driven.deploy(shop(4)), 60)
        victim = nodes(grounds)[0]
        grounds.cloud(part(CLOUD)).vanish(victim)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4 and len(nodes(grounds)) == 2, 200)
        await driven.until(lambda: hosts_up(driven) == 2 and len(driven.entries(EntityKind.HOST, "yard/")) == 2, 100)
        assert victim not in nodes(grounds)
        assert (await driven.ended(await driven.invoke("shop", "delete"), 60)).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("yard", "delete"), 100)).state is ActivityState.DONE
        assert not nodes(grounds)


async def test_a_host_with_containers_of_others_is_never_destroyed(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 2, 100)
        engine = world.engine(nodes(grounds)[1])
        await engine.pull("clocker/web:1")
        foreign = await engine.create(ContainerRequest("theirs", "clocker/web:1", ContainerSpec(ImageSpec("clocker/web:1")), {}, {}, {}))
        await engine.start(foreign)
        delete = await driven.invoke("yard", "delete")
        await asyncio.sleep(120)
        assert nodes(grounds) == [engine.name]
        activity = driven.model.activities.get(delete)
        assert activity is not None and not activity.state.ended
        tells_all(activity.note, "docker-2 has 1 container", "not ours")
        await engine.kill(foreign)
        await engine.remove(foreign)
        await driven.ended(delete, 100)
        assert not nodes(grounds) and driven.gone("yard")


async def test_a_manager_that_begins_anew_waits_for_its_made_hosts_before_it_makes_more(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    keys = "minSize: 0; maxSize: 5; strategies: [{MaxContainers: {maxContainers: 4}}]"
    async with killed(tmp_path / "s", world, grounds) as driven:
        await begun(driven, yard(2, keys=keys))
        await driven.until(lambda: hosts_up(driven) == 2, 100)
        await driven.deploy(shop(8))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.value("shop/web", "group.members.up") == 8, 60)
        assert len(nodes(grounds)) == 2
