"""Does what may not run twice come up when its host is cut off in the midst of its first start, be it that its lease runs out before anybody knows of it?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from tests.flows.stories import cluster, new_world, one
from tests.flows.support import managed
from tests.flows.test_never_twice import watched, well

PROBED = one(keys="duplicate: never; ports: [8080]; readiness: {http: 8080}")
PLAIN = one(keys="duplicate: never")


@pytest.mark.parametrize("moment", [0.8, 1.2, 1.5])
@pytest.mark.parametrize("away", [5.0, 11.0, 12.5])
@pytest.mark.parametrize("text", [PLAIN, PROBED], ids=["plain", "probed"])
async def test_a_service(tmp_path: Path, text: str, away: float, moment: float) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(text)
        await asyncio.sleep(moment)
        engine = world.engine(driven.model.entry(str(driven.value("shop/web", "container.host"))).name)
        engine.partition()
        await watched(world, away)
        engine.heal()
        ended = await driven.ended(activity, 60)
        assert ended.state is ActivityState.DONE, ended.problem
        await watched(world, 40)
        await well(driven, world)


async def test_members_of_a_cluster(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(cluster(2, member="duplicate: never"))
        await asyncio.sleep(1.2)
        engine = world.engine(driven.model.entry(str(driven.value("shop/web/1", "container.host"))).name)
        engine.partition()
        await asyncio.sleep(11)
        engine.heal()
        assert (await driven.ended(activity, 60)).state is ActivityState.DONE
        assert driven.value("shop/web", "group.members.up") == 2
