"""A pool with a location: machines are made, become hosts, carry containers, and are given back. In virtual time, on a simulated cloud."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clocker_actors.daemon import Manager
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.cloud import CloudOdds
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import BadRequest
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, NodeTemplate, SecretRef
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.ports.cloud import NodeRequest
from clocker_actors.settings import load
from tests.flows.stories import cluster, new_world, ours, running, tells_all
from tests.flows.support import Driven, InlineExecutor, managed

CLOUD = "simulated:paris"


def yard(size: int = 2, *, keys: str = "", location: str = CLOUD) -> str:
    """A blueprint of one pool; `keys` are further lines, parted by `;`."""
    lines = "".join(f"\n  {line.strip()}" for line in keys.split(";") if line.strip())
    return f"services:\n- type: docker-cloud\n  name: yard\n  location: {location}\n  initialSize: {size}{lines}\n"


def shop(size: int = 3, *, member: str = "") -> str:
    """An application of one cluster on the yard."""
    return cluster(size, member=member).replace("location: local", "location: yard")


def part(name: str) -> LocationSpec:
    """A simulated location as a blueprint names it."""
    nobody = SecretRef("nobody")
    return LocationSpec(LocationKind.SIMULATED, name, cloud=CloudSpec("simulated", name.partition(":")[2], nobody, nobody))


@asynccontextmanager
async def killed(state: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> AsyncIterator[Driven]:
    """A manager that ends as with kill -9; its machines and clouds go on."""
    manager = Manager(load({"state": state}, environ={}), world=world, grounds=grounds, executor=InlineExecutor())  # type: ignore[arg-type]
    await manager.start()
    try:
        yield Driven(manager)
    finally:
        for root in reversed(tuple(manager.kernel.supervisor.roots.values())):
            manager.kernel.supervisor.abandon(root)
        await manager.stop()


def nodes(grounds: SimulatedGrounds) -> list[str]:
    """Names of the machines that the cloud has."""
    return sorted(node.name for cloud in grounds.clouds.values() for node in cloud._nodes.values())


def records(driven: Driven) -> list[object]:
    """What is kept of the yard and its hosts."""
    kept = (*driven.manager.store.all(EntityKind.HOST), *driven.manager.store.all(EntityKind.POOL))
    return [each for each in kept if b'"path":"yard' in (each.body or b"")]


def hosts_up(driven: Driven, pool: str = "yard") -> int:
    return sum(driven.up(entry.uid) for entry in driven.entries(EntityKind.HOST, f"{pool}/"))


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def test_two_hosts_come_up_carry_an_application_and_go(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(2)))
        took = await driven.until(lambda: hosts_up(driven) == 2, 120)
        assert took < 60, "machines are made beside each other"
        made = next(each for each in driven.model.activities.all() if each.effector == "resize")
        await driven.until(lambda: driven.model.activities.get(made.id).state is ActivityState.DONE, 5)  # type: ignore[union-attr]
        assert len(nodes(grounds)) == 2 and all(name.startswith("clocker-main-") for name in nodes(grounds))
        deployed = await driven.ended(await driven.deploy(shop(4)), 120)
        assert deployed.state is ActivityState.DONE and len(ours(world)) == 4
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("yard", "delete"), 120)).state is ActivityState.DONE
        assert not nodes(grounds) and driven.gone("yard") and not driven.entries(EntityKind.HOST, "yard/")
        assert not records(driven)


async def test_sizes_supersede_each_other_and_the_last_one_counts(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1, keys="minSize: 0; maxSize: 6")))
        up = await driven.invoke("yard", "resize", size=6)
        await asyncio.sleep(10)  # some are booting
        down = await driven.invoke("yard", "resize", size=2)
        assert (await driven.ended(up)).state is ActivityState.SUPERSEDED
        assert (await driven.ended(down, 120)).state is ActivityState.DONE
        assert hosts_up(driven) == 2 and len(nodes(grounds)) == 2
        with pytest.raises(BadRequest, match="takes 0 to 6 made hosts, not 7"):
            await driven.invoke("yard", "resize", size=7)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=0), 60)).state is ActivityState.DONE
        assert not nodes(grounds)


async def test_a_pool_that_shrinks_drains_first(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(3, keys="minSize: 0")))
        await driven.until(lambda: hosts_up(driven) == 3, 120)
        await driven.ended(await driven.deploy(shop(6)), 60)
        resize = await driven.invoke("yard", "resize", size=1)
        least = 6

        def ended() -> bool:
            nonlocal least
            least = min(least, len(running(world)))
            found = driven.model.activities.get(resize)
            return found is not None and found.state.ended

        await driven.until(ended, 90)
        assert (await driven.ended(resize)).state is ActivityState.DONE
        assert least == 6 and len(nodes(grounds)) == 1 and len(ours(world)) == 6
        drains = [each for each in driven.model.activities.all() if each.effector == "drain"]
        assert len(drains) == 2 and all(each.parent == resize for each in drains)


async def test_a_drain_makes_the_host_that_it_needs(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1, keys="minSize: 0; maxSize: 3")))
        await driven.until(lambda: hosts_up(driven) == 1, 120)
        await driven.ended(await driven.deploy(shop(4)), 60)
        (host,) = driven.entries(EntityKind.HOST, "yard/")
        drained = await driven.ended(await driven.invoke(host.uid, "drain"), 200)
        assert drained.state is ActivityState.DONE, drained
        assert len(nodes(grounds)) == 2 and len(ours(world)) == 4
        assert {engine.name for engine, _ in running(world)} != {host.name}


async def test_hosts_that_cannot_be_emptied_stay_and_the_order_says_so(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(2, keys="minSize: 0")))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
        await driven.ended(await driven.deploy(shop(4)), 60)
        ended = await driven.ended(await driven.invoke("yard", "resize", size=0), 120)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "docker-2", "cannot be emptied", "cordoned")
        assert len(nodes(grounds)) == 2 and len(running(world)) == 4
        await driven.ended(await driven.invoke("shop", "delete"))
        await driven.until(lambda: len(nodes(grounds)) == 0, 60, "they go once nothing is on them")


async def test_a_pool_that_is_to_be_larger_again_takes_its_hosts_back(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(2, keys="minSize: 0")))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
        await driven.ended(await driven.deploy(shop(12)), 60)
        await driven.invoke("yard", "resize", size=1)
        await asyncio.sleep(0.7)
        assert any(entry.facts["cordoned"] for entry in driven.entries(EntityKind.HOST, "yard/"))
        assert (await driven.ended(await driven.invoke("yard", "resize", size=2), 60)).state is ActivityState.DONE
        await driven.until(lambda: not any(entry.facts["cordoned"] for entry in driven.entries(EntityKind.HOST, "yard/")), 10)
        assert len(nodes(grounds)) == 2 and len(running(world)) >= 12


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
        await driven.ended(await driven.deploy(yard(0, keys="minSize: 0; maxSize: 3")))
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
        await driven.ended(await driven.deploy(yard(1)))
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
        await driven.ended(await driven.deploy(yard(1, keys="onFailure: destroy; machineCreateAttempts: 3")))
        made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
        ended = await driven.ended(made, 3000)
        assert ended.state is ActivityState.FAILED and grounds.clouds["simulated:paris"]._made == 3
        assert not nodes(grounds) and not driven.entries(EntityKind.HOST, "yard/")


async def test_an_installation_that_fails_goes_on_from_there(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, odds=CloudOdds(install=1.0))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(2)))
        await driven.until(lambda: hosts_up(driven) == 2, 200)
        assert grounds.clouds["simulated:paris"]._made == 2


async def test_a_quota_ends_the_order_and_a_later_one_goes_on(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, quota=2)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(3, keys="minSize: 0; maxSize: 5")))
        made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
        ended = await driven.ended(made, 100)
        assert ended.state is ActivityState.FAILED and hosts_up(driven) == 2
        tells_all(ended.problem, "no more than 2 machines", "2 hosts of 3")
        for cloud in grounds.clouds.values():
            cloud.quota = 9
        assert (await driven.ended(await driven.invoke("yard", "resize", size=3), 100)).state is ActivityState.DONE
        assert hosts_up(driven) == 3


async def test_machines_that_exist_are_lent_and_come_back(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    byon = "'byon:(hosts=\"10.9.0.{1..3}\")'"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(2, location=byon, keys="minSize: 0")))
        await driven.until(lambda: hosts_up(driven) == 2, 60)
        assert sorted(grounds.machines) == ["10.9.0.1", "10.9.0.2"]
        assert (await driven.ended(await driven.invoke("yard", "resize", size=0), 60)).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("yard", "resize", size=3), 60)).state is ActivityState.DONE
        await driven.ended(await driven.deploy(shop(3)), 60)
        await driven.ended(await driven.invoke("shop", "delete"), 60)
        assert (await driven.ended(await driven.invoke("yard", "delete"), 60)).state is ActivityState.DONE
        assert not ours(world)


async def test_several_locations_are_used_in_order(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    several = "['byon:(hosts=\"10.9.0.{1..2}\")', 'simulated:paris']"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(4, location=several)))
        await driven.until(lambda: hosts_up(driven) == 4, 100)
        assert len(grounds.machines) == 2 and len(nodes(grounds)) == 2


async def test_an_empty_pool_grows_for_an_application_by_as_many_hosts_as_it_needs(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    keys = "minSize: 0; maxSize: 5; strategies: [{MaxContainers: {maxContainers: 4}}]"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(0, keys=keys)))
        deployed = await driven.ended(await driven.deploy(shop(10)), 200)
        assert deployed.state is ActivityState.DONE and len(ours(world)) == 10
        assert len(nodes(grounds)) == 3, "ceil(10 / 4), asked for at once"
        grown = [each for each in driven.model.decisions.of_subject(driven.model.resolve("yard")) if each.kind == "grow"]
        assert [each.action for each in grown] == ["make 3 hosts more"]
        await driven.ended(await driven.invoke("shop/web", "resize", size=12), 60)
        assert len(nodes(grounds)) == 3
        await driven.ended(await driven.invoke("shop/web", "resize", size=13), 100)
        assert len(nodes(grounds)) == 4 and len(ours(world)) == 13
        beyond = await driven.ended(await driven.invoke("shop/web", "resize", size=25), 200)
        assert beyond.state is ActivityState.FAILED
        tells_all(beyond.problem, "most hosts that it may have, 5")
        assert len(nodes(grounds)) == 5 and len(ours(world)) == 20


async def test_what_no_new_host_could_take_makes_none(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1, keys="maxSize: 5")))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        ended = await driven.ended(await driven.deploy(shop(2, member="memory: 64g")), 60)
        assert ended.state is ActivityState.FAILED and len(nodes(grounds)) == 1
        tells_all(ended.problem, "no new host would do: a new host has", "68,719 MB wanted")


async def test_machines_that_belong_to_no_host_are_told_and_destroyed_only_when_asked(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1)))
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
        await driven.ended(await driven.deploy(yard(2)))
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
        await driven.ended(await driven.deploy(yard(2, keys="minSize: 0")))
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
        tells_all(activity.note, "docker-2 runs 1 container", "not ours")
        await engine.kill(foreign)
        await engine.remove(foreign)
        await driven.ended(delete, 100)
        assert not nodes(grounds) and driven.gone("yard")


async def test_a_manager_that_begins_anew_waits_for_its_made_hosts_before_it_makes_more(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    keys = "minSize: 0; maxSize: 5; strategies: [{MaxContainers: {maxContainers: 4}}]"
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.ended(await driven.deploy(yard(2, keys=keys)))
        await driven.until(lambda: hosts_up(driven) == 2, 100)
        await driven.deploy(shop(8))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.value("shop/web", "group.members.up") == 8, 60)
        assert len(nodes(grounds)) == 2


async def test_this_machine_is_a_location_too(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1, location="localhost")))
        await driven.until(lambda: hosts_up(driven) == 1, 60)
        assert (await driven.ended(await driven.invoke("yard", "delete"), 60)).state is ActivityState.DONE


async def test_a_location_that_nobody_knows_and_passwords_are_refused(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        with pytest.raises(BadRequest, match="'ireland' is not in the settings"):
            await driven.deploy(yard(1, location="ireland"))
        with pytest.raises(BadRequest, match="has the hosts that its blueprint lists"):
            await driven.invoke("local", "resize", size=2)
