"""Do policies, enrichers and feeds wait for values of their configuration that are known only at run time, and follow when these change?"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from clocker_actors.entities.services.cluster import Cluster
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.expressions import Expression, Late
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.specs import PolicySpec, ServiceSpec
from clocker_actors.model.values import Value, as_map
from clocker_actors.policies.autoscaler import AutoScaler
from tests.flows.crashing import Poison, faulty
from tests.flows.depending import cluster, deploy, formatted, service, when_ready
from tests.flows.stories import new_world
from tests.flows.support import Driven, managed

SCALER: Mapping[str, Value] = {"metric": "cpu.mean.average"}
LIMIT = when_ready("db", "load.limit")


def scaler(bound: Expression = LIMIT, **config: Value) -> PolicySpec:
    """An autoscaler whose upper bound is late."""
    return PolicySpec("autoscaler", "autoscaler", {**SCALER, **config}, (Late("metricUpperBound", bound),))


def shop(*policies: PolicySpec) -> tuple[ServiceSpec, ServiceSpec]:
    """A database, and a cluster with these policies."""
    return service("db"), cluster("web", 1, service("node"), policies=policies)


def policy(driven: Driven, path: str = "shop/web", name: str = "autoscaler") -> PolicyNoted:
    """What is listed of a policy."""
    return driven.model.entry(path).policies[name]


def why(driven: Driven, path: str = "shop/web", name: str = "autoscaler") -> str:
    """Why it does not work."""
    return str(policy(driven, path, name).status.get("problem", ""))


def problem(driven: Driven, path: str = "shop/web", name: str = "autoscaler") -> str:
    """What the entity says of it."""
    return str(as_map(driven.value(path, "service.problems")).get(name, ""))


async def limit(driven: Driven, value: Value) -> None:
    """Give the database's sensor a value, by a feed of its own."""
    known = "static-sensor" in driven.model.entry("shop/db").policies
    config: dict[str, Value] = {"targetSensor": "load.limit", "value": value}
    given = {"policy": "static-sensor"} if known else {"type": "static-sensor"}
    done = await driven.ended(await driven.invoke("shop/db", "set_policy" if known else "add_policy", **given, config=config))
    assert done.state is ActivityState.DONE


async def test_a_policy_waits_for_its_values_starts_with_them_and_follows_them(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        assert (await driven.ended(await deploy(driven, *shop(scaler())))).state is ActivityState.DONE  # nobody waits for a policy
        assert policy(driven).state == "waiting"
        assert why(driven) == "waits for load.limit of shop/db, of which metricUpperBound is made"
        await limit(driven, "55")
        await driven.until(lambda: policy(driven).state == "running", within=10)
        assert policy(driven).config["metricUpperBound"] == 55.0
        await limit(driven, 70)
        changed = await driven.until(lambda: policy(driven).config["metricUpperBound"] == 70.0, within=10)
        assert changed >= 1.5  # a value that flaps is not passed on at once
        assert policy(driven).config["metric"] == "cpu.mean.average"


async def test_a_value_that_cannot_be_is_a_problem_and_leaves_what_works(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await deploy(driven, *shop(scaler())))
        await limit(driven, "much")
        await driven.until(lambda: "is not a number" in problem(driven))
        assert policy(driven).state == "waiting"
        await limit(driven, 40)
        await driven.until(lambda: policy(driven).state == "running" and not problem(driven))
        await limit(driven, "more")
        await driven.until(lambda: "it stays as it was" in problem(driven))
        assert (policy(driven).state, policy(driven).config["metricUpperBound"]) == ("running", 40.0)
        await limit(driven, 41)
        await driven.until(lambda: policy(driven).config["metricUpperBound"] == 41.0 and not problem(driven))


async def test_the_wait_is_bounded_and_goes_on(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await deploy(driven, *shop(scaler(when_ready("db", "load.limit", timeout=20.0)))))
        await driven.until(lambda: bool(problem(driven)), within=30)
        await driven.ended(await deploy(driven, *shop(scaler())))
        await driven.until(lambda: not problem(driven), within=30)
        await driven.until(lambda: "has done so for 600 s" in problem(driven), within=700)
        await limit(driven, 50)
        await driven.until(lambda: policy(driven).state == "running" and not problem(driven))


async def test_enrichers_of_members_and_of_the_application_have_late_values_too(tmp_path: Path) -> None:
    node = service("node")
    name = PolicySpec(
        "static-sensor",
        "static-sensor",
        {"targetSensor": "my.name"},
        (Late("value", formatted("at %s", when_ready("self", "host.address"))),),
    )
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await deploy(driven, service("db"), cluster("web", 2, replace(node, enrichers=(name,)))))
        await driven.until(lambda: None not in [driven.value(f"shop/web/{n}", "my.name") for n in (1, 2)])
        for path in ("shop/web/1", "shop/web/2"):
            address = driven.value(path, "host.address")
            assert driven.value(path, "my.name") == f"at {address}"


