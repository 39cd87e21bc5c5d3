"""The manager stops, is killed, or loses its store for a while: is everything found again, and nothing done that was not written first?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clocker_actors.admin.orders import order
from clocker_actors.daemon import Manager
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import StoreFault
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.ports.store import Record
from clocker_actors.settings import load
from clocker_actors.store.sqlite import SqliteStore
from tests.flows.stories import cluster, new_world, ours, running, tells_all, well
from tests.flows.support import PERSON, Driven, InlineExecutor, managed

SERVICES = (
    "name: shop\nlocation: local\nservices:\n- type: cluster\n  id: web\n  initialSize: 5\n  memberSpec:\n    type: docker:clocker/web:1\n"
    "    ports: [8080]\n    volumes: [pages:/data]\n    readiness: {http: {port: 8080, path: /}, period: 1s, timeout: 1s}\n"
    "- type: group\n  id: side\n  brooklyn.children:\n  - type: docker:clocker/web:1\n    id: one\n"
)


@asynccontextmanager
async def killed(state: Path, world: SimulatedWorld) -> AsyncIterator[Driven]:
    """A manager that is not stopped at the end: what it was doing ends where it is, as with kill -9."""
    manager = Manager(load({"state": state}, environ={}), world=world, executor=InlineExecutor())  # type: ignore[arg-type]
    await manager.start()
    try:
        yield Driven(manager)
    finally:
        for root in reversed(tuple(manager.kernel.supervisor.roots.values())):
            manager.kernel.supervisor.abandon(root)  # at once, with whatever messages still wait
        await manager.stop()


def identities(world: SimulatedWorld) -> set[str]:
    return {seen.id for _, seen in running(world)}


async def test_a_stopped_manager_leaves_all_running_and_finds_it_again(tmp_path: Path) -> None:
    world = new_world()
    await world.engine("sim-1").pull("clocker/web:1")
    foreign = await world.engine("sim-1").create(
        ContainerRequest("somebody-elses", "clocker/web:1", ContainerSpec(ImageSpec("clocker/web:1")), {}, {}, {})
    )
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(SERVICES))).state is ActivityState.DONE
        await driven.ended(await driven.invoke("shop/web", "resize", size=7))
        before = identities(world)
    assert len(before) == 8 and identities(world) == before
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 30)
        await asyncio.sleep(40)
        await well(driven, world)
        assert identities(world) == before, "containers are adopted, none was restarted"
        assert driven.value("shop/web", "group.members.up") == 7
        assert not [a for a in driven.model.activities.all() if a.effector in {"restart", "replaceMember"}]
        assert any(seen.id == foreign for seen in world.engine("sim-1").containers)
        deleted = await driven.ended(await driven.invoke("shop", "delete"))
        assert deleted.state is ActivityState.DONE and not ours(world)
        assert any(seen.id == foreign for seen in world.engine("sim-1").containers), "foreign ones are never touched"


@pytest.mark.parametrize("moment", [0.0, 0.002, 0.005, 0.02, 0.05, 0.1, 0.3, 0.5, 0.8, 1.0, 1.3, 2.0])
async def test_a_manager_killed_at_any_moment_of_a_deploy_goes_on(tmp_path: Path, moment: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.deploy(SERVICES)
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 60)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 5, 60)
        await well(driven, world)
        assert len(running(world)) == 6
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not ours(world) and not any(engine.volume_names for engine in world.engines.values())


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.1, 0.2, 0.3, 0.5])
@pytest.mark.parametrize("command", ["resize", "restart", "stop", "delete", "replaceMember"])
async def test_a_manager_killed_in_the_middle_of_a_command(tmp_path: Path, command: str, moment: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        member = driven.model.resolve("shop/web/2")
        arguments = {"resize": {"size": 1}, "replaceMember": {"member": member}}.get(command, {})
        await driven.invoke("shop/web", command, **arguments)  # type: ignore[arg-type]
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(20)
        await well(driven, world)
        assert len(running(world)) == {"resize": 1, "stop": 0, "delete": 0}.get(command, 4)
        if command == "delete":
            assert driven.gone("shop/web") and not driven.manager.store.all(EntityKind.MEMBER)
        elif command != "stop":
            assert driven.up("shop/web")


async def test_what_died_while_nobody_looked_is_mended(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
    victims = running(world)
    victims[0][0].die(victims[0][1].name, 1)
    await victims[1][0].remove(victims[1][1].name)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.value("shop/web", "group.members.up") == 4, 60)
        await well(driven, world)


async def test_a_host_that_is_away_at_the_start(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
    world.engine("sim-2").partition()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.value("shop/web", "group.members.up") == 6, 60)
        world.engine("sim-2").heal()
        await well(driven, world)


class Failing:
    """Stands before the store's `write` and refuses for as long as told."""

    def __init__(self, driven: Driven) -> None:
        self.refuse = False
        self.refused = 0
        self._write = driven.manager.store.write
        driven.manager.store.write = self.write  # type: ignore[method-assign]

    async def write(self, batch: Sequence[Record]) -> int:
        if self.refuse:
            self.refused += 1
            raise StoreFault("the disk of the state directory is full: free some space")
        return await self._write(batch)


