"""What a person meets in the first hours: no room, a change of mind, restarts of the manager, and the question why."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.entities.inquiries import Inquiries
from clocker_actors.errors import NotFound
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import Cause
from clocker_actors.model.messages import CancelActivity
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.engine import Engine
from tests.flows.stories import cluster, new_world, one, tells_all, well
from tests.flows.support import Driven, managed


async def cancel(driven: Driven, activity: str) -> None:
    """Take an activity back, as a person would."""
    found = driven.model.activities.get(activity)
    assert found is not None
    await driven.manager.kernel.ask(found.entity, CancelActivity(activity, Cause("test", "tester")), 5.0)


def open_activities(driven: Driven) -> list[str]:
    """Effectors of the activities that have not ended."""
    return [activity.effector for activity in driven.model.activities.all() if not activity.state.ended]


async def comes_up(driven: Driven) -> None:
    """The shop that is in the store is known again, and up."""
    await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 20)


async def test_a_single_service_without_room_fails_at_once_and_says_why(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        failed = await driven.ended(await driven.deploy(one(keys="memory: 900g")), 5)
        assert failed.state is ActivityState.FAILED
        tells_all(failed.problem, "web", "insufficient capacity", "memory")


async def test_a_deploy_that_is_taken_back_is_not_tried_any_more(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(cluster(2, member="env: {SIMULATED_READY: '1000'}; readiness: {http: 8080}; ports: [8080]"))
        await driven.until(lambda: sum(len(engine.containers) for engine in world.engines.values()) == 2, 10)
        await cancel(driven, activity)
        await driven.until(lambda: not open_activities(driven), 10)
        await driven.until(lambda: sum(len(engine.containers) for engine in world.engines.values()) == 0, 30)
        await asyncio.sleep(60)
        assert not open_activities(driven)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE


async def test_what_was_removed_while_no_manager_ran_is_there_again_however_often(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
    for _ in range(3):
        for engine in world.engines.values():
            for container in engine.containers:
                await engine.remove(container.id)
        async with managed(tmp_path / "s", world=world) as again:
            await comes_up(again)
            await well(again, world)


async def test_the_first_placement_is_because_of_the_deploy(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        for text in (one(), cluster(2).replace("shop", "more")):
            activity = await driven.deploy(text)
            await driven.ended(activity)
            mine = {found.id for found in driven.model.activities.all() if activity in (found.id, found.parent)}
            mine |= {found.id for found in driven.model.activities.all() if found.parent in mine}
            placed = [found for found in driven.model.decisions.all() if found.kind == "place"]
            assert placed and placed[-1].cause.id in mine | {activity}
            assert placed[-1].cause.principal == "tester"


def connect(spec: EngineSpec) -> Engine:
    raise AssertionError(f"nobody is to be asked for a log: {spec}")


async def test_the_log_of_what_has_no_container_is_asked_of_its_members(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        logs = Inquiries(driven.model, driven.manager.store, connect).logs
        for name, words in (("shop/web", "name a member, as shop/web/1 or shop/web/2"), ("shop", "name a member, as shop/web/1")):
            with pytest.raises(NotFound, match=f"{name} has no container of its own; {words}"):
                await anext(logs(driven.model.resolve(name), False, 1))
        await driven.ended(await driven.invoke("shop/web", "stop"))
        with pytest.raises(NotFound, match="shop/web/1 has no container now: start it first"):
            await anext(logs(driven.model.resolve("shop/web/1"), False, 1))
        with pytest.raises(NotFound, match="shop/web has no container of its own, nor has anything below it"):
            await anext(logs(driven.model.resolve("shop/web"), False, 1))
