"""A member is to be replaced and there is no room for the new one: does somebody hear of it, and does what serves stay?"""

from pathlib import Path

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world, running, well
from tests.flows.support import managed

FULL = cluster(3, keys="strategies: [MaxContainers: {maxContainers: 1}]")


async def test_the_order_fails_with_the_reason_and_the_old_one_stays(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(FULL))
        before = {seen.id for _, seen in running(world)}
        ended = await driven.ended(await driven.invoke("shop/web", "replaceMember", member="1"), 120)
        assert ended.state is ActivityState.FAILED
        assert "finds no place" in ended.problem and "stays" in ended.problem and "MaxContainers" in ended.problem
        await well(driven, world)
        assert {seen.id for _, seen in running(world)} == before
        assert len(driven.entries(EntityKind.MEMBER, "shop/web/")) == 3
        assert driven.up("shop")


async def test_for_one_that_is_dead_it_is_done_when_there_is_room(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(FULL))
        await driven.ended(await driven.invoke("shop/web", "suspend_policy", policy="service-replacer"))
        member = driven.entries(EntityKind.MEMBER, "shop/web/")[0]
        await driven.ended(await driven.invoke(member.uid, "suspend_policy", policy="service-restarter"))
        engine, seen = next((engine, seen) for engine, seen in running(world) if seen.labels["clocker.member"] == member.uid)
        engine.die(seen.name)
        await driven.until(lambda: not driven.up(member.uid))
        ended = await driven.ended(await driven.invoke("shop/web", "replaceMember", member=member.uid), 120)
        assert ended.state is ActivityState.FAILED and "tried again when there is room" in ended.problem
        await driven.invoke(member.uid, "delete")
        await driven.until(lambda: driven.up("shop/web") and len(running(world)) == 3, 120)
        await well(driven, world)
