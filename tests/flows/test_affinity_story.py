"""Do affinity rules written in a blueprint take effect in a living cluster: at the first start, when it grows, when something dies, after a restart?"""

from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import BlueprintError
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import running
from tests.flows.support import Driven, managed

YARD = """
name: shop
services:
- type: docker-cloud
  name: yard
  affinity: AT MOST 3 ANY
  hosts:
  - {name: a1, engine: "simulated://a1", zone: a}
  - {name: a2, engine: "simulated://a2", zone: a}
  - {name: b1, engine: "simulated://b1", zone: b, labels: {disk: ssd}}
  - {name: b2, engine: "simulated://b2", zone: b, affinity: TYPE web}
- type: docker:clocker/db:1
  name: db
  strategies: [{Label: {labels: [disk=ssd]}}]
- type: cluster
  name: web
  initialSize: 2
  affinity: [NOT TYPE, PREFER TYPE db]
  memberSpec: {type: "docker:clocker/web:1"}
- type: cluster
  name: api
  initialSize: 2
  strategies: [DepthFirst]
  memberSpec:
    type: docker:clocker/api:1
    affinity: |
      SPREAD OVER ZONE
      NOT NAME cache
"""


def hosts(world: SimulatedWorld, image: str) -> list[str]:
    """Where containers of this image run."""
    return sorted(engine.name for engine, seen in running(world) if f"/{image}:" in seen.image)


async def test_rules_hold_through_the_life_of_clusters(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(YARD))
        assert done.state is ActivityState.DONE, driven.picture()
        assert hosts(world, "db") == ["b1"]
        web = hosts(world, "web")
        assert len(set(web)) == 2
        assert "b1" in web  # where db is, if that was there first; else where it was free
        assert [name[0] for name in hosts(world, "api")] == ["a", "b"]
        assert "b2" not in hosts(world, "api")

        await driven.ended(await driven.invoke("shop/web", "resize", size=4))
        assert hosts(world, "web") == ["a1", "a2", "b1", "b2"]
        await driven.invoke("shop/web", "resize", size=5)
        await driven.until(lambda: any("NOT TYPE" in one for one in problems(driven)), 30)
        await driven.ended(await driven.invoke("shop/web", "resize", size=4))

    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 60)
        victim = next(seen for engine, seen in running(world) if engine.name == "a2" and "web" in seen.image)
        world.engines["a2"].die(victim.name, exit_code=137)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 3, 10)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4, 30)
        assert hosts(world, "web") == ["a1", "a2", "b1", "b2"]


def problems(driven: Driven) -> list[str]:
    """All problems of members, as people read them."""
    return [str(driven.value(entry.uid, "service.problems")) for entry in driven.entries(EntityKind.MEMBER)]


async def test_a_rule_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=SimulatedWorld()) as driven:
        with pytest.raises(
            BlueprintError, match=r"test\.yaml:18:14: affinity rule `NUT TYPE`: `NUT` is not known here; write one of TYPE, NAME, "
        ):
            await driven.deploy(YARD.replace("NOT TYPE, PREFER", "NUT TYPE, PREFER"))


CLOSE = """
name: shop
location: local
services:
- {type: "docker:clocker/cache:1", name: cache, affinity: REQUIRE NAME proxy}
- {type: "docker:clocker/proxy:1", name: proxy, affinity: REQUIRE NAME db}
- {type: "docker:clocker/db:1", name: db}
"""


async def test_who_has_to_be_beside_somebody_may_be_written_before_it(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(CLOSE))
        assert done.state is ActivityState.DONE, done.problem
        assert hosts(world, "db") == hosts(world, "proxy") == hosts(world, "cache")
        without = (
            CLOSE.replace("name: shop", "name: lonely")
            .partition('- {type: "docker:clocker/db')[0]
            .replace("REQUIRE NAME ", "REQUIRE ID lonely/")
        )
        failed = await driven.ended(await driven.deploy(without), 10)
        assert failed.state is ActivityState.FAILED and "wants at least 1" in failed.problem
