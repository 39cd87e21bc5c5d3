"""Room kept free in a pool, and empty hosts given back, in virtual time."""

import asyncio
import itertools
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.entities.pools import sparing
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.ports.cloud import Node, NodeRequest
from tests.flows.poolside import CLOUD, begun, hosts_up, nodes, part, shop, yard
from tests.flows.stories import new_world, ours, tells_all
from tests.flows.support import Driven, managed

FOUR = "strategies: [{MaxContainers: {docker.container.cluster.maxSize: 4}}]"
"""By the ancestor's name of the key, which counts as the short one does."""


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


def decisions(driven: Driven, kind: str) -> list[str]:
    return [each.action for each in driven.model.decisions.of_subject(driven.model.resolve("yard")) if each.kind == kind]


async def test_headroom_is_kept_up_after_half_a_minute_and_down_after_five(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    keys = f"minSize: 1; maxSize: 6; headroom: 3; coldEnabled: true; {FOUR}"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys=keys))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        await driven.ended(await driven.deploy(shop(4)), 60)
        await asyncio.sleep(8)
        assert driven.value("yard", "docker.container.cluster.needed") == 3
        assert driven.value("yard", "docker.container.cluster.utilisation") == 1.0
        assert len(nodes(grounds)) == 1, "not before half a minute"
        took = await driven.until(lambda: hosts_up(driven) == 2, 120)
        assert 20 < took < 80 and decisions(driven, "headroom") == ["resize 1 → 2"]
        await driven.ended(await driven.invoke("shop/web", "resize", size=1), 60)
        await asyncio.sleep(280)
        assert len(nodes(grounds)) == 2, "not before five minutes"
        await driven.until(lambda: len(nodes(grounds)) == 1, 120)
        assert len(ours(world)) == 1 and decisions(driven, "headroom")[-1] == "resize 2 → 1"


async def test_room_on_hosts_that_take_nothing_new_is_not_free(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    keys = f"minSize: 1; maxSize: 6; headroom: 3; coldEnabled: true; {FOUR}"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2, keys=keys))
        await driven.until(lambda: hosts_up(driven) == 2, 100)
        await driven.ended(await driven.deploy(shop(4)), 60)
        first, second = sorted(entry.path for entry in driven.entries(EntityKind.HOST, "yard/"))
        await driven.until(lambda: driven.value("yard", "docker.container.cluster.needed") == -1, 60)
        await driven.ended(await driven.invoke(first, "cordon"), 60)
        await asyncio.sleep(8)
        assert int(str(driven.value("yard", "docker.container.cluster.needed"))) > 0
        await driven.until(lambda: hosts_up(driven) == 3, 120)
        await driven.ended(await driven.invoke(second, "drain"), 120)
        await driven.until(lambda: hosts_up(driven) == 4, 200)
        for host in (first, second):
            await driven.ended(await driven.invoke(host, "uncordon"), 60)
        await driven.until(lambda: len(nodes(grounds)) == 2, 1000)
        await asyncio.sleep(400)
        assert len(nodes(grounds)) == 2, "what it empties itself is not made good"


async def test_headroom_of_a_pool_without_hosts_and_no_shrinking_unasked(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, keys=f"minSize: 0; maxSize: 3; headroom: 10; {FOUR}"))
        await driven.until(lambda: hosts_up(driven) == 3, 200)
        await asyncio.sleep(700)
        assert len(nodes(grounds)) == 3 and driven.value("yard", "docker.container.cluster.needed") == -2


async def test_hosts_that_are_empty_for_long_are_given_back(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, keys=f"minSize: 0; maxSize: 5; removeEmpty: true; idleTime: 2m; {FOUR}"))
        await driven.ended(await driven.deploy(shop(9)), 200)
        assert len(nodes(grounds)) == 3
        await driven.ended(await driven.invoke("shop/web", "resize", size=0), 60)
        await asyncio.sleep(100)
        assert len(nodes(grounds)) == 3
        await driven.until(lambda: not nodes(grounds), 60)
        await driven.ended(await driven.invoke("shop/web", "resize", size=2), 100)
        assert len(nodes(grounds)) == 1 and len(ours(world)) == 2


