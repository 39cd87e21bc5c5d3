"""A pool that is to have fewer hosts: whatever dies meanwhile, in the end there are as many as wanted, none is cordoned for ever, and nothing is lost."""

import asyncio
import random
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.entities.hosts.host import Host
from clocker_actors.entities.members.member import Member
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.entities.records import PoolState
from clocker_actors.errors import EngineFault
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.store.codec import decode
from tests.flows.crashing import Poison, faulty
from tests.flows.poolside import begun, hosts_up, killed, nodes, shop, yard
from tests.flows.stories import new_world, running, tells_all, well
from tests.flows.support import Driven, managed

IMAGE = "clocker/web:1"
MOMENTS = [0.05, 0.3, 0.7, 1.2, 1.8, 2.5, 3.5, 5.0]


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def prepared(driven: Driven, hosts: int, members: int, *, keys: str = "minSize: 0; maxSize: 6", member: str = "") -> None:
    """A yard of so many hosts, and a shop on it."""
    await begun(driven, yard(hosts, keys=keys))
    await driven.until(lambda: hosts_up(driven) == hosts, 120)
    await driven.ended(await driven.deploy(shop(members, member=member)), 60)


def cordoned(driven: Driven) -> list[str]:
    """Hosts that take nothing new, by their own word."""
    return [entry.name for entry in driven.entries(EntityKind.HOST, "yard/") if entry.facts["cordoned"]]


def kept(driven: Driven) -> PoolState:
    """What is durable of the yard."""
    body = driven.manager.store.read(EntityKind.POOL, driven.model.resolve("yard"))
    assert body is not None
    return decode(PoolState, body)


async def shrunk(driven: Driven, world: SimulatedWorld, grounds: SimulatedGrounds, size: int, members: int) -> None:
    """All is as it was ordered, and nothing of the way there is left."""
    await driven.until(lambda: not driven.gone("yard"), 10)
    await driven.until(lambda: len(nodes(grounds)) == size and hosts_up(driven) == size, 200)
    await driven.until(lambda: driven.value("shop/web", "group.members.up") == members, 60)
    await well(driven, world)
    assert not cordoned(driven) and len(running(world)) == members
    assert not kept(driven).emptying and not kept(driven).leaving


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_manager_killed_in_the_middle_goes_on(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, moment: float
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await prepared(driven, 5, 15)
        await driven.invoke("yard", "resize", size=2)
        await asyncio.sleep(moment)
        assert len(running(world)) >= 15
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await shrunk(driven, world, grounds, 2, 15)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_so_does_a_pool_that_crashes(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, monkeypatch: pytest.MonkeyPatch, moment: float
) -> None:
    faulty(monkeypatch, Pool)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 5, 15)
        await driven.invoke("yard", "resize", size=2)
        await asyncio.sleep(moment)
        driven.manager.kernel.tell(driven.model.resolve("yard"), Poison())
        await shrunk(driven, world, grounds, 2, 15)


@pytest.mark.parametrize("moment", [0.3, 0.7, 1.2, 2.5])
async def test_a_larger_size_after_a_restart_frees_all_that_was_being_emptied(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, moment: float
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await prepared(driven, 4, 20)
        await driven.invoke("yard", "resize", size=2)
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: not driven.gone("yard"), 10)
        await driven.invoke("yard", "resize", size=4)
        await shrunk(driven, world, grounds, 4, 20)


@pytest.mark.parametrize("restart", [False, True])
async def test_what_a_person_had_cordoned_stays_so_and_nobody_elses_activity_is_cancelled(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, restart: bool
) -> None:
    """The pool's order is the only activity whose parts are taken back, also when it does not know which that was."""
    context = killed if restart else managed
    async with context(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 2, 30)
        for entry in driven.entries(EntityKind.HOST, "yard/"):
            await driven.ended(await driven.invoke(entry.uid, "cordon"))
        await driven.invoke("yard", "resize", size=1)
        await asyncio.sleep(1.0)
        assert kept(driven).emptying and all(kept(driven).emptying.values())
        if not restart:
            await driven.ended(await driven.invoke("yard", "resize", size=2), 60)
            await driven.until(lambda: not kept(driven).emptying, 20)
            assert len(cordoned(driven)) == 2
            assert not any(entry.facts["draining"] for entry in driven.entries(EntityKind.HOST, "yard/"))
            return
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: not driven.gone("yard"), 10)
        await driven.ended(await driven.invoke("yard", "resize", size=2), 60)
        await driven.until(lambda: not kept(driven).emptying, 60)
        assert len(cordoned(driven)) == 2
        assert not any(entry.facts["draining"] for entry in driven.entries(EntityKind.HOST, "yard/"))


