"""What stands on a host is looked at before its machine goes: nothing is destroyed because a manager has just begun, or because an engine is silent."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.flows.poolside import begun, hosts_up, killed, nodes, shop, yard
from tests.flows.stories import new_world, tells_all
from tests.flows.support import managed

IMAGE = "clocker/web:1"


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def theirs(engine: SimulatedEngine) -> str:
    """A container that runs there and is not ours."""
    await engine.pull(IMAGE)
    foreign = await engine.create(ContainerRequest("theirs", IMAGE, ContainerSpec(ImageSpec(IMAGE)), {}, {}, {}))
    await engine.start(foreign)
    return foreign


async def test_a_manager_that_begins_anew_destroys_no_host_with_containers_of_others(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await begun(driven, yard(2, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
        for name in nodes(grounds):
            await theirs(world.engine(name))
        await asyncio.sleep(20)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=0), 120)).state is ActivityState.FAILED
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(60)
        assert len(nodes(grounds)) == 2
        for engine in (world.engine(name) for name in nodes(grounds)):
            await engine.kill("theirs")
            await engine.remove("theirs")
        await driven.until(lambda: not nodes(grounds), 120, "they go once nothing is on them")


async def test_nor_one_with_the_volumes_of_an_application_that_is_stopped(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await begun(driven, yard(2, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
        await driven.ended(await driven.deploy(shop(4, member="volumes: [pages:/data]")), 60)
        await driven.ended(await driven.invoke("shop", "stop"), 60)
        await driven.ended(await driven.invoke("yard", "resize", size=0), 120)
        assert len(nodes(grounds)) == 2
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(90)
        assert len(nodes(grounds)) == 2


async def test_a_host_that_is_silent_since_the_manager_began_is_not_taken_for_an_empty_one(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    keys = "minSize: 0; removeEmpty: true; idleTime: 2m"
    async with killed(tmp_path / "s", world, grounds) as driven:
        await begun(driven, yard(1, keys=keys))
        await driven.until(lambda: hosts_up(driven) == 1, 120)
        engine = world.engine(nodes(grounds)[0])
        await theirs(engine)
    engine.partition()
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(200)
        resize = await driven.invoke("yard", "resize", size=0)
        tells_all((await driven.ended(resize, 120)).problem, "docker-1", "does not answer")
        assert nodes(grounds) == [engine.name]
        engine.heal()
        await asyncio.sleep(60)
        assert nodes(grounds) == [engine.name]


async def test_a_pool_that_is_deleted_gives_a_dead_machine_back_in_bounded_time(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with killed(tmp_path / "s", world, grounds) as driven:
        await begun(driven, yard(2))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
    world.engine(nodes(grounds)[0]).partition()
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: not driven.gone("yard"), 10)
        assert (await driven.ended(await driven.invoke("yard", "delete"), 200)).state is ActivityState.DONE
        assert not nodes(grounds) and driven.gone("yard")


@pytest.mark.parametrize("how", ["paused", "exited"])
async def test_what_is_not_ours_counts_whether_it_runs_or_not(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, how: str
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 1, 120)
        engine = world.engine(nodes(grounds)[0])
        foreign = await theirs(engine)
        if how == "paused":
            engine.pause(foreign)
        else:
            await engine.kill(foreign)
        ended = await driven.ended(await driven.invoke("yard", "resize", size=0), 120)
        assert ended.state is ActivityState.FAILED and nodes(grounds) == [engine.name]
        tells_all(ended.problem, "docker-1", "1 container", "not ours")
        before = len(driven.model.activities.all())
        await asyncio.sleep(120)
        assert nodes(grounds) == [engine.name] and len(driven.model.activities.all()) == before, "not tried in vain for ever"
        await engine.remove(foreign)
        await driven.until(lambda: not nodes(grounds), 120)


async def test_an_engine_too_busy_to_say_what_is_on_it_is_asked_again(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 1, 120)
        engine = world.engine(nodes(grounds)[0])
        engine.hang()
        await driven.invoke("yard", "resize", size=0)
        await asyncio.sleep(30)
        assert nodes(grounds) == [engine.name]
        engine.resume()
        await driven.until(lambda: not nodes(grounds), 90)
