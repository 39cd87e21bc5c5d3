"""Does a real engine do what an update says: change memory where a container runs, and give a cluster another image without one request that fails?"""

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.bed.load import fetch
from tests.flows.bedside import cluster, containers, deleted, deployed, done, members_up, on_hosts, said, targets
from tests.flows.support import Driven

pytestmark = pytest.mark.real

MB = 1 << 20
MEMBER = ("leaveDelay: 1s", "readiness: {http: {port: 8080, path: /}, period: 1s, timeout: 1s}")


async def facts(host: BedHost, plane: str) -> list[tuple[str, int, int, int, str, str, str]]:
    """Of each container of the plane on a host: id, memory, memory with swap, cpus in billionths, restart policy, start time, image."""
    ids = (await host.docker("ps", "-q", "--no-trunc", "--filter", f"label=clocker.plane={plane}")).split()
    found = json.loads(await host.docker("inspect", *ids)) if ids else []
    return sorted(
        (
            each["Id"],
            each["HostConfig"]["Memory"],
            each["HostConfig"]["MemorySwap"],
            each["HostConfig"]["NanoCpus"],
            each["HostConfig"]["RestartPolicy"]["Name"],
            each["State"]["StartedAt"],
            each["Config"]["Image"],
        )
        for each in found
    )


async def on_all(bed: Bed, plane: str) -> list[tuple[str, int, int, int, str, str, str]]:
    """The same on all hosts."""
    return sorted([each for host in bed.hosts for each in await facts(host, plane)])


async def ask(driven: Driven, over: asyncio.Event) -> tuple[int, list[str]]:
    """New connections to where members say that they serve, one after the other, without a second try; how many were answered, and what failed."""
    good, failed = 0, list[str]()
    for number in itertools.count():
        if over.is_set():
            return good, failed
        where = targets(driven, "shop/web")
        try:
            status, _ = await fetch(*where[number % len(where)], timeout=2.0)
            good += status == 200
        except (OSError, TimeoutError, ZeroDivisionError) as fault:
            failed.append(f"{number}: {fault!r} of {where}")
        await asyncio.sleep(0.01)
    return good, failed


async def test_memory_in_place_then_another_image_under_load_then_a_bad_one(bed3: Bed, tmp_path: Path) -> None:
    for host in bed3.hosts:
        await host.docker("tag", "clocker/web:1", "clocker/web:2")
    async with on_hosts(bed3.hosts, tmp_path, "update") as driven:
        old = cluster("shop", 3, *MEMBER, "memory: 32m")
        await deployed(driven, old)
        before = await on_all(bed3, "update")

        more = cluster("shop", 3, *MEMBER, "memory: 48m", "cpus: 0.5", "restart: on-failure:2")
        changed = await done(driven, await driven.deploy(more))
        assert changed.ended is not None
        said("memory of three members changed in place", changed.ended - changed.began)
        after = await on_all(bed3, "update")
        assert [(each[0], each[5]) for each in after] == [(each[0], each[5]) for each in before]
        assert {each[1:5] for each in after} == {(48 * MB, 48 * MB, 500_000_000, "on-failure")}

        over = asyncio.Event()
        asking = asyncio.create_task(ask(driven, over))
        await asyncio.sleep(0.5)
        image = await done(driven, await driven.deploy(more.replace("clocker/web:1", "clocker/web:2")))
        assert image.ended is not None
        said("another image for three members, one by one", image.ended - image.began)
        await driven.until(lambda: len(containers(driven)) == 3, 30)
        await asyncio.sleep(0.5)
        assert {each[6] for each in await on_all(bed3, "update")} == {"clocker/web:2"}
        new = await on_all(bed3, "update")

        bad = await driven.ended(await driven.deploy(more.replace("clocker/web:1", "clocker/absent:9")), 120)
        assert bad.state is ActivityState.FAILED
        assert "clocker/absent:9" in bad.problem and "what ran before goes on" in bad.problem, bad.problem
        await driven.until(lambda: len(containers(driven)) == 3, 30)
        assert await on_all(bed3, "update") == new
        assert members_up(driven, "shop/web") == 3
        over.set()
        good, failed = await asking
        said(
            f"{good} requests meanwhile, of which failed: {len(failed)}; the bad image was given up",
            bad.ended - bad.began if bad.ended else 0.0,
        )
        assert failed == []
        assert good > 100
        await deleted(driven, "shop")
