"""Does the main job work from end to end, on simulated engines in virtual time?"""

from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.support import managed

CLUSTER = """
name: shop
location: local
services:
- type: cluster
  id: web
  initialSize: 3
  memberSpec:
    type: docker:clocker/web:1
"""


async def test_a_cluster_starts_grows_shrinks_heals_and_is_deleted(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(CLUSTER))
        assert done.state is ActivityState.DONE, driven.picture()
        assert driven.up("shop/web")
        assert len(driven.entries(EntityKind.CONTAINER)) == 3

        grown = await driven.ended(await driven.invoke("shop/web", "resize", size=6))
        assert grown.state is ActivityState.DONE
        assert driven.value("shop/web", "group.members.up") == 6
        assert {len(engine.containers) for engine in world.engines.values()} == {2}

        shrunk = await driven.ended(await driven.invoke("shop/web", "resize", size=2))
        assert shrunk.state is ActivityState.DONE
        assert sum(len(engine.containers) for engine in world.engines.values()) == 2

        victim = driven.entries(EntityKind.CONTAINER)[0]
        engine = next(engine for engine in world.engines.values() if any(c.name == victim.name for c in engine.containers))
        engine.die(victim.name, exit_code=137)
        await driven.until(lambda: not driven.up("shop/web/1") or not driven.up("shop/web/2"), 5)
        took = await driven.until(lambda: driven.value("shop/web", "group.members.up") == 2, 10)
        assert took < 1

        deleted = await driven.ended(await driven.invoke("shop", "delete"))
        assert deleted.state is ActivityState.DONE
        assert driven.gone("shop")
        assert sum(len(engine.containers) for engine in world.engines.values()) == 0
