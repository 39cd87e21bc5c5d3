"""A deploy of what exists: what a changed file changes, and what it leaves alone. Clusters of size 0 and whole services; members are test_updates_members.py."""

from pathlib import Path

import pytest

from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.admin.users import dependence
from clocker_actors.blueprint import parse
from clocker_actors.entities.records import ApplicationState, ClusterState
from clocker_actors.errors import Conflict
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.planning.merging import STAYS_AWAY
from clocker_actors.planning.values import Plan
from clocker_actors.store.codec import decode
from tests.flows.stories import cluster, new_world, ours, well
from tests.flows.support import Driven, managed
from tests.flows.test_catalogue import WEB as CATALOGUED
from tests.flows.test_catalogue import add, deploy, remove

TWO = "name: shop\nlocation: local\nservices:\n- {type: 'docker:clocker/web:1', id: web}\n- {type: 'docker:clocker/db:1', id: db}\n"
WEB = "name: shop\nlocation: local\nservices:\n- {type: 'docker:clocker/web:1', id: web}\n"


async def deployed(driven: Driven, text: str, within: float = 60.0) -> Activity:
    """Deploy, and wait for the end."""
    return await driven.ended(await driven.deploy(text), within)


def spec_of(driven: Driven, path: str = "shop") -> ApplicationState:
    """The durable state of an application."""
    body = driven.manager.store.read(EntityKind.APPLICATION, driven.model.resolve(path))
    assert body is not None
    return decode(ApplicationState, body)


def cluster_of(driven: Driven, path: str = "shop/web") -> ClusterState:
    """The durable state of a cluster."""
    body = driven.manager.store.read(EntityKind.CLUSTER, driven.model.resolve(path))
    assert body is not None
    return decode(ClusterState, body)


def steps(driven: Driven, effector: str = "update") -> str:
    """All that the newest activity of this effector said of its steps."""
    found = [each for each in driven.model.activities.all() if each.effector == effector]
    return " | ".join(step.note for step in max(found, key=lambda each: (each.began, each.id)).steps)


async def test_the_same_file_is_nothing_to_do(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO)
        before = [seen.id for _, seen in ours(world)]
        again = await deployed(driven, "# a comment moves all lines\n" + TWO)
        assert (again.state, again.result) == (ActivityState.DONE, "nothing to do")
        assert spec_of(driven).spec.revision == 1
        assert [seen.id for _, seen in ours(world)] == before


async def test_services_come_and_go_and_others_stay(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO)
        web = driven.model.resolve("shop/web")
        changed = await deployed(driven, WEB + "- {type: 'docker:clocker/cache:1', id: cache}\n")
        assert changed.state is ActivityState.DONE, changed.problem
        assert driven.gone("shop/db")
        assert driven.up("shop/cache")
        assert driven.up("shop")
        assert driven.model.resolve("shop/web") == web
        assert driven.model.entry("shop").facts["revision"] == 2
        assert "revision 1 → 2: new: cache; to go: db" in steps(driven)
        await well(driven, world)
        # What was taken away can come again under its name.
        assert (await deployed(driven, TWO)).state is ActivityState.DONE
        assert driven.up("shop/db")
        assert driven.gone("shop/cache")
        await well(driven, world)


async def test_new_services_wait_for_what_they_depend_on(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, WEB)
        text = WEB + "- {type: 'docker:clocker/api:1', id: api, dependsOn: db}\n- {type: 'docker:clocker/db:1', id: db}\n"
        assert (await deployed(driven, text)).state is ActivityState.DONE
        began = {entry.path: driven.reading(entry.path, "service.state") for entry in driven.entries(EntityKind.MEMBER)}
        first, then = began["shop/db"], began["shop/api"]
        assert first is not None
        assert then is not None
        assert first.at < then.at


async def test_a_service_that_a_person_deleted_stays_away_until_the_file_changes_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO)
        await driven.ended(await driven.invoke("shop/db", "delete"))
        assert (await deployed(driven, TWO)).result == "nothing to do"
        assert (await deployed(driven, TWO + "- {type: 'docker:clocker/cache:1', id: cache}\n")).state is ActivityState.DONE
        assert driven.gone("shop/db")
        assert (await deployed(driven, TWO.replace("db:1'", "db:1', env: {A: b}"))).state is ActivityState.DONE
        assert driven.up("shop/db")
        await well(driven, world)


