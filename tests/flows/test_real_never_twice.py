"""Does a service that says `duplicate: never` never run twice on real engines, whichever way they are cut off? By the engines' own clocks.

Each story waits for leases to run out. `CLOCKER_LONG=1` tells all of them, with the leases that are the default; without it leases are short, and a cable that
is out, a host that is heard but hears nothing, and one that hears but is not heard are told once each.
"""

import asyncio
import os
from itertools import pairwise
from pathlib import Path

import pytest

from clocker_actors.entities.hosts.fence import MARGIN
from clocker_actors.entities.outside import Timing
from clocker_actors.model.identity import LABEL_LEASE, LABEL_PLANE
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.flows.bedside import Door, containers, deleted, deployed, host_of, on_hosts, said, single, ssh, tcp
from tests.flows.support import Driven

pytestmark = pytest.mark.real

LONG = bool(os.environ.get("CLOCKER_LONG"))
TTL = Timing().lease_ttl if LONG else 4.0
LEASES = {"CLOCKER_LEASE_TTL": f"{TTL:g}"}
long = pytest.mark.skipif(not LONG, reason="CLOCKER_LONG=1 runs it: it waits for leases to run out")
WEB = single("shop", "type: docker:clocker/web:1", "duplicate: never", "ports: [8080]", "stopTimeout: 1")


async def lives(bed: Bed, plane: str) -> list[tuple[float, float, str]]:
    """When each container of the plane (leases left out) ran, by the engines' own words: start, end (inf = still runs), name; in order of their starts."""
    found: dict[str, list[float]] = {}
    for host in bed.hosts:
        words = (
            "events",
            "--since",
            "0",
            "--until",
            "1s",
            "--filter",
            f"label={LABEL_PLANE}={plane}",
            "--filter",
            "event=start",
            "--filter",
            "event=die",
        )
        form = f'{{{{.TimeNano}}}} {{{{.Action}}}} {{{{index .Actor.Attributes "name"}}}} {{{{index .Actor.Attributes "{LABEL_LEASE}"}}}}'
        for line in (await host.docker(*words, "--format", form)).splitlines():
            nano, action, name, *lease = line.split()
            if lease == ["1"]:
                continue
            times = found.setdefault(name, [0.0, float("inf")])
            times[0 if action == "start" else 1] = int(nano) / 1e9
    return sorted((start, end, name) for name, (start, end) in found.items())


def never_two(found: list[tuple[float, float, str]]) -> None:
    for (_, end, name), (start, _, after) in pairwise(found):
        assert end <= start, f"{after} began {end - start:.3f} s before {name} had ended"


def up_elsewhere(driven: Driven, lost: BedHost) -> bool:
    return driven.up("shop/web") and driven.model.entry("shop/web").facts["host_name"] != lost.name


@pytest.mark.parametrize(
    ("how", "door"),
    [
        pytest.param("cable", tcp),
        pytest.param("deaf", ssh),
        pytest.param("mute", tcp),
        pytest.param("cable", ssh, marks=long),
        pytest.param("deaf", tcp, marks=long),
        pytest.param("mute", ssh, marks=long),
    ],
)
async def test_it_ends_by_itself_and_its_successor_begins_after_that(bed3: Bed, tmp_path: Path, how: str, door: Door) -> None:
    plane = f"fence-{how}-{door.__name__}"
    async with on_hosts(bed3.hosts, tmp_path, plane, door=door, environ=LEASES) as driven:
        await deployed(driven, WEB)
        lost = host_of(bed3, containers(driven)[0])
        await asyncio.sleep(TTL + 3)
        assert len(await lives(bed3, plane)) == 1, "it lives while it is heard"
        clock = asyncio.get_running_loop().time
        with lost.cut(how):
            began = clock()
            while not (ended := (await lives(bed3, plane))[0][1]) < float("inf"):
                assert clock() - began < TTL + 5
            died = clock() - began
            await driven.until(lambda: up_elsewhere(driven, lost), 30, "elsewhere")
            took = clock() - began
        said(f"{how} ({door.__name__}) → it has ended", died)
        said(f"{how} ({door.__name__}) → it runs elsewhere", took)
        await driven.until(lambda: driven.value("bed", "docker.hosts.up") == 3, 20, "the host is back")
        await asyncio.sleep(3)
        found = await lives(bed3, plane)
        assert len(found) == 2 and found[0][1] == ended
        never_two(found)
        assert found[1][0] - found[0][1] >= MARGIN - 1.5, "not before lease and margin are over"
        assert driven.up("shop/web")
        await deleted(driven, "shop")


@long
@pytest.mark.parametrize("away", [7.0, 11.0])
async def test_the_cable_is_back_at_any_moment(bed3: Bed, tmp_path: Path, away: float) -> None:
    plane = f"fence-{away:g}".replace(".", "-")
    async with on_hosts(bed3.hosts, tmp_path, plane, door=tcp, environ=LEASES) as driven:
        await deployed(driven, WEB)
        lost = host_of(bed3, containers(driven)[0])
        with lost.cut("cable"):
            await asyncio.sleep(away)
        await asyncio.sleep(TTL + 8)
        await driven.until(lambda: driven.value("bed", "docker.hosts.up") == 3 and driven.up("shop/web"), 30, "well")
        found = await lives(bed3, plane)
        never_two(found)
        assert found[-1][1] == float("inf")
        await deleted(driven, "shop")


@long
async def test_the_manager_is_away(bed3: Bed, tmp_path: Path) -> None:
    """For less than the life of a lease: it goes on. For longer: it has ended, and the manager that comes back starts another."""
    plane = "fence-manager"
    async with on_hosts(bed3.hosts, tmp_path, plane, door=tcp, clean=False, environ=LEASES) as driven:
        await deployed(driven, WEB)
    async with on_hosts(bed3.hosts, tmp_path, plane, door=tcp, again=True, clean=False, environ=LEASES) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 20, "taken over")
        await asyncio.sleep(TTL)
        assert len(await lives(bed3, plane)) == 1
    await asyncio.sleep(TTL + 2)
    assert (await lives(bed3, plane))[0][1] < float("inf"), "nobody prolongs its lease"
    async with on_hosts(bed3.hosts, tmp_path, plane, door=tcp, again=True, environ=LEASES) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 30, "again")
        never_two(await lives(bed3, plane))
        await deleted(driven, "shop")
