"""Where does a member go that has written into a named volume, and where do the others?"""

from pathlib import Path

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world
from tests.flows.support import Driven, managed, placed_on


def where(driven: Driven) -> dict[str, object]:
    """Host by member."""
    return {entry.path: driven.value(entry.uid, "container.host") for entry in driven.entries(EntityKind.MEMBER, "shop/web")}


async def test_members_of_a_cluster_begin_apart_and_each_comes_back_to_its_own(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="volumes: [pages:/data]")))
        at_home = where(driven)
        assert len(set(placed_on(driven, "shop/web"))) == 3
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=4))).state is ActivityState.DONE
        for path in at_home:
            assert (await driven.ended(await driven.invoke(path, "restart"))).state is ActivityState.DONE
        now = where(driven)
        assert {path: now[path] for path in at_home} == at_home


async def test_it_still_knows_after_a_restart_of_the_manager(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="volumes: [pages:/data]")))
        at_home = where(driven)
        await driven.ended(await driven.invoke("shop", "stop"))
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and not driven.gone("shop/web"), 30)
        await driven.ended(await driven.invoke("shop", "start"))
        assert where(driven) == at_home
