"""Everybody asks a pool which of its hosts are in use, at each change: how much work is that for many hosts? Counted, not timed."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from clocker_actors.entities.pools.pool import Pool
from clocker_actors.entities.pools.supply import Supply
from clocker_actors.entities.records import HostState, Identity, PoolState
from clocker_actors.model.identity import NOBODY, Uid
from clocker_actors.model.machines import MachinePhase
from clocker_actors.model.specs import EngineSpec, HostSpec, PoolSpec


class Walked(dict[Uid, HostState]):
    """Hosts that count how often they are walked through."""

    walks = 0

    def __iter__(self) -> Iterator[Uid]:
        type(self).walks += 1
        return super().__iter__()


def identity(uid: str) -> Identity:
    return Identity(Uid(uid), uid, uid, NOBODY)


def supply_of(hosts: int) -> tuple[Supply, SimpleNamespace]:
    Walked.walks = 0
    pool = SimpleNamespace(state=PoolState(identity("p1"), PoolSpec("yard", ())))
    supply = Supply(cast("Pool", pool))
    supply.made = Walked()
    for number in range(hosts):
        uid = Uid(f"h{number}")
        supply.made[uid] = HostState(identity(uid), HostSpec(uid, EngineSpec("")))
        supply.phases[uid] = MachinePhase.UP
    return supply, pool


@pytest.mark.parametrize("hosts", [10, 1000])
def test_the_hosts_are_walked_through_once_per_change(hosts: int) -> None:
    supply, pool = supply_of(hosts)
    assert all(supply.in_use(Uid(f"h{number}")) for number in range(hosts)) and len(supply.active) == hosts
    assert Walked.walks == 1
    pool.state = replace(pool.state, leaving=(Uid("h1"), Uid("h3")), aside=(Uid("h4"),))
    assert sum(supply.in_use(Uid(f"h{number}")) for number in range(hosts)) == hosts - 3 == len(supply.active)
    assert Walked.walks == 2
    pool.state = replace(pool.state, size=7)
    assert sum(supply.in_use(Uid(f"h{number}")) for number in range(hosts)) == hosts - 3
    assert Walked.walks == 2, "that was no change of theirs"


def test_one_that_is_gone_and_one_that_is_nobodys() -> None:
    supply, _ = supply_of(3)
    assert supply.in_use(Uid("listed"))
    supply.phases[Uid("h0")] = MachinePhase.BOOTING
    assert not supply.in_use(Uid("h0"))
