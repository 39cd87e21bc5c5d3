"""One application in several docker clouds: who runs where, what a plan says, and what is left in none of them."""

from pathlib import Path

import pytest

from clocker_actors.admin.planner import PlanView, plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import BadRequest, Conflict
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import new_world, running, well
from tests.flows.support import Driven, managed
from tests.flows.test_manager_dies import killed
from tests.flows.test_updates import deployed

CLOUDS = "services:\n" + "".join(
    f"- {{type: docker-cloud, id: {name}, hosts: [{{name: {name}1, engine: 'simulated://{name}1'}}, {{name: {name}2, engine: 'simulated://{name}2'}}]}}\n"
    for name in ("blue", "green", "spare")
)
WEB = "- {type: cluster, id: web, location: green, initialSize: 3, dependsOn: [db], memberSpec: {type: 'docker:clocker/web:1', volumes: ['pages:/p']}}\n"
DB = "- {type: 'docker:clocker/db:1', id: db, ports: [5432], volumes: ['data:/d']}\n"
SIDE = "- {type: group, id: side, location: spare, children: [{type: 'docker:clocker/cache:1', id: cache, volumes: ['hot:/h']}]}\n"
SHOP = f"name: shop\nlocation: blue\nservices:\n{DB}{WEB}"


def where(world: SimulatedWorld) -> dict[str, int]:
    """How many run in each cloud."""
    names = sorted(engine.name.removeprefix("simulated://")[:-1] for engine, _ in running(world))
    return {name: names.count(name) for name in names}


def volumes(world: SimulatedWorld) -> list[str]:
    return sorted(name.rpartition(".")[2] for engine in world.engines.values() for name in engine.volume_names)


def planned(driven: Driven, text: str) -> PlanView:
    return plan_of(parse(text, "shop.yaml", type_table()).blueprint, driven.manager.store, driven.model)


async def clouds(driven: Driven) -> None:
    await deployed(driven, CLOUDS)
    await driven.until(lambda: all(driven.up(f"{name}/{name}{number}") for name in ("blue", "green", "spare") for number in (1, 2)))


async def test_services_run_where_they_say_and_leave_nothing(tmp_path: Path) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await clouds(driven)
        steps = {step.path: (step.pool, step.host[:-1]) for step in planned(driven, SHOP).plans[0].steps if step.host}
        assert steps == {"shop/db": ("", "blue"), **{f"shop/web/{each}": ("green", "green") for each in (1, 2, 3)}}
        assert (await deployed(driven, SHOP)).state is ActivityState.DONE
        assert where(world) == {"blue": 1, "green": 3}
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: bool(driven.entries(EntityKind.APPLICATION)) and driven.up("shop"))
        await driven.ended(await driven.invoke("shop/web", "resize", size=4))
        assert where(world) == {"blue": 1, "green": 4}
        assert not planned(driven, SHOP).changes
        await well(driven, world)
        with pytest.raises(Conflict, match="is the location of shop"):
            await driven.invoke("green", "delete")
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not volumes(world)
        assert (await driven.ended(await driven.invoke("green", "delete"))).state is ActivityState.DONE
        await well(driven, world)


async def test_a_service_in_another_cloud_comes_and_goes(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await clouds(driven)
        await deployed(driven, SHOP)
        assert (await deployed(driven, SHOP + SIDE)).state is ActivityState.DONE
        assert where(world) == {"blue": 1, "green": 3, "spare": 1}
        assert "hot" in volumes(world)
        with pytest.raises(Conflict, match="is the location of shop"):
            await driven.invoke("spare", "delete")
        assert (await deployed(driven, SHOP)).state is ActivityState.DONE
        assert where(world) == {"blue": 1, "green": 3}
        assert "hot" in volumes(world)
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not volumes(world)
        await well(driven, world)


async def test_a_cloud_that_is_no_longer_named_can_go_first(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await clouds(driven)
        await deployed(driven, SHOP + SIDE)
        await deployed(driven, SHOP)
        assert (await driven.ended(await driven.invoke("spare", "delete"))).state is ActivityState.DONE
        await driven.ended(await driven.invoke("shop", "delete"))
        assert volumes(world) == ["hot"]


async def test_a_service_stays_where_it_is(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await clouds(driven)
        await deployed(driven, SHOP)
        elsewhere = SHOP.replace("location: green", "location: spare")
        words = "service shop/web runs on green, and cannot be moved to spare: give the one on spare another id"
        (refusal,) = planned(driven, elsewhere).refusals
        assert refusal.reason.startswith(words)
        with pytest.raises(Conflict, match=words):
            await driven.deploy(elsewhere)
        # To write what it inherits is no move.
        same = await deployed(driven, SHOP.replace("id: db,", "id: db, location: blue,"))
        assert (same.state, where(world)) == (ActivityState.DONE, {"blue": 1, "green": 3})
        # Under another id it is another service.
        assert (await deployed(driven, elsewhere.replace("id: web", "id: pages"))).state is ActivityState.DONE
        assert where(world) == {"blue": 1, "spare": 3}
        await well(driven, world)


async def test_a_cloud_that_nobody_knows(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await clouds(driven)
        unknown = SHOP.replace("location: green", "location: gren")
        with pytest.raises(BadRequest, match="no location 'gren'; write one of"):
            planned(driven, unknown)
        with pytest.raises(BadRequest, match="no location 'gren'; known are green"):
            await driven.deploy(unknown)
        assert not driven.entries(EntityKind.APPLICATION)
        await deployed(driven, SHOP)
        with pytest.raises(BadRequest, match="no location 'gren'"):
            await driven.deploy(unknown)


async def test_without_a_location_of_its_own(tmp_path: Path) -> None:
    """The application is where its first service was, whichever is the first later."""
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await clouds(driven)
        db = DB.replace("id: db,", "id: db, location: blue,")
        assert (await deployed(driven, f"name: shop\nservices:\n{db}{WEB}")).state is ActivityState.DONE
        again = await deployed(driven, f"name: shop\nservices:\n{WEB}{db}{SIDE}")
        assert (again.state, where(world)) == (ActivityState.DONE, {"blue": 1, "green": 3, "spare": 1})
        assert driven.model.entry("shop").facts["location"] == "blue"
        await well(driven, world)


async def test_what_dies_comes_again_in_its_own_cloud(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await clouds(driven)
        await deployed(driven, SHOP.replace(", volumes: ['pages:/p']", ""))
        world.engine("simulated://green1").crash()
        await driven.until(lambda: not driven.up("green/green1"), 120)
        await driven.until(lambda: sum(engine.name.endswith("green2") for engine, _ in running(world)) == 3, 600)
        assert "spare" not in where(world)
