"""There was no room for a size, and another one is ordered for which there is: is it told that nothing is wrong any more?"""

from pathlib import Path

from clocker_actors.model.activities import ActivityState
from tests.flows.stories import cluster, new_world, well
from tests.flows.support import managed

FULL = cluster(3, keys="strategies: [MaxContainers: {maxContainers: 1}]")


async def test_a_size_for_which_there_is_room_ends_the_alarm(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(FULL))
        refused = await driven.ended(await driven.invoke("shop/web", "resize", size=4))
        assert refused.state is ActivityState.FAILED
        assert "placement" in str(driven.value("shop/web", "service.problems"))
        assert driven.value("shop/web", "service.state") == "on-fire"
        await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        await driven.until(lambda: driven.value("shop/web", "service.problems") == {}, 10)
        assert driven.up("shop/web") and driven.up("shop")
        await well(driven, world)
