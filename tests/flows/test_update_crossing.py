"""Does an update come to a good end when something else happens to the same service: another command, a lack of room, a dependency that goes, a cancel?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import CancelActivity
from tests.flows.stories import cluster, new_world, one, running, well
from tests.flows.support import PERSON, managed
from tests.flows.test_moving import Least
from tests.flows.test_update_clusters import NEW, OLD
from tests.flows.test_update_members import V2, boxes, images


@pytest.mark.parametrize("effector", ["stop", "restart", "delete", "start", "move"])
@pytest.mark.parametrize("after", [0.0, 0.3, 1.0])
async def test_another_order_crosses_an_update(tmp_path: Path, effector: str, after: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        update = await driven.deploy(one(image=V2))
        await asyncio.sleep(after)
        await driven.ended(await driven.invoke("shop/web", effector))
        assert (await driven.ended(update)).state.ended
        await well(driven, world)
        assert images(world) == ([] if effector in {"stop", "delete"} else [NEW])


@pytest.mark.parametrize("size", [1, 3])
async def test_an_update_that_is_taken_back_leaves_what_still_runs(tmp_path: Path, size: int) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(size)))
        update = await driven.deploy(cluster(size, image=V2))
        await driven.until(lambda: len(running(world)) == size + 1)
        await driven.manager.kernel.ask("root", CancelActivity(update, PERSON), 5.0)
        assert (await driven.ended(update)).state is ActivityState.CANCELLED
        await asyncio.sleep(30)
        await well(driven, world)
        assert images(world) == [OLD] * size
        tried = [entry for entry in driven.entries(EntityKind.MEMBER, "shop/web/") if "cancelled" in str(entry.facts.get("update_failed"))]
        assert len(tried) == size
        again = await driven.ended(await driven.deploy(cluster(size, image=V2)))
        assert again.state is ActivityState.DONE, again
        await driven.until(lambda: images(world) == [NEW] * size)
        await well(driven, world)


async def test_who_finds_no_room_is_placed_as_soon_as_the_file_wants_less(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(one(keys="memory: 100g")))).state is ActivityState.FAILED
        done = await driven.ended(await driven.deploy(one(keys="memory: 64m")))
        assert done.state is ActivityState.DONE, done
        assert driven.up("shop/web")
        await well(driven, world)


async def test_who_waits_for_what_the_file_does_not_name_any_more_starts(tmp_path: Path) -> None:
    world = new_world()
    other = "- type: docker:clocker/exits:1\n  id: db\n  healing: false\n"
    async with managed(tmp_path / "s", world=world) as driven:
        failed = await driven.ended(await driven.deploy(one(keys="dependsOn: [db]") + other), 400)
        assert failed.state is ActivityState.FAILED
        done = await driven.ended(await driven.deploy(one()), 120)
        assert done.state is ActivityState.DONE, done
        assert driven.up("shop/web")
        await driven.until(lambda: driven.gone("shop/db"))
        await well(driven, world)


async def test_a_new_container_waits_for_what_the_file_adds_for_it(tmp_path: Path) -> None:
    world = new_world()
    env = 'env: {DB: \'$brooklyn:component("db").attributeWhenReady("host.address")\', SIMULATED_READY: "1"}; dependsOn: [db]'
    other = "- type: docker:clocker/web:1\n  id: db\n  env: {SIMULATED_READY: '5'}\n  readiness: {http: {port: 80, path: /}, period: 1s, timeout: 1s}\n  ports: [80]\n"
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        least = Least(driven, world)
        update = await driven.deploy(one(keys=env) + other)
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert least.up == 1
        told = [engine.asked_of(seen.id).spec.env.get("DB") for engine, seen in running(world)]
        assert driven.value("shop/db", "host.address") in told
        await well(driven, world)


async def test_what_is_unwell_and_was_given_up_is_mended(tmp_path: Path) -> None:
    world = new_world()
    keys = "healing: false; health: {http: {port: 80, path: /}, period: 1s, timeout: 1s}; ports: [80]"
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys=keys)))
        engine, seen = running(world)[0]
        engine.sicken(seen.name)
        await driven.until(lambda: driven.value("shop/web", "service.state") == "on-fire")
        only_policies = await driven.ended(await driven.deploy(one(keys=f"{keys}; startTimeout: 50s")), 120)
        assert only_policies.state is ActivityState.FAILED
        assert driven.value("shop/web", "service.state") == "on-fire"
        bad = await driven.ended(await driven.deploy(one(image="docker:clocker/missing:1", keys=keys)), 120)
        assert bad.state is ActivityState.FAILED
        assert driven.value("shop/web", "service.state") == "on-fire"
        done = await driven.ended(await driven.deploy(one(image=V2, keys=keys)), 120)
        assert done.state is ActivityState.DONE, done
        assert driven.up("shop/web")
        await well(driven, world)


@pytest.mark.parametrize("lead", ["type: group", "type: docker:clocker/web:1"])
async def test_services_below_a_service_follow(tmp_path: Path, lead: str) -> None:
    def text(image: str) -> str:
        return (
            f"name: shop\nlocation: local\nservices:\n- {lead}\n  id: web\n  brooklyn.children:\n"
            f"  - type: docker:{image}\n    id: one\n  - type: docker:clocker/web:7\n    id: two\n"
        )

    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(text("clocker/web:1")))
        kept = {
            box
            for box, image in zip([seen.id for _, seen in running(world)], [seen.image for _, seen in running(world)], strict=True)
            if image != OLD
        }
        done = await driven.ended(await driven.deploy(text("clocker/web:2")))
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: NEW in images(world) and len(running(world)) == (2 if "group" in lead else 3))
        assert kept <= {seen.id for _, seen in running(world)}
        failed = await driven.ended(await driven.deploy(text("clocker/missing:1")), 120)
        assert failed.state is ActivityState.FAILED
        assert "one" in failed.problem and "what ran before goes on" in failed.problem
        await well(driven, world)


async def test_only_what_is_no_containers_changes_nothing_that_runs(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        before = boxes(world)
        done = await driven.ended(await driven.deploy(one(keys="healing: false; startTimeout: 33s; tags: [a]; leaveDelay: 3s")))
        assert done.state is ActivityState.DONE, done
        assert boxes(world) == before
        await well(driven, world)


async def test_an_engine_that_dies_while_it_changes_what_runs(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="memory: 64m")))
        engine = running(world)[0][0]
        engine.slow(20)
        update = await driven.deploy(one(keys="memory: 128m"))
        await asyncio.sleep(0.1)
        engine.crash()
        assert (await driven.ended(update, 120)).state.ended  # with the host's silence as its problem, perhaps
        engine.slow(1)
        engine.recover()
        await driven.until(lambda: driven.up("shop/web"))
        await asyncio.sleep(20)
        assert [box[2].memory for box in boxes(world) if box[2] is not None] == [128 << 20]
        await well(driven, world)
