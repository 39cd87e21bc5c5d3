"""An entity crashes while its decision is on its way to the store: does its successor know of it, and act only when it is durable?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.entities.members.member import Member
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.entities.root import Root
from clocker_actors.entities.services.application import Application
from clocker_actors.entities.services.cluster import Cluster
from clocker_actors.kernel import Actor
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import ROOT, EntityKind
from tests.flows.crashing import Poison, faulty
from tests.flows.slowness import LATENCY, slow_store
from tests.flows.stories import cluster, new_world, one, ours, running, well
from tests.flows.support import Driven, managed

HALF = LATENCY / 2


@pytest.fixture(autouse=True)
def _faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: tuple[type[Actor], ...] = (Application, Cluster, Member, Pool, Root)
    for kind in kinds:
        faulty(monkeypatch, kind)


async def crash_in_commit(driven: Driven, path: str) -> None:
    """Half of the commit later, a fault of ours."""
    await asyncio.sleep(HALF)
    driven.manager.kernel.tell(ROOT if path == ROOT else driven.model.resolve(path), Poison())


async def test_a_size_that_was_accepted_is_the_size(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        async with slow_store(driven):
            activity = await driven.invoke("shop/web", "resize", size=5)
            await crash_in_commit(driven, "shop/web")
            assert (await driven.ended(activity)).state is ActivityState.INTERRUPTED
            await driven.until(lambda: driven.value("shop/web", "group.members.up") == 5, 20)
            await well(driven, world)
            assert driven.value("shop/web", "cluster.size.desired") == 5


async def test_nothing_is_done_for_it_before_it_is_durable(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        async with slow_store(driven):
            await driven.invoke("shop/web", "resize", size=5)
            await crash_in_commit(driven, "shop/web")
            await asyncio.sleep(HALF)
            assert driven.value("shop/web", "cluster.size.desired") == 2, "the successor's own write has not ended"
            await asyncio.sleep(2 * LATENCY)
            assert driven.value("shop/web", "cluster.size.desired") == 5
            await driven.until(lambda: driven.value("shop/web", "group.members.up") == 5, 20)
            await well(driven, world)


@pytest.mark.parametrize("path", ["shop", "shop/web", "shop/web/1"])
async def test_a_stop_is_a_stop_whoever_crashes(tmp_path: Path, path: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        async with slow_store(driven):
            await driven.invoke(path, "stop")
            await crash_in_commit(driven, path)
            await driven.until(lambda: driven.value(path, "service.state") == "stopped", 30)
            await driven.until(lambda: len(ours(world)) == (1 if path.endswith("/1") else 0), 30)


@pytest.mark.parametrize("later", range(6))
@pytest.mark.parametrize("path", ["shop", "shop/web", "shop/web/1", "local"])
async def test_a_delete_is_a_delete_at_whatever_moment_it_crashes(tmp_path: Path, path: str, later: int) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        if path == "local":
            await driven.ended(await driven.invoke("shop", "delete"))
        async with slow_store(driven):
            await driven.invoke(path, "delete")
            uid = driven.model.resolve(path)
            await asyncio.sleep(later * HALF + 0.01)
            driven.manager.kernel.tell(uid, Poison())
            await driven.until(lambda: driven.gone(path), 60)
            await asyncio.sleep(5)
            assert driven.manager.store.read(EntityKind.POOL if path == "local" else EntityKind.APPLICATION, uid) is None
            assert uid not in {dump.id for dump in driven.manager.kernel.dump()}
            if path == "shop":
                await well(driven, world)
                assert not ours(world)


async def test_a_deploy_that_was_accepted_is_not_made_twice(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven, slow_store(driven):
        await driven.deploy(one())
        await crash_in_commit(driven, ROOT)
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 30)
        assert len(driven.manager.store.all(EntityKind.APPLICATION)) == 1
        await well(driven, world)


async def test_a_placement_is_remembered(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1)))
        async with slow_store(driven):
            (first,) = running(world)
            first[0].die(first[1].name, 1)
            for _ in range(3):
                await crash_in_commit(driven, "shop/web/1")
            await driven.until(lambda: driven.up("shop/web/1"), 30)
            await well(driven, world)


async def test_a_policy_that_was_accepted_begins_once_it_is_durable(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1)))
        async with slow_store(driven):
            policy = f"{driven.model.resolve('shop/web')}:autoscaler"
            config = {"metric": "cpu.mean.average", "metricLowerBound": 20, "metricUpperBound": 60}
            await driven.invoke("shop/web", "add_policy", type="autoscaler", config=config)
            await crash_in_commit(driven, "shop/web")
            await asyncio.sleep(HALF)
            assert policy not in {dump.id for dump in driven.manager.kernel.dump()}
            await asyncio.sleep(2 * LATENCY)
            assert policy in {dump.id for dump in driven.manager.kernel.dump()}
            await well(driven, world)


SMALL = (
    "name: small\nservices:\n- type: docker-cloud\n  name: small\n  hosts:\n  - {name: first, engine: 'simulated://first'}\n"
    "  - {name: second, engine: 'simulated://second'}\n  strategies:\n  - MaxContainers: {maxContainers: 2}\n"
)


@pytest.mark.parametrize("moment", range(12))
async def test_a_pool_that_crashes_keeps_its_promises_and_no_host_gets_too_many(tmp_path: Path, moment: int) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SMALL))
        await driven.ended(await driven.deploy(cluster(1).replace("local", "small")))
        async with slow_store(driven):
            await driven.invoke("shop/web", "resize", size=6)
            await asyncio.sleep(moment * LATENCY / 4 + 0.001)
            driven.manager.kernel.tell(driven.model.resolve("small"), Poison())
            most = 0
            for _ in range(300):
                await asyncio.sleep(0.05)
                most = max(most, *(len(engine.containers) for engine in world.engines.values()))
            assert most == 2
            assert driven.value("shop/web", "group.members.up") == 4


async def test_a_pool_that_crashes_remembers_what_was_released(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        async with slow_store(driven):
            await driven.invoke("shop/web", "resize", size=2)
            for _ in range(3):
                await asyncio.sleep(0.3)
                driven.manager.kernel.tell(driven.model.resolve("local"), Poison())
            await driven.until(lambda: len(driven.entries(EntityKind.MEMBER)) == 2, 20)
            await well(driven, world)