async def test_a_blueprint_with_a_late_enricher_of_the_application(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        given = '$brooklyn:component("web").attributeWhenReady("host.address")'
        text = f"""
            name: shop
            location: local
            enrichers: [{{type: static-sensor, targetSensor: my.web, value: '{given}'}}]
            services: [{{type: docker:web, id: web}}]
        """
        assert (await driven.ended(await driven.deploy(dedent(text)))).state is ActivityState.DONE
        await driven.until(lambda: driven.value("shop", "my.web") == driven.value("shop/web", "host.address"))
        assert driven.value("shop", "my.web")


@pytest.mark.parametrize("whom", ["policy", "cluster"])
async def test_after_a_crash_it_has_its_values_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whom: str) -> None:
    faulty(monkeypatch, AutoScaler)
    faulty(monkeypatch, Cluster)
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await deploy(driven, *shop(scaler())))
        await limit(driven, 55)
        await driven.until(lambda: policy(driven).state == "running")
        uid = driven.model.entry("shop/web").uid
        driven.manager.kernel.tell(uid if whom == "cluster" else f"{uid}:autoscaler", Poison())
        await asyncio.sleep(1.0)
        await limit(driven, 65)
        await driven.until(lambda: policy(driven).config["metricUpperBound"] == 65.0)
        driven.manager.kernel.tell(f"{uid}:autoscaler", Poison())
        await asyncio.sleep(1.0)
        done = await driven.ended(await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"maxPoolSize": 9}))
        assert as_map(done.result)["metricUpperBound"] == 65.0


async def test_after_a_restart_of_the_manager_it_has_the_value_of_now(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, *shop(scaler())))
        await limit(driven, 55)
        await driven.until(lambda: policy(driven).state == "running")
    async with managed(tmp_path / "s", world=world) as driven:

        def there() -> bool:
            return not driven.gone("shop/web") and "autoscaler" in driven.model.entry("shop/web").policies

        await driven.until(lambda: there() and policy(driven).state == "running")
        assert policy(driven).config["metricUpperBound"] == 55.0


async def test_what_a_person_sets_is_no_longer_late_and_a_waiting_one_can_be_set_suspended_and_removed(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await deploy(driven, *shop(scaler(), replace(scaler(), name="second"))))
        for effector, more in (("suspend_policy", {}), ("resume_policy", {}), ("set_policy", {"config": {"metricUpperBound": 33}})):
            done = await driven.ended(await driven.invoke("shop/web", effector, policy="autoscaler", **more))
            assert done.state is ActivityState.DONE, effector
        await driven.until(lambda: policy(driven).state == "running")
        await limit(driven, 50)
        await driven.until(lambda: policy(driven, name="second").state == "running")
        assert policy(driven).config["metricUpperBound"] == 33.0
        done = await driven.ended(await driven.invoke("shop/web", "set_policy", policy="second", config={"maxPoolSize": 5}))
        assert done.state is ActivityState.DONE
        await limit(driven, 60)
        await driven.until(lambda: policy(driven, name="second").config["metricUpperBound"] == 60.0)
        assert policy(driven, name="second").config["maxPoolSize"] == 5

        await driven.ended(await deploy(driven, *shop(scaler(formatted("%s", LIMIT)), replace(scaler(), name="third"))))  # a changed file
        assert policy(driven).config["metricUpperBound"] == 33.0
        assert "second" not in driven.model.entry("shop/web").policies
        await driven.until(lambda: policy(driven, name="third").state == "running")


async def test_a_waiting_one_can_be_removed(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await deploy(driven, *shop(scaler())))
        done = await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="autoscaler"))
        assert done.state is ActivityState.DONE
        assert "autoscaler" not in driven.model.entry("shop/web").policies
        await limit(driven, 50)
        assert "autoscaler" not in driven.model.entry("shop/web").policies
