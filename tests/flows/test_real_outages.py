"""Do members go elsewhere when a real host dies, is cut off or hangs, and is everything in order when it is back?

A host whose engine is away while its machine lives (it refuses connections, or answers by SSH) is waited for (`engine_grace`), a silent one is not. What a lost host still ran is removed when it is back.
"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.flows.bedside import Door, cluster, containers, deleted, deployed, members_up, on_hosts, said, ssh, tcp
from tests.flows.support import Driven

pytestmark = pytest.mark.real

MEMBERS = 6


def elsewhere(driven: Driven, lost: BedHost) -> bool:
    """All members are up, none of them on the lost host."""
    hosts = {str(driven.value(entry.uid, "container.host")) for entry in driven.entries(EntityKind.MEMBER, "shop/web")}
    names = {driven.model.entry(uid).name for uid in hosts}
    return members_up(driven, "shop/web") == MEMBERS and lost.name not in names


async def back_and_clean(driven: Driven, lost: BedHost, plane: str, within: float = 20) -> None:
    """The host is used again, and what it ran under old generations is removed."""
    await driven.until(lambda: driven.value("bed", "docker.hosts.up") == 3, within, "the host is back")
    left, wanted = {""}, set[str]()
    for _ in range(100):
        left = {line.removeprefix("container ") for line in await lost.leftovers(plane)}
        wanted = {entry.name for entry in containers(driven, lost)}
        if left == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{left} on {lost.name}, wanted {wanted}\n{driven.picture()}")


async def test_power_is_cut_and_comes_back(bed3: Bed, tmp_path: Path) -> None:
    lost = bed3.hosts[0]
    async with on_hosts(bed3.hosts, tmp_path, "power", grace=1.0) as driven:
        await deployed(driven, cluster("shop", MEMBERS))
        await lost.power_cut()
        try:
            said("power cut → all replicas elsewhere (grace 1 s)", await driven.until(lambda: elsewhere(driven, lost), 15, "elsewhere"))
        finally:
            await lost.power_on()
        await back_and_clean(driven, lost, "power")
        await deleted(driven, "shop")


async def test_an_engine_is_killed_and_stays_away(bed3: Bed, tmp_path: Path) -> None:
    """Its containers run on meanwhile; when it is back, what was replaced elsewhere is removed."""
    lost = bed3.hosts[0]
    async with on_hosts(bed3.hosts, tmp_path, "away", grace=1.0) as driven:
        await deployed(driven, cluster("shop", MEMBERS))
        async with lost.without_engine():
            said("engine killed → all replicas elsewhere (grace 1 s)", await driven.until(lambda: elsewhere(driven, lost), 15, "elsewhere"))
        await back_and_clean(driven, lost, "away")
        await deleted(driven, "shop")


@pytest.mark.parametrize("kill", [True, False], ids=["crashed", "in order"])
async def test_an_engine_is_restarted_under_us(bed3: Bed, tmp_path: Path, kill: bool) -> None:
    lost = bed3.hosts[1]
    async with on_hosts(bed3.hosts, tmp_path, "again") as driven:
        await deployed(driven, cluster("shop", MEMBERS))
        old = {entry.name for entry in containers(driven, lost)}
        await lost.restart_engine(kill=kill)

        def healed() -> bool:
            gone = old.isdisjoint(entry.name for entry in containers(driven))
            return gone and members_up(driven, "shop/web") == MEMBERS and driven.value("bed", "docker.hosts.up") == 3

        said(f"engine restarted ({'crashed' if kill else 'in order'}), answers → all replicas up", await driven.until(healed, 20, "healed"))
        await back_and_clean(driven, lost, "again")
        await deleted(driven, "shop")


@pytest.mark.parametrize("door", [tcp, ssh])
async def test_a_cable_is_cut_and_plugged_in_again(bed3: Bed, tmp_path: Path, door: Door) -> None:
    lost = bed3.hosts[2]
    async with on_hosts(bed3.hosts, tmp_path, "cable", door=door) as driven:
        await deployed(driven, cluster("shop", MEMBERS))
        lost.cut_cable()
        try:
            took = await driven.until(lambda: elsewhere(driven, lost), 20, "elsewhere")
        finally:
            lost.plug_cable()
        said(f"cable cut ({door.__name__}) → all replicas elsewhere", took)
        assert took <= 6
        await back_and_clean(driven, lost, "cable")
        await deleted(driven, "shop")


@pytest.mark.parametrize(("door", "grace"), [(tcp, 30.0), (ssh, 3.0)], ids=["silent", "its machine answers"])
async def test_an_engine_hangs_and_goes_on(bed3: Bed, tmp_path: Path, door: Door, grace: float) -> None:
    """By TCP it is as silent as a dead host; by SSH its machine says that it lives, and it is waited for."""
    lost = bed3.hosts[0]
    async with on_hosts(bed3.hosts, tmp_path, "hang", door=door, grace=grace) as driven:
        await deployed(driven, cluster("shop", MEMBERS))
        lost.hang()
        try:
            took = await driven.until(lambda: elsewhere(driven, lost), 20, "elsewhere")
        finally:
            lost.resume()
        said(f"engine hangs ({door.__name__}) → all replicas elsewhere", took)
        assert took > 3.0 + grace if door is ssh else took < 6.0
        await back_and_clean(driven, lost, "hang")
        await deleted(driven, "shop")
