"""Is `lease_ttl` how long an unanswered service lives, and is a longer one of before still waited for after it was made shorter?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.entities.hosts.fence import MARGIN
from clocker_actors.entities.hosts.leases import KIND, NAME, Longest
from clocker_actors.errors import SettingsError
from clocker_actors.model.containers import EngineState
from clocker_actors.store.codec import decode
from tests.flows.poolside import killed
from tests.flows.stories import new_world
from tests.flows.support import Driven, managed
from tests.flows.test_never_twice import SHOP, home, serving, watched

LONG, SHORT = 30.0, 4.0


def longest(driven: Driven) -> float:
    body = driven.manager.store.read(KIND, NAME)
    assert body is not None
    return decode(Longest, body).seconds


@pytest.mark.parametrize("ttl", [SHORT, LONG])
async def test_it_ends_that_long_after_its_host_was_cut_off(tmp_path: Path, ttl: float) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, lease_ttl=ttl) as driven:
        await driven.ended(await driven.deploy(SHOP))
        first, loop = serving(world)[0], asyncio.get_running_loop()
        await watched(world, 2 * ttl)
        home(world).partition()
        began = loop.time()
        while first in serving(world):
            await watched(world, 0.05)
        assert ttl - 2 <= loop.time() - began <= ttl + 1
        while not serving(world):
            await watched(world, 0.05)
        waited = max(ttl, longest(driven)) + MARGIN
        assert waited - 2 <= loop.time() - began <= waited + 6


async def test_who_made_it_shorter_waits_for_the_longer_ones_while_there_may_be_some(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, lease_ttl=LONG) as driven:
        await driven.ended(await driven.deploy(SHOP))
        first = serving(world)[0]
    home(world).partition()
    began = asyncio.get_running_loop().time()
    async with managed(tmp_path / "s", world=world, lease_ttl=SHORT) as driven:
        assert longest(driven) == LONG
        await watched(world, LONG + MARGIN - 3)  # never two at once
        while serving(world) in ([], [first]):
            await watched(world, 0.1)
        assert asyncio.get_running_loop().time() - began >= LONG - 1
        await driven.ended(await driven.invoke("shop", "delete"))
        await asyncio.sleep(60)
    async with managed(tmp_path / "s", world=world, lease_ttl=SHORT) as driven:
        assert longest(driven) == SHORT, "nobody lives by a longer one any more"


async def test_a_manager_of_before_has_made_them_for_ten_seconds(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        connection = driven.manager.store._writer
        assert connection is not None
        connection.execute("DELETE FROM records WHERE kind = ?", (KIND,))
    async with managed(tmp_path / "s", world=world, lease_ttl=SHORT) as driven:
        assert longest(driven) == 10.0


async def test_too_short_a_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"lease-ttl.*from 3 to 3600"):
        async with managed(tmp_path / "s", world=new_world(), lease_ttl=2):
            pass


async def test_a_start_that_is_taken_up_again_after_its_lease_has_ended(tmp_path: Path) -> None:
    """The manager died between the start of the lease and that of the service: what it made joined a lease that is no more."""
    world = new_world(1)
    async with killed(tmp_path / "s", world, SimulatedGrounds(world)) as driven:
        await driven.deploy(SHOP)
        await driven.until(lambda: [name.endswith(".lease") for name in _seen(world, EngineState.RUNNING)] == [True])
        assert _seen(world, EngineState.CREATED)
    await asyncio.sleep(20)
    assert not _seen(world, EngineState.RUNNING)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 30)
        assert driven.value("shop/web", "generation") == 1, "not for a failed start"


def _seen(world: SimulatedWorld, state: EngineState) -> list[str]:
    return [seen.name for engine in world.engines.values() for seen in engine.containers if seen.state is state]
