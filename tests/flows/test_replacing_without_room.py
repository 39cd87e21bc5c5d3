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
        assert ended.state is ActivityState.FAILED and "tried again when that is over" in ended.problem
        await driven.invoke(member.uid, "delete")
        await driven.until(lambda: driven.up("shop/web") and len(running(world)) == 3, 120)
        await well(driven, world)


async def test_a_new_one_that_somebody_stops_is_waited_for_by_nobody(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        order = await driven.invoke("shop/web", "replaceMember", member="1")
        await driven.until(lambda: len(driven.entries(EntityKind.MEMBER, "shop/web/")) == 3)
        await driven.invoke("shop/web/3", "stop")
        ended = await driven.ended(order, 60)
        assert ended.state is ActivityState.FAILED and "stopped by somebody" in ended.problem
        await well(driven, world)
        assert [entry.path for entry in driven.entries(EntityKind.MEMBER, "shop/web/")] == ["shop/web/1", "shop/web/2"]


async def test_a_new_one_that_waits_for_what_was_stopped_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """What runs goes on with the address it was given; a new member has to wait for one, and somebody who asked for it hears why."""
    text = (
        "name: shop\nlocation: local\nservices:\n- {type: docker:clocker/db:1, id: db}\n- type: cluster\n  id: web\n  initialSize: 2\n"
        '  memberSpec:\n    type: docker:clocker/web:1\n    env:\n      DB: $brooklyn:component("db").attributeWhenReady("host.address")\n'
    )
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(text))
        await driven.ended(await driven.invoke("shop/db", "stop"))
        order = await driven.invoke("shop/web", "replaceMember", member="1")
        ended = await driven.ended(order, 900)
        assert ended.state is ActivityState.FAILED and "does not start" in ended.problem and "stays" in ended.problem
        assert [entry.path for entry in driven.entries(EntityKind.MEMBER, "shop/web/")] == ["shop/web/1", "shop/web/2"]
