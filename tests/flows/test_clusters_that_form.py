"""Do members of a cluster know where the others are, in the same order all of them, whatever happens meanwhile; and do they say goodbye when they go for good?"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_MEMBER, EntityKind
from clocker_actors.model.values import Value, as_map
from tests.flows.stories import new_world, running
from tests.flows.support import Driven, managed

RING = """
name: shop
location: local
services:
- type: cluster
  id: ring
  initialSize: 3
  enrichers: [{type: member-places, config: {targetSensor: places}}]
  memberSpec:
    type: docker:clocker/web:1
    ports: [7000]
    changeDelay: 1s
    leaveCommand: [nodetool, decommission]
    leaveTimeout: 20s
    env: {NODE: $brooklyn:entityId()}
    files:
      /etc/peers:
        content:
          $brooklyn:template:
          - "{% for each in peers %}{{ each.index }}={{ each.address }} {% endfor %}"
          - peers: $brooklyn:parent().attributeWhenReadyAllowingOnFire("places")
        reload: [follow]
"""
Said = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Said]:
    """The commands that were run inside containers, each with its container's name or id, and the moments at which containers were stopped."""
    found: Said = []
    execute, stop = SimulatedEngine.execute, SimulatedEngine.stop

    async def noted(self: SimulatedEngine, container: str, command: Sequence[str], limit: float) -> tuple[int, str]:
        found.append((self.asked_of(container).name, tuple(command)))
        return await execute(self, container, command, limit)

    async def stopped(self: SimulatedEngine, container: str, grace: float) -> None:
        found.append((self.asked_of(container).name, ("stop",)))
        await stop(self, container, grace)

    monkeypatch.setattr(SimulatedEngine, "execute", noted)
    monkeypatch.setattr(SimulatedEngine, "stop", stopped)
    yield found


def peers(world: SimulatedWorld) -> Mapping[str, str]:
    """What each container that runs was told of its peers, by its member's uid."""
    return {seen.labels[LABEL_MEMBER]: engine.files_of(seen.name)["/etc/peers"].content for engine, seen in running(world)}


def places(driven: Driven) -> list[Mapping[str, Value]]:
    """What the cluster says of its members' places."""
    listed = driven.value("shop/ring", "places")
    return [as_map(each) for each in listed] if isinstance(listed, list | tuple) else []


async def formed(driven: Driven, world: SimulatedWorld, *numbers: int) -> None:
    """Wait until all containers that run have been told of just these members, in order, each with an address."""

    def alike() -> bool:
        told = {tuple(each.split("=")[0] for each in text.split() if not each.endswith("=")) for text in peers(world).values()}
        return len(peers(world)) == len(numbers) and told == {tuple(map(str, numbers))}

    await driven.until(alike, 60, f"{numbers} told of each other, not {peers(world)}")


async def done(driven: Driven, entity: str, effector: str, **arguments: Value) -> None:
    """An effector, to its end."""
    ended = await driven.ended(await driven.invoke(entity, effector, **arguments), 120)
    assert ended.state is ActivityState.DONE, ended.problem


async def test_all_are_told_of_all_in_order_without_a_new_container(tmp_path: Path, said: Said) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(RING)
        await formed(driven, world, 1, 2, 3)
        before = {seen.name for _, seen in running(world)}
        assert [each["index"] for each in places(driven)] == ["1", "2", "3"]
        assert all(set(as_map(each["ports"])) == {"7000"} and each["served"] is True for each in places(driven))
        await done(driven, "shop/ring", "resize", size=5)
        await formed(driven, world, 1, 2, 3, 4, 5)
        assert before < {seen.name for _, seen in running(world)}
        assert any(command == ("follow",) for _, command in said)


async def test_who_is_down_is_not_forgotten_nor_when_the_manager_begins_anew(tmp_path: Path, said: Said) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(RING)
        await formed(driven, world, 1, 2, 3)
        await done(driven, "shop/ring/2", "stop")
        assert [each["index"] for each in places(driven)] == ["1", "2", "3"] and all(each["address"] for each in places(driven))
    said.clear()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/ring") and len(places(driven)) == 3, 30, "the list")
        await asyncio.sleep(5)
        assert all(each["address"] for each in places(driven))
        assert not any(command == ("follow",) for _, command in said)


async def test_who_leaves_for_good_says_so_before_it_stops_and_nobody_else_does(tmp_path: Path, said: Said) -> None:
    world = new_world()
    goodbye = ("nodetool", "decommission")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(RING)
        await formed(driven, world, 1, 2, 3)
        third = next(seen.name for _, seen in running(world) if seen.labels[LABEL_MEMBER] == driven.model.resolve("shop/ring/3"))
        await done(driven, "shop/ring/1", "restart")
        assert goodbye not in {command for _, command in said}  # it comes back where its data are
        await done(driven, "shop/ring", "resize", size=2)
        await formed(driven, world, 1, 2)
        own = [command for name, command in said if name == third and command != ("follow",)]
        assert own == [goodbye, ("stop",)]
        said.clear()
        first = driven.entries(EntityKind.MEMBER, "shop/ring/1")[0]
        await done(driven, first.uid, "move")
        assert [command for _, command in said].count(goodbye) == 1  # where it goes it has none of its data
        said.clear()
        await done(driven, "shop", "delete")
        assert goodbye not in {command for _, command in said}  # nobody is left to hand anything to


async def test_one_who_cannot_say_goodbye_goes_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()

    async def hangs(self: SimulatedEngine, container: str, command: Sequence[str], limit: float) -> tuple[int, str]:
        if command[0] == "nodetool":
            await asyncio.sleep(1000)
        return 0, ""

    monkeypatch.setattr(SimulatedEngine, "execute", hangs)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(RING)
        await formed(driven, world, 1, 2, 3)
        await done(driven, "shop/ring", "resize", size=2)
        await formed(driven, world, 1, 2)