def planned(driven: Driven, text: str) -> Plan:
    (found,) = plan_of(parse(text, "shop.yaml", type_table()).blueprint, driven.manager.store, driven.model, type_table()).plans
    return found


async def test_a_service_that_a_person_deleted_is_warned_of_and_can_be_had_back(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO)
        await driven.ended(await driven.invoke("shop/db", "delete"))
        kept = planned(driven, TWO)
        assert [(warning.path, warning.message) for warning in kept.warnings] == [("shop/db", STAYS_AWAY)]
        assert not kept.changes
        assert kept.steps[-1].reason.startswith("somebody deleted it")
        assert (await deployed(driven, TWO)).result == "nothing to do"
        assert f"shop/db: {STAYS_AWAY}" in steps(driven)
        without = planned(driven, WEB)
        assert [(str(step.action), step.path) for step in without.steps][-1] == ("remove", "shop/db")
        assert without.warnings == ()
        assert (await deployed(driven, WEB)).result != "nothing to do"
        assert not planned(driven, WEB).changes
        assert [(str(step.action), step.path) for step in planned(driven, TWO).steps][-1] == ("create", "shop/db")
        assert (await deployed(driven, TWO)).state is ActivityState.DONE
        assert driven.up("shop/db")
        assert planned(driven, TWO).warnings == ()
        await well(driven, world)


async def test_who_depends_on_what_is_taken_away_is_known(tmp_path: Path) -> None:
    text = TWO.replace("id: web}", "id: web, dependsOn: [db]}") + (
        '- {type: cluster, id: api, initialSize: 1, memberSpec: {type: \'docker:clocker/api:1\', env: {DB: $brooklyn:entity("db").attributeWhenReady("host.address")}}}\n'
    )
    async with managed(tmp_path / "s", world=new_world()) as driven:
        assert (await deployed(driven, text)).state is ActivityState.DONE
        told = "2 services depend on it: shop/web, shop/api"
        for effector in ("stop", "delete"):
            assert dependence(driven.model.entry("shop/db"), effector, driven.manager.store) == told
            assert dependence(driven.model.entry("shop/api"), effector, driven.manager.store) == ""
            assert dependence(driven.model.entry("shop/api/1"), effector, driven.manager.store) == ""
        assert dependence(driven.model.entry("shop/db"), "restart", driven.manager.store) == ""
        await driven.ended(await driven.invoke("shop/db", "delete"))
        assert [warning.message for warning in planned(driven, text).warnings if warning.path == "shop/db"] == [f"{STAYS_AWAY}; {told}"]


async def test_a_member_that_becomes_a_cluster_is_made_anew(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO)
        text = TWO.replace(
            "- {type: 'docker:clocker/db:1', id: db}",
            "- {type: cluster, id: db, initialSize: 2, memberSpec: {type: 'docker:clocker/db:1'}}",
        )
        assert (await deployed(driven, text)).state is ActivityState.DONE
        assert driven.model.entry("shop/db").kind is EntityKind.CLUSTER
        assert driven.value("shop/db", "group.members.up") == 2
        assert (await deployed(driven, TWO)).state is ActivityState.DONE
        assert driven.model.entry("shop/db").kind is EntityKind.MEMBER
        await well(driven, world)


async def test_a_stopped_application_adopts_and_stays_stopped(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO)
        await driven.ended(await driven.invoke("shop", "stop"))
        done = await deployed(driven, WEB + "- {type: 'docker:clocker/cache:1', id: cache}\n")
        assert done.state is ActivityState.DONE, done.problem
        assert not ours(world)
        assert "is stopped, and starts as the file says" in steps(driven)
        await driven.ended(await driven.invoke("shop", "start"))
        assert driven.up("shop/cache")
        await well(driven, world)


