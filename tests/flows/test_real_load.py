"""Does a cluster grow by real processor load, and shrink when it ends, with a reason for each step?"""

import asyncio
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.bed.image import spin_path
from tests.bed.load import apply_load
from tests.flows.bedside import cluster, deleted, deployed, members_up, on_hosts, said, targets

pytestmark = pytest.mark.real

AUTOSCALER = [
    "brooklyn.policies:",
    "- type: autoscaler",
    "  name: grow",
    "  config:",
    "    metric: cpu.mean.average",
    "    metricLowerBound: 5",
    "    metricUpperBound: 12",
    "    minPoolSize: 1",
    "    maxPoolSize: 3",
    "    resizeDownStabilizationDelay: 3s",
]


async def test_it_grows_with_load_and_shrinks_after_it(bed3: Bed, tmp_path: Path) -> None:
    async with on_hosts(bed3.hosts, tmp_path, "load") as driven:
        await deployed(driven, cluster("shop", 1, "cpus: 0.25", config=AUTOSCALER))
        await driven.until(lambda: driven.value("shop/web", "cpu.mean.average") is not None, 10, "processor use is known")
        load = asyncio.create_task(apply_load(lambda: targets(driven, "shop/web"), spin_path(3000), seconds=60, clients=3))
        try:
            first = await driven.until(lambda: members_up(driven, "shop/web") >= 2, 15, "a second member")
            said("load step → new replica up", first)
            await driven.until(lambda: members_up(driven, "shop/web") == 3, 20, "all three members")
            assert first < 8
        finally:
            load.cancel()
            await asyncio.gather(load, return_exceptions=True)
        took = await driven.until(lambda: driven.value("shop/web", "group.members.count") == 1, 30, "it shrinks again")
        said("load ended → back to one replica", took)
        decisions = [found for found in driven.model.decisions.all() if found.action.startswith("resize")]
        assert any("12" in found.reason for found in decisions), [found.reason for found in decisions]
        await deleted(driven, "shop")
