"""Does a service that says `duplicate: never` never run twice, whatever is cut and whoever begins anew? In virtual time, with several seeds."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.entities.hosts.container import Container
from clocker_actors.entities.hosts.fence import MARGIN
from clocker_actors.entities.hosts.host import Host
from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest, EngineState
from clocker_actors.model.identity import LABEL_LEASE, LABEL_MEMBER, LABEL_PLANE, EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import new_world, one, running
from tests.flows.support import Driven, managed

SEEDS = (1, 2, 3)
TTL = 10.0
SHOP = one(keys="duplicate: never")


def serving(world: SimulatedWorld) -> list[str]:
    """Names of the containers of services that run, without their leases."""
    return [seen.name for _, seen in running(world) if LABEL_LEASE not in seen.labels]


def leases(world: SimulatedWorld) -> list[str]:
    everything = (seen for engine in world.engines.values() for seen in engine.containers)
    return [seen.name for seen in everything if LABEL_LEASE in seen.labels and seen.state is EngineState.RUNNING]


def home(world: SimulatedWorld) -> SimulatedEngine:
    """The engine that runs it."""
    return next(engine for engine, seen in running(world) if LABEL_LEASE not in seen.labels)


def left(world: SimulatedWorld) -> list[str]:
    return [seen.name for engine in world.engines.values() for seen in engine.containers if LABEL_PLANE in seen.labels]


async def watched(world: SimulatedWorld, seconds: float) -> list[int]:
    """How many ran, every 50 ms; never two of them."""
    found = []
    for _ in range(int(seconds / 0.05)):
        found.append(len(serving(world)))
        assert found[-1] <= 1, serving(world)
        await asyncio.sleep(0.05)
    return found


async def well(driven: Driven, world: SimulatedWorld) -> None:
    await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web") and len(serving(world)) == 1, 60)
    await driven.until(lambda: len(left(world)) == 2, 60, "one container and its lease")


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_cable_is_cut_and_plugged_in_again(tmp_path: Path, seed: int) -> None:
    world = new_world(3, seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        engine, first = home(world), serving(world)[0]
        assert leases(world) == [f"{first}.lease"]
        await watched(world, 40)
        assert serving(world) == [first], "nothing ends while it is heard"
        engine.partition()
        began = asyncio.get_running_loop().time()
        while first in serving(world):
            await watched(world, 0.05)
        died = asyncio.get_running_loop().time() - began
        assert TTL - 2 <= died <= TTL + 1, "by itself, though nobody can reach it"
        while not serving(world):
            await watched(world, 0.05)
        again = asyncio.get_running_loop().time() - began
        assert died + MARGIN - 1.5 <= again <= TTL + MARGIN + 6
        engine.heal()
        await watched(world, 30)
        await well(driven, world)
        await driven.ended(await driven.invoke("shop", "delete"))
        await asyncio.sleep(31)
        assert left(world) == []


@pytest.mark.parametrize("away", [1.0, 4.0, 6.0, 9.0, 9.9, 10.5, 11.5, 12.5, 14.0])
@pytest.mark.parametrize("seed", SEEDS)
async def test_the_cable_is_back_at_any_moment(tmp_path: Path, away: float, seed: int) -> None:
    world = new_world(3, seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        engine = home(world)
        engine.partition()
        await watched(world, away)
        engine.heal()
        await watched(world, 60)
        await well(driven, world)


@pytest.mark.parametrize("down", [0.0, 4.0, 9.0, 30.0])
@pytest.mark.parametrize("cut", [False, True])
async def test_the_manager_begins_anew(tmp_path: Path, down: float, cut: bool) -> None:
    """In time it goes on with what runs; too late it finds it dead, and starts another. With the host cut off meanwhile, after the fence."""
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        first, engine = serving(world)[0], home(world)
    if cut:
        engine.partition()
    await watched(world, down)
    async with managed(tmp_path / "s", world=world) as driven:
        await watched(world, 60)
        if not cut and down < 8:
            assert serving(world) == [first]
        engine.heal()
        await watched(world, 30)
        await well(driven, world)


@pytest.mark.parametrize("kind", [Host, Container])
@pytest.mark.parametrize("pause", [0.0, 2.0, 8.0])
async def test_actors_crash_while_it_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, pause: float) -> None:
    faulty(monkeypatch, kind)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        engine = home(world)
        engine.partition()
        await watched(world, pause)
        for entry in driven.entries(EntityKind.HOST if kind is Host else EntityKind.CONTAINER):
            driven.manager.kernel.tell(entry.uid, Poison())
        await watched(world, 60)
        assert len(serving(world)) == 1
        engine.heal()
        await watched(world, 40)
        await well(driven, world)


@pytest.mark.parametrize("reply", ["start", "lease", "create"])
async def test_a_start_of_which_nobody_heard(tmp_path: Path, reply: str) -> None:
    """It came about, the answer was lost, and the host with it."""
    world = new_world()
    for engine in (world.engine("sim-1"), world.engine("sim-2")):
        engine.lose_reply(reply)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(SHOP)
        await watched(world, 90)
        await well(driven, world)


async def test_an_engine_that_refuses_a_lease(tmp_path: Path) -> None:
    world = new_world()
    for engine in world.engines.values():
        engine.fail("lease", EngineUnavailable("exec format error"), 9)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(SHOP)
        await watched(world, 120)
        assert not serving(world)


@pytest.mark.parametrize("runs", [True, False])
async def test_a_foreign_container_with_the_name_of_a_lease_is_left_alone(tmp_path: Path, runs: bool) -> None:
    world = new_world(1)
    engine = world.engine("sim-1")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        name = f"{serving(world)[0].removesuffix('.g1')}.g2.lease"
        foreign = await engine.create(ContainerRequest(name, "clocker/web:1", ContainerSpec(ImageSpec("clocker/web:1")), {}))
        await engine.start(foreign)
        if not runs:
            engine.die(name)
        again = await driven.ended(await driven.invoke("shop/web", "restart"))
        assert name in again.problem and "remove it by hand" in again.problem
        await asyncio.sleep(40)
        assert serving(world) == []
        await driven.ended(await driven.invoke("shop", "delete"))
        await asyncio.sleep(40)
        assert [seen.id for seen in engine.containers] == [foreign]
        assert (engine.containers[0].state is EngineState.RUNNING) is runs


async def test_a_container_that_dies_has_its_next_at_once(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        first = serving(world)[0]
        home(world).die(first, 1)
        took = await driven.until(lambda: serving(world) not in ([], [first]), 10)
        assert took < 2.0, "its engine says that it is dead: nothing is to be waited for"
        await watched(world, 30)
        await well(driven, world)
        assert [seen.state for engine in world.engines.values() for seen in engine.containers if LABEL_MEMBER in seen.labels] == [
            EngineState.RUNNING
        ] * 2


async def test_a_look_that_shows_nothing_does_not_end_the_wait_after_an_uncertain_start(tmp_path: Path) -> None:
    """Creating it failed, perhaps; a look shows nothing yet. That it failed is still found in the end, and another is made."""
    world = new_world()
    engine = world.engine("sim-1")
    engine.fail("create", EngineUnavailable("reset by peer"))
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(SHOP)
        await driven.until(lambda: engine.made["create"] > 0, 10)
        await watched(world, 1)
        engine.partition()
        await watched(world, 2.7)  # long enough for the streams to break, and not for the host to be lost
        engine.heal()
        await watched(world, TTL + MARGIN)
        assert (await driven.ended(activity, 5)).state is ActivityState.DONE
        await well(driven, world)


async def test_one_that_was_never_ready_runs_until_it_is_stopped(tmp_path: Path) -> None:
    """Its host is cut off while it is being stopped: a restart waits for the end of its lease."""
    world = new_world()
    for engine in world.engines.values():
        engine.fail("stop", EngineUnavailable("reset by peer"), 99)
    probed = "ports: [8080]; readiness: {http: 8080}; startTimeout: 3s; duplicate: never"
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(one(image="docker:clocker/never-healthy:1", keys=probed)))
        assert "not ready within 3 s" in done.problem
        first, engine = serving(world)[0], home(world)
        engine.partition()
        await driven.invoke("shop/web", "restart")
        await watched(world, 40)
        assert first not in serving(world)
        assert sum(each.made["start"] for each in world.engines.values()) > engine.made["start"], "another was begun elsewhere"


async def test_what_waited_for_the_fence_does_not_start_once_more_after_its_end(tmp_path: Path) -> None:
    """Found by a story of the simulation: the container of a deleted member began, and nobody knew it."""
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(SHOP)
        await driven.until(lambda: "shop/web" in driven.picture() and driven.reading("shop/web", "container.host") is not None, 10)
    for each in world.engines.values():
        each.crash()
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(3)
        for each in world.engines.values():
            each.recover()
        await driven.until(lambda: not driven.gone("shop/web") and len(serving(world)) == 1, 60)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert left(world) == []
        await asyncio.sleep(15)
        assert left(world) == []