async def test_headroom_that_could_not_be_had_is_tried_again_after_growing_pauses(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    cloud.quota = 1
    tries: list[float] = []
    create = cloud._make

    def make(request: NodeRequest) -> Node:
        tries.append(asyncio.get_running_loop().time())
        return create(request)

    cloud._make = make  # type: ignore[method-assign]
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys=f"minSize: 1; maxSize: 6; headroom: 4; {FOUR}"))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        await driven.ended(await driven.deploy(shop(4)), 60)
        await asyncio.sleep(2000)
        failed = [later - earlier for earlier, later in itertools.pairwise(tries[1:])]
        assert [pause >= least for pause, least in zip(failed, (60, 120, 300, 600), strict=False)] == [True] * 4, failed
        assert not [entry for entry in driven.entries(EntityKind.HOST, "yard/") if entry.name != "docker-1"], (
            "there is nothing to be looked at"
        )
        tells_all(
            driven.model.decisions.of_subject(driven.model.resolve("yard"))[-1].reason, "could not be made before", "no more than 1 machine"
        )
        cloud.quota = 5
        await driven.until(lambda: hosts_up(driven) == 2, 2000)
        await driven.until(lambda: not driven.value("yard", "service.problems"), 60)


@pytest.mark.parametrize("most_tried", [2_000, 0])
async def test_counts_do_not_shrink_a_pool_whose_rules_need_its_hosts(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, monkeypatch: pytest.MonkeyPatch, most_tried: int
) -> None:
    """Tried out beforehand, or in a pool too large for that found out by a drain: afterwards all hosts are in use, and it is said why."""
    monkeypatch.setattr(sparing, "MOST_TRIED", most_tried)
    keys = "minSize: 0; maxSize: 6; headroom: 1; coldEnabled: true; strategies: [{MaxContainers: {maxContainers: 8}}]"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, keys=keys))
        apart = shop(3).replace("  memberSpec", "  affinity: NOT TYPE\n  memberSpec")
        assert (await driven.ended(await driven.deploy(apart), 200)).state is ActivityState.DONE
        await driven.until(lambda: bool(decisions(driven, "headroom")), 400)
        await asyncio.sleep(60)
        reason = driven.model.decisions.of_subject(driven.model.resolve("yard"))[-1].reason
        tells_all(reason, "counts would do with", "NOT TYPE", "docker-2")
        drains = [each for each in driven.model.activities.all() if each.effector == "drain"]
        assert not drains if most_tried else 1 <= len(drains) <= 4
        hosts = driven.entries(EntityKind.HOST, "yard/")
        assert len(hosts) == 3 and not any(host.facts["cordoned"] for host in hosts)
        assert driven.value("shop/web", "group.members.up") == 3 and not driven.value("yard", "service.problems")
        await driven.ended(await driven.invoke("shop/web", "resize", size=2), 60)
        await driven.until(lambda: len(nodes(grounds)) == 2, 700)


async def test_what_was_given_up_is_tried_again_for_those_who_wait_and_no_more_than_that(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    cloud = grounds.cloud(part(CLOUD))
    cloud.quota = 1
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(3, keys=f"minSize: 0; maxSize: 6; {FOUR}"))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        failed = await driven.ended(await driven.deploy(shop(8)), 60)
        tells_all(failed.problem, "the pool has given up making hosts", "no more than 1 machine", "clocker resize yard N")
        cloud.quota = 9
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 200)
        await driven.until(lambda: hosts_up(driven) == 3, 60)
        assert decisions(driven, "grow") == ["make 2 hosts more"], "two that were wanted, and given up"
        await asyncio.sleep(120)
        assert len(nodes(grounds)) == 3
