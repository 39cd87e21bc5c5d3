"""Many requests wait at once for a place: they are placed in slices, as if one after the other, and each can be explained."""

from collections import Counter
from pathlib import Path

from clocker_actors.model.identity import EntityKind
from clocker_actors.telemetry.explain import explain
from tests.flows.stories import cluster, new_world
from tests.flows.support import managed, placed_on

WIDE = "strategies: [MaxContainers: {maxContainers: 100}]"


async def test_a_large_cluster_is_spread_as_evenly_as_a_small_one(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world(3)) as driven:
        await driven.ended(await driven.deploy(cluster(90, keys=WIDE)), 300)
        assert set(Counter(placed_on(driven, "shop/web/")).values()) == {30}


async def test_each_of_many_has_a_decision_of_its_own_with_its_host(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world(3)) as driven:
        await driven.ended(await driven.deploy(cluster(90, keys=WIDE)), 300)
        for entry in driven.entries(EntityKind.MEMBER, "shop/web/"):
            told = " ".join(line.text for _, line in explain(driven.model, entry.path, driven.manager.kernel.now()).flat())
            assert f"place on {entry.facts['host_name']}" in told
            assert f"{driven.model.path(str(entry.facts['host']))} was chosen" in told


async def test_after_a_start_all_are_where_they_were_or_placed_evenly(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path, world=world) as driven:
        await driven.ended(await driven.deploy(cluster(60, keys=WIDE)), 300)
        await driven.ended(await driven.invoke("shop", "stop"), 300)
    async with managed(tmp_path, world=world) as driven:
        await driven.until(lambda: not driven.gone("shop"))
        await driven.invoke("shop", "start")  # before all hosts were asked whether they are there
        await driven.until(lambda: driven.up("shop"), 300)
        assert set(Counter(placed_on(driven, "shop/web/")).values()) == {20}


async def test_who_finds_no_room_hears_so_and_the_others_stay(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world(3)) as driven:
        narrow = WIDE.replace("100", "20")
        await driven.ended(await driven.deploy(cluster(70, keys=narrow)), 300)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 60, 300)
        refused = [
            entry
            for entry in driven.entries(EntityKind.MEMBER, "shop/web/")
            if "no host fits" in str(driven.value(entry.uid, "service.problems"))
        ]
        assert len(refused) == 10
