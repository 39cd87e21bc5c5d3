"""Is an image built once, whatever happens on the way, and does every host that wants it get it: copied, or from the pool's registry?"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clocker_actors.drivers.docker.faults import fault
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import EngineFault, EngineUnavailable, OutOfDisk, PullDenied
from clocker_actors.model.activities import ActivityState
from tests.flows.stories import new_world, well
from tests.flows.support import Driven, managed
from tests.flows.test_built_images import begin, builders, deployed


def made(world: SimulatedWorld) -> Counter[str]:
    """Calls of all engines that are about images that move."""
    calls = ("build", "save_image", "load_image", "pull", "push", "tag")
    return Counter({call: found for call in calls if (found := sum(engine.made[call] for engine in world.engines.values()))})


async def test_it_is_built_once_and_copied_to_the_others(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven)
        assert len(builders(world)) == 3
        assert (made(world)["build"], made(world)["load_image"]) == (1, 2)
        await deployed(driven, "stall")
        assert made(world)["build"] == 1


async def test_a_manager_that_was_restarted_asks_who_has_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, size=1)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 30)
        await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        assert (made(world)["build"], made(world)["load_image"]) == (1, 2)
        await well(driven, world)


@pytest.mark.parametrize("trouble", ["save", "load", "source"])
async def test_what_cannot_be_copied_is_built(tmp_path: Path, trouble: str) -> None:
    world = new_world()
    for engine in world.engines.values():
        match trouble:
            case "save":
                engine.fail("save_image", EngineFault("content digest not found"), times=9)
            case "load":
                engine.fail("load_image", EngineFault("unexpected EOF"), times=9)
            case _:
                engine.fail("save_image", EngineUnavailable("gone", retry_after=1.0), times=9)
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven)
        assert made(world)["build"] == 3
        await well(driven, world)


async def test_a_build_that_fails_is_tried_by_the_next_who_wants_it(tmp_path: Path) -> None:
    world = new_world()
    for engine in world.engines.values():
        engine.timing = replace(engine.timing, build=5.0)
        engine.fail("build", OutOfDisk("full"), times=1)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await begin(driven), 300)
        await driven.until(lambda: driven.up("shop"), 300)
        assert made(world)["build"] >= 2
        await well(driven, world)


async def test_who_builds_dies_meanwhile_and_the_others_do_not_wait_for_it(tmp_path: Path) -> None:
    world = new_world()
    for engine in world.engines.values():
        engine.timing = replace(engine.timing, build=20.0)
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await begin(driven)
        await driven.until(lambda: made(world)["build"] == 1, 20)
        next(engine for engine in world.engines.values() if engine.made["build"]).crash()
        done = await driven.ended(activity, 300)
        assert done.state is ActivityState.DONE, done.problem
        assert made(world)["build"] == 2


async def with_registry(driven: Driven, world: SimulatedWorld, registry: str) -> None:
    hosts = "".join(f"  - '{spec.url}'\n" for spec in world.specs(3))
    text = f"services:\n- type: docker-cloud\n  name: yard\n  registry: {registry}\n  hosts:\n{hosts}"
    await driven.ended(await driven.deploy(text))
    await driven.until(lambda: driven.value("yard", "docker.hosts.up") == 3, 30)


async def test_a_pool_with_a_registry_sends_what_it_builds_there_and_fetches_it(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await with_registry(driven, world, "10.0.0.9:5000/team")
        await deployed(driven, location="yard")
        calls = made(world)
        assert (calls["build"], calls["push"]) == (1, 1)
        assert "load_image" not in calls, "nothing goes through the manager"
        (image,) = {image for engine in builders(world) for image in engine.built_images}
        assert list(world.registries) == [f"10.0.0.9:5000/team/{image}"]
        assert all(list(engine.built_images) == [image] for engine in builders(world)), "the registry's name does not stay on engines"


async def test_a_registry_that_refuses_is_done_without(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await with_registry(driven, world, "denied:5000")
        await deployed(driven, location="yard")
        calls = made(world)
        assert (calls["build"], calls["load_image"]) == (1, 2)
        assert not world.registries


async def test_a_private_image_is_pulled_with_the_password_of_its_registry(tmp_path: Path) -> None:
    world = new_world()
    (tmp_path / "password").write_text("hush-hush\n")
    (tmp_path / "password").chmod(0o600)
    config = tmp_path / "clocker.toml"
    text = "name: shop\nservices:\n- type: docker:registry.example:5000/team/denied:1\n  id: web\n"
    for known in (False, True):
        table = f'[registries."registry.example:5000"]\nuser = "clocker"\npassword_file = "{tmp_path / "password"}"\n'
        config.write_text(table if known else "")
        async with managed(tmp_path / f"s{known}", world=world, environ={"CLOCKER_CONFIG": str(config)}) as driven:
            done = await driven.ended(await driven.deploy(text), 300)
            assert (done.state is ActivityState.DONE) is known, done.problem
            assert "hush" not in repr(msgspec.to_builtins(done))
            await driven.ended(await driven.invoke("shop", "delete"))


def test_the_fault_of_a_refused_pull_says_where_a_password_is_written() -> None:
    refusal = fault("unix:///x", "pull", 500, "pull access denied for team/app")
    assert isinstance(refusal, PullDenied)
    assert "[registries" in str(refusal)
