"""Do containers outlive the manager, and does its next run adopt them untouched, heal what died meanwhile, and leave foreign ones alone?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.bed.image import WEB_TAG
from tests.flows.bedside import cluster, containers, deleted, deployed, host_of, members_up, on_hosts, said

pytestmark = pytest.mark.real

PLANE = "anew"


async def running(bed: Bed) -> dict[str, str]:
    """Engine id by name of what runs on all hosts."""
    lists = await asyncio.gather(*(host.docker("ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}") for host in bed.hosts))
    pairs = (line.split() for text in lists for line in text.splitlines())
    return {name: identity for name, identity in pairs}  # noqa: C416 - pairs are lists


async def test_containers_outlive_the_manager_and_are_adopted(bed3: Bed, tmp_path: Path) -> None:
    async with on_hosts(bed3.hosts, tmp_path, PLANE, clean=False) as driven:
        await deployed(driven, cluster("shop", 6))
        host = host_of(bed3, containers(driven)[0])
        victim = containers(driven)[0].name
        assert members_up(driven, "shop/web") == 6
    before = await running(bed3)
    assert len(before) == 6
    await host.docker("kill", victim)
    await host.docker("run", "-d", "--name", "stranger", WEB_TAG)

    async with on_hosts(bed3.hosts, tmp_path, PLANE, again=True) as driven:
        took = await driven.until(lambda: members_up(driven, "shop/web") == 6, 15, "adopted")
        said("manager started, hosts found → six replicas up, one of them new", took)
        assert took < 5
        after = await running(bed3)
        kept = {name: identity for name, identity in before.items() if name != victim}
        assert kept.items() <= after.items()
        assert victim.replace(".g1", ".g2") in after
        assert "stranger" in after
        resized = await driven.invoke("shop/web", "resize", size=3)
        await driven.ended(resized, 20)
        assert len(driven.entries(EntityKind.MEMBER)) == 3
        await deleted(driven, "shop")
    assert list(await running(bed3)) == ["stranger"]
    await host.docker("rm", "-f", "stranger")
