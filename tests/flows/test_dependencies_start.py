"""Does a service wait with its start for what it depends on: visibly, no longer than it may, and beside others that do not?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.expressions import Condition, Dependency, Expression, literal
from clocker_actors.model.specs import ContainerSpec, ImageSpec, PortSpec, ProbeKind, ProbeSpec, ServiceSpec
from tests.flows.depending import cluster, deploy, env_of, formatted, problem, requests, service, waits, when_ready
from tests.flows.stories import new_world, well
from tests.flows.support import managed

SLOW = ContainerSpec(ImageSpec("web"), env={"SIMULATED_READY": "5"}, ports=(PortSpec(5432),), readiness=ProbeSpec(ProbeKind.TCP, port=5432))
NEVER = ContainerSpec(ImageSpec("never-healthy"), ports=(PortSpec(5432),), readiness=ProbeSpec(ProbeKind.TCP, port=5432))


async def test_address_and_port_of_another_service_are_waited_for_and_given(tmp_path: Path) -> None:
    world = new_world()
    url = formatted("pg://%s:%s/shop", when_ready("db", "host.address"), when_ready("db", "docker.port.5432"))
    async with managed(tmp_path / "s", world=world) as driven:
        deployed = await deploy(driven, service("web", env={"DB": url}), service("db", container=SLOW))
        await driven.until(lambda: "shop/db" in waits(driven, "shop/web"))
        assert waits(driven, "shop/web") == "waits for host.address of shop/db; waits for docker.port.5432 of shop/db"
        assert not requests(driven, world, "shop/web")
        assert (await driven.ended(deployed)).state is ActivityState.DONE
        address, port = driven.value("shop/db", "host.address"), driven.value("shop/db", "docker.port.5432")
        assert env_of(driven, world, "shop/web", "DB") == [f"pg://{address}:{port}/shop"]
        assert driven.value("shop/db", "mapped.port.5432") == f"{address}:{port}"
        started = [activity for activity in driven.model.activities.all() if activity.entity == driven.model.entry("shop/web").uid]
        assert any(step.name == "wait" and "shop/db" in step.note for step in started[0].steps)
        await well(driven, world)


async def test_what_does_not_depend_starts_at_once(tmp_path: Path) -> None:
    world = new_world()
    slow = [service(f"slow-{n}", container=SLOW) for n in range(3)]
    async with managed(tmp_path / "s", world=world) as driven:
        began = asyncio.get_running_loop().time()
        await deploy(driven, *slow, service("free"), service("last", depends=(Dependency("slow-0"), Dependency("slow-2"))))
        await driven.until(lambda: not driven.gone("shop/free") and driven.up("shop/free"))
        assert asyncio.get_running_loop().time() - began < 4
        assert waits(driven, "shop/last") == "waits until shop/slow-0 is up; waits until shop/slow-2 is up"
        await driven.until(lambda: driven.up("shop/last"))
        assert asyncio.get_running_loop().time() - began < 9  # the slow ones began together


@pytest.mark.parametrize(
    ("condition", "until", "least", "most"),
    [
        (Condition.STARTED, None, 0.0, 4.0),
        (Condition.HEALTHY, None, 5.0, 9.0),
        (Condition.SENSOR, when_ready("db", "docker.port.5432"), 5.0, 9.0),
    ],
)
async def test_each_condition(tmp_path: Path, condition: Condition, until: Expression | None, least: float, most: float) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        began = asyncio.get_running_loop().time()
        await deploy(driven, service("web", depends=(Dependency("db", condition, until),)), service("db", container=SLOW))
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"))
        assert least <= asyncio.get_running_loop().time() - began <= most


async def test_a_condition_on_a_sensor_is_said_in_words_with_what_it_is(tmp_path: Path) -> None:
    reading = when_ready("db", "service.isUp", wait_for_truthy=False)
    until = Expression("predicate", (reading, literal({"equals": True})))
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deploy(driven, service("web", depends=(Dependency("db", Condition.SENSOR, until),)), service("db", container=SLOW))
        await driven.until(lambda: waits(driven, "shop/web") == "waits until service.isUp of shop/db is true (it is false)", within=10)
        await driven.until(lambda: driven.up("shop/web"), within=20)


async def test_the_step_of_waiting_ends_when_the_wait_is_over(tmp_path: Path) -> None:
    def started(path: str) -> Activity:
        uid = driven.model.entry(path).uid
        return next(each for each in driven.model.activities.all() if each.entity == uid and each.effector == "start")

    async with managed(tmp_path / "s", world=new_world()) as driven:
        slow_members = cluster("web", 2, service("node", container=SLOW), depends=(Dependency("db"),))
        deployed = await deploy(driven, slow_members, service("db", container=SLOW))
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        await driven.until(lambda: not waits(driven, "shop/web"))
        over = asyncio.get_running_loop().time()
        await driven.ended(deployed)
        assert asyncio.get_running_loop().time() - over > 4  # its members take as long as that
        activity = started("shop/web")
        (waited,) = [step for step in activity.steps if step.name == "wait"]
        assert waited.ended is not None and activity.ended is not None
        assert activity.ended - waited.ended > 4


async def test_a_latch_holds_back_until_it_is_true(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        latch = when_ready("db", "service.isUp", wait_for_truthy=False)
        await deploy(driven, service("web", latch=latch), service("db", container=SLOW))
        await driven.until(lambda: waits(driven, "shop/web") == "waits for its latch to be true")
        await driven.until(lambda: driven.up("shop/web"), within=10)


async def test_a_failed_dependency_is_a_clear_problem_soon_and_its_end_is_the_problems_end(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        deployed = await deploy(
            driven,
            service("db", container=NEVER, start_timeout=10.0),
            service("api", depends=(Dependency("db"),)),
            service("web", env={"API": when_ready("api", "host.address")}),
        )
        ended = await driven.ended(deployed, within=120)
        assert ended.state is ActivityState.FAILED
        await driven.until(lambda: bool(problem(driven, "shop/web")), within=60)
        assert problem(driven, "shop/api").startswith("waits until shop/db is up, which is on fire: not ready within 10 s")
        assert problem(driven, "shop/web").startswith("waits for host.address of shop/api, which does not start: waits until shop/db is up")
        for engine in world.engines.values():
            for seen in engine.containers:
                engine.sicken(seen.id, sick=False)
        assert not requests(driven, world, "shop/api")


async def test_a_dependency_that_never_comes_is_a_problem_after_its_time_and_is_waited_for_still(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("db", container=SLOW), service("web", depends=(Dependency("db", timeout=2.0),)))
        taken = await driven.until(lambda: bool(problem(driven, "shop/web")))
        assert 1.5 <= taken <= 4
        assert "for 2 s" in problem(driven, "shop/web")
        start = next(activity for activity in driven.model.activities.all() if activity.entity == driven.model.entry("shop/web").uid)
        assert start.state is ActivityState.FAILED
        assert "shop/db" in start.problem
        await driven.until(lambda: driven.up("shop/web"))
        assert not problem(driven, "shop/web")


async def test_stop_ends_the_wait_and_start_begins_it_anew(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("db", container=NEVER), service("web", depends=(Dependency("db"),)))
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        assert (await driven.ended(await driven.invoke("shop/web", "stop"), within=5)).state is ActivityState.DONE
        assert not waits(driven, "shop/web")
        assert driven.value("shop/web", "service.state") == "stopped"
        await driven.invoke("shop/web", "start")
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        assert (await driven.ended(await driven.invoke("shop", "delete"), within=60)).state is ActivityState.DONE


async def test_a_cluster_waits_with_all_its_members_and_grows_later_without(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        deployed = await deploy(driven, service("db", container=SLOW), cluster("web", 3, service("node"), depends=(Dependency("db"),)))
        await driven.until(lambda: bool(waits(driven, "shop/web")))
        assert driven.value("shop/web", "group.members.count") == 0
        assert (await driven.ended(deployed)).state is ActivityState.DONE
        assert len(requests(driven, world, "shop/web")) == 3
        resized = await driven.ended(await driven.invoke("shop/web", "resize", size=5))
        assert resized.state is ActivityState.DONE
        await well(driven, world)


async def test_own_place_may_be_asked_for(tmp_path: Path) -> None:
    world = new_world()
    env = {
        "ME": formatted("%s:%s", when_ready("self", "host.address"), when_ready("self", "docker.port.80")),
        "ID": Expression("entityId", (literal("self"),)),
    }
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await deploy(driven, service("web", env=env, port=80)))).state is ActivityState.DONE
        assert env_of(driven, world, "shop/web", "ME") == [driven.value("shop/web", "mapped.port.80")]
        assert env_of(driven, world, "shop/web", "ID") == [driven.model.entry("shop/web").uid]


async def test_a_member_may_ask_for_its_cluster_and_its_application(tmp_path: Path) -> None:
    world = new_world()
    env = {
        "CLUSTER": Expression("entityId", (literal("parent"),)),
        "SIZE": when_ready("parent", "cluster.size.desired"),
        "APP": Expression("entityId", (literal("root"),)),
    }
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await deploy(driven, cluster("web", 2, service("node", env=env))))).state is ActivityState.DONE
        assert env_of(driven, world, "shop/web", "CLUSTER") == [driven.model.entry("shop/web").uid] * 2
        assert env_of(driven, world, "shop/web", "APP") == [driven.model.entry("shop").uid] * 2
        assert env_of(driven, world, "shop/web", "SIZE") == ["2", "2"]


async def test_a_group_waits_with_its_services(tmp_path: Path) -> None:
    world = new_world()
    group = ServiceSpec("backend", "backend", "group", children=(service("worker"),), depends=(Dependency("db"),))
    async with managed(tmp_path / "s", world=world) as driven:
        deployed = await deploy(driven, service("db", container=SLOW), group, service("web", env={"W": when_ready("worker", "host.name")}))
        await driven.until(lambda: bool(waits(driven, "shop/backend")))
        assert driven.gone("shop/backend/worker")
        assert (await driven.ended(deployed)).state is ActivityState.DONE
        assert env_of(driven, world, "shop/web", "W") == [driven.value("shop/backend/worker", "host.name")]


async def test_a_group_that_is_stopped_while_it_waits_has_no_services_yet(tmp_path: Path) -> None:
    group = ServiceSpec("backend", "backend", "group", children=(service("worker"),), depends=(Dependency("db"),))
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deploy(driven, service("db", container=SLOW), group)
        await driven.until(lambda: bool(waits(driven, "shop/backend")))
        assert (await driven.ended(await driven.invoke("shop/backend", "stop"))).state is ActivityState.DONE
        await asyncio.sleep(20)
        assert driven.gone("shop/backend/worker")
        assert driven.value("shop/backend", "service.state") == "stopped"
        assert (await driven.ended(await driven.invoke("shop/backend", "start"))).state is ActivityState.DONE
        assert driven.up("shop/backend/worker")
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE


async def test_a_manager_that_begins_anew_waits_on(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, service("web", env={"DB": when_ready("db", "host.address")}), service("db", container=SLOW))
        await driven.until(lambda: bool(waits(driven, "shop/web")))
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"))
        assert env_of(driven, world, "shop/web", "DB") == [driven.value("shop/db", "host.address")]
        await well(driven, world)


async def test_members_and_other_applications_may_be_asked_for(tmp_path: Path) -> None:
    world = new_world()
    env = {
        "FIRST": when_ready("member:node", "host.address"),
        "OTHER": when_ready("application:base", "service.isUp"),
        "GONE": Expression("entityId", (literal("application:base"),)),
    }
    async with managed(tmp_path / "s", world=world) as driven:
        deployed = await deploy(driven, cluster("many", 2, service("node")), service("web", env=env))
        await driven.until(lambda: not driven.gone("shop/web") and "application:base" in waits(driven, "shop/web"))
        await asyncio.sleep(5)
        await driven.deploy("name: base\nlocation: local\nservices:\n- {type: docker:web, id: one}\n")
        assert (await driven.ended(deployed)).state is ActivityState.DONE
        assert env_of(driven, world, "shop/web", "FIRST") == [driven.value("shop/many/1", "host.address")]
        assert env_of(driven, world, "shop/web", "OTHER") == ["true"]
        assert env_of(driven, world, "shop/web", "GONE") == [driven.model.entry("base").uid]


async def test_on_a_single_machine_containers_reach_each_other_by_their_gateway(tmp_path: Path) -> None:
    pool = "name: here\nservices:\n- {type: docker-cloud, id: here, name: here, hosts: [{name: a, engine: 'simulated://a', address: 127.0.0.1}]}\n"
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(pool))
        text = "name: shop\nlocation: here\nservices:\n- {type: docker:web, id: db, openPorts: [80]}\n- {type: docker:web, id: web, links: [db]}\n"
        assert (await driven.ended(await driven.deploy(text))).state is ActivityState.DONE
        assert driven.value("shop/db", "host.address") == "127.0.0.1"
        assert driven.value("shop/db", "host.subnet.address") == "172.17.0.1"
        (request,) = requests(driven, world, "shop/web")
        assert dict(request.spec.hosts) == {"db": "172.17.0.1"}
        assert request.spec.env["DB_PORT"] == f"tcp://172.17.0.1:{driven.value('shop/db', 'docker.port.80')}"
