"""Does a container do what its image, command and environment say?"""

import asyncio
import io
import tarfile

import pytest

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.errors import EngineFault, ImageNotFound, NameConflict, NotFound, PullDenied, TimedOut
from clocker_actors.model.containers import EngineState
from clocker_actors.model.specs import BuildSpec, ProbeKind, ProbeSpec, Resources
from tests.drivers.simulated.helpers import actions, listening, request, running

HTTP = ProbeSpec(ProbeKind.HTTP, 80)


def context(dockerfile: str, name: str = "Dockerfile") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(dockerfile)
        archive.addfile(entry, io.BytesIO(dockerfile.encode()))
    return held.getvalue()


@pytest.fixture
def engine() -> SimulatedEngine:
    return SimulatedEngine("one")


async def test_one_that_exits_at_once_still_started_well(engine: SimulatedEngine) -> None:
    await running(engine, "a", "exits")
    await asyncio.sleep(0.1)
    seen = await engine.inspect("a")
    assert (seen.state, seen.exit_code) == (EngineState.EXITED, 3)


async def test_readiness_comes_after_a_while_and_health_can_go(engine: SimulatedEngine) -> None:
    await running(engine, "a", env={"SIMULATED_READY": "1.5"})
    seen = engine.containers[0]
    assert not (await engine.probe(seen, "h", HTTP)).ok
    await asyncio.sleep(1.5)
    assert (await engine.probe(seen, "h", HTTP)).detail == "http h:80/ answered 200 OK"
    engine.sicken("a")
    assert not (await engine.probe(seen, "h", HTTP)).ok
    assert not (await engine.probe(seen, "h", ProbeSpec(ProbeKind.EXEC, command=("check",)))).ok
    engine.sicken("a", sick=False)
    assert (await engine.probe(seen, "h", ProbeSpec(ProbeKind.EXEC, command=("check",)))).ok


async def test_one_that_is_never_healthy_never_answers(engine: SimulatedEngine) -> None:
    await running(engine, "a", "never-healthy")
    await asyncio.sleep(3600)
    assert not (await engine.probe(engine.containers[0], "h", HTTP)).ok


async def test_a_healthcheck_has_its_first_verdict_after_an_interval(engine: SimulatedEngine) -> None:
    assert await engine.image("healthcheck") is not None
    async with listening(engine) as heard:
        await running(engine, "a", "healthcheck")
        await asyncio.sleep(29)
        assert engine.containers[0].healthcheck == "starting"
        await asyncio.sleep(2)
        assert engine.containers[0].healthcheck == "healthy"
        assert (heard[-1].action, heard[-1].health) == ("health_status", "healthy")


async def test_a_restart_policy_makes_die_and_start_follow_each_other(engine: SimulatedEngine) -> None:
    async with listening(engine) as heard:
        await running(engine, "a", restart="on-failure")
        engine.die("a", 1)
        await asyncio.sleep(1)
        engine.die("a", 0)
        await asyncio.sleep(60)
    assert [action for action, _ in actions(heard)] == ["create", "start", "die", "start", "die"]


async def test_a_limited_restart_policy_gives_up(engine: SimulatedEngine) -> None:
    await running(engine, "a", "exits", restart="on-failure:2")
    await asyncio.sleep(60)
    assert engine.containers[0].state is EngineState.EXITED
    assert [line for line in [line async for line in engine.logs("a", follow=False, tail=-1)] if "started" in line] == ["a: started"] * 3


async def test_create_never_pulls_and_pulls_can_fail(engine: SimulatedEngine) -> None:
    with pytest.raises(ImageNotFound, match="pull or build"):
        await engine.create(request("a", "redis:7"))
    await engine.pull("redis:7")
    await engine.create(request("a", "redis:7"))
    with pytest.raises(ImageNotFound):
        await engine.pull("missing:1")
    with pytest.raises(PullDenied):
        await engine.pull("denied/web")
    assert engine.made["pull"] == 3


async def test_builds_read_their_dockerfile(engine: SimulatedEngine) -> None:
    await engine.build("mine", BuildSpec("sha"), context("FROM scratch\nHEALTHCHECK --interval=500ms CMD true\n"), {})
    made = await engine.image("mine:latest")
    assert made is not None
    assert made.health_interval == 0.5
    for bad in (context("RUN x\n"), context("FROM scratch\n", "Other"), b"no tar at all"):
        with pytest.raises(EngineFault, match="build of bad"):
            await engine.build("bad", BuildSpec("sha"), bad, {})
    assert await engine.image("bad") is None


async def test_names_are_taken_once_and_tell_who_holds_them(engine: SimulatedEngine) -> None:
    identity = await engine.create(request("a"))
    with pytest.raises(NameConflict) as caught:
        await engine.create(request("a"))
    assert caught.value.details["existing"] == identity


@pytest.mark.parametrize(
    "resources", [Resources(memory=1024), Resources(cpus=5.0)], ids=["memory below 6 MB", "more cpus than the engine has"]
)
async def test_impossible_resources_are_refused(engine: SimulatedEngine, resources: Resources) -> None:
    with pytest.raises(EngineFault, match="refuses create"):
        await engine.create(request("a", resources=resources))


async def test_commands_inside(engine: SimulatedEngine) -> None:
    await running(engine, "a")
    assert await engine.execute("a", ("sh", "-c", "echo one; exit 2"), 1.0) == (2, "one\n")
    with pytest.raises(TimedOut, match="within 1 s"):
        await engine.execute("a", ("sleep", "5"), 1.0)
    await engine.kill("a")
    with pytest.raises(EngineFault, match="start it first"):
        await engine.execute("a", ("true",), 1.0)
    with pytest.raises(NotFound):
        await engine.execute("b", ("true",), 1.0)
