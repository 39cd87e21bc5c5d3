"""Updates of whole applications that cross other commands, or are cut short: whatever happens, what the newest file says is what there is in the end."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.root import Root
from clocker_actors.entities.services.application import Application
from clocker_actors.kernel import Actor
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.messages import CancelActivity
from tests.flows.crashing import Poison, faulty
from tests.flows.slowness import LATENCY, slow_store
from tests.flows.stories import cluster, new_world, ours, running, well
from tests.flows.support import PERSON, Driven, managed
from tests.flows.test_manager_dies import killed
from tests.flows.test_updates import deployed, spec_of, steps

HEAD = "name: shop\nlocation: local\nservices:\n"
CLUSTER = "- {type: cluster, id: web, initialSize: 2, memberSpec: {type: 'docker:clocker/web:1'}}\n"
FIRST = HEAD + CLUSTER + "- {type: 'docker:clocker/db:1', id: db}\n- {type: 'docker:clocker/old:1', id: old}\n"
SECOND = (
    HEAD
    + CLUSTER.replace("initialSize: 2", "initialSize: 3").replace("web:1", "web:2")
    + "- {type: cluster, id: db, initialSize: 1, memberSpec: {type: 'docker:clocker/db:1'}}\n- {type: 'docker:clocker/new:1', id: new, dependsOn: db}\n"
)


def is_first(driven: Driven) -> bool:
    """What there is is what the first file says."""
    there = {entry.path: entry.kind for entry in driven.model.all() if entry.path.startswith("shop/") and entry.path.count("/") == 1}
    kinds = {"shop/web": EntityKind.CLUSTER, "shop/db": EntityKind.MEMBER, "shop/old": EntityKind.MEMBER}
    return there == kinds and driven.up("shop")


def is_second(driven: Driven) -> bool:
    """What there is is what the second file says."""
    there = {entry.path: entry.kind for entry in driven.model.all() if entry.path.startswith("shop/") and entry.path.count("/") == 1}
    kinds = {"shop/web": EntityKind.CLUSTER, "shop/db": EntityKind.CLUSTER, "shop/new": EntityKind.MEMBER}
    return there == kinds and driven.up("shop") and driven.value("shop/web", "group.members.up") == 3


def images(world: SimulatedWorld) -> list[str]:
    """Of all that runs."""
    return sorted(seen.image for _, seen in running(world))


FINAL = ["clocker/db:1", "clocker/new:1", "clocker/web:2", "clocker/web:2", "clocker/web:2"]


@pytest.mark.parametrize("after", [0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 4.0])
async def test_the_manager_dies_during_an_update(tmp_path: Path, after: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await deployed(driven, FIRST)
        await driven.deploy(SECOND)
        await asyncio.sleep(after)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and (is_first(driven) or is_second(driven)), 120)
        await well(driven, world)
        if spec_of(driven).spec.revision == 1:
            assert is_first(driven)
            assert (await deployed(driven, SECOND)).state is ActivityState.DONE
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 120)
        assert (await deployed(driven, SECOND)).result == "nothing to do"
        await well(driven, world)


@pytest.mark.parametrize("after", [0.0, LATENCY / 2, LATENCY * 1.5, 1.0, 2.0])
@pytest.mark.parametrize(("kind", "path"), [(Application, "shop"), (Root, ROOT)], ids=["application", "root"])
async def test_whoever_crashes_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Actor], path: str, after: float
) -> None:
    faulty(monkeypatch, kind)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, FIRST)
        async with slow_store(driven):
            activity = await driven.deploy(SECOND)
            await asyncio.sleep(after)
            driven.manager.kernel.tell(driven.model.resolve(path) if path != ROOT else ROOT, Poison())
            await driven.ended(activity, 120)
        await driven.until(lambda: is_first(driven) or is_second(driven), 120)
        await well(driven, world)
        assert (await deployed(driven, SECOND)).state is ActivityState.DONE
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 120)
        await well(driven, world)


async def test_an_update_of_what_is_still_starting(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        first = await driven.deploy(FIRST)
        await asyncio.sleep(0.3)
        second = await driven.ended(await driven.deploy(SECOND), 120)
        assert second.state is ActivityState.DONE, second.problem
        assert (await driven.ended(first)).state is ActivityState.DONE
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 60)
        await well(driven, world)


async def test_what_is_on_fire_is_mended_by_the_next_file(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, FIRST)
        for size in (2, 1):
            text = SECOND.replace("id: new,", f"id: new, memory: {size}t,")  # no host has that
            failed = await deployed(driven, text, 120)
            assert failed.state is ActivityState.FAILED
            assert "insufficient capacity" in failed.problem
        mended = await deployed(driven, SECOND, 120)
        assert mended.state is ActivityState.DONE, mended.problem
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 60)
        await well(driven, world)


async def test_several_updates_at_a_time_the_newest_counts(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, FIRST)
        activities = []
        for text in (SECOND, FIRST, SECOND, FIRST, SECOND):
            activities.append(await driven.deploy(text))
            await asyncio.sleep(0.4)
        ended = [await driven.ended(each, 120) for each in activities]
        assert ended[-1].state is ActivityState.DONE, ended[-1].problem
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 60)
        await well(driven, world)
        assert spec_of(driven).spec.revision == 6


@pytest.mark.parametrize("after", [0.0, 0.05, 0.5, 2.0])
async def test_a_delete_during_an_update(tmp_path: Path, after: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, FIRST)
        activity = await driven.deploy(SECOND)
        await asyncio.sleep(after)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert (await driven.ended(activity)).state.ended
        await driven.until(lambda: driven.gone("shop") and not ours(world), 60)
        await well(driven, world)
        await deployed(driven, SECOND)
        assert is_second(driven)


@pytest.mark.parametrize("after", [0.05, 0.5])
async def test_a_stop_during_an_update(tmp_path: Path, after: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, FIRST)
        activity = await driven.deploy(SECOND)
        await asyncio.sleep(after)
        await driven.ended(await driven.invoke("shop", "stop"))
        done = await driven.ended(activity)
        assert done.state is ActivityState.DONE, done.problem
        assert "is stopped" in steps(driven)
        assert not ours(world)
        await driven.ended(await driven.invoke("shop", "start"))
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 60)
        await well(driven, world)


async def test_a_cancelled_update_that_is_taken_up_says_that_it_did_something(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, cluster(4))
        changed = cluster(4, image="docker:clocker/web:5")
        activity = await driven.deploy(changed)
        await asyncio.sleep(0.1)
        await driven.manager.kernel.ask(ROOT, CancelActivity(activity, PERSON), 5.0)
        await asyncio.sleep(20)
        again = await deployed(driven, changed)
        assert again.state is ActivityState.DONE, again.problem
        assert again.result != "nothing to do"
        assert (await deployed(driven, changed)).result == "nothing to do"


async def test_an_update_that_is_cancelled_is_taken_up_by_the_same_file(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, FIRST)
        activity = await driven.deploy(SECOND)
        await asyncio.sleep(0.1)
        await driven.manager.kernel.ask(ROOT, CancelActivity(activity, PERSON), 5.0)
        assert (await driven.ended(activity)).state is ActivityState.CANCELLED
        await asyncio.sleep(20)
        assert (await deployed(driven, SECOND)).state is ActivityState.DONE
        await driven.until(lambda: is_second(driven) and images(world) == FINAL, 60)
        await well(driven, world)


async def test_who_served_before_the_manager_was_killed_counts_as_serving_when_it_asks_to_leave(tmp_path: Path) -> None:
    """Found by a story of the simulation: a manager that had just begun let a member go that it had not looked at for long enough."""
    world = new_world()
    probed = "duplicate: never;ports: [8080];readiness: {tcp: 8080}"
    shop = cluster(2, member=probed, keys="quorum: 2")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(shop))
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(cluster(2, member=f"{probed};env: {{WORD: two}}", keys="quorum: 2"))
        for _ in range(400):
            await asyncio.sleep(0.05)
            assert len(running(world)) == 2
