"""Does a cluster become what a changed file says one member after the other, never with fewer that serve than it may have, and does it stop where that fails?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.admin.views import application_views
from clocker_actors.entities.members.member import Member
from clocker_actors.entities.services.application import Application
from clocker_actors.entities.services.cluster import Cluster
from clocker_actors.kernel import Actor
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_MEMBER, EntityKind
from clocker_actors.model.specs import Resources
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import cluster, new_world, running, tells_all, well
from tests.flows.support import managed
from tests.flows.test_manager_dies import killed
from tests.flows.test_moving import Least
from tests.flows.test_update_members import MB, V2, boxes, images

OLD, NEW = "clocker/web:1", "clocker/web:2"


async def test_members_follow_one_by_one_and_all_serve_all_the_time(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        least = Least(driven, world)
        update = await driven.deploy(cluster(3, image=V2))
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert (least.up, least.most <= 5) == (3, True)
        await driven.until(lambda: images(world) == [NEW] * 3)
        began = sorted(
            (each.began, each.ended)
            for entry in driven.entries(EntityKind.MEMBER, "shop/web/")
            for each in driven.model.activities.of_entity(entry.uid)
            if each.effector == "update"
        )
        assert len(began) == 3
        await well(driven, world)


async def test_a_change_in_place_leaves_all_containers(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="memory: 64m")))
        before = boxes(world)
        done = await driven.ended(await driven.deploy(cluster(3, member="memory: 96m")))
        assert done.state is ActivityState.DONE, done
        assert boxes(world) == [(identity, generation, Resources(memory=96 * MB)) for identity, generation, _ in before]
        await driven.ended(await driven.invoke("shop/web", "resize", size=4))
        assert [box[2] for box in boxes(world)] == [Resources(memory=96 * MB)] * 4
        await well(driven, world)


async def test_a_member_that_somebody_stopped_is_not_waited_for(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await driven.ended(await driven.invoke("shop/web/2", "stop"))
        done = await driven.ended(await driven.deploy(cluster(3, image=V2)))
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: images(world) == [NEW] * 2)
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=4))).state is ActivityState.DONE
        await driven.ended(await driven.invoke("shop/web/2", "start"))
        await driven.until(lambda: images(world) == [NEW] * 4)
        await well(driven, world)


@pytest.mark.parametrize("image", ["docker:clocker/missing:2", "docker:clocker/exits:2", "docker:clocker/never-healthy:2"])
async def test_a_bad_image_is_tried_by_one_member_and_stops_nobody(tmp_path: Path, image: str) -> None:
    world = new_world()
    probe = "readiness: {http: {port: 80, path: /}, period: 1s, timeout: 1s}; startTimeout: 20s; ports: [80]"
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member=probe)))
        before = boxes(world)
        least = Least(driven, world)
        update = await driven.deploy(cluster(3, image=image, member=probe))
        await least.while_running(update, 200)
        failed = await driven.ended(update)
        assert failed.state is ActivityState.FAILED, failed
        tells_all(failed.problem, "web", "what ran before goes on")
        assert least.up == 3
        await asyncio.sleep(60)
        assert boxes(world) == before
        tried = [entry.path for entry in driven.entries(EntityKind.MEMBER, "shop/web/") if "update_failed" in entry.facts]
        assert len(tried) == 1
        assert driven.up("shop/web")
        members, web, shop = (driven.entries(EntityKind.MEMBER, "shop/web/"), driven.model.entry("shop/web"), driven.model.entry("shop"))
        assert {str(each.facts["image"]) for each in members} == {OLD}, "what runs, not what the file says"
        assert "3 of 3 members run as before" in str(web.facts["behind"]) and f"docker:{web.facts['image_wanted']}" == image
        assert "what ran before goes on" in str(web.facts["update_failed"]) and str(shop.facts["update_failed"]).startswith("web: ")
        assert application_views(driven.model)[0].problems["update"] == shop.facts["update_failed"]
        back = await driven.ended(await driven.deploy(cluster(3, member=probe)))
        assert back.state is ActivityState.DONE, back
        assert web.facts["image"] == OLD and not {"behind", "update_failed"} & {*web.facts, *shop.facts}
        assert boxes(world) == before
        await well(driven, world)


async def test_those_that_stop_first_go_as_the_quorum_wants(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="duplicate: never", keys="quorum: 2")))
        least = Least(driven, world)
        update = await driven.deploy(cluster(3, image=V2, member="duplicate: never", keys="quorum: 2"))
        await least.while_running(update, 120)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert (least.up, least.most) == (2, 3)
        await driven.until(lambda: images(world) == [NEW] * 3)
        await well(driven, world)


async def test_a_quorum_that_forbids_it_is_said_and_kept(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2, member="duplicate: never", keys="quorum: 2")))
        before = boxes(world)
        failed = await driven.ended(await driven.deploy(cluster(2, image=V2, member="duplicate: never", keys="quorum: 2")), 120)
        assert failed.state is ActivityState.FAILED, failed
        tells_all(failed.problem, "it has to stop before it starts anew", "duplicate: never", "2 have to be")
        assert boxes(world) == before
        mended = await driven.ended(await driven.deploy(cluster(2, image=V2, member="duplicate: never", keys="quorum: 1")), 120)
        assert mended.state is ActivityState.DONE, mended
        await driven.until(lambda: images(world) == [NEW] * 2)
        await well(driven, world)


@pytest.mark.parametrize("member", ["", "duplicate: never"])
async def test_a_cluster_of_one(tmp_path: Path, member: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1, member=member)))
        least = Least(driven, world)
        update = await driven.deploy(cluster(1, image=V2, member=member))
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert least.up == (0 if member else 1)
        await driven.until(lambda: images(world) == [NEW])
        await well(driven, world)


@pytest.mark.parametrize(("size", "after"), [(5, 0.2), (5, 1.0), (2, 0.2), (1, 1.0), (0, 0.5)])
async def test_another_size_during_an_update(tmp_path: Path, size: int, after: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        update = await driven.deploy(cluster(3, image=V2))
        await asyncio.sleep(after)
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=size), 120)).state is ActivityState.DONE
        done = await driven.ended(update, 120)
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: images(world) == [NEW] * size)
        await well(driven, world)


async def test_one_that_dies_during_an_update_comes_back_as_the_new(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        update = await driven.deploy(cluster(3, image=V2))
        await driven.until(lambda: len(running(world)) == 4)
        engine, seen = next((engine, seen) for engine, seen in running(world) if seen.image == OLD)
        engine.die(seen.name)
        done = await driven.ended(update, 120)
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: images(world) == [NEW] * 3)
        await well(driven, world)


async def test_a_newer_file_while_members_follow(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await driven.deploy(cluster(3, image=V2))
        await driven.until(lambda: NEW in images(world))
        least = Least(driven, world)
        update = await driven.deploy(cluster(3, image="docker:clocker/web:3"))
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert least.up >= 3
        await driven.until(lambda: images(world) == ["clocker/web:3"] * 3)
        await well(driven, world)


async def test_a_host_is_drained_while_members_follow(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
        update = await driven.deploy(cluster(6, image=V2))
        await asyncio.sleep(0.5)
        drained = await driven.invoke("local/sim-1", "drain")
        done = await driven.ended(update, 120)
        assert done.state is ActivityState.DONE, done
        assert (await driven.ended(drained, 120)).state is ActivityState.DONE
        await driven.until(lambda: images(world) == [NEW] * 6)
        assert "sim-1" not in {engine.name for engine, _ in running(world)}
        await well(driven, world)


@pytest.mark.parametrize(
    ("crashed", "path"), [(Member, "shop/web/1"), (Member, "shop/web/2"), (Cluster, "shop/web"), (Application, "shop")]
)
async def test_whoever_crashes_all_members_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashed: type[Actor], path: str) -> None:
    faulty(monkeypatch, crashed)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await driven.deploy(cluster(3, image=V2))
        await driven.until(lambda: len(running(world)) == 4)
        driven.manager.kernel.tell(driven.model.resolve(path), Poison())
        await driven.until(lambda: images(world) == [NEW] * 3, 60)
        await well(driven, world)
        assert (await driven.ended(await driven.deploy(cluster(3, image=V2)))).state is ActivityState.DONE


@pytest.mark.parametrize("after", [0.0, 0.1, 0.6, 1.5, 3.0])
@pytest.mark.parametrize("member", ["", "duplicate: never"])
async def test_the_manager_dies_while_members_follow(tmp_path: Path, after: float, member: str) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member=member)))
        await driven.deploy(cluster(3, image=V2, member=member))
        await asyncio.sleep(after)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 60)
        done = await driven.ended(await driven.deploy(cluster(3, image=V2, member=member)), 120)
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: images(world) == [NEW] * 3)
        assert len({seen.labels[LABEL_MEMBER] for _, seen in running(world)}) == 3
        await well(driven, world)