async def test_a_store_that_cannot_write_for_a_while(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        store = Failing(driven)
        store.refuse = True
        made = sum(engine.made["create"] for engine in world.engines.values())
        activity = await driven.invoke("shop/web", "resize", size=5)
        stop = await driven.invoke("shop/web/1", "restart")
        await asyncio.sleep(20)
        assert sum(engine.made["create"] for engine in world.engines.values()) == made, "no effect before its intent"
        assert len(running(world)) == 2 and store.refused > 10
        tells_all(str(driven.value("shop/web", "service.problems")), "state cannot be written", "free some space")
        store.refuse = False
        assert (await driven.ended(activity)).state is ActivityState.DONE
        assert (await driven.ended(stop)).state is ActivityState.DONE
        assert driven.value("shop/web", "service.problems") == {}
        await well(driven, world)
        assert len(running(world)) == 5


async def test_a_store_that_cannot_write_during_deploy_and_delete(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        store = Failing(driven)
        store.refuse = True
        activity = await driven.deploy(cluster(2))
        await asyncio.sleep(5)
        assert driven.gone("shop")
        store.refuse = False
        assert (await driven.ended(activity)).state is ActivityState.DONE
        store.refuse = True
        activity = await driven.invoke("shop", "delete")
        await asyncio.sleep(5)
        assert len(running(world)) == 2
        store.refuse = False
        assert (await driven.ended(activity)).state is ActivityState.DONE
        await well(driven, world)
        assert not ours(world)


async def test_who_was_told_that_an_order_is_taken_may_rely_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door answers when it is written: killed right after that, the next manager does it."""
    world, loop = new_world(), asyncio.get_running_loop()
    write = SqliteStore.write

    async def slowly(self: SqliteStore, batch: Sequence[Record]) -> int:
        await asyncio.sleep(0.5)
        return await write(self, batch)

    async with killed(tmp_path / "s", world) as driven:
        assert (await driven.ended(await driven.deploy(SERVICES))).state is ActivityState.DONE
        monkeypatch.setattr(SqliteStore, "write", slowly)
        began = loop.time()
        await order(driven.manager.context(), driven.model.entry("shop"), "delete", {}, PERSON)
        assert loop.time() - began >= 0.5
    monkeypatch.setattr(SqliteStore, "write", write)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: driven.gone("shop") and not ours(world), 60)
        await well(driven, world)


async def test_killed_while_it_grows_and_all_containers_are_gone_meanwhile(tmp_path: Path) -> None:
    """Who ran before and is not there any more did not fail to start: nobody is set aside for that, and the order that was under way comes to its end."""
    async with killed(tmp_path / "s", new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(6)))
        resize = await driven.invoke("shop/web", "resize", size=12)
        await asyncio.sleep(0.3)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        ended = await driven.ended(resize, 60)
        assert ended.state is ActivityState.DONE, ended.problem
        assert driven.value("shop/web", "group.members.up") == 12
        assert not driven.value("shop/web", "cluster.quarantined")
        await well(driven, world)
