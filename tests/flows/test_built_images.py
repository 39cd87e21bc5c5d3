"""Does what was built go with what it was built for, and with nothing else?"""

import asyncio
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.errors import Conflict, EngineFault
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.flows.stories import new_world, well
from tests.flows.support import Driven, managed


def context(word: str = "") -> bytes:
    """A tar with a Dockerfile."""
    text, file = f"FROM busybox\nENV word={word}\n".encode(), io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return file.getvalue()


async def begin(driven: Driven, name: str = "shop", *, size: int = 3, word: str = "", location: str = "local") -> str:
    """Deploy an application of containers that are built; the activity."""
    member = "memberSpec: {type: container, build: ctx}"
    text = f"name: {name}\nlocation: {location}\nservices:\n- type: cluster\n  id: web\n  initialSize: {size}\n  {member}\n"
    parsed = parse(text, "test.yaml", type_table())
    sha256 = await driven.manager.blobs.put(context(word))
    blueprint = with_blobs(parsed, {file.placeholder: sha256 for file in parsed.files})
    return await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint))


async def deployed(driven: Driven, name: str = "shop", *, size: int = 3, word: str = "", location: str = "local") -> None:
    done = await driven.ended(await begin(driven, name, size=size, word=word, location=location))
    assert done.state is ActivityState.DONE, done.problem


async def deleted(driven: Driven, name: str) -> Activity:
    done = await driven.ended(await driven.invoke(name, "delete"))
    assert done.state is ActivityState.DONE, done.problem
    return done


def builders(world: SimulatedWorld) -> list[SimulatedEngine]:
    """Engines that have something built."""
    return [engine for engine in world.engines.values() if engine.built_images]


def built(world: SimulatedWorld) -> set[str]:
    """All that was built, wherever it is."""
    return {image for engine in world.engines.values() for image in engine.built_images}


def notes(activity: Activity) -> str:
    return "; ".join(f"{step.name}: {step.note}" for step in activity.steps)


async def test_it_goes_with_its_application(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven)
        assert len(builders(world)) == 3
        (image,) = built(world)
        before = driven.manager.kernel.now()
        done = await deleted(driven, "shop")
        assert not built(world)
        assert driven.manager.kernel.now() - before < 5
        assert f"images: remove what was built: {image}" in notes(done)
        assert "left behind" not in notes(done)
        for engine in world.engines.values():
            assert await engine.image("busybox"), "what was pulled stays"
        await well(driven, world)


async def test_it_stays_while_another_application_is_built_as_the_same(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, "shop", size=1)
        await deployed(driven, "stall", size=1)
        (shared,) = built(world)
        await deployed(driven, "fair", size=1, word="other")
        (other,) = built(world) - {shared}
        await driven.ended(await driven.invoke("stall", "stop"))
        await deleted(driven, "shop")
        assert built(world) == {shared, other}, "a stopped application may be started again"
        await deleted(driven, "stall")
        assert built(world) == {other}
        await deleted(driven, "fair")
        assert not built(world)


async def test_a_host_that_was_away_is_looked_through_when_it_is_back(tmp_path: Path) -> None:
    world = new_world()
    away = next(iter(world.engines.values()))
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven)
        away.partition()
        await driven.until(lambda: driven.value("local", "docker.hosts.up") == 2, 30)
        await deleted(driven, "shop")
        assert builders(world) == [away]
        away.heal()
        await driven.until(lambda: not built(world), 120)
        await well(driven, world)


async def test_a_manager_that_died_goes_on_with_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven)
        engine = builders(world)[0]
        engine.fail("remove_image", EngineFault("not now; ask later"), times=1)
        await deleted(driven, "shop")
        assert built(world)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not built(world), 60)
        await well(driven, world)


async def test_one_with_containers_of_others_stays_until_they_are_gone(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, size=1)
        (engine,) = builders(world)
        (image,) = engine.built_images
        theirs = await engine.create(ContainerRequest("theirs", image, ContainerSpec(ImageSpec(image)), {}))
        done = await deleted(driven, "shop")
        assert driven.gone("shop")
        assert f"image {image} on engine {engine.name} is used by theirs" in notes(done)
        assert "left behind: not all that was built could be removed yet" in notes(done)
        assert done.note in notes(done)
        await driven.until(lambda: engine.made["remove_image"] >= 4, 600, "it is tried again")
        assert engine.built_images == (image,)
        await engine.remove(theirs)
        await driven.until(lambda: not built(world), 1300)


