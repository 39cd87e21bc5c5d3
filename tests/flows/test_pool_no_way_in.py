"""Machines that let nobody in, or disappear while they are made into hosts: does the pool say what, where and one thing to do, and leak nothing?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.admin.views import host_view
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import DENIED, HOST_KEY, NO_FILE, NO_ROOT, ShellUnavailable
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.poolside import CLOUD, begun, hosts_up, nodes, part, records, yard
from tests.flows.stories import new_world, tells_all
from tests.flows.support import Driven, managed

REFUSALS = {
    DENIED: "ssh://root@h1:22 does not let us in (publickey): put our public key into that user's authorized_keys",
    HOST_KEY: "ssh://root@h1:22: its host key is not the one in ~/.ssh/known_hosts: verify the host, then put its key there",
    NO_ROOT: "ssh://me@h1:22 may not become root: allow that user sudo without a password, or name root as user",
    NO_FILE: "ssh://root@h1:22: our key /keys/id cannot be used: name one that the manager can read",
}


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def first_order(driven: Driven, within: float = 3000) -> Activity:
    made = next(each.id for each in driven.model.activities.all() if each.effector == "resize")
    return await driven.ended(made, within)


@pytest.mark.parametrize("reason", REFUSALS)
async def test_a_machine_that_exists_and_refuses_is_told_at_once(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, reason: str
) -> None:
    grounds.machine("h1").refuses = ShellUnavailable(REFUSALS[reason], retry_after=30.0, reason=reason)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, location="'ssh:root@h1'"))
        ended = await first_order(driven, 10)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "0 hosts of 1", "h1: the machine does not come up (ssh:root@h1, h1)", REFUSALS[reason], "resize yard N")
        tells_all(str(driven.value("yard", "service.problems")), REFUSALS[reason], "giveBack")
        grounds.machine("h1").refuses = None
        await driven.ended(await driven.invoke("yard", "giveBack", host="h1"), 60)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=1), 100)).state is ActivityState.DONE


async def test_the_key_of_a_machine_that_has_just_booted_may_come_late(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1))
        await driven.until(lambda: bool(grounds.cloud(part(CLOUD)).machines), 10)
        (machine,) = grounds.cloud(part(CLOUD)).machines.values()
        machine.refuses = ShellUnavailable(REFUSALS[DENIED], reason=DENIED)
        await asyncio.sleep(100)
        assert hosts_up(driven) == 0
        (host,) = [host_view(driven.model, entry) for entry in driven.entries(EntityKind.HOST, "yard/")]
        tells_all(host.step, "to let us in, tried", "times: ", REFUSALS[DENIED])
        machine.refuses = None
        assert (await first_order(driven, 60)).state is ActivityState.DONE


@pytest.mark.parametrize(("back", "state"), [(120.0, ActivityState.DONE), (None, ActivityState.FAILED)])
async def test_sshd_that_is_down_is_waited_for(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, back: float | None, state: ActivityState
) -> None:
    machine = grounds.machine("h1")
    machine.sshd = False
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, location="'ssh:root@h1'"))
        if back is not None:
            await asyncio.sleep(back)
            machine.sshd = True
        ended = await first_order(driven, 400)
        assert ended.state is state
        if state is ActivityState.FAILED:
            tells_all(ended.problem, "no way in for 300 s, tried", "h1 refuses: check that sshd runs")


@pytest.mark.parametrize("moment", [2.0, 10.0, 19.0, 24.0, 28.0, 33.0, 35.0])
@pytest.mark.parametrize("keys", ["machineCreateAttempts: 2", "machineCreateAttempts: 2; onFailure: destroy"])
async def test_a_machine_that_disappears_while_it_starts_is_replaced(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, moment: float, keys: str
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys=keys))
        await asyncio.sleep(moment)
        (victim,) = nodes(grounds)
        cloud.vanish(victim)
        await driven.until(lambda: hosts_up(driven) == 1 and cloud._made == 2, 800)
        assert len(nodes(grounds)) == 1
        await driven.ended(await driven.invoke("yard", "delete"), 200)
        assert not nodes(grounds) and not records(driven)


async def test_without_another_attempt_it_is_said_where_to_look(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1))
        await asyncio.sleep(10)
        grounds.cloud(part(CLOUD)).vanish(nodes(grounds)[0])
        ended = await first_order(driven, 60)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "docker-1: the machine does not come up (simulated:paris, sim-1)", "does not have it any more: look there")
