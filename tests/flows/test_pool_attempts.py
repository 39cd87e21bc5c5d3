"""Is a machine that fails to come up kept or destroyed as written, another one tried within the budget, and what was kept given back singly?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.cloud import CloudOdds
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import NotFound
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.poolside import begun, hosts_up, killed, nodes, records, yard
from tests.flows.stories import new_world, tells_all
from tests.flows.support import Driven, managed

NEVER = CloudOdds(boot=1.0)


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


def made(grounds: SimulatedGrounds) -> int:
    return sum(cloud._made for cloud in grounds.clouds.values())


def names(driven: Driven) -> list[str]:
    return sorted(entry.path.rpartition("/")[2] for entry in driven.entries(EntityKind.HOST, "yard/"))


async def sized(driven: Driven) -> Activity:
    """The end of the order for the first size."""
    first = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
    return await driven.ended(first, 6000)


def works_again(grounds: SimulatedGrounds) -> None:
    for cloud in grounds.clouds.values():
        cloud.odds = CloudOdds()


@pytest.mark.parametrize(
    ("location", "keys", "kept"),
    [
        ("simulated:paris", "", 3),
        ("simulated:paris", "onFailure: quarantine", 3),
        ("simulated:paris", "onFailure: destroy", 0),
        ("simulated:paris:(destroyOnFailure=true)", "", 0),
        ("simulated:paris:(destroyOnFailure=false)", "", 3),
        ("simulated:paris:(destroyOnFailure=true)", "onFailure: quarantine", 3),
        ("simulated:paris:(destroyOnFailure=false)", "onFailure: destroy", 0),
    ],
)
async def test_each_attempt_has_a_new_machine_and_each_failed_one_is_kept_or_destroyed(
    tmp_path: Path, world: SimulatedWorld, location: str, keys: str, kept: int
) -> None:
    grounds = SimulatedGrounds(world, odds=NEVER)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, location=f"'{location}'", keys=f"machineCreateAttempts: 3; {keys}"))
        ended = await sized(driven)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "0 hosts of 1", "does not come up", "resize yard")
        assert made(grounds) == 3, "a machine for each attempt, and no more"
        assert len(nodes(grounds)) == len(names(driven)) == kept
        await driven.ended(await driven.invoke("yard", "delete"), 400)
        assert not nodes(grounds) and driven.gone("yard") and not records(driven)


async def test_an_attempt_that_succeeds_ends_it_and_what_was_kept_is_told_and_given_back_singly(
    tmp_path: Path, world: SimulatedWorld
) -> None:
    grounds = SimulatedGrounds(world, odds=NEVER)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="machineCreateAttempts: 9"))
        await driven.until(lambda: made(grounds) == 3, 2000)
        works_again(grounds)
        ended = await sized(driven)
        assert ended.state is ActivityState.DONE and hosts_up(driven) == 1
        await driven.until(lambda: len(nodes(grounds)) == made(grounds) == 4, 60)
        assert names(driven) == ["docker-1", "docker-2", "docker-3", "docker-4"]
        tells_all(str(driven.value("yard", "service.problems")), "docker-1", "does not come up", "invoke yard giveBack host=NAME")
        with pytest.raises(NotFound) as refused:
            await driven.invoke("yard", "giveBack", host="docker-4")
        tells_all(str(refused.value), "docker-4 is not a host of yard that failed", "docker-1, docker-2, docker-3")
        assert (await driven.ended(await driven.invoke("yard", "giveBack", host="yard/docker-2"), 300)).state is ActivityState.DONE
        assert names(driven) == ["docker-1", "docker-3", "docker-4"] and len(nodes(grounds)) == 3 and hosts_up(driven) == 1
        for each in driven.entries(EntityKind.HOST, "yard/"):
            if each.path != "yard/docker-4":
                assert (await driven.ended(await driven.invoke("yard", "giveBack", host=each.uid), 300)).state is ActivityState.DONE
        assert len(nodes(grounds)) == 1 and "giveBack" not in str(driven.value("yard", "service.problems"))


@pytest.mark.parametrize("moment", [0.2, 2.0, 150.0, 301.5, 303.0, 310.0, 604.0, 700.0])
async def test_a_manager_killed_meanwhile_neither_forgets_attempts_nor_machines(
    tmp_path: Path, world: SimulatedWorld, moment: float
) -> None:
    grounds = SimulatedGrounds(world, odds=NEVER)
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.deploy(yard(1, keys="machineCreateAttempts: 3"))
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: made(grounds) == 3, 3000)
        await asyncio.sleep(1500)
        assert made(grounds) == 3 and len(nodes(grounds)) == 3 and len(names(driven)) == 3
        await driven.ended(await driven.invoke("yard", "delete"), 400)
        assert not nodes(grounds) and not records(driven)


async def test_many_failures_leave_only_so_many_to_be_looked_at(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, odds=NEVER)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="machineCreateAttempts: 8"))
        assert (await sized(driven)).state is ActivityState.FAILED
        await asyncio.sleep(60)
        assert made(grounds) == 8 and len(nodes(grounds)) == 5


async def test_an_order_for_a_size_begins_the_counting_anew(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world, odds=NEVER)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="machineCreateAttempts: 2"))
        assert (await sized(driven)).state is ActivityState.FAILED
        assert (await driven.ended(await driven.invoke("yard", "resize", size=1), 3000)).state is ActivityState.FAILED
        assert made(grounds) == 4
        works_again(grounds)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=1), 3000)).state is ActivityState.DONE


async def test_of_machines_that_exist_the_next_free_one_is_tried(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    for bad in ("h1", "h2"):
        grounds.machine(bad).boots_at = None
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, location="'byon:(hosts=\"h{1..3}\")'", keys="machineCreateAttempts: 3"))
        assert (await sized(driven)).state is ActivityState.DONE
        assert names(driven) == ["h1", "h2", "h3"] and hosts_up(driven) == 1


async def test_when_no_other_machine_is_free_it_says_that_and_what_was_wrong_with_the_last(tmp_path: Path, world: SimulatedWorld) -> None:
    grounds = SimulatedGrounds(world)
    grounds.machine("h1").boots_at = None
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, location="'ssh:root@h1'", keys="machineCreateAttempts: 3"))
        ended = await sized(driven)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "h1 does not answer", "no more machines that are free")
        grounds.machine("h1").boots_at = 0.0
        await driven.ended(await driven.invoke("yard", "giveBack", host="h1"), 60)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=1), 300)).state is ActivityState.DONE
