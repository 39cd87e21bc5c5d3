"""Are containers that are not ours shown, counted, and left alone? And does a host with a thousand of them cost no more than one with twenty?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.admin.orders import effectors_here
from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.entities.hosts.foreigners import SHOWN
from clocker_actors.entities.hosts.host import Host
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.telemetry.readmodel import Entry
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import cluster, new_world
from tests.flows.support import Driven, managed

IMAGE = "somebody/else:2"


def begin(engine: SimulatedEngine, name: str, *, start: bool = True) -> str:
    """Somebody else's container, made beside the manager."""
    engine._shelf.pull(IMAGE, None)
    made = engine._core.create(ContainerRequest(name, IMAGE, ContainerSpec(ImageSpec(IMAGE)), {}))
    if start:
        engine._core.start(engine._core.find(made))
    return made


def foreign(driven: Driven) -> dict[str, Entry]:
    return {entry.name: entry for entry in driven.entries(EntityKind.CONTAINER) if entry.type == "foreign container"}


async def test_they_are_shown_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, Host)
    world = new_world()
    engine = world.engine("sim-1")
    begin(engine, "database")
    begin(engine, "leftover", start=False)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        shown = foreign(driven)
        assert set(shown) == {"database", "leftover"}
        database = shown["database"]
        assert (database.path, database.facts["image"]) == ("local/sim-1/database", IMAGE)
        assert database.value("docker.container.managed") is False and effectors_here(database) == {}
        assert (database.value("container.state"), shown["leftover"].value("container.state")) == ("running", "created")
        assert driven.value("local/sim-1", "docker.containers.foreign") == 1
        assert "2 foreign containers, 1 of them running" in str(driven.model.entry("local/sim-1").facts["foreign"])
        managed_ones = [entry for entry in driven.entries(EntityKind.CONTAINER) if entry.uid not in {each.uid for each in shown.values()}]
        assert len(managed_ones) == 3 and all(entry.value("docker.container.managed") is True for entry in managed_ones)

        engine.die("database", 1)
        await asyncio.sleep(31)  # the next look
        assert foreign(driven)["database"].value("container.state") == "exited"
        engine._core.remove("leftover")
        await asyncio.sleep(31)
        assert set(foreign(driven)) == {"database"}

        driven.manager.kernel.tell(driven.model.resolve("local/sim-1"), Poison())
        await asyncio.sleep(5)
        assert set(foreign(driven)) == {"database"}
        engine.partition()
        await asyncio.sleep(10)
        assert foreign(driven)["database"].sensors["container.state"].unavailable
        engine.heal()
        await asyncio.sleep(10)
        assert foreign(driven)["database"].value("container.state") == "exited"
        await driven.ended(await driven.invoke("shop", "delete"))
        assert [seen.name for seen in engine.containers] == ["database"]


async def test_a_thousand_are_counted_and_twenty_shown(tmp_path: Path) -> None:
    world = new_world()
    for number in range(1_000):
        begin(world.engine("sim-2"), f"other-{number}", start=number % 2 == 0)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("local") and driven.value("local", "docker.hosts.up") == 3, 10)
        shown = foreign(driven)
        assert len(shown) == SHOWN and all(entry.value("container.state") == "running" for entry in shown.values())
        assert driven.value("local/sim-2", "docker.containers.total") == 500
        before = driven.model.events.number
        await asyncio.sleep(95)
        assert set(foreign(driven)) == set(shown), "which are shown does not change from look to look"
        told = driven.model.events.number - before
        assert told < 50, f"{told} events in three looks at nothing new"
        assert "1000 foreign containers, 500 of them running; and 980 more" in str(driven.model.entry("local/sim-2").facts["foreign"])


async def test_they_count_in_capacity(tmp_path: Path) -> None:
    world = new_world()
    for number in range(7):
        begin(world.engine("sim-1"), f"other-{number}")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        on_first = [entry for entry in driven.entries(EntityKind.CONTAINER, "local/sim-1") if entry.type != "foreign container"]
        assert len(on_first) == 1, "the fourth goes where fewer are"