async def test_nobody_waits_longer_than_half_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, size=1)
        (engine,) = builders(world)

        async def takes_for_ever(name: str) -> None:
            await asyncio.sleep(1000)

        with monkeypatch.context() as patch:
            patch.setattr(engine, "remove_image", takes_for_ever)
            took = driven.manager.kernel.now()
            done = await deleted(driven, "shop")
            took = driven.manager.kernel.now() - took
        assert 29 < took < 35
        assert "left behind" in notes(done)
        await driven.until(lambda: not built(world), 90)


async def test_a_build_that_ends_after_its_application(tmp_path: Path) -> None:
    world = new_world()
    for engine in world.engines.values():
        engine.timing = replace(engine.timing, build=20.0)
    async with managed(tmp_path / "s", world=world) as driven:
        await begin(driven)
        await driven.until(lambda: any(engine.made["build"] for engine in world.engines.values()), 10)
        await deleted(driven, "shop")
        assert not built(world), "it is still being built"
        await driven.until(lambda: len(builders(world)) == 3, 60)
        await driven.until(lambda: not built(world), 60)


async def test_what_another_manager_has_built_is_not_touched(tmp_path: Path) -> None:
    """Even one that calls itself the same plane."""
    world = new_world()
    async with managed(tmp_path / "a", world=world, plane="main") as one, managed(tmp_path / "b", world=world, plane="main") as other:
        await deployed(one, "shop", word="one")
        (mine,) = built(world)
        await deployed(other, "stall", word="other")
        (theirs,) = built(world) - {mine}
        await other.ended(await other.invoke("stall", "stop"))
        await deleted(one, "shop")
        assert built(world) == {theirs}
        await deleted(other, "stall")
        assert not built(world)


async def test_a_container_finds_its_image_again_when_it_went_at_the_last_moment(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, "shop", size=1)
        (engine,) = builders(world)
        deleting = await driven.invoke("shop", "delete")
        await driven.until(lambda: engine.made["remove"] >= 1, 30)
        again = await begin(driven, "stall")
        await driven.ended(deleting)
        done = await driven.ended(again)
        assert done.state is ActivityState.DONE, done.problem
        assert len(builders(world)) == 3
        await well(driven, world)


def pool(name: str, url: str) -> str:
    return f"name: {name}\nservices:\n- type: docker-cloud\n  id: {name}\n  name: {name}\n  hosts: [{{name: one, engine: '{url}'}}]\n"


async def test_a_pool_whose_end_the_manager_did_not_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()

    async def hangs(labels: object) -> None:
        await asyncio.sleep(1000)

    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(pool("north", "simulated://north")))
        await driven.until(lambda: driven.up("north"), 30)
        await deployed(driven, "shop", location="north")
        with monkeypatch.context() as patch:
            patch.setattr(world.engine("north"), "images", hangs)
            assert "left behind" in notes(await deleted(driven, "shop"))
            await driven.invoke("north", "delete")
            await asyncio.sleep(1)
            with pytest.raises(Conflict, match="pool north is being deleted"):
                await begin(driven, "stall", location="north")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("north"), 5)
        await driven.until(lambda: driven.gone("north"), 60)
        assert not built(world)
        assert driven.manager.store.all(EntityKind.POOL)[1:] == [], "only the built-in pool is left"


async def test_it_goes_with_its_pool_though_it_is_wanted_elsewhere(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(pool("north", "simulated://north")))
        await driven.ended(await driven.deploy(pool("south", "simulated://south")))
        await driven.until(lambda: driven.up("north") and driven.up("south"), 30)
        await deployed(driven, "shop", location="north")
        await deployed(driven, "stall", location="south")
        await deleted(driven, "shop")
        assert {engine.name for engine in builders(world)} == {"north", "south"}, "stall is built as the same"
        await deleted(driven, "north")
        assert [engine.name for engine in builders(world)] == ["south"]
        await deleted(driven, "stall")
        assert not built(world)
        await deleted(driven, "south")
        assert driven.gone("south")


async def test_what_was_built_for_an_older_revision_goes_when_nobody_runs_as_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, word="one")
        before = built(world)
        await deployed(driven, word="two")
        await driven.until(lambda: before.isdisjoint(built(world)), 60)
        assert len(built(world)) == 1
        await well(driven, world)
