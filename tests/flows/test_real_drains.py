"""Is a real host emptied without a replica less at any moment, as its engines themselves tell? And does what must not run twice move, too?"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from clocker_actors.model.identity import LABEL_LEASE, LABEL_PLANE
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.flows.bedside import cluster, containers, deleted, deployed, done, members_up, on_hosts, said, single

pytestmark = pytest.mark.real

MEMBERS = 9


async def running_since(hosts: Sequence[BedHost], plane: str, began: float, before: int) -> list[int]:
    """How many containers of the plane ran after each start and end since then, by the engines' own events."""
    form = '{{.TimeNano}}|{{.Action}}|{{index .Actor.Attributes "' + LABEL_LEASE + '"}}'
    events: list[tuple[int, int]] = []
    for host in hosts:
        until = ("--since", f"{began:.3f}", "--until", f"{time.time():.3f}")
        kinds = (
            "--filter",
            "type=container",
            "--filter",
            f"label={LABEL_PLANE}={plane}",
            "--filter",
            "event=start",
            "--filter",
            "event=die",
        )
        for line in (await host.docker("events", *until, *kinds, "--format", form)).splitlines():
            at, action, lease = line.split("|")
            if lease in {"", "<no value>"}:  # the lease of what must not run twice is no replica
                events.append((int(at), 1 if action == "start" else -1))
    counts = [before]
    for _, change in sorted(events):
        counts.append(counts[-1] + change)
    return counts


async def test_a_drain_is_never_below_the_wanted_number(bed3: Bed, tmp_path: Path) -> None:
    host = bed3.hosts[1]
    async with on_hosts(bed3.hosts, tmp_path, "drain") as driven:
        await deployed(driven, cluster("shop", MEMBERS))
        assert len(containers(driven, host)) == 3
        began = time.time()
        drained = await done(driven, await driven.invoke(f"bed/{host.name}", "drain"))
        assert drained.ended is not None
        said("drain of a host with 3 of 9 replicas", drained.ended - drained.began)
        assert drained.note.startswith("3 of 3 moved")
        assert await host.leftovers("drain") == []
        await asyncio.sleep(1)
        counts = await running_since(bed3.hosts, "drain", began, MEMBERS)
        assert min(counts) == MEMBERS and max(counts) <= MEMBERS + 3 and counts[-1] == MEMBERS, counts
        assert members_up(driven, "shop/web") == MEMBERS
        await done(driven, await driven.invoke(f"bed/{host.name}", "uncordon"))
        await done(driven, await driven.invoke("shop/web", "resize", size=12))
        assert containers(driven, host)
        await deleted(driven, "shop")


async def test_what_must_not_run_twice_moves_with_a_gap(bed3: Bed, tmp_path: Path) -> None:
    async with on_hosts(bed3.hosts, tmp_path, "gap") as driven:
        await deployed(driven, single("shop", "type: docker:clocker/web:1", "stopTimeout: 1", "duplicate: never"))
        before = driven.value("shop/web", "container.host")
        began = time.time()
        moved = await done(driven, await driven.invoke("shop/web", "move"))
        assert moved.ended is not None
        said("a member that stops first moves", moved.ended - moved.began)
        assert driven.value("shop/web", "container.host") != before
        await asyncio.sleep(1)
        assert await running_since(bed3.hosts, "gap", began, 1) == [1, 0, 1]
        await deleted(driven, "shop")
