"""Does a plan say how many machines of which kind would be made, and why?"""

from pathlib import Path

from clocker_actors.admin.planner import PlanView, plan_of
from clocker_actors.admin.poolviews import MachinesView
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from tests.flows.stories import cluster, new_world
from tests.flows.support import Driven, managed

YARD = """
- type: docker-cloud
  name: yard
  location: simulated:paris
  initialSize: 1
  maxSize: 3
  strategies: [MaxContainers: {maxContainers: 2}]
"""


def planned(driven: Driven, text: str) -> PlanView:
    return plan_of(parse(text, "plan.yaml", type_table()).blueprint, driven.manager.store, driven.model, type_table())


def shop(size: int) -> str:
    return cluster(size).replace("location: local", "location: yard")


async def test_machines_of_a_new_and_of_an_existing_pool(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path, world=world, grounds=SimulatedGrounds(world)) as driven:
        fresh = planned(driven, shop(5) + YARD)
        assert fresh.machines == (MachinesView("yard", "simulated:paris", ("simulated paris",), 1, 2),)
        await driven.ended(await driven.deploy(f"services:{YARD}"), 200)
        assert planned(driven, shop(2)).machines == ()
        assert planned(driven, shop(3)).machines == (MachinesView("yard", "simulated:paris", ("simulated paris",), 0, 1),)
        assert not planned(driven, shop(9)).possible
        await driven.until(lambda: driven.value("yard", "docker.hosts.up") == 1, 200)


async def test_a_pool_of_listed_hosts_makes_none(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        assert planned(driven, cluster(50)).machines == ()


async def test_the_room_of_a_pool_that_is_deployed_with_it_counts(tmp_path: Path) -> None:
    """Machines that exist are as many as there are; a location that settings name is what they say it is."""
    (tmp_path / "clocker.toml").write_text('[locations.rack]\nlocation = "byon:(hosts=\\"10.0.0.1,10.0.0.2\\")"\n')
    async with managed(tmp_path / "s", world=new_world(), environ={"CLOCKER_CONFIG": str(tmp_path / "clocker.toml")}) as driven:
        for location in ("'byon:(hosts=\"10.0.0.1,10.0.0.2\")'", "rack"):
            blueprint = parse(
                shop(5) + YARD.replace("simulated:paris", location).replace("  maxSize: 3\n", ""), "plan.yaml", type_table()
            ).blueprint
            found = plan_of(blueprint, driven.manager.store, driven.model, type_table(), driven.manager.known())
            assert [(each.first, each.more) for each in found.machines] == [(1, 1)]
            assert [refusal.path for refusal in found.plans[0].refusals] == ["shop/web/5"], "two machines have room for four"
            assert [step.path for cloud in found.clouds for step in cloud.steps] == ["yard", "yard/docker-1"]
