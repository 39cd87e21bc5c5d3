"""Do hosts become alike when one joins, one member of a cluster at a time, and does a host that comes and goes not set everything moving?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.admin.moves import rebalance_plan
from clocker_actors.admin.types import type_table
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.values import Value
from tests.flows.stories import running, well
from tests.flows.support import Driven, managed
from tests.flows.test_draining import Watch, cancel, on, prepared


async def uneven(driven: Driven, hosts: int = 3, size: int = 6) -> None:
    """A pool whose last host was cordoned while everything was placed."""
    await prepared(driven, hosts, 0)
    await driven.ended(await driven.invoke(f"yard/h{hosts}", "cordon"))
    await driven.ended(await driven.invoke("shop/web", "resize", size=size))
    await driven.ended(await driven.invoke(f"yard/h{hosts}", "uncordon"))


async def test_a_person_has_it_rebalanced(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await uneven(driven)
        assert [on(world, name) for name in ("h1", "h2", "h3")] == [3, 3, 0]
        await driven.until(lambda: driven.value("yard", "docker.pool.load.spread") == 100, 2)
        planned = rebalance_plan(driven.model.entry("yard"), driven.manager.store, driven.model, type_table(), 10)
        assert [(move.to, round(move.after)) for move in planned.moves] == [("h3", 67), ("h3", 0)]
        watch = Watch(driven, world)
        ended = await watch.over(await driven.invoke("yard", "rebalance"))
        assert ended.state is ActivityState.DONE and ended.result == 2
        assert [on(world, name) for name in ("h1", "h2", "h3")] == [2, 2, 2]
        assert (watch.least_running, watch.most_running) == (6, 7), "one of a cluster at a time, start-first"
        again = await driven.ended(await driven.invoke("yard", "rebalance"))
        assert again.state is ActivityState.DONE and again.result == 0
        decided = [each for each in driven.model.decisions.of_subject(ended.entity) if each.kind == "rebalance"]
        assert "shop/web/" in decided[0].steps[0] and "to h3" in decided[0].steps[0]
        assert not decided[-1].action
        await well(driven, world)


async def test_the_policy_does_it_by_itself_once_hosts_are_steady(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await uneven(driven)
        await driven.ended(await driven.invoke("yard", "add_policy", type="rebalancer"))
        await asyncio.sleep(60)
        assert on(world, "h3") == 0, "not before the hosts have been the same for two minutes"
        await driven.until(lambda: [on(world, name) for name in ("h1", "h2", "h3")] == [2, 2, 2], 200)
        await asyncio.sleep(300)
        assert len([each for each in driven.model.activities.all() if each.effector == "rebalance"]) == 1
        await well(driven, world)


async def test_without_the_policy_nothing_moves(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await uneven(driven)
        await asyncio.sleep(1200)
        assert on(world, "h3") == 0
        assert not [each for each in driven.model.activities.all() if each.effector in {"move", "rebalance"}]


SHORT = {"stabilisation": "10s", "period": "5s"}


@pytest.mark.parametrize("config", [{}, SHORT])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_host_that_flaps_causes_at_most_two_moves(tmp_path: Path, seed: int, config: dict[str, Value]) -> None:
    """Ten minutes long, every 30 s. What was moved there before and is lost with it is replaced once, and not moved there again and again."""
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await uneven(driven, 3, 8)
        await driven.ended(await driven.invoke("yard", "add_policy", type="rebalancer", config=config))
        engine = world.engine("h3")
        for _ in range(10):
            await asyncio.sleep(30)
            engine.partition()
            await asyncio.sleep(30)
            engine.heal()
        moves = [each for each in driven.model.activities.all() if each.effector == "move"]
        assert len(moves) <= 2 and bool(moves) is bool(config), "in half a minute a host is not steady unless somebody says so"
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 60)
        await well(driven, world)
        assert len(running(world)) == 8
        begun = sum(int(str(driven.value(entry.uid, "generation"))) for entry in driven.entries(EntityKind.MEMBER, "shop/"))
        assert begun <= 8 + 2 * len(moves), "each moved there once, and away once"


async def test_a_newer_order_counts_its_own_moves_alone(tmp_path: Path) -> None:
    """What the older one has begun goes on; it is neither asked for once more nor counted, and its failures are not told of the newer one."""
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await uneven(driven, 3, 12)
        first = await driven.invoke("yard", "rebalance")
        await driven.until(lambda: on(world, "h3") >= 1, 20)
        second = await driven.invoke("yard", "rebalance", moves=2)
        seen: list[tuple[int, int]] = []

        def over() -> bool:
            found = driven.model.activities.get(second)
            if found is not None and (found.done, found.total) not in seen:
                seen.append((found.done, found.total))
            return found is not None and found.state.ended

        await driven.until(over, 60)
        ended = await driven.ended(second)
        assert (await driven.ended(first)).state is ActivityState.SUPERSEDED
        assert ended.state is ActivityState.DONE and ended.result == 2, ended
        assert seen == sorted(seen) and all(0 <= done <= total for done, total in seen) and seen[-1] == (2, 2), seen
        await driven.until(lambda: all(each.state.ended for each in driven.model.activities.all()), 30)
        moves = [each for each in driven.model.activities.all() if each.effector == "move"]
        assert all(each.state is ActivityState.DONE for each in moves), moves
        assert len(moves) == on(world, "h3") == 3
        assert (await driven.ended(await driven.invoke("yard", "rebalance"))).state is ActivityState.DONE
        await well(driven, world)


async def test_a_rebalancing_that_is_taken_back(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await uneven(driven, 3, 12)
        activity = await driven.invoke("yard", "rebalance")
        await driven.until(lambda: on(world, "h3") >= 1, 20)
        await cancel(driven, "yard", activity)
        assert (await driven.ended(activity)).state is ActivityState.CANCELLED
        await asyncio.sleep(20)
        assert on(world, "h3") <= 2
        await well(driven, world)
