"""What waits, and what is renewed, when actors crash, managers die, values flap, nobody can run with a new value, or a thousand wait at once."""

import asyncio
import time
from pathlib import Path

import pytest

from clocker_actors.entities.members.member import Member
from clocker_actors.entities.services.application import Application
from clocker_actors.entities.services.cluster import Cluster
from clocker_actors.errors import EngineUnavailable
from clocker_actors.kernel import Actor
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.expressions import Dependency
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import SetReading
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value
from clocker_actors.telemetry.explain import explain
from tests.flows.crashing import Poison, faulty
from tests.flows.depending import cluster, deploy, env_of, problem, requests, service, waits, when_ready
from tests.flows.stories import new_world, well
from tests.flows.support import Driven, managed
from tests.flows.test_dependencies_live import conf, conf_of, moved
from tests.flows.test_dependencies_start import NEVER, SLOW
from tests.flows.test_manager_dies import killed


def say(driven: Driven, path: str, sensor: str, value: Value) -> None:
    """Let a service have a reading."""
    uid = driven.model.resolve(path)
    driven.manager.kernel.tell(uid, SetReading(Reading(sensor, value, driven.manager.kernel.now())))


@pytest.mark.parametrize(("crashed", "path"), [(Member, "shop/web"), (Member, "shop/db"), (Application, "shop"), (Cluster, "shop/many")])
async def test_whoever_crashes_what_waits_goes_on_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashed: type[Actor], path: str
) -> None:
    faulty(monkeypatch, crashed)
    world = new_world()
    many = cluster("many", 2, service("node"), depends=(Dependency("db"),))
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("web", env={"DB": when_ready("db", "host.address")}), service("db", container=SLOW), many)
        await driven.until(lambda: bool(waits(driven, "shop/web")) and bool(waits(driven, "shop/many")))
        driven.manager.kernel.tell(driven.model.resolve(path), Poison())
        await driven.until(lambda: driven.up("shop/web") and driven.value("shop/many", "group.members.up") == 2)
        assert env_of(driven, world, "shop/web", "DB") == [driven.value("shop/db", "host.address")]
        await well(driven, world)


@pytest.mark.parametrize(("crashed", "path"), [(Member, "shop/web/1"), (Member, "shop/db"), (Application, "shop"), (Cluster, "shop/web")])
async def test_whoever_crashes_in_the_middle_all_members_get_the_new_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashed: type[Actor], path: str
) -> None:
    faulty(monkeypatch, crashed)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("db"), cluster("web", 3, service("node", env={"MARK": when_ready("db", "mark")})))
        await driven.until(lambda: bool(waits(driven, "shop/web/1")))
        say(driven, "shop/db", "mark", "one")
        await driven.until(lambda: env_of(driven, world, "shop/web", "MARK") == ["one"] * 3 and driven.up("shop/web"))
        await well(driven, world)
        say(driven, "shop/db", "mark", "two")
        await driven.until(lambda: "two" in env_of(driven, world, "shop/web", "MARK"))
        driven.manager.kernel.tell(driven.model.resolve(path), Poison())
        if path == "shop/db":  # a reading that somebody gave is forgotten by a crash, and given again
            await asyncio.sleep(1)
            say(driven, "shop/db", "mark", "two")
        await driven.until(lambda: env_of(driven, world, "shop/web", "MARK") == ["two"] * 3, within=400)
        await well(driven, world)


@pytest.mark.parametrize("after", [0.0, 1.9, 2.05, 2.3, 3.0, 4.0, 6.0])
async def test_a_manager_that_dies_while_members_are_renewed(tmp_path: Path, after: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        node = service("node", env={"DB": when_ready("db", "host.address")})
        await driven.ended(await deploy(driven, service("db"), cluster("web", 3, node)))
        before = driven.value("shop/db", "host.address")
        await driven.ended(await driven.invoke("shop/db", "move"))
        await driven.until(lambda: driven.value("shop/db", "host.address") != before)
        await asyncio.sleep(after)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/db") and driven.up("shop/db"))
        after_ = driven.value("shop/db", "host.address")
        assert after_ != before
        await driven.until(lambda: env_of(driven, world, "shop/web", "DB") == [after_] * 3, within=120)
        await well(driven, world)


async def test_a_value_that_flaps_is_waited_out(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("db"), cluster("web", 2, service("node", env={"MARK": when_ready("db", "mark")})))
        await driven.until(lambda: bool(waits(driven, "shop/web/1")))
        say(driven, "shop/db", "mark", 0)
        say(driven, "shop/db", "mark", 1)
        await driven.until(lambda: driven.up("shop/web"))
        await well(driven, world)
        names = sorted(request.name for request in requests(driven, world, "shop/web"))
        for turn in range(20):
            say(driven, "shop/db", "mark", 2 + turn % 2)
            await asyncio.sleep(1)
        assert sorted(request.name for request in requests(driven, world, "shop/web")) == names
        say(driven, "shop/db", "mark", 1)
        await asyncio.sleep(5)
        assert sorted(request.name for request in requests(driven, world, "shop/web")) == names
        say(driven, "shop/db", "mark", 9)
        await driven.until(lambda: env_of(driven, world, "shop/web", "MARK") == ["9", "9"])


async def test_a_value_that_nobody_can_run_with_is_tried_by_one_member_and_takes_down_none(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("db"), cluster("web", 4, service("node", env={"SIMULATED_LIFE": when_ready("db", "life")})))
        await driven.until(lambda: bool(waits(driven, "shop/web/1")))
        say(driven, "shop/db", "life", 100000)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4)
        await well(driven, world)
        say(driven, "shop/db", "life", 0.01)
        await asyncio.sleep(120)
        assert env_of(driven, world, "shop/web", "SIMULATED_LIFE") == ["100000"] * 4
        assert driven.value("shop/web", "group.members.up") == 4
        assert problem(driven, "shop/web") == ""
        tried = [entry for entry in driven.entries(EntityKind.MEMBER, "shop/web") if "update_failed" in entry.facts]
        assert len(tried) == 1
        assert "what ran before goes on: 3 tries" in str(tried[0].facts["update_failed"])
        say(driven, "shop/db", "life", 200000)
        await driven.until(lambda: env_of(driven, world, "shop/web", "SIMULATED_LIFE") == ["200000"] * 4, within=120)