async def test_a_host_that_could_not_be_given_back_is_in_use_again_by_its_own_word(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    """What is not ours came so late that no look at the engine has shown it: it is found when the drained host is to go."""
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 2, 8)
        for engine in (world.engine(name) for name in nodes(grounds)):
            foreign = await engine.create(ContainerRequest("theirs", IMAGE, ContainerSpec(ImageSpec(IMAGE)), {}, {}, {}))
            await engine.start(foreign)
        resize = await driven.invoke("yard", "resize", size=1)
        await driven.until(lambda: any(each.effector == "uncordon" for each in driven.model.activities.all()), 60)
        await driven.until(lambda: not cordoned(driven) and not kept(driven).leaving and not kept(driven).emptying, 20)
        tells_all((await driven.ended(resize, 60)).problem, "docker-", "not ours")
        assert len(nodes(grounds)) == 2
        await driven.ended(await driven.invoke("shop/web", "resize", size=12), 60)
        assert min(_ours_on(world, name) for name in nodes(grounds)) >= 4, "both take containers as before"


def _ours_on(world: SimulatedWorld, name: str) -> int:
    return sum(engine.name == name for engine, _ in running(world))


async def test_right_after_a_restart_nobody_goes_before_all_were_heard(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    """One engine takes its time: it is neither taken for an empty one nor drained in the place of one that is empty."""
    async with killed(tmp_path / "s", world, grounds) as driven:
        await prepared(driven, 3, 3)
        await driven.ended(await driven.invoke("shop/web", "resize", size=1))
        (used,) = {engine.name for engine, _ in running(world)}
        await driven.invoke("yard", "resize", size=1)
        await asyncio.sleep(0.01)
    world.engine(used).hang()
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(1.5)
        assert len(nodes(grounds)) >= 1 and used in nodes(grounds)
        world.engine(used).resume()
        await driven.until(lambda: nodes(grounds) == [used], 120)
        await shrunk(driven, world, grounds, 1, 1)


async def test_volumes_that_could_not_be_listed_at_first_keep_their_host(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await prepared(driven, 2, 2, member="volumes: [pages:/data]")
        await driven.ended(await driven.invoke("shop", "stop"), 60)
    for name in nodes(grounds):
        world.engine(name).fail("volumes", EngineFault("database is locked", status=500), 7)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(20)
        resize = await driven.ended(await driven.invoke("yard", "resize", size=0), 120)
        assert resize.state is ActivityState.FAILED and len(nodes(grounds)) == 2
        tells_all(resize.problem, "docker-2", "volumes")
        await asyncio.sleep(300)  # they say it by now
        assert len(nodes(grounds)) == 2


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_ordered_and_dies_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Managers killed, pools, hosts and members crashed, sizes ordered one upon the other: the last one counts."""
    for kind in (Pool, Host, Member):
        faulty(monkeypatch, kind)
    chance = random.Random(seed)
    world = new_world(seed=seed)
    grounds = SimulatedGrounds(world, seed)
    async with killed(tmp_path / "s", world, grounds) as driven:
        await prepared(driven, 5, 15, keys="minSize: 1; maxSize: 6")
        await driven.invoke("yard", "resize", size=2)
        await asyncio.sleep(chance.uniform(0, 4))
    for _ in range(3):
        async with killed(tmp_path / "s", world, grounds) as driven:
            await asyncio.sleep(chance.uniform(0.5, 9))
            for _ in range(chance.randint(1, 4)):
                crowd = [
                    *driven.entries(EntityKind.POOL, "yard"),
                    *driven.entries(EntityKind.HOST, "yard/"),
                    *driven.entries(EntityKind.MEMBER, "shop/"),
                ]
                if chance.random() < 0.4:
                    await driven.invoke("yard", "resize", size=chance.randint(1, 6))
                else:
                    driven.manager.kernel.tell(chance.choice(crowd).uid, Poison())
                await asyncio.sleep(chance.uniform(0, 5))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(2)
        await driven.invoke("yard", "resize", size=2)
        await driven.until(lambda: len(nodes(grounds)) == 2, 400)
        for name in [each for each in world.engines if each.startswith("clocker") and each not in nodes(grounds)]:
            del world.engines[name]  # its machine is no more
        await shrunk(driven, world, grounds, 2, 15)


# --- dead hosts


async def test_a_dead_host_goes_first_once_its_members_are_elsewhere(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 4, 8)
        dead = nodes(grounds)[0]
        world.engine(dead).partition()
        await asyncio.sleep(8)
        resize = await driven.invoke("yard", "resize", size=3)
        await driven.until(lambda: dead not in nodes(grounds), 150)
        assert len(nodes(grounds)) == 3
        assert (await driven.ended(resize, 60)).state is ActivityState.DONE
        assert not [each for each in driven.model.activities.all() if each.effector == "drain"], "no living one was emptied for it"
        del world.engines[dead]  # its machine is no more
        await shrunk(driven, world, grounds, 3, 8)


async def test_one_whose_members_have_nowhere_to_go_is_waited_for(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 3, 12, keys="minSize: 0; maxSize: 3; strategies: [{MaxContainers: {maxContainers: 4}}]")
        dead = nodes(grounds)[0]
        world.engine(dead).partition()
        await asyncio.sleep(10)
        resize = await driven.ended(await driven.invoke("yard", "resize", size=2), 120)
        assert resize.state is ActivityState.FAILED
        tells_all(resize.problem, "docker-", "does not answer")
        await asyncio.sleep(200)
        assert len(nodes(grounds)) <= 3 and len(running(world)) >= 8


async def test_one_that_held_what_is_not_ours_is_not_destroyed_and_a_living_one_goes(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 3, 6)
        dead = world.engine(nodes(grounds)[0])
        foreign = await dead.create(ContainerRequest("theirs", IMAGE, ContainerSpec(ImageSpec(IMAGE)), {}, {}, {}))
        await dead.start(foreign)
        await asyncio.sleep(40)
        dead.partition()
        await asyncio.sleep(20)
        await driven.ended(await driven.invoke("yard", "resize", size=2), 200)
        await asyncio.sleep(200)
        assert dead.name in nodes(grounds) and len(nodes(grounds)) == 2


async def test_while_nothing_is_replaced_no_dead_host_goes(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 3, 6)
        for name in nodes(grounds)[:2]:
            world.engine(name).partition()
        await driven.until(lambda: "healing" in str(driven.value("yard", "service.problems")), 20)
        resize = await driven.ended(await driven.invoke("yard", "resize", size=1), 120)
        assert resize.state is ActivityState.FAILED and len(nodes(grounds)) == 3
        tells_all(resize.problem, "does not answer", "nothing is replaced")
        await asyncio.sleep(200)
        assert len(nodes(grounds)) == 3


async def test_the_end_of_a_pool_does_not_wait_for_ever_for_a_dead_host_with_containers_of_others(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await prepared(driven, 2, 0)
        dead = world.engine(nodes(grounds)[0])
        await dead.pull(IMAGE)
        foreign = await dead.create(ContainerRequest("theirs", IMAGE, ContainerSpec(ImageSpec(IMAGE)), {}, {}, {}))
        await dead.start(foreign)
        await asyncio.sleep(40)
        dead.partition()
        await asyncio.sleep(20)
        await driven.ended(await driven.invoke("shop", "delete"), 60)
        deleted = await driven.ended(await driven.invoke("yard", "delete"), 400)
        assert deleted.state is ActivityState.DONE and deleted.ended is not None and deleted.ended - deleted.began < 240
        assert driven.gone("yard") and nodes(grounds) == [dead.name], "never destroyed"
        tells_all("; ".join(step.note for step in deleted.steps), "docker-", "not ours", "sim-", "left as it is", "by hand")
