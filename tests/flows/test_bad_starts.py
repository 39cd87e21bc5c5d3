"""A container cannot be started: does each cause end in a clear word, a way out, and nothing left behind?"""

import asyncio
import itertools
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.images import known
from clocker_actors.errors import EngineFault
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest, EngineState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.flows.stories import cluster, new_world, one, ours, running, tells_all, well
from tests.flows.support import Driven, managed


async def failed(driven: Driven, text: str, within: float = 120.0) -> str:
    """Deploy something that cannot work; what its activity says."""
    done = await driven.ended(await driven.deploy(text), within)
    assert done.state is ActivityState.FAILED, driven.picture()
    return done.problem


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("docker:clocker/missing:7", ("clocker/missing:7", "correct the name or tag")),
        ("docker:clocker/denied:1", ("clocker/denied:1", "log the engine in")),
    ],
)
async def test_an_image_that_cannot_be_had(tmp_path: Path, image: str, parts: tuple[str, ...]) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        tells_all(await failed(driven, one(image=image)), "web", *parts)
        assert driven.value("shop/web", "service.state") == "on-fire"
        assert driven.value("shop", "service.state") == "on-fire"
        await well(driven, world)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert driven.gone("shop") and not ours(world)


async def test_a_cluster_sets_aside_what_fails_pauses_longer_and_stops_after_five(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        problem = await failed(driven, cluster(1, image="docker:clocker/missing:7"))
        tells_all(problem, "5 members in a row", "clocker/missing:7", "resize")
        held = driven.value("shop/web", "cluster.quarantined")
        assert isinstance(held, list | tuple) and len(held) == 5
        decisions = [d for d in driven.model.decisions.of_subject(driven.model.resolve("shop/web")) if d.kind == "quarantine"]
        pauses = [later.at - earlier.at for earlier, later in itertools.pairwise(decisions)]
        assert pauses == sorted(pauses) and pauses[0] >= 1 and pauses[-1] >= 10
        await well(driven, world)

        for engine in world.engines.values():  # the cause is mended; a resize tries again
            engine._core.images["clocker/missing:7"] = known("clocker/missing:7")
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=2))).state is ActivityState.DONE
        assert driven.up("shop/web")
        assert driven.value("shop/web", "service.problems") == {}
        await well(driven, world)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not driven.manager.store.all(EntityKind.MEMBER) and not ours(world)


