"""Does the main job work on three real engines: placement, load, healing, a dead engine, a cut cable, and nothing left behind?"""

from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.flows.support import Driven, managed, placed_on

pytestmark = pytest.mark.real


def pool(bed: Bed) -> str:
    """A blueprint of a pool with the bed's hosts, each through its unix socket."""
    lines = ["name: bedpool", "services:", "- type: docker-cloud", "  id: bed", "  hosts:"]
    for host in bed.hosts:
        lines += [f"  - name: {host.name}", f"    engine: unix://{host.socket}", f"    address: {host.address}"]
    return "\n".join(lines)


def cluster(name: str, size: int, *extra: str) -> str:
    """A blueprint of one cluster of the web image."""
    return "\n".join(
        [
            f"name: {name}",
            "location: bed",
            "services:",
            "- type: cluster",
            "  id: web",
            f"  initialSize: {size}",
            "  memberSpec:",
            "    type: docker:clocker/web:1",
            "    ports: [8080]",
            *extra,
        ]
    )


async def test_ten_containers_breadth_first_on_three_engines(bed3: Bed, tmp_path: Path) -> None:
    async with managed(tmp_path / "s", plane="story1") as driven:
        assert (await driven.ended(await driven.deploy(pool(bed3)))).state is ActivityState.DONE
        await driven.until(lambda: driven.value("bed", "docker.hosts.up") == 3, 20)
        done = await driven.ended(await driven.deploy(cluster("shop", 10)), 60)
        assert done.state is ActivityState.DONE, driven.picture()
        hosts = placed_on(driven, "shop/web")
        assert sorted(hosts.count(host) for host in set(hosts)) == [3, 3, 4]
        await heals(bed3, driven)
        deleted = await driven.ended(await driven.invoke("shop", "delete"), 60)
        assert deleted.state is ActivityState.DONE
    for host in bed3.hosts:
        assert await host.leftovers("story1") == []


async def heals(bed: Bed, driven: Driven) -> None:
    """A killed container is replaced in under a second."""
    victim = driven.entries(EntityKind.CONTAINER)[0]
    host = next(host for host in bed.hosts if host.name in victim.path)
    await host.docker("kill", victim.name)
    await driven.until(lambda: driven.value("shop/web", "group.members.up") == 9, 5)
    took = await driven.until(lambda: driven.value("shop/web", "group.members.up") == 10, 10)
    print(f"killed → replaced in {took:.2f} s")
    assert took < 3
