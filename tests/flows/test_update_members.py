"""Does what runs become what a changed file says with the least that is needed, and does it go on serving meanwhile, whatever happens on the way?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import EngineFault, EngineUnavailable
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_GENERATION
from clocker_actors.model.specs import Resources
from tests.flows.stories import cluster, new_world, one, running, tells_all, well
from tests.flows.support import Driven, managed
from tests.flows.test_manager_dies import killed
from tests.flows.test_moving import Least

V2 = "docker:clocker/web:2"
MB = 1 << 20


def boxes(world: SimulatedWorld) -> list[tuple[str, str, Resources | None]]:
    """Id, generation and limits of what runs."""
    return sorted((seen.id, seen.labels[LABEL_GENERATION], seen.resources) for _, seen in running(world))


def images(world: SimulatedWorld) -> list[str]:
    """Of what runs."""
    return sorted(seen.image for _, seen in running(world))


def steps(driven: Driven, effector: str, path: str = "shop/web") -> str:
    """What the last activity of that name of a service has gone through."""
    found = [each for each in driven.model.activities.of_entity(driven.model.entry(path).uid) if each.effector == effector]
    return " | ".join(f"{step.name} {step.note}" for step in found[-1].steps) if found else ""


async def alone(driven: Driven) -> None:
    """Only one of the three hosts takes containers."""
    await driven.until(lambda: not driven.gone("local/sim-3"))
    for name in ("sim-2", "sim-3"):
        await driven.ended(await driven.invoke(f"local/{name}", "cordon"))


async def test_memory_changes_where_it_runs(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="memory: 64m")))
        before = boxes(world)
        done = await driven.ended(await driven.deploy(one(keys="memory: 128m; cpus: 0.5; restart: on-failure:3")))
        assert done.state is ActivityState.DONE, done
        (identity, generation, resources) = boxes(world)[0]
        assert (identity, generation) == before[0][:2]
        assert resources == Resources(cpus=0.5, memory=128 * MB)
        assert [seen.restart for _, seen in running(world)] == ["on-failure:3"]
        assert driven.model.entry("shop/web").facts.get("behind") is None
        decided = driven.model.decisions.of_subject(driven.model.entry("shop/web").uid, acted=True)
        assert "memory: 64m -> 128m" in next(each.reason for each in decided if each.kind == "update")
        await well(driven, world)


@pytest.mark.parametrize("how", ["refuses", "ignores", "takes away"])
async def test_what_an_engine_does_not_change_gets_a_new_container(tmp_path: Path, how: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="memory: 64m")))
        before = boxes(world)[0]
        for engine in world.engines.values():
            if how == "refuses":
                engine.fail("update", EngineFault("the limit is below what it uses", status=400, operation="update", engine=engine.name))
            elif how == "ignores":
                engine.ignore_updates()
        least = Least(driven, world)
        update = await driven.deploy(one(keys="" if how == "takes away" else "memory: 128m"))
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: len(running(world)) == 1)
        after = boxes(world)[0]
        assert after[0] != before[0]
        assert after[2] == (Resources() if how == "takes away" else Resources(memory=128 * MB))
        assert (least.up, least.most) == (1, 2)
        await well(driven, world)


async def test_what_wants_more_than_its_host_has_left_goes_where_there_is_room(tmp_path: Path) -> None:
    world = new_world()
    text = "name: other\nlocation: local\nservices:\n- {type: 'docker:clocker/web:1', id: web, memory: 4g}\n"
    async with managed(tmp_path / "s", world=world) as driven:
        await alone(driven)
        await driven.ended(await driven.deploy(text))
        await driven.ended(await driven.deploy(one(keys="memory: 2g")))
        before = next(box for box in boxes(world) if box[2] == Resources(memory=2 << 30))
        failed = await driven.ended(await driven.deploy(one(keys="memory: 6g")))
        assert failed.state is ActivityState.FAILED
        assert "it stays where it is: no host fits" in failed.problem
        assert before in boxes(world)
        in_place = await driven.ended(await driven.deploy(one(keys="memory: 3g")))
        assert in_place.state is ActivityState.DONE, in_place
        assert (*before[:2], Resources(memory=3 << 30)) in boxes(world)
        await driven.ended(await driven.invoke("local/sim-2", "uncordon"))
        done = await driven.ended(await driven.deploy(one(keys="memory: 6g")))
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: {engine.name for engine, _ in running(world)} == {"sim-1", "sim-2"})
        why = [each.reason for each in driven.model.decisions.of_subject(driven.model.entry("shop/web").uid) if each.kind == "update"]
        assert any("sim-1 has 4,295 MB memory for it" in reason for reason in why), why
        await well(driven, world)


async def test_an_engine_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="memory: 64m")))
        before = boxes(world)[0]
        world.engine("sim-1").fail("update", EngineUnavailable("gone for a moment"), times=2)
        world.engine("sim-1").lose_reply("inspect")
        done = await driven.ended(await driven.deploy(one(keys="memory: 128m")))
        assert done.state is ActivityState.DONE, done
        assert boxes(world)[0] == (*before[:2], Resources(memory=128 * MB))
        await well(driven, world)


async def test_another_image_starts_before_the_old_one_goes(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        least = Least(driven, world)
        update = await driven.deploy(one(image=V2))
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert (least.up, least.most) == (1, 2)
        await driven.until(lambda: images(world) == ["clocker/web:2"])
        assert "start-first" in steps(driven, "update")
        await well(driven, world)


@pytest.mark.parametrize("keys", ["duplicate: never", "volumes: [pages:/data]", "ports: [8080:80]"])
async def test_what_cannot_run_twice_stops_first(tmp_path: Path, keys: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await alone(driven)
        await driven.ended(await driven.deploy(one(keys=keys)))
        least = Least(driven, world)
        update = await driven.deploy(one(image=V2, keys=keys))
        await least.while_running(update)
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert (least.up, least.most) == (0, 1)
        await driven.until(lambda: images(world) == ["clocker/web:2"])
        assert "stop-first" in steps(driven, "update")
        await well(driven, world)


async def test_where_no_two_have_room_it_stops_first_and_starts_in_its_own_room(tmp_path: Path) -> None:
    world = new_world()
    half = "memory: 5g"
    async with managed(tmp_path / "s", world=world) as driven:
        await alone(driven)
        await driven.ended(await driven.deploy(one(keys=half)))
        update = await driven.deploy(one(image=V2, keys=half))
        done = await driven.ended(update)
        assert done.state is ActivityState.DONE, done
        assert images(world) == ["clocker/web:2"]
        assert "there is no room for two of it" in steps(driven, "update")
        await well(driven, world)


@pytest.mark.parametrize("image", ["docker:clocker/missing:2", "docker:clocker/exits:2"])
async def test_a_bad_image_leaves_what_runs_and_the_deploy_says_why(tmp_path: Path, image: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        before = boxes(world)
        failed = await driven.ended(await driven.deploy(one(image=image)), 300)
        assert failed.state is ActivityState.FAILED
        tells_all(failed.problem, "what ran before goes on", "missing" if "missing" in image else "exit code 3")
        await driven.until(lambda: boxes(world) == before)
        assert driven.up("shop/web")
        facts = driven.model.entry("shop/web").facts
        assert "image: clocker/web:1 ->" in str(facts["behind"])
        assert "what ran before goes on" in str(facts["update_failed"])
        mended = await driven.ended(await driven.deploy(one(image=V2)))
        assert mended.state is ActivityState.DONE, mended
        assert driven.model.entry("shop/web").facts.get("update_failed") is None
        await driven.until(lambda: images(world) == ["clocker/web:2"])
        await well(driven, world)


async def test_back_to_what_it_was(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        before = boxes(world)
        first = await driven.deploy(one(image=V2))
        await driven.until(lambda: len(running(world)) == 2, 20)
        back = await driven.ended(await driven.deploy(one()))
        assert back.state is ActivityState.DONE, back
        assert "superseded" in (await driven.ended(first)).problem
        await driven.until(lambda: boxes(world) == before)
        await well(driven, world)


async def test_a_newer_update_takes_over(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        await driven.deploy(one(image=V2))
        await driven.until(lambda: len(running(world)) == 2, 20)
        last = await driven.ended(await driven.deploy(one(image="docker:clocker/web:3", keys="memory: 64m")))
        assert last.state is ActivityState.DONE, last
        await driven.until(lambda: images(world) == ["clocker/web:3"])
        await well(driven, world)


async def test_what_is_stopped_starts_as_the_file_says_later(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        await driven.ended(await driven.invoke("shop", "stop"))
        done = await driven.ended(await driven.deploy(one(image=V2)))
        assert done.state is ActivityState.DONE, done
        assert running(world) == []
        await driven.ended(await driven.invoke("shop", "start"))
        assert images(world) == ["clocker/web:2"]
        await well(driven, world)


@pytest.mark.parametrize("image", ["docker:clocker/missing:1", "docker:clocker/exits:1"])
async def test_what_is_on_fire_is_mended_by_another_file(tmp_path: Path, image: str) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(one(image=image)))).state is ActivityState.FAILED
        mended = await driven.ended(await driven.deploy(one()))
        assert mended.state is ActivityState.DONE, mended
        assert driven.up("shop/web")
        await well(driven, world)


async def test_what_died_and_is_not_healed_is_started_anew(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="healing: false")))
        engine, seen = running(world)[0]
        engine.die(seen.name)
        await driven.until(lambda: driven.value("shop/web", "service.state") == "on-fire", 20)
        done = await driven.ended(await driven.deploy(one(image=V2, keys="healing: false")))
        assert done.state is ActivityState.DONE, done
        assert images(world) == ["clocker/web:2"]
        await well(driven, world)


async def test_the_host_of_what_is_updated_falls_silent(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        engine = running(world)[0][0]
        engine.partition()
        update = await driven.deploy(one(image=V2))
        done = await driven.ended(update, 120)
        assert done.state is ActivityState.DONE, done
        engine.heal()
        await driven.until(lambda: images(world) == ["clocker/web:2"], 60)
        await well(driven, world)


async def test_an_update_while_it_moves_and_its_host_is_drained(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        engine = running(world)[0][0]
        drained = await driven.invoke(f"local/{engine.name}", "drain")
        await driven.until(lambda: len(running(world)) == 2, 20)
        done = await driven.ended(await driven.deploy(one(image=V2)))
        assert done.state is ActivityState.DONE, done
        assert (await driven.ended(drained)).state is ActivityState.DONE
        await driven.until(lambda: images(world) == ["clocker/web:2"])
        assert running(world)[0][0].name != engine.name
        await well(driven, world)


@pytest.mark.parametrize("after", [0.0, 0.03, 0.2, 0.5, 2.0])
@pytest.mark.parametrize("keys", ["memory: 128m", "env: {A: b}", "duplicate: never; env: {A: b}"])
async def test_the_manager_dies_during_an_update(tmp_path: Path, after: float, keys: str) -> None:
    world = new_world()
    never = "duplicate: never; " if "never" in keys else ""
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(one(keys=f"{never}memory: 64m")))
        await driven.deploy(one(keys=keys))
        await asyncio.sleep(after)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 60)
        done = await driven.ended(await driven.deploy(one(keys=keys)), 120)
        assert done.state is ActivityState.DONE, done
        await driven.until(lambda: len(running(world)) == 1, 30)
        engine, seen = running(world)[0]
        asked = engine.asked_of(seen.id).spec
        assert seen.resources == (Resources(memory=128 * MB) if "memory" in keys else Resources())
        assert asked.env.get("A") == (None if "memory" in keys else "b")
        await well(driven, world)


@pytest.mark.parametrize("after", [0.02, 0.2, 0.5])
async def test_a_change_under_way_waits_for_its_host_to_say_what_it_has(tmp_path: Path, after: float) -> None:
    """The manager died in between; nobody knows yet how much memory a host has, so it may not be taken for full."""
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(4, member="memory: 64m")))
        before = [box[:2] for box in boxes(world)]
        for engine in world.engines.values():
            engine.slow(20)
        await driven.deploy(cluster(4, member="memory: 128m"))
        await asyncio.sleep(after)
    for engine in world.engines.values():
        engine.hang()
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(3)
        for engine in world.engines.values():
            engine.resume()
            engine.slow(1)
        await driven.until(lambda: len(running(world)) == 4 and all(box[2] == Resources(memory=128 * MB) for box in boxes(world)))
        assert [box[:2] for box in boxes(world)] == before, "changed where it runs"
        await well(driven, world)
