"""Does the main job work on three real engines: placement by both orders, healing of killed and removed containers, and nothing left behind?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.flows.bedside import cluster, containers, deleted, deployed, host_of, members_up, on_hosts, said
from tests.flows.support import Driven, placed_on

pytestmark = pytest.mark.real


async def test_ten_containers_breadth_first_and_depth_first_with_healing(bed3: Bed, tmp_path: Path) -> None:
    async with on_hosts(bed3.hosts, tmp_path, "story") as driven:
        await deployed(driven, cluster("wide", 10))
        assert spread(driven, "wide/web") == [3, 3, 4]
        await heals(bed3, driven, "kill")
        await heals(bed3, driven, "rm", "-f")
        await deleted(driven, "wide")
        await deployed(driven, cluster("deep", 10, config=["strategies:", "- DepthFirst", "- MaxContainers: {maxContainers: 6}"]))
        assert spread(driven, "deep/web") == [4, 6]
        await deleted(driven, "deep")
        assert containers(driven) == []


def spread(driven: Driven, below: str) -> list[int]:
    """How many members each host that has any has."""
    hosts = placed_on(driven, below)
    return sorted(hosts.count(host) for host in set(hosts))


async def heals(bed: Bed, driven: Driven, *how: str) -> None:
    """A container that is killed behind our back is replaced by the next generation of the same member."""
    victim = next(entry for entry in containers(driven) if entry.facts["generation"] == 1)
    ending = asyncio.create_task(host_of(bed, victim).docker(*how, victim.name))
    noticed = await driven.until(lambda: members_up(driven, "wide/web") == 9, 5, "its end is noticed")
    took = await driven.until(lambda: members_up(driven, "wide/web") == 10, 10, "it is replaced")
    await ending
    said(f"`docker {' '.join(how)}` begun → its end noticed", noticed)
    said("its end noticed → replacement up", took)
    assert took < 3
    assert driven.value(str(victim.facts["member"]), "generation") == 2
    await driven.until(lambda: len(driven.entries(EntityKind.CONTAINER)) == 10, 10, "its remains are removed")
