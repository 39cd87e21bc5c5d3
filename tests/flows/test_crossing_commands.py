"""Commands that cross each other: does the newest one count, does stop beat start, and does every activity end?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.errors import BadRequest, Conflict, NotFound
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.messages import CancelActivity
from tests.flows.stories import cluster, new_world, one, ours, running, tells_all, well
from tests.flows.support import PERSON, Driven, managed


def up(driven: Driven) -> int:
    return int(str(driven.value("shop/web", "group.members.up")))


async def test_a_resize_up_is_superseded_by_one_down(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        bigger = await driven.invoke("shop/web", "resize", size=20)
        await asyncio.sleep(1)
        smaller = await driven.invoke("shop/web", "resize", size=3)
        assert (await driven.ended(bigger)).state is ActivityState.SUPERSEDED
        assert (await driven.ended(smaller)).state is ActivityState.DONE
        await well(driven, world)
        assert len(running(world)) == 3


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("effector", ["stop", "delete", "restart"])
async def test_a_command_while_it_starts(tmp_path: Path, pause: float, effector: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        deploy = await driven.deploy(cluster(4))
        await driven.until(lambda: not driven.gone("shop/web"), 5)
        await asyncio.sleep(pause)
        activity = await driven.invoke("shop", effector)
        assert (await driven.ended(activity)).state is ActivityState.DONE
        await driven.ended(deploy)
        await well(driven, world)
        assert len(running(world)) == (4 if effector == "restart" else 0)
        if effector == "stop":
            assert driven.value("shop", "service.state") == "stopped"
            assert (await driven.ended(await driven.invoke("shop", "start"))).state is ActivityState.DONE
            await well(driven, world)
            assert len(running(world)) == 4 and driven.up("shop")
        if effector == "delete":
            assert driven.gone("shop") and not driven.manager.store.all(EntityKind.MEMBER)


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.5])
async def test_stop_start_stop_start_in_a_row(tmp_path: Path, pause: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        last = ""
        for _ in range(4):
            await driven.invoke("shop/web", "stop")
            await asyncio.sleep(pause)
            last = await driven.invoke("shop/web", "start")
            await asyncio.sleep(pause)
        assert (await driven.ended(last)).state is ActivityState.DONE
        await well(driven, world)
        assert len(running(world)) == 1


@pytest.mark.parametrize("entity", ["shop", "shop/web", "shop/web/1"])
async def test_restart_gives_fresh_generations(tmp_path: Path, entity: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        before = {seen.id for _, seen in running(world)}
        assert (await driven.ended(await driven.invoke(entity, "restart"))).state is ActivityState.DONE
        await well(driven, world)
        after = {seen.id for _, seen in running(world)}
        assert len(after) == 3 and len(after & before) == (2 if entity == "shop/web/1" else 0)
        assert driven.up("shop")


async def test_a_member_replaced_by_hand_starts_before_the_old_one_stops(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        old = driven.model.resolve("shop/web/2")
        activity = await driven.invoke("shop/web", "replaceMember", member=old)
        least = 3
        while not (found := driven.model.activities.get(activity)) or not found.state.ended:
            least = min(least, len(running(world)))
            await asyncio.sleep(0.01)
        assert found.state is ActivityState.DONE and least == 3
        await well(driven, world)
        assert driven.gone("shop/web/2") and found.result == driven.model.resolve("shop/web/4")
        with pytest.raises(NotFound, match="clocker tree"):
            await driven.invoke("shop/web", "replaceMember", member=old)


async def test_a_member_to_replace_may_be_named_as_people_name_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        for named, path in (("shop/web/2", "shop/web/2"), ("3", "shop/web/3"), ("web-4", "shop/web/4"), ("/shop/web/5/", "shop/web/5")):
            uid = driven.model.resolve(path)
            done = await driven.ended(await driven.invoke("shop/web", "replaceMember", member=named))
            assert (done.state, done.arguments["member"]) == (ActivityState.DONE, uid), named
            await well(driven, world)
            assert driven.gone(path)
        with pytest.raises(NotFound, match="shop/web has no member shop/web/2; "):
            await driven.invoke("shop/web", "replaceMember", member="shop/web/2")


@pytest.mark.parametrize("then", ["resize", "stop", "delete", "kill-old", "again"])
async def test_something_else_happens_during_a_replacement(tmp_path: Path, then: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        activities = [await driven.invoke("shop/web", "replaceMember", member=entry.uid) for entry in driven.entries(EntityKind.MEMBER)]
        await asyncio.sleep(0.05)
        match then:
            case "resize":
                activities.append(await driven.invoke("shop/web", "resize", size=0))
            case "kill-old":
                for engine, seen in running(world):
                    engine.die(seen.name, 1)
            case "again":
                with pytest.raises(BadRequest, match="is being replaced already"):
                    await driven.invoke("shop/web", "replaceMember", member=driven.entries(EntityKind.MEMBER)[0].uid)
            case _:
                activities.append(await driven.invoke("shop/web", then))
        for activity in activities:
            assert (await driven.ended(activity)).state.ended
        await well(driven, world)
        assert len(running(world)) == (0 if then in {"resize", "stop", "delete"} else 2)


async def test_a_stopped_cluster_can_be_resized_restarted_and_not_replaced(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await driven.ended(await driven.invoke("shop/web", "stop"))
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=4))).state is ActivityState.DONE
        assert not running(world)
        with pytest.raises(Conflict, match="start it"):
            await driven.invoke("shop/web", "replaceMember", member=driven.entries(EntityKind.MEMBER)[0].uid)
        assert (await driven.ended(await driven.invoke("shop/web", "restart"))).state is ActivityState.DONE
        await driven.until(lambda: up(driven) == 4, 20)
        await well(driven, world)


async def test_cancelling_a_resize_leaves_what_is_up(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        activity = await driven.invoke("shop/web", "resize", size=30)
        await asyncio.sleep(1.5)
        cluster_uid = driven.model.resolve("shop/web")
        await driven.manager.kernel.ask(cluster_uid, CancelActivity(activity, PERSON), 5.0)
        assert (await driven.ended(activity)).state is ActivityState.CANCELLED
        await well(driven, world)
        assert 2 <= len(running(world)) < 28
        with pytest.raises(NotFound, match="clocker activities"):
            await driven.manager.kernel.ask(cluster_uid, CancelActivity(activity, PERSON), 5.0)


async def test_cancelling_a_deploy_leaves_it_running(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(cluster(3))
        await asyncio.sleep(0.2)
        await driven.manager.kernel.ask(ROOT, CancelActivity(activity, PERSON), 5.0)
        assert (await driven.ended(activity)).state is ActivityState.CANCELLED
        await driven.until(lambda: driven.up("shop"), 20)
        await well(driven, world)


async def test_two_deploys_with_one_name_and_one_nowhere(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        first = await driven.deploy(cluster(1))
        again = await driven.deploy(cluster(1))
        with pytest.raises(BadRequest) as nowhere:
            await driven.deploy(one(location="locl").replace("shop", "other"))
        tells_all(str(nowhere.value), "other", "'locl'", "known are local")
        assert (await driven.ended(first)).state is ActivityState.DONE
        assert (await driven.ended(again)).result == "nothing to do"
        await well(driven, world)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert (await driven.ended(await driven.deploy(cluster(1)))).state is ActivityState.DONE


async def test_delete_twice_and_other_commands_meanwhile(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        first = await driven.invoke("shop", "delete")
        second = await driven.invoke("shop", "delete")
        with pytest.raises(Conflict, match="is being deleted: wait"):
            await driven.invoke("shop", "start")
        await asyncio.sleep(0.01)
        with pytest.raises(Conflict, match="is being deleted: wait"):
            await driven.invoke("shop/web", "resize", size=9)
        assert (await driven.ended(first)).state is ActivityState.SUPERSEDED
        assert (await driven.ended(second)).state is ActivityState.DONE
        await well(driven, world)
        assert not ours(world)


async def test_sizes_have_bounds(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1)))
        for size, words in ((10_001, "0 to 10000 members, not 10001"), (-1, "out of range"), (10**9, "out of range")):
            with pytest.raises(BadRequest, match=words):
                await driven.invoke("shop/web", "resize", size=size)
        with pytest.raises(BadRequest, match="0 to 10000 members, not -1"):
            await driven.invoke("shop/web", "resizeByDelta", delta=-2)
        await well(driven, world)
        assert len(running(world)) == 1


async def test_services_below_services(tmp_path: Path) -> None:
    world = new_world()
    text = (
        "name: shop\nlocation: local\nservices:\n- type: group\n  id: front\n  brooklyn.children:\n"
        "  - type: docker:clocker/web:1\n    id: web\n  - type: cluster\n    id: many\n    initialSize: 2\n    memberSpec:\n      type: docker:clocker/web:1\n"
        "- type: docker:clocker/web:1\n  id: back\n  brooklyn.children:\n  - type: docker:clocker/web:1\n    id: helper\n"
    )
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(text))).state is ActivityState.DONE
        assert len(running(world)) == 5 and driven.up("shop/front") and driven.up("shop/back/helper")
        assert (await driven.ended(await driven.invoke("shop/front", "stop"))).state is ActivityState.DONE
        assert len(running(world)) == 2
        assert (await driven.ended(await driven.invoke("shop/front", "start"))).state is ActivityState.DONE
        assert len(running(world)) == 5
        assert (await driven.ended(await driven.invoke("shop", "restart"))).state is ActivityState.DONE
        await well(driven, world)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        await well(driven, world)
        assert not ours(world) and not driven.manager.store.all(EntityKind.MEMBER)


async def test_a_child_that_cannot_start_is_said_all_the_way_up(tmp_path: Path) -> None:
    world = new_world()
    text = (
        "name: shop\nlocation: local\nservices:\n- type: group\n  id: front\n  brooklyn.children:\n"
        "  - type: docker:clocker/missing:1\n    id: web\n  - type: docker:clocker/web:1\n    id: good\n"
    )
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(text))
        assert done.state is ActivityState.FAILED
        tells_all(done.problem, "front", "web", "clocker/missing:1", "correct the name or tag")
        assert driven.value("shop/front", "service.state") == "on-fire"
        await driven.until(lambda: driven.up("shop/front/good"), 10)
        await well(driven, world)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        assert not ours(world)


async def test_volumes_go_with_the_application(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="volumes: [pages:/data]")))
        assert all(engine.volume_names for engine in world.engines.values())
        await world.engine("sim-1").ensure_volume("somebody-elses", {})
        await driven.ended(await driven.invoke("shop", "delete"))
        assert [name for engine in world.engines.values() for name in engine.volume_names] == ["somebody-elses"]