async def test_an_application_cannot_be_moved(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deployed(driven, WEB + "- {type: docker-cloud, id: other, hosts: [{name: one, engine: 'simulated://one'}]}\n")
        with pytest.raises(Conflict, match="runs on local, and cannot be moved to other: `clocker delete shop`"):
            await driven.deploy(WEB.replace("local", "other"))


async def test_sizes_of_files_and_of_people(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, cluster(0))
        assert (await deployed(driven, cluster(2))).state is ActivityState.DONE
        assert driven.value("shop/web", "group.members.up") == 2
        await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        assert (await deployed(driven, cluster(1))).state is ActivityState.DONE
        assert cluster_of(driven).size == 3
        assert "size stays 3: tester set it at " in steps(driven)
        assert "`clocker resize shop/web 1` sets it" in steps(driven)
        assert str(driven.model.entry("shop/web").facts["size_owner"]).startswith("tester since ")
        # Bounds are the file's alone.
        assert (await deployed(driven, cluster(1, keys="maxSize: 2"))).state is ActivityState.DONE
        assert cluster_of(driven).size == 2
        await well(driven, world)
        assert driven.model.entry("shop/web").facts["max"] == 2


async def test_what_is_taken_away_stays_as_long_as_somebody_runs_with_it(tmp_path: Path) -> None:
    using = "- {{type: 'docker:clocker/{image}', id: web, env: {{DB: '$brooklyn:component(\"{db}\").attributeWhenReady(\"host.name\")'}}{more}}}\n"
    head = "name: shop\nlocation: local\nservices:\n"
    first = head + using.format(image="web:1", db="db", more="") + "- {type: 'docker:clocker/db:1', id: db}\n"
    broken = head + using.format(image="web:1", db="db2", more=", memory: 2t") + "- {type: 'docker:clocker/db:2', id: db2}\n"
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, first)
        failed = await deployed(driven, broken, 120)
        assert failed.state is ActivityState.FAILED
        assert "shop/web" in failed.problem
        await driven.until(lambda: driven.up("shop/db2"), 20)
        assert driven.up("shop/db"), "what ran goes on, with what it needs"
        assert driven.up("shop/web")
        assert (await deployed(driven, broken.replace("memory: 2t", "memory: 64m"), 120)).state is ActivityState.DONE
        assert driven.gone("shop/db")
        assert driven.up("shop/web")
        await well(driven, world)


async def test_policies_and_configuration_of_the_application_itself(tmp_path: Path) -> None:
    enricher = (
        "brooklyn.enrichers: [{type: transformer, name: own, brooklyn.config: {sourceSensor: service.isUp, targetSensor: own.value}}]\n"
    )
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deployed(driven, WEB)
        changed = await deployed(driven, WEB.replace("name: shop", "name: The shop\nid: shop") + enricher)
        assert changed.state is ActivityState.DONE, changed.problem
        assert driven.model.entry("shop").name == "The shop"
        assert "own" in driven.model.entry("shop").policies
        assert spec_of(driven).spec.revision == 2
        assert (await deployed(driven, WEB)).state is ActivityState.DONE
        assert "own" not in driven.model.entry("shop").policies


async def test_services_below_services_come_and_go(tmp_path: Path) -> None:
    group = "name: shop\nlocation: local\nservices:\n- type: group\n  id: side\n  brooklyn.children:\n"
    one, two = "  - {type: 'docker:clocker/web:1', id: one}\n", "  - {type: 'docker:clocker/web:1', id: two}\n"
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, group + one)
        assert (await deployed(driven, group + one.replace("web:1", "web:2") + two)).state is ActivityState.DONE
        assert driven.up("shop/side/two")
        await well(driven, world)
        assert sorted(seen.image for _, seen in ours(world)) == ["clocker/web:1", "clocker/web:2"]
        assert (await deployed(driven, group + two)).state is ActivityState.DONE
        assert driven.gone("shop/side/one")
        await well(driven, world)


async def test_volumes_of_what_was_taken_away_stay_until_the_application_goes(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, TWO.replace("db:1'", "db:1', volumes: ['data:/data']"))
        volumes = [name for engine in world.engines.values() for name in engine.volume_names]
        assert len(volumes) == 1
        assert (await deployed(driven, WEB)).state is ActivityState.DONE
        assert [name for engine in world.engines.values() for name in engine.volume_names] == volumes
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not [name for engine in world.engines.values() for name in engine.volume_names]


async def test_types_of_the_catalogue_are_used_as_the_newest_file_says(tmp_path: Path) -> None:
    head = "name: shop\nlocation: local\nservices:\n"
    async with managed(tmp_path / "s", world=new_world()) as driven:
        assert await add(driven, web=CATALOGUED) is ActivityState.DONE
        assert await deploy(driven, f"{head}- {{type: 'docker:clocker/db:1', id: db}}\n") is ActivityState.DONE
        assert await deploy(driven, f"{head}- {{type: web, id: front}}\n") is ActivityState.DONE
        with pytest.raises(Conflict, match="used by shop"):
            await remove(driven, "web")
        assert await deploy(driven, f"{head}- {{type: 'docker:clocker/db:1', id: db}}\n") is ActivityState.DONE
        assert await remove(driven, "web") is ActivityState.DONE
