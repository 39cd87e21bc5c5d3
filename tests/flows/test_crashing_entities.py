"""A fault of ours crashes an entity: is it back from the store, with its children, and does nothing leak?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.entities.hosts.container import Container
from clocker_actors.entities.hosts.host import Host
from clocker_actors.entities.members.member import Member
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.entities.root import Root
from clocker_actors.entities.services.application import Application
from clocker_actors.entities.services.cluster import Cluster
from clocker_actors.kernel import Actor
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import cluster, new_world, ours, running, well
from tests.flows.support import Driven, managed

CLASSES: dict[EntityKind, type[Actor]] = {
    EntityKind.ROOT: Root,
    EntityKind.APPLICATION: Application,
    EntityKind.CLUSTER: Cluster,
    EntityKind.MEMBER: Member,
    EntityKind.POOL: Pool,
    EntityKind.HOST: Host,
    EntityKind.CONTAINER: Container,
}


@pytest.fixture(autouse=True)
def _faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in CLASSES.values():
        faulty(monkeypatch, kind)


def victim(driven: Driven, kind: EntityKind) -> str:
    """The first of its kind."""
    return driven.entries(kind)[0].uid


@pytest.mark.parametrize("kind", CLASSES)
async def test_an_entity_that_crashes_at_rest(tmp_path: Path, kind: EntityKind) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
        before = {seen.id for _, seen in running(world)}
        driven.manager.kernel.tell(victim(driven, kind), Poison())
        await asyncio.sleep(15)
        await well(driven, world)
        assert {seen.id for _, seen in running(world)} == before, "nothing was restarted"
        assert driven.up("shop/web") and driven.value("shop/web", "group.members.up") == 6

        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=9))).state is ActivityState.DONE
        engine, seen = running(world)[0]
        engine.die(seen.name, 1)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 5)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 9, 10)
        await well(driven, world)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        await well(driven, world)
        assert not ours(world)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3, 0.8])
@pytest.mark.parametrize("kind", CLASSES)
async def test_an_entity_that_crashes_during_a_resize(tmp_path: Path, kind: EntityKind, moment: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await driven.invoke("shop/web", "resize", size=8)
        await asyncio.sleep(moment)
        driven.manager.kernel.tell(victim(driven, kind), Poison())
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 60)
        await well(driven, world, 90)
        await driven.until(lambda: driven.up("shop"), 2)


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("kind", CLASSES)
async def test_an_entity_that_crashes_during_a_delete(tmp_path: Path, kind: EntityKind, moment: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(4, member="volumes: [pages:/data]")))
        who = victim(driven, kind)
        await driven.invoke("shop", "delete")
        await asyncio.sleep(moment)
        driven.manager.kernel.tell(who, Poison())
        await driven.until(lambda: driven.gone("shop"), 150)
        await well(driven, world, 90)
        assert not ours(world) and not driven.manager.store.all(EntityKind.MEMBER)


@pytest.mark.parametrize("kind", [EntityKind.MEMBER, EntityKind.HOST, EntityKind.CLUSTER, EntityKind.CONTAINER])
async def test_one_that_crashes_over_its_budget_takes_its_parent_along_and_all_come_back(tmp_path: Path, kind: EntityKind) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        who = victim(driven, kind)
        for _ in range(5):
            driven.manager.kernel.tell(who, Poison())
            await asyncio.sleep(0.1)
        await asyncio.sleep(30)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4 and driven.up("shop"), 60)
        await well(driven, world)
        assert driven.manager.kernel.counters.escalations >= 1


async def test_an_activity_of_a_crashed_entity_is_interrupted_and_said(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        activity = await driven.invoke("shop/web", "resize", size=8)
        driven.manager.kernel.tell(victim(driven, EntityKind.CLUSTER), Poison())
        ended = await driven.ended(activity)
        assert ended.state is ActivityState.INTERRUPTED and "give the command again" in ended.problem
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 30)
        await well(driven, world)
