"""Does a pool give its engines certificates of a new authority, one after the other, whatever happens meanwhile, and is nobody's container touched by that?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.entities.pools import certifying
from clocker_actors.entities.records import HostState, PoolState
from clocker_actors.errors import BadRequest
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.store.codec import decode
from tests.flows.poolside import hosts_up, killed
from tests.flows.stories import new_world, running
from tests.flows.support import Driven, managed

YARD = """
name: shop
location: yard
services:
- {type: docker-cloud, id: yard, location: {byon: {hosts: [10.9.0.1, 10.9.0.2, 10.9.0.3], tls: true}}, initialSize: 3}
- {type: cluster, id: web, initialSize: 3, memberSpec: {type: "docker:clocker/web:1"}}
"""
ADDRESSES = ("10.9.0.1", "10.9.0.2", "10.9.0.3")


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def begun(driven: Driven) -> None:
    ended = await driven.ended(await driven.deploy(YARD), 300)
    assert ended.state is ActivityState.DONE, ended.problem
    await driven.until(lambda: hosts_up(driven) == 3, 60)


def trusted(driven: Driven) -> list[str]:
    """Whose certificates each host is reached with, by its record."""
    states = [decode(HostState, kept.body) for kept in driven.manager.store.all(EntityKind.HOST) if kept.body]
    return sorted(state.made.authority for state in states if state.made and state.spec.engine.tls_ca == state.made.authority)


def had(grounds: SimulatedGrounds) -> list[str]:
    return sorted(grounds.machine(address).authority for address in ADDRESSES)


def wanted(driven: Driven) -> str:
    states = [decode(PoolState, kept.body) for kept in driven.manager.store.all(EntityKind.POOL) if kept.body]
    return next(state.authority for state in states if state.spec.name == "yard")


async def test_all_hosts_have_new_certificates_and_containers_run_on(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven)
        before = sorted(seen.id for _, seen in running(world))
        ended = await driven.ended(await driven.invoke("yard", "rotateCertificates"), 120)
        assert (ended.state, ended.result) == (ActivityState.DONE, wanted(driven)), ended.problem
        assert had(grounds) == trusted(driven) == [wanted(driven)] * 3 != [""] * 3
        assert list(grounds.authorities) == [wanted(driven)]
        first = wanted(driven)
        await driven.ended(await driven.invoke("yard", "rotateCertificates"), 120)
        assert wanted(driven) != first and had(grounds) == [wanted(driven)] * 3
        assert sorted(seen.id for _, seen in running(world)) == before


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3, 0.6, 0.9, 1.3, 1.8, 2.5])
async def test_a_manager_killed_meanwhile_goes_on(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, moment: float) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven)
        before = sorted(seen.id for _, seen in running(world))
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.until(lambda: hosts_up(driven) == 3, 60)
        await driven.invoke("yard", "rotateCertificates")
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.until(lambda: hosts_up(driven) == 3, 60)
        await driven.until(
            lambda: had(grounds) == trusted(driven) == [wanted(driven)] * 3 and list(grounds.authorities) == [wanted(driven)], 120
        )
        assert sorted(seen.id for _, seen in running(world)) == before


async def test_a_host_that_cannot_be_entered_keeps_the_old_ones_and_is_tried_again(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certifying, "AGAIN", 30.0)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven)
        machine = grounds.machine(ADDRESSES[1])
        machine.sshd = False
        ended = await driven.ended(await driven.invoke("yard", "rotateCertificates"), 120)
        assert ended.state is ActivityState.FAILED
        assert "1 host of 3 keep the old certificates" in ended.problem and "refuses: check that sshd runs" in ended.problem
        assert had(grounds) == ["", wanted(driven), wanted(driven)] and sorted(grounds.authorities) == ["", wanted(driven)]
        assert "certificates" in str(driven.value("yard", "service.problems"))
        machine.sshd = True
        await driven.until(lambda: had(grounds) == [wanted(driven)] * 3, 100)
        await driven.until(lambda: list(grounds.authorities) == [wanted(driven)] and not driven.value("yard", "service.problems"), 60)


async def test_they_are_renewed_ahead_of_their_end_by_themselves(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certifying, "PERIOD", 30.0)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven)
        await driven.until(lambda: driven.value("yard", "docker.certificates.expire") == grounds.authorities[""], certifying.PERIOD + 60)
        grounds.authorities[""] = driven.manager.kernel.now() + 59 * certifying.DAY
        await driven.until(lambda: had(grounds) == [wanted(driven)] * 3 != [""] * 3, certifying.PERIOD + 120)
        await driven.until(lambda: driven.value("yard", "docker.certificates.expire") == grounds.authorities[wanted(driven)], 120)
        found = [each for each in driven.model.decisions.all() if each.kind == "rotateCertificates"]
        assert "hold 59 days more" in found[-1].reason


async def test_a_pool_without_such_certificates_says_so(tmp_path: Path, world: SimulatedWorld) -> None:
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: bool(driven.entries(EntityKind.POOL)), 10)
        with pytest.raises(BadRequest, match="would say `tls: true`"):
            await driven.invoke("local", "rotateCertificates")
