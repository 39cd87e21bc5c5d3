"""Policies on a living cluster: healing step by step, scaling by load, capacity that ends, and changes at run time."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.values import Value
from tests.flows.stories import cluster, new_world, one, ours, running, tells_all, well
from tests.flows.support import Driven, managed

SCALED = (
    "  brooklyn.policies:\n  - type: autoscaler\n"
    "    brooklyn.config: {metric: cpu.mean.average, metricLowerBound: 20, metricUpperBound: 60, minPoolSize: 2, maxPoolSize: 8,\n"
    "      resizeUpStabilizationDelay: 1s, resizeDownStabilizationDelay: 5s}\n"
)
SMALL = (
    "name: small\nservices:\n- type: docker-cloud\n  name: small\n  hosts:\n  - {name: first, engine: 'simulated://first'}\n"
    "  - {name: second, engine: 'simulated://second'}\n  strategies:\n  - MaxContainers: {maxContainers: 2}\n"
)
LOAD = "clocker/web:1"


def up(driven: Driven) -> int:
    return int(str(driven.value("shop/web", "group.members.up")))


def size(driven: Driven) -> int:
    return int(str(driven.value("shop/web", "cluster.size.desired")))


async def test_a_cluster_follows_its_load(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2) + SCALED))
        world.offer(LOAD, 400.0)
        took = await driven.until(lambda: up(driven) >= 7, 30)
        assert took < 10
        await asyncio.sleep(20)
        assert 7 <= up(driven) <= 8
        world.offer(LOAD, 0.0)
        await driven.until(lambda: up(driven) == 2 and len(running(world)) == 2, 120)
        await well(driven, world)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not ours(world)


@pytest.mark.parametrize("seed", range(6))
async def test_room_ends_and_comes_again(tmp_path: Path, seed: int) -> None:
    world = new_world(seed=seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SMALL))
        await driven.ended(await driven.deploy(cluster(2).replace("local", "small") + SCALED))
        await driven.ended(await driven.deploy(one(location="small").replace("shop", "other")))
        world.offer(LOAD, 800.0)
        await driven.until(lambda: up(driven) == 3, 30)
        await asyncio.sleep(60)
        failed = [a for a in driven.model.activities.all() if a.effector == "resize" and a.state is ActivityState.FAILED]
        assert failed
        tells_all(failed[-1].problem, "insufficient capacity", "MaxContainers")
        assert up(driven) == 3
        resizes = len([a for a in driven.model.activities.all() if a.effector == "resize"])
        assert resizes < 12, "it does not ask for what cannot be again and again"
        await driven.ended(await driven.invoke("other", "delete"))
        await driven.until(lambda: up(driven) == 4, 330)  # the mark that it set itself for want of room lapses after five minutes
        world.offer(LOAD, 0.0)
        await driven.until(lambda: up(driven) == 2, 120)
        await driven.until(lambda: size(driven) == 2, 60)
        await well(driven, world)


async def test_a_resize_without_room_fails_with_reasons_and_the_cluster_goes_on(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SMALL))
        await driven.ended(await driven.deploy(cluster(3).replace("local", "small")))
        failed = await driven.ended(await driven.invoke("shop/web", "resize", size=6))
        assert failed.state is ActivityState.FAILED
        tells_all(failed.problem, "insufficient capacity", "MaxContainers")
        assert up(driven) == 4
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=4))).state is ActivityState.DONE
        await well(driven, world)


async def test_restarter_then_replacer_then_breaker(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))

        async def kill(path: str) -> None:
            uid = driven.model.resolve(path)
            engine, seen = next((engine, seen) for engine, seen in running(world) if seen.labels["clocker.member"] == uid)
            engine.die(seen.name, 1)
            await driven.until(lambda: up(driven) < 3, 5)
            await driven.until(lambda: up(driven) == 3, 30)

        await kill("shop/web/2")
        assert not driven.gone("shop/web/2"), "the first failure restarts it"
        await driven.until(lambda: driven.up("shop/web/2"), 2)
        await kill("shop/web/2")
        await driven.until(lambda: driven.gone("shop/web/2"), 30)
        assert not driven.gone("shop/web/4"), "the second one replaces it"
        await well(driven, world)
        done = [
            (a.effector, a.cause.principal.partition(":")[2])
            for a in driven.model.activities.all()
            if a.effector in {"restart", "replaceMember"}
        ]
        assert done == [("restart", "service-restarter"), ("replaceMember", "service-replacer")]


async def test_policies_are_added_set_suspended_resumed_and_removed_while_it_runs(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        config: Value = {"metric": "cpu.mean.average", "metricLowerBound": 20, "metricUpperBound": 60, "minPoolSize": 1, "maxPoolSize": 4}
        await driven.ended(await driven.invoke("shop/web", "add_policy", type="autoscaler", config=config))
        world.offer(LOAD, 900.0)
        await driven.until(lambda: up(driven) == 4, 60)
        with pytest.raises(BadRequest, match=r"shop/web has a policy 'autoscaler' already: .* `clocker policies shop/web set autoscaler"):
            await driven.invoke("shop/web", "add_policy", type="autoscaler", config=config)
        with pytest.raises(NotFound, match="autoscaler"):
            await driven.invoke("shop/web", "add_policy", type="autoscalr", config={}, name="x")
        with pytest.raises(BadRequest, match="metricUpperBond"):
            await driven.invoke("shop/web", "add_policy", type="autoscaler", config={"metricUpperBond": 1}, name="y")
        done = await driven.ended(await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"maxPoolSize": 6}))
        assert done.state is ActivityState.DONE
        await driven.until(lambda: up(driven) == 6, 60)
        with pytest.raises(BadRequest, match="maxPoolSize='many'"):
            await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"maxPoolSize": "many"})
        await driven.ended(await driven.invoke("shop/web", "suspend_policy", policy="autoscaler"))
        world.offer(LOAD, 0.0)
        await asyncio.sleep(120)
        assert up(driven) == 6
        await driven.ended(await driven.invoke("shop/web", "resume_policy", policy="autoscaler"))
        await driven.until(lambda: up(driven) == 1, 300)
        await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="autoscaler"))
        with pytest.raises(NotFound, match="shop/web has no policy 'autoscaler'"):
            await driven.invoke("shop/web", "suspend_policy", policy="autoscaler")
        await driven.ended(await driven.invoke("shop/web/1", "remove_policy", policy="service-restarter"))
        await well(driven, world)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 30)
        assert "autoscaler" not in driven.model.entry("shop/web").policies
        assert "service-restarter" not in driven.model.entry("shop/web/1").policies


async def test_ten_thousand_are_bounded_and_a_few_hundred_are_quick(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(cluster(200)), 200)
        assert done.state is ActivityState.DONE, done.problem
        await well(driven, world)
        assert len(driven.entries(EntityKind.CONTAINER)) == 200
        await driven.ended(await driven.invoke("shop", "delete"), 200)
        assert not ours(world)


async def test_an_autoscaler_without_bounds_keeps_those_of_its_cluster(tmp_path: Path) -> None:
    world = new_world()
    bare = SCALED.replace(" minPoolSize: 2, maxPoolSize: 8,", "")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3) + "  minSize: 2\n  maxSize: 5\n" + bare))
        await driven.until(lambda: up(driven) == 2, 120)
        world.offer(LOAD, 800.0)
        await driven.until(lambda: up(driven) == 5, 60)
    async with managed(tmp_path / "s", world=world) as driven:
        world.offer(LOAD, 0.0)
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 30)
        await driven.until(lambda: size(driven) == 2, 120)
        await asyncio.sleep(60)
        resizes = [each for each in driven.model.activities.all() if each.effector == "resize"]
        assert not [each for each in resizes if each.state is ActivityState.FAILED]
        reason = driven.model.decisions.of_subject(driven.model.resolve("shop/web"))[-1].reason
        tells_all(reason, "the cluster's minSize 2", "no fewer than 2")
