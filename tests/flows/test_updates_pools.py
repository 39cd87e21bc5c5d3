"""A docker cloud whose file changed: hosts come, go and are described anew; bounds and strategies are adopted; what cannot change is refused."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import Conflict
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import new_world, running, well
from tests.flows.support import Driven, managed
from tests.flows.test_manager_dies import killed
from tests.flows.test_updates import deployed, steps

WEB = "services:\n- {type: cluster, id: web, initialSize: 4, memberSpec: {type: 'docker:clocker/web:1'}}\n"


def cloud(*hosts: str, more: str = "") -> str:
    """A docker cloud of these hosts; `more` are further keys."""
    listed = ", ".join(f"{{name: {name}, engine: 'simulated://{name}', labels: {{rack: {name}}}}}" for name in hosts)
    return f"services:\n- {{type: docker-cloud, id: cloud, hosts: [{listed}]{more}}}\n"


APP = f"name: shop\nlocation: cloud\n{WEB}"


async def begun(driven: Driven, *hosts: str) -> None:
    """A cloud, and something that runs on it."""
    await deployed(driven, cloud(*hosts))
    await driven.until(lambda: all(driven.up(f"cloud/{name}") for name in hosts))
    assert (await deployed(driven, APP)).state is ActivityState.DONE


def names(driven: Driven) -> set[str]:
    """Of the hosts there are."""
    return {entry.name for entry in driven.entries(EntityKind.HOST, "cloud/")}


async def test_hosts_come_and_go(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, "one", "two")
        again = await deployed(driven, cloud("one", "two"))
        assert again.result == "nothing to do"
        changed = await deployed(driven, cloud("two", "three"))
        assert changed.state is ActivityState.DONE, changed.problem
        assert names(driven) == {"two", "three"}
        assert not world.engine("simulated://one").containers
        assert len(running(world)) == 4
        assert "new: three; to go: one" in steps(driven)
        await well(driven, world)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: names(driven) == {"two", "three"} and driven.up("shop"))
        await well(driven, world)
        # Its name can be taken again.
        assert (await deployed(driven, cloud("one", "two", "three"))).state is ActivityState.DONE
        assert names(driven) == {"one", "two", "three"}


async def test_what_cannot_be_emptied_stays_and_is_said(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, "one", "two")
        await driven.ended(await driven.invoke("cloud/two", "cordon"))
        failed = await deployed(driven, cloud("two"), 120)
        assert failed.state is ActivityState.FAILED
        assert "host one cannot be emptied" in failed.problem
        assert names(driven) == {"one", "two"}
        await driven.ended(await driven.invoke("cloud/two", "uncordon"))
        await driven.until(lambda: names(driven) == {"two"}, 120)
        await well(driven, world)


async def test_a_host_that_is_listed_again_is_in_use_again(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, "one", "two")
        await driven.ended(await driven.invoke("cloud/two", "cordon"))
        await driven.deploy(cloud("two"))
        await asyncio.sleep(1)
        assert (await deployed(driven, cloud("one", "two"))).state is ActivityState.DONE
        await driven.until(lambda: driven.model.entry("cloud/one").facts["cordoned"] is False, 10)
        assert names(driven) == {"one", "two"}
        await well(driven, world)


async def test_a_dead_host_goes_when_its_members_are_elsewhere(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, "one", "two", "three")
        world.engine("simulated://one").partition()
        await driven.until(lambda: not driven.up("cloud/one"), 60)
        changed = await deployed(driven, cloud("two", "three"), 120)
        assert changed.state is ActivityState.DONE, changed.problem
        assert names(driven) == {"two", "three"}
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4, 60)


async def test_hosts_are_described_anew_and_placed_on_accordingly(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, "one", "two")
        text = cloud("one", "two").replace("rack: two", "rack: b, zone: z")
        assert (await deployed(driven, text)).state is ActivityState.DONE
        await driven.until(lambda: driven.model.entry("cloud/two").facts["labels"] == {"rack": "b", "zone": "z"}, 5)
        assert names(driven) == {"one", "two"}
        strategies = cloud("one", "two", more=", placementStrategies: [depth-first]").replace("rack: two", "rack: b, zone: z")
        assert (await deployed(driven, strategies)).state is ActivityState.DONE
        assert driven.model.entry("cloud").facts["strategies"] == ["DepthFirst"]


async def test_what_cannot_change_is_refused(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await begun(driven, "one")
        with pytest.raises(Conflict, match="host one of docker-cloud cloud has another engine now"):
            await driven.deploy(cloud("one").replace("simulated://one", "simulated://other"))


@pytest.mark.parametrize("after", [0.0, 0.3, 1.0, 3.0])
async def test_the_manager_dies_while_a_host_goes(tmp_path: Path, after: float) -> None:
    world = SimulatedWorld()
    async with killed(tmp_path / "s", world) as driven:
        await begun(driven, "one", "two")
        await driven.deploy(cloud("two"))
        await asyncio.sleep(after)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 60)
        await asyncio.sleep(20)
        assert (await deployed(driven, cloud("two"), 120)).state is ActivityState.DONE
        assert names(driven) == {"two"}
        await well(driven, world)
