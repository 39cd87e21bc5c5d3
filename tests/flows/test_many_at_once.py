"""Do the Pool's books stay right when many things happen at once, and when two managers share an engine?"""

import asyncio
from pathlib import Path

from clocker_actors.errors import ClockerError
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world, tells_all
from tests.flows.support import Driven, managed

FIXED = """
name: fixed
location: local
services:
- type: cluster
  id: web
  initialSize: 4
  memberSpec:
    type: docker:clocker/web:1
    directPorts: [8080]
"""


def reserved(driven: Driven) -> object:
    """What the Pool says that it has placed."""
    return driven.value("local", "docker.pool.containers")


async def test_each_member_has_its_reservation_however_many_are_placed_at_once(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1)))
        done = await driven.ended(await driven.invoke("shop/web", "resize", size=300), 600)
        assert done.state is ActivityState.DONE
        await asyncio.sleep(2)
        assert reserved(driven) == 300
        placements = [one for one in driven.model.decisions.all() if one.kind == "place"]
        assert placements and all(one.cause.id != "start" for one in placements[-20:]), "why it was placed is the resize, not the start"
        await driven.ended(await driven.invoke("shop/web", "resize", size=2), 600)
        await asyncio.sleep(2)
        assert reserved(driven) == 2


async def test_another_managers_containers_are_never_touched(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "one", world=world) as first:
        await first.ended(await first.deploy(cluster(3)))
    for plane in ("", "same"):
        folder = tmp_path / f"other{plane}"
        async with managed(folder, world=world, plane=plane) if plane else managed(folder, world=world) as second:
            await second.ended(await second.deploy(cluster(2)))
            await asyncio.sleep(60)
            await second.ended(await second.invoke("shop", "delete"))
        assert sum(len(engine.containers) for engine in world.engines.values()) == 3
    async with managed(tmp_path / "one", world=world) as again:
        await again.until(lambda: not again.gone("shop/web") and again.up("shop/web"), 30)
        assert again.value("shop/web", "group.members.up") == 3
        assert again.value("shop/web/1", "generation") == 1, "adopted, not started again"


async def test_a_first_deploy_that_has_no_room_for_all_ends_and_says_why(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        failed = await driven.ended(await driven.deploy(FIXED), 60)
        assert failed.state is ActivityState.FAILED
        tells_all(failed.problem, "web", "insufficient capacity", "8080")
        assert driven.value("fixed/web", "group.members.up") == 3
        done = await driven.ended(await driven.invoke("fixed/web", "resize", size=3))
        assert done.state is ActivityState.DONE
        await driven.until(lambda: driven.up("fixed"), 10)


async def test_a_second_deploy_leaves_the_first_alone(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        first = await driven.deploy(cluster(6))
        second = await driven.deploy(cluster(2).replace("shop", "other"))
        for activity in (first, second):
            assert (await driven.ended(activity)).state is ActivityState.DONE


async def test_a_pool_that_is_somebodys_location_is_not_deleted(tmp_path: Path) -> None:
    pool = "name: more\nservices:\n- type: docker-cloud\n  id: more\n  hosts:\n  - {name: m1, engine: 'simulated://m1'}\n"
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(pool))
        await driven.ended(await driven.deploy(cluster(0).replace("local", "more")))
        try:
            await driven.invoke("more", "delete")
        except ClockerError as refused:
            tells_all(str(refused), "more", "shop", "clocker delete")
        else:
            raise AssertionError("the pool went from under its application")
        await driven.ended(await driven.invoke("shop", "delete"))
        assert (await driven.ended(await driven.invoke("more", "delete"))).state is ActivityState.DONE
        assert driven.gone("more") and len(driven.entries(EntityKind.HOST, "more")) == 0


async def test_a_service_stopped_by_hand_is_no_alarm(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(f"{cluster(2)}- type: docker:clocker/web:1\n  id: solo\n"))
        assert (await driven.ended(await driven.invoke("shop/web", "stop"))).state is ActivityState.DONE
        assert driven.up("shop")
