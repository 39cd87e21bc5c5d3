"""Is `lease_ttl` how long an unanswered service lives, and is a longer one of before still waited for after it was made shorter?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.entities.hosts.fence import MARGIN
from clocker_actors.entities.hosts.leases import KIND, NAME, Longest
from clocker_actors.errors import SettingsError
from clocker_actors.store.codec import decode
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
