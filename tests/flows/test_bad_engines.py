"""An engine has a bad day: does the service go on elsewhere, and is everything true again afterwards?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import EngineFault
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world, one, ours, running, tells_all, well
from tests.flows.support import Driven, managed


def up(driven: Driven) -> int:
    return int(str(driven.value("shop/web", "group.members.up")))


async def counted_once(driven: Driven, most: int, seconds: float) -> None:
    """For so long, never more members are up than there are members."""
    for _ in range(int(seconds / 0.05)):
        assert up(driven) <= most
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("way", ["hang", "partition", "crash"])
async def test_a_silent_host_is_left_and_swept_when_it_is_back(tmp_path: Path, way: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, engine_grace=10.0) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
        engine = world.engine("sim-2")
        getattr(engine, way)()
        await driven.until(lambda: up(driven) < 6, 30)
        said = str(driven.value("local/sim-2", "service.notUp.indicators"))
        if way == "crash":
            tells_all(said, "engine sim-2", "refuses connections", "start its engine")
        else:
            tells_all(said, "the engine answered no ping within 1 s", "see that its machine is up", "restart an engine that hangs")
        took = await driven.until(lambda: up(driven) == 6, 60)
        assert took < 30
        assert set(hosts(driven)) == {"sim-1", "sim-3"}
        reading = driven.reading("local/sim-2", "docker.containers.total")
        assert reading is not None and reading.unavailable
        await asyncio.sleep(30)
        again = driven.reading("local/sim-2", "docker.containers.total")
        assert again == reading, "unavailable is said once, not per poll"
        assert "sim-2" in str(driven.value("local", "service.problems"))

        {"hang": engine.resume, "partition": engine.heal, "crash": engine.recover}[way]()
        await counted_once(driven, 6, 5)
        await well(driven, world)
        assert not engine.containers, "the stale generations are removed"
        assert driven.value("local", "service.problems") == {}
        grown = await driven.ended(await driven.invoke("shop/web", "resize", size=9))
        assert grown.state is ActivityState.DONE
        assert "sim-2" in hosts(driven), "the host is used again"
        await well(driven, world)


def hosts(driven: Driven) -> set[str]:
    """Names of the hosts on which members are."""
    return {driven.model.entry(str(driven.value(entry.uid, "container.host"))).name for entry in driven.entries(EntityKind.MEMBER)}


async def test_an_engine_that_restarts_quickly_gets_its_containers_back(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
        engine = world.engine("sim-2")
        engine.crash()
        await asyncio.sleep(2.4)
        engine.recover()
        await driven.until(lambda: up(driven) < 6, 30)
        await driven.until(lambda: up(driven) == 6, 30)
        await well(driven, world)


@pytest.mark.parametrize("operation", ["create", "start", "inspect", "image", "stop", "remove"])
async def test_a_lost_reply_is_found_out(tmp_path: Path, operation: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(3)
        for engine in world.engines.values():
            engine.lose_reply(operation, 1)
        done = await driven.ended(await driven.deploy(cluster(3)))
        assert done.state is ActivityState.DONE, done.problem
        await well(driven, world)
        shrunk = await driven.ended(await driven.invoke("shop/web", "resize", size=0))
        assert shrunk.state is ActivityState.DONE
        await well(driven, world)
        assert not ours(world)


async def test_a_lost_reply_on_the_only_host(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        pool = "name: small\nservices:\n- type: docker-cloud\n  name: small\n  hosts:\n  - {name: only, engine: 'simulated://only'}\n"
        await driven.ended(await driven.deploy(pool))
        world.engine("only").lose_reply("start", 1)
        done = await driven.ended(await driven.deploy(one(location="small")))
        assert done.state is ActivityState.DONE, done.problem
        await well(driven, world)


async def test_a_slow_engine(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        world.engine("sim-1").slow(20)
        done = await driven.ended(await driven.deploy(cluster(6)), 200)
        assert done.state is ActivityState.DONE, done.problem
        assert float(str(driven.value("local/sim-1", "engine.start.limit"))) < 1.4
        assert float(str(driven.value("local/sim-2", "engine.start.limit"))) > 1.0
        await well(driven, world)


async def test_every_event_comes_three_times(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        for engine in world.engines.values():
            engine.duplicate_events(3)
        await driven.ended(await driven.deploy(cluster(3)))
        victim = running(world)[0]
        victim[0].die(victim[1].name, 137)
        await driven.until(lambda: up(driven) == 2, 5)
        await driven.until(lambda: up(driven) == 3, 5)
        await well(driven, world)
        assert sum(engine.made["start"] for engine in world.engines.values()) == 4
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not ours(world) and driven.manager.kernel.counters.crashes == 0


async def test_delete_while_a_host_is_down(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        text = cluster(6, member="volumes: [pages:/data]")
        await driven.ended(await driven.deploy(text))
        assert world.engine("sim-2").volume_names
        world.engine("sim-2").partition()
        await asyncio.sleep(20)
        deleted = await driven.ended(await driven.invoke("shop", "delete"), 60)
        assert deleted.state is ActivityState.DONE and driven.gone("shop")
        assert {engine.name for engine, _ in ours(world)} <= {"sim-2"}
        world.engine("sim-2").heal()
        await well(driven, world)
        await driven.until(lambda: not world.engine("sim-2").volume_names, 30)
        assert not ours(world)


async def test_a_host_goes_down_in_the_middle_of_a_delete(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(6, image="docker:clocker/ignores-term:1", member="stopTimeout: 3s")))
        activity = await driven.invoke("shop", "delete")
        await asyncio.sleep(1)
        world.engine("sim-2").hang()
        assert (await driven.ended(activity, 60)).state is ActivityState.DONE
        world.engine("sim-2").resume()
        await well(driven, world)
        assert not ours(world)


async def test_a_host_goes_down_in_the_middle_of_a_deploy(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(cluster(9))
        await driven.until(lambda: bool(world.engine("sim-2").containers), 10)
        world.engine("sim-2").partition()
        done = await driven.ended(activity, 120)
        assert done.state is ActivityState.DONE, done.problem
        await driven.until(lambda: up(driven) == 9, 60)
        world.engine("sim-2").heal()
        await counted_once(driven, 9, 5)
        await well(driven, world)


async def test_all_hosts_are_down_and_come_back(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        for engine in world.engines.values():
            engine.partition()
        await driven.until(lambda: up(driven) == 0, 30)
        await driven.until(lambda: "no host answers" in str(driven.value("local", "service.notUp.indicators")), 2)
        refused = await driven.ended(await driven.invoke("shop/web", "resize", size=4), 60)
        assert refused.state is ActivityState.FAILED
        tells_all(refused.problem, "no host answers", "sim-1")
        for engine in world.engines.values():
            engine.heal()
        await driven.until(lambda: up(driven) == 4, 120)
        await well(driven, world)


async def test_a_container_restarted_by_its_engine_is_no_failure(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1, member="restart: always")))
        engine, seen = running(world)[0]
        before = seen.name
        engine.die(seen.name, 1)
        await asyncio.sleep(8)
        assert running(world)[0][1].name == before and up(driven) == 1
        assert not [a for a in driven.model.activities.all() if a.effector == "restart"]
        await well(driven, world)


async def test_a_container_that_its_engine_gives_up_is_a_failure(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1, member="restart: on-failure:1")))
        engine, seen = running(world)[0]
        for _ in range(2):
            engine.die(seen.name, 7)
            await asyncio.sleep(1)
        await driven.until(lambda: any(name.endswith("g2") for name in names(world)), 20)
        await well(driven, world)


def names(world: SimulatedWorld) -> list[str]:
    return [seen.name for _, seen in running(world)]


async def test_a_container_removed_by_somebody(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        engine, seen = running(world)[0]
        await engine.remove(seen.name)
        await driven.until(lambda: up(driven) == 2, 5)
        await driven.until(lambda: up(driven) == 3, 10)
        await well(driven, world)


async def test_a_killed_container_with_a_fixed_port_gets_it_again_on_a_full_host(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        pool = (
            "name: small\nservices:\n- type: docker-cloud\n  name: small\n  hosts:\n  - {name: only, engine: 'simulated://only'}\n"
            "  strategies:\n  - MaxContainers: {maxContainers: 1}\n"
        )
        await driven.ended(await driven.deploy(pool))
        await driven.ended(await driven.deploy(one(location="small", keys="directPorts: [8080]")))
        engine, seen = running(world)[0]
        engine.die(seen.name, 1)
        await driven.until(lambda: not driven.up("shop/web"), 5)
        took = await driven.until(lambda: driven.up("shop/web"), 30)
        assert took < 2 and running(world)[0][1].ports["8080/tcp"] == 8080
        await well(driven, world)
        restarted = await driven.ended(await driven.invoke("shop/web", "restart"))
        assert restarted.state is ActivityState.DONE
        await well(driven, world)


async def test_what_cannot_be_removed_is_said_and_tried_again(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        engine, seen = running(world)[0]
        engine.fail("remove", EngineFault("engine refuses remove: device busy; unmount it", status=500, operation="remove"), 5)
        activity = await driven.invoke("shop/web", "stop")
        await asyncio.sleep(5)
        tells_all(str(driven.value("shop/web", "service.problems")), seen.name, engine.name, "device busy; unmount it")
        assert (await driven.ended(activity)).state is ActivityState.DONE
        assert driven.value("shop/web", "service.problems") == {}
        await well(driven, world)
