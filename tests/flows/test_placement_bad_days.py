"""When there is no place for anything: does whoever asks hear what is wrong, where, and one thing to do, and does it go on by itself once that is done?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import BlueprintError
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.telemetry.explain import explain
from tests.flows.poolside import hosts_up, nodes, shop, yard
from tests.flows.stories import new_world, running, tells_all, well
from tests.flows.support import Driven, managed
from tests.flows.test_draining import on, prepared

IMAGE = "clocker/web:1"


def explained(driven: Driven, entity: str) -> str:
    return "\n".join(line.text for _, line in explain(driven.model, entity, driven.manager.kernel.now()).flat())


async def test_a_pool_of_none_that_may_make_none(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, grounds=SimulatedGrounds(world)) as driven:
        await driven.ended(await driven.deploy(yard(0, keys="minSize: 0; maxSize: 0")))
        ended = await driven.ended(await driven.deploy(shop(2)), 120)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "web", "the pool has no hosts", "the most hosts that it may have, 0", "write a larger maxSize")
        tells_all(explained(driven, "shop/web/1"), "the pool has no hosts", "write a larger maxSize")


async def test_a_pool_of_none_without_a_location_is_refused_where_it_stands(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        with pytest.raises(BlueprintError) as refused:
            await driven.deploy("services:\n- type: docker-cloud\n  name: yard\n")
        tells_all(str(refused.value), "test.yaml:2", "hosts", "location")


async def test_all_hosts_cordoned(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 2, 2)
        for host in ("yard/h1", "yard/h2"):
            await driven.ended(await driven.invoke(host, "cordon"))
        ended = await driven.ended(await driven.invoke("shop/web", "resize", size=4), 120)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "2 of 2 hosts refused: 2 by cordoned", "h1", "`clocker uncordon yard/h1`")
        tells_all(explained(driven, "shop/web"), "`clocker uncordon yard/h1` takes it into use again")
        assert len(running(world)) == 2, "who runs there goes on"
        await driven.ended(await driven.invoke("yard/h1", "uncordon"))
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4, 60)
        assert (on(world, "h1"), on(world, "h2")) == (3, 1)
        await well(driven, world)


@pytest.mark.parametrize(("name", "effector"), [("shop", "start"), ("shop/web", "start"), ("shop/web/1", "start"), ("shop/web", "resize")])
async def test_an_order_given_once_there_is_room_does_not_fail_for_the_lack_of_it_before(tmp_path: Path, name: str, effector: str) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 1, 2)
        await driven.ended(await driven.invoke("shop", "stop"))
        await driven.ended(await driven.invoke("yard/h1", "cordon"))
        assert (await driven.ended(await driven.invoke("shop", "start"))).state is ActivityState.FAILED
        await asyncio.sleep(100)
        await driven.ended(await driven.invoke("yard/h1", "uncordon"))
        arguments = {"size": 3} if effector == "resize" else {}
        ended = await driven.ended(await driven.invoke(name, effector, **arguments))
        assert ended.state is ActivityState.DONE, ended.problem
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == driven.value("shop/web", "cluster.size.desired"), 60)


async def test_a_rule_of_a_service_that_contradicts_one_of_its_pool(tmp_path: Path) -> None:
    cloud = "services:\n- type: docker-cloud\n  name: yard\n  affinityRules: [NOT TYPE clocker/web]\n  hosts:\n  - {name: h1, engine: 'simulated://h1'}\n"
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cloud))
        ended = await driven.ended(await driven.deploy(shop(1, member="affinityRules: [REQUIRE TYPE clocker/web]")), 120)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "NOT TYPE clocker/web contradicts REQUIRE TYPE clocker/web", "remove one of them")


async def test_rules_of_one_service_that_contradict_each_other_are_refused_where_they_stand(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        with pytest.raises(BlueprintError) as refused:
            await driven.deploy(shop(1, member="affinityRules: [NOT TYPE db, REQUIRE TYPE db]"))
        tells_all(str(refused.value), "test.yaml:9:", "contradicts", "remove one of them")


async def test_a_rule_that_cannot_be_parsed_is_refused_at_its_word(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        with pytest.raises(BlueprintError) as refused:
            await driven.deploy(shop(1, member="affinityRules: [REQUIRE TIPE db]"))
        tells_all(str(refused.value), "test.yaml:9:29", "TIPE", "TYPE")


async def test_a_drain_says_what_blocks_it_and_what_ends_that(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 2, 4, member="volumes: [pages:/data]")
        ended = await driven.ended(await driven.invoke("yard/h1", "drain"), 120)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "0 of 2 moved", "shop/web/1", "volume", "clocker uncordon yard/h1")
        await driven.ended(await driven.invoke("yard/h1", "uncordon"))
        await well(driven, world)


# --- what a pool does by itself


async def foreigners(world: SimulatedWorld, host: str, count: int) -> None:
    """Containers of others that run there."""
    engine = world.engine(host)
    await engine.pull(IMAGE)
    for number in range(count):
        made = await engine.create(ContainerRequest(f"theirs-{number}", IMAGE, ContainerSpec(ImageSpec(IMAGE)), {}, {}, {}))
        await engine.start(made)


async def test_containers_of_others_fill_a_host_as_ours_do(tmp_path: Path) -> None:
    """With eight allowed on a host, seven of others leave room for one."""
    world = new_world()
    grounds = SimulatedGrounds(world)
    eight = "strategies: [{MaxContainers: {maxContainers: 8}}]"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1, keys=f"minSize: 0; maxSize: 2; {eight}")))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        (full,) = nodes(grounds)
        await foreigners(world, full, 7)
        await asyncio.sleep(40)  # the next look
        await driven.ended(await driven.deploy(shop(3)), 200)
        there = sum(engine.name == full for engine, _ in running(world))
        assert (there, len(running(world)), len(nodes(grounds))) == (1, 3, 2), "for the other two a host was made"


async def test_an_empty_host_is_given_back_only_after_its_whole_idle_time_and_never_with_something_of_others(tmp_path: Path) -> None:
    world = new_world()
    grounds = SimulatedGrounds(world)
    keys = "minSize: 1; maxSize: 5; removeEmpty: true; idleTime: 2m; strategies: [{MaxContainers: {maxContainers: 4}}]"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(1, keys=keys)))
        await driven.ended(await driven.deploy(shop(12)), 200)
        kept = nodes(grounds)[0]
        await foreigners(world, kept, 1)
        for _ in range(4):  # used now and then: the time begins anew
            await driven.ended(await driven.invoke("shop/web", "resize", size=0), 60)
            await asyncio.sleep(100)
            assert len(nodes(grounds)) == 3
            await driven.ended(await driven.invoke("shop/web", "resize", size=11), 60)
        await driven.ended(await driven.invoke("shop/web", "resize", size=0), 60)
        await asyncio.sleep(110)
        assert len(nodes(grounds)) == 3, "not before the time is over"
        await driven.until(lambda: len(nodes(grounds)) == 1, 60)
        await asyncio.sleep(600)
        assert nodes(grounds) == [kept] and len(driven.entries(EntityKind.HOST, "yard/")) == 1
        decided = [each for each in driven.model.decisions.of_subject(driven.model.resolve("yard")) if each.kind == "empty"]
        assert "had no container for 120 s" in decided[0].reason
