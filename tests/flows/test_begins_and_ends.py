"""A start that is cut short, by a fault of ours or by an end: does it hold up anybody, and is anything left?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.entities.hosts.container import Container
from clocker_actors.entities.hosts.host import Host
from clocker_actors.errors import EngineFault
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world, one, ours, well
from tests.flows.support import Driven, managed


class Poison:
    """Whoever handles it has a fault."""


def beginning(driven: Driven) -> list[Container]:
    """Containers whose start is under way."""
    behaviours = (cell.behaviour for cell in driven.manager.kernel.queue.cells.values())
    return [found for found in behaviours if isinstance(found, Container) and found.working("begin")]


def hosts(driven: Driven) -> list[Host]:
    return [found for cell in driven.manager.kernel.queue.cells.values() if isinstance(found := cell.behaviour, Host)]


async def test_a_container_that_crashes_while_it_begins_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Container.on_receive

    def on_receive(self: Container, message: object) -> object:
        if isinstance(message, Poison):
            raise ZeroDivisionError("a fault of ours")
        return handle(self, message)

    monkeypatch.setattr(Container, "on_receive", on_receive)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(cluster(3))
        await driven.until(lambda: len(beginning(driven)) == 3, 10)
        for container in beginning(driven):
            driven.manager.kernel.tell(container.id, Poison())
        done = await driven.ended(activity, 20)
        assert done.state is ActivityState.DONE, done.problem
        assert not any(host.pace.in_flight for host in hosts(driven))
        await well(driven, world)


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.2, 1.0])
async def test_a_start_is_not_waited_for_when_it_is_to_end(tmp_path: Path, after: float) -> None:
    world = new_world()
    for engine in world.engines.values():
        engine.slow(40)  # a start takes ten seconds, a create half a second
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(one(image="docker:web"))
        await driven.until(lambda: bool(beginning(driven)), 20)
        await asyncio.sleep(after)
        for engine in world.engines.values():
            engine.slow(1)  # only the call under way is slow
        deleted = await driven.ended(await driven.invoke("shop", "delete"), 30)
        assert deleted.state is ActivityState.DONE and driven.gone("shop")
        await asyncio.sleep(35)
        await well(driven, world)
        assert not ours(world) and not any(host.pace.in_flight for host in hosts(driven))


async def test_a_start_that_hangs_does_not_hold_up_its_end(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(cluster(1, image="docker:web")))
        assert done.state is ActivityState.DONE
        for engine in world.engines.values():
            engine.slow(100)
        await driven.invoke("shop/web", "resize", size=4)
        await driven.until(lambda: len(beginning(driven)) == 3, 60)
        await asyncio.sleep(5)
        for engine in world.engines.values():
            engine.slow(1)
        shrunk = await driven.ended(await driven.invoke("shop/web", "resize", size=1), 40)
        assert shrunk.state is ActivityState.DONE
        await well(driven, world)


async def test_a_volume_that_could_not_be_removed_is_removed_later(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="volumes: [pages:/data, more:/more]")))
        for engine in world.engines.values():
            engine.fail("remove_volume", EngineFault("volume is in use"), 1)
        deleted = await driven.ended(await driven.invoke("shop", "delete"))
        assert deleted.state is ActivityState.DONE
        assert all(len(engine.volume_names) == 1 for engine in world.engines.values()), "the others are removed at once"
        await driven.until(lambda: not any(engine.volume_names for engine in world.engines.values()), 35)
        assert not driven.entries(EntityKind.CONTAINER)
