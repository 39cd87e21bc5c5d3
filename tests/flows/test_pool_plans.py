"""Does a plan show which hosts a pool would make, and where things would go on them, without doing anything?"""

from pathlib import Path

from clocker_actors.admin.planner import PlanView, plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.admin.views import host_view
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.model.identity import EntityKind
from tests.flows.poolside import hosts_up, nodes, shop, yard
from tests.flows.stories import new_world
from tests.flows.support import Driven, managed

FOUR = "minSize: 0; maxSize: 3; strategies: [{MaxContainers: {maxContainers: 4}}]"


def planned(driven: Driven, text: str) -> PlanView:
    blueprint = parse(text, "plan.yaml", type_table()).blueprint
    return plan_of(blueprint, driven.manager.store, driven.model, type_table())


def made(view: PlanView) -> list[str]:
    return [step.path for plan in view.plans for step in plan.steps if step.kind == EntityKind.HOST]


def placed(view: PlanView) -> list[str]:
    return [step.host for plan in view.plans for step in plan.steps if step.kind == EntityKind.MEMBER]


async def test_what_a_pool_would_make(tmp_path: Path) -> None:
    world = new_world()
    grounds = SimulatedGrounds(world)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        fresh = planned(driven, f"{shop(10)}{yard(1, keys=FOUR).removeprefix('services:' + chr(10))}")
        assert made(fresh) == ["yard/new-1", "yard/new-2"] and set(placed(fresh)) == {"docker-1", "new-1", "new-2"}
        await driven.deploy(yard(1, keys=FOUR))
        await driven.until(
            lambda: [host_view(driven.model, entry).phase for entry in driven.entries(EntityKind.HOST, "yard/")] == ["creating"]
        )
        coming = planned(driven, shop(4))
        assert coming.possible and not made(coming) and set(placed(coming)) == {"docker-1"}, "the one that is being made counts"
        (view,) = [host_view(driven.model, entry) for entry in driven.entries(EntityKind.HOST, "yard/")]
        assert view.phase == "creating" and "machine" in view.step and view.up is False
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        (view,) = [host_view(driven.model, entry) for entry in driven.entries(EntityKind.HOST, "yard/")]
        assert view.phase == "" and view.up
        more = planned(driven, shop(9))
        assert more.possible and made(more) == ["yard/new-1", "yard/new-2"]
        beyond = planned(driven, shop(13))
        assert not beyond.possible and len(nodes(grounds)) == 1, "a plan does nothing"