async def test_what_is_waited_for_is_deleted(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deploy(driven, service("db", container=NEVER), service("web", depends=(Dependency("db", timeout=30.0),)))
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        await driven.ended(await driven.invoke("shop/db", "delete"))
        await driven.until(lambda: bool(problem(driven, "shop/web")), within=40)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE


async def test_explain_says_what_is_waited_for(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deploy(driven, service("db", container=SLOW), service("web", depends=(Dependency("db"),)))
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        told = explain(driven.model, "shop/web", driven.manager.kernel.now())
        assert any("waits until shop/db is up" in line.text for _, line in told.flat())


async def test_a_host_that_is_silent_restarts_nobody_but_who_was_on_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        node = service("node", env={"DB": when_ready("db", "host.address")})
        await driven.ended(await deploy(driven, service("db"), cluster("web", 2, node)))
        before = str(driven.value("shop/db", "host.address"))
        host = driven.model.entry(str(driven.value("shop/db", "container.host"))).name
        engine = next(engine for engine in world.engines.values() if engine.name == host)
        engine.partition()
        await driven.until(lambda: driven.value("shop/db", "host.address") != before and driven.up("shop/db"))
        after = str(driven.value("shop/db", "host.address"))
        await driven.until(lambda: env_of(driven, world, "shop/web", "DB")[-2:] == [after] * 2)
        engine.heal()
        await well(driven, world)


async def test_an_engine_that_is_away_for_a_moment_gets_the_files_later(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", container=conf(reload=("app", "reload")))))
        name = requests(driven, world, "shop/web")[0].name
        for engine in world.engines.values():
            engine.fail("put", EngineUnavailable("not now"), times=2)
        after = await moved(driven, "shop/db")
        await driven.until(lambda: conf_of(driven, world, "shop/web") == [f"db={after}\n"])
        assert requests(driven, world, "shop/web")[0].name == name


async def test_hundreds_that_wait_cost_little(tmp_path: Path) -> None:
    world = new_world(10)
    chain = [service("s0", container=SLOW)]
    chain += [service(f"s{n}", env={"BEFORE": when_ready(f"s{n - 1}", "host.address")}) for n in range(1, 20)]
    crowd = [service(f"w{n}", env={"LAST": when_ready("s19", "host.address")}, depends=(Dependency("s19"),)) for n in range(200)]
    async with managed(tmp_path / "s", world=world) as driven:
        began = time.process_time()
        deployed = await deploy(driven, *chain, *crowd)
        assert (await driven.ended(deployed, within=900)).state is ActivityState.DONE
        assert time.process_time() - began < 60
        assert len(driven.entries(EntityKind.MEMBER, "shop/")) == 220
        await well(driven, world)


async def test_what_could_not_start_with_one_value_is_tried_with_the_next(tmp_path: Path) -> None:
    world = new_world()
    web = service("web", env={"SIMULATED_LIFE": when_ready("db", "life"), "ME": when_ready("self", "host.name")})
    async with managed(tmp_path / "s", world=world) as driven:
        deployed = await deploy(driven, service("db"), web)
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        say(driven, "shop/db", "life", 0.01)
        assert (await driven.ended(deployed)).state is ActivityState.FAILED
        await asyncio.sleep(60)
        assert driven.value("shop/web", "generation") == 1
        say(driven, "shop/db", "life", 100000)
        await driven.until(lambda: driven.up("shop/web"))
        assert driven.value("shop/web", "generation") == 2
        await well(driven, world)
