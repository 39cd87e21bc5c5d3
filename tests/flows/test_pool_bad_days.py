"""Pools under everything at once, by seeds: slow and failing clouds, lost answers, crashed actors, killed managers. Nothing leaked, nothing doubled."""

import asyncio
import random
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated.cloud import CloudOdds, CloudTiming
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.entities.hosts.host import Host
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.errors import CloudUnavailable
from clocker_actors.model.identity import EntityKind
from tests.flows.crashing import Poison, faulty
from tests.flows.poolside import CLOUD, hosts_up, killed, nodes, part, records, shop, yard
from tests.flows.stories import new_world, ours
from tests.flows.support import managed


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_in_the_end_there_are_as_many_as_wanted_and_later_none(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    world = new_world()
    odds = CloudOdds(create=0.15, boot=0.0, install=0.3)
    grounds = SimulatedGrounds(world, seed, odds=odds, timing=CloudTiming(call=chance.uniform(0.05, 2.0), create=chance.uniform(0.3, 8.0)))
    cloud = grounds.cloud(part(CLOUD))
    async with killed(tmp_path / "s", world, grounds) as driven:
        await driven.deploy(yard(2, keys="minSize: 0; maxSize: 6; machineCreateAttempts: 20; onFailure: destroy"))
        await asyncio.sleep(chance.uniform(0, 60))
    for _ in range(4):
        for operation in ("create", "nodes", "destroy"):
            if chance.random() < 0.4:
                cloud.lose_reply(operation)
            if chance.random() < 0.4:
                cloud.fail(operation, CloudUnavailable("the cloud is busy", retry_after=1.0), chance.randint(1, 3))
        async with killed(tmp_path / "s", world, grounds) as driven:
            await asyncio.sleep(1)
            await driven.invoke("yard", "resize", size=chance.randint(0, 6))
            await asyncio.sleep(chance.uniform(0, 90))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await asyncio.sleep(1)
        await driven.invoke("yard", "resize", size=3)
        await driven.until(lambda: hosts_up(driven) == 3 and len(nodes(grounds)) == 3, 1500)
        await driven.ended(await driven.deploy(shop(5)), 100)
        assert len(ours(world)) == 5
        await driven.ended(await driven.invoke("shop", "delete"), 60)
        await driven.ended(await driven.invoke("yard", "delete"), 600)
        await asyncio.sleep(300)
        assert not nodes(grounds) and not records(driven) and not ours(world)


@pytest.mark.parametrize("moment", [0.3, 1.0, 2.0, 15.0, 24.0, 30.0, 40.0])
@pytest.mark.parametrize("who", ["pool", "host"])
async def test_actors_that_crash_while_hosts_are_made_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, moment: float
) -> None:
    faulty(monkeypatch, Pool if who == "pool" else Host)
    world = new_world()
    grounds = SimulatedGrounds(world)
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.deploy(yard(2))
        await asyncio.sleep(moment)
        kind = EntityKind.POOL if who == "pool" else EntityKind.HOST
        for entry in driven.entries(kind, "yard"):
            driven.manager.kernel.tell(entry.uid, Poison())
        await driven.until(lambda: hosts_up(driven) == 2, 200)
        assert len(nodes(grounds)) == 2 and grounds.cloud(part(CLOUD))._made == 2
        await driven.ended(await driven.invoke("yard", "delete"), 100)
        assert not nodes(grounds) and not records(driven)
