"""A member is stopped by somebody while its cluster starts: does the start come to an end?"""

import asyncio
from pathlib import Path

from clocker_actors.model.activities import ActivityState
from tests.flows.stories import cluster, new_world, well
from tests.flows.support import managed


async def test_a_start_does_not_wait_for_a_member_that_somebody_stopped(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        asked = await driven.deploy(cluster(4))
        await driven.until(lambda: not driven.gone("shop/web/3"))
        await driven.invoke("shop/web/3", "stop")
        after = await driven.ended(asked)
        assert after.state is ActivityState.FAILED and "3 of 4 members are up" in after.problem, "all were asked for"
        assert all(each.state.ended for each in driven.model.activities.all())
        assert (await driven.ended(await driven.invoke("shop/web/3", "start"))).state is ActivityState.DONE
        await well(driven, world)
        assert driven.up("shop")


async def test_a_start_of_what_was_stopped_waits_for_all_of_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        await driven.ended(await driven.invoke("shop/web", "stop"))
        await asyncio.sleep(1)
        assert (await driven.ended(await driven.invoke("shop/web", "start"))).state is ActivityState.DONE
        assert all(driven.up(f"shop/web/{number}") for number in range(1, 5))