async def test_without_quarantine_failed_members_are_removed(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await failed(driven, cluster(1, image="docker:clocker/missing:7", keys="quarantine: false"))
        await well(driven, world)
        assert not driven.entries(EntityKind.MEMBER)


async def test_a_readiness_that_never_comes(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        keys = "startTimeout: 3s;ports: [8080];readiness: {http: {port: 8080, path: /}, period: 1s, timeout: 1s}"
        problem = await failed(driven, one(image="docker:clocker/never-healthy:1", keys=keys))
        tells_all(problem, "web", "not ready within 3 s: http", "503", "its last words", "longer startTimeout")
        await well(driven, world)
        assert not ours(world)


async def test_a_healthcheck_that_never_passes(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        problem = await failed(driven, one(image="docker:clocker/healthcheck-never-healthy:1", keys="startTimeout: 100s"), 300)
        tells_all(problem, "web", "not ready within 100 s", "HEALTHCHECK", "longer startTimeout")
        assert not driven.up("shop/web")
        await well(driven, world)


async def test_a_full_disk_on_one_host_is_avoided(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        world.engine("sim-1").fill_disk()
        done = await driven.ended(await driven.deploy(cluster(3)))
        assert done.state is ActivityState.DONE, done.problem
        await well(driven, world)
        assert not world.engine("sim-1").containers


async def test_full_disks_everywhere(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        for engine in world.engines.values():
            engine.fill_disk()
        tells_all(await failed(driven, one()), "no space left", "sim-", "free some")
        await well(driven, world)


async def test_a_port_taken_by_a_stranger_is_avoided(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        for engine in world.engines.values():
            engine.occupy(20_000)
        world.engine("sim-1").occupy(8080)
        done = await driven.ended(await driven.deploy(one(keys="directPorts: [8080];openPorts: [9090]")))
        assert done.state is ActivityState.DONE, done.problem
        await well(driven, world)
        ((engine, seen),) = running(world)
        assert engine.name != "sim-1" and seen.ports["8080/tcp"] == 8080 and seen.ports["9090/tcp"] != 20_000


async def test_a_fixed_port_taken_everywhere(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        for engine in world.engines.values():
            engine.occupy(8080)
        tells_all(await failed(driven, one(keys="directPorts: [8080]")), "8080", "sim-", "choose another")
        await well(driven, world)
        assert not ours(world)


async def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        problem = await failed(driven, one(keys="command: [no-such-thing]"))
        tells_all(problem, "command is not in the image", "correct it")
        await well(driven, world)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("life", ["0.02", "0.9"])
async def test_a_container_that_ends_at_once_stops_being_tried(tmp_path: Path, seed: int, life: str) -> None:
    world = new_world(seed=seed)
    async with managed(tmp_path / "s", world=world) as driven:
        text = cluster(2, image="docker:clocker/exits:1", member=f"env: {{SIMULATED_LIFE: '{life}'}}")
        problem = await failed(driven, text)
        tells_all(problem, "web", "5 members in a row", "exit code 3", "its last words", "correct its command", "resize, start or restart")
        assert driven.value("shop/web", "service.state") == "on-fire"
        made = created(world)
        await asyncio.sleep(250)
        assert created(world) == made, "it goes on and on"
        await well(driven, world)


@pytest.mark.parametrize("seed", range(4))
async def test_containers_that_end_a_little_later_stop_being_replaced(tmp_path: Path, seed: int) -> None:
    world = new_world(seed=seed)
    async with managed(tmp_path / "s", world=world) as driven:
        text = cluster(2, member="env: {SIMULATED_LIFE: '3'}")
        assert (await driven.ended(await driven.deploy(text))).state is ActivityState.DONE, "they lasted"
        await driven.until(lambda: "replacing has stopped" in str(driven.value("shop/web", "service.problems")), 600)
        tells_all(str(driven.value("shop/web", "service.problems")), "look at the members", "resume policy")
        made = created(world)
        await asyncio.sleep(250)
        assert created(world) - made < 8, "it goes on and on"


@pytest.mark.parametrize("seed", range(4))
async def test_one_container_that_ends_at_once_is_never_called_up(tmp_path: Path, seed: int) -> None:
    world = new_world(seed=seed)
    async with managed(tmp_path / "s", world=world) as driven:
        problem = await failed(driven, one(image="docker:clocker/exits:1"))
        tells_all(problem, "web", "exit code 3", "its last words", "correct its command")
        assert not driven.up("shop/web")
        states = {str(driven.value(path, "service.state")) for path in ("shop", "shop/web")}
        assert states == {"on-fire"}
        await well(driven, world)


async def test_a_member_that_was_restarted_serves_at_once_and_is_running_a_second_later(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="env: {SIMULATED_LIFE: '5'}")))
        await driven.until(lambda: not driven.up("shop/web"), 10)
        await driven.until(lambda: driven.value("shop/web", "service.isUp") is True, 10)
        assert driven.value("shop/web", "service.state") == "starting", "it serves, and it is not yet known to last"
        await driven.until(lambda: driven.up("shop/web"), 2)


def created(world: SimulatedWorld) -> int:
    """Containers that were ever created."""
    return sum(engine.made["create"] for engine in world.engines.values())


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_container_of_that_name_is_there(tmp_path: Path, foreign: bool) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        # The next member's uid is known, since ids are counted.
        await driven.ended(await driven.deploy(one().replace("shop", "first")))
        member = driven.entries(EntityKind.MEMBER)[0].uid
        first = running(world)[0][1]
        await driven.invoke(member, "stop")
        await well(driven, world)
        name = first.name.replace(".g1", ".g2")
        labels = {} if foreign else {**first.labels, "clocker.generation": "2"}
        for engine in world.engines.values():
            if foreign or engine.name == "sim-1":
                await engine.pull("clocker/web:1")
                await engine.create(ContainerRequest(name, "clocker/web:1", ContainerSpec(ImageSpec("clocker/web:1")), labels, {}, {}))
        done = await driven.ended(await driven.invoke(member, "start"))
        if foreign:
            assert done.state is ActivityState.FAILED
            tells_all(done.problem, name, "not ours", "remove it by hand")
            assert all(seen.state is EngineState.CREATED for engine in world.engines.values() for seen in engine.containers)
            assert sum(len(engine.containers) for engine in world.engines.values()) == 3, "foreign containers are never touched"
        else:
            assert done.state is ActivityState.DONE
            await well(driven, world)


async def test_an_engine_that_refuses_once_is_asked_again_elsewhere_or_said(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        for engine in world.engines.values():
            engine.fail("start", EngineFault("engine refuses start: no such runtime; install it", status=500, operation="start"))
        tells_all(await failed(driven, one()), "no such runtime", "install it")
        await well(driven, world)
        again = await driven.ended(await driven.invoke("shop", "start"))
        assert again.state is ActivityState.FAILED or driven.up("shop")
