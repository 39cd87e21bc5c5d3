"""Do the policies do their work in a whole manager: load step, end of the load, a container that always dies?"""

import asyncio
from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import EntityKind
from tests.flows.support import Driven, managed

SCALED = """
name: shop
location: local
services:
- type: cluster
  id: web
  initialSize: 2
  brooklyn.policies:
  - type: autoscaler
    brooklyn.config:
      metric: cpu.mean.average
      metricLowerBound: 30
      metricUpperBound: 60
      minPoolSize: 1
      maxPoolSize: 8
      resizeDownStabilizationDelay: 10s
  memberSpec:
    type: docker:clocker/web:1
"""
PLAIN = """
name: shop
location: local
services:
- type: cluster
  id: web
  initialSize: 2
  memberSpec:
    type: docker:clocker/web:1
"""


def decisions(driven: Driven, kind: str) -> list[Decision]:
    """Decisions of a kind about the cluster, oldest first."""
    return [decision for decision in driven.model.decisions.of_subject(driven.model.resolve("shop/web")) if decision.kind == kind]


async def test_a_load_step_grows_the_cluster_and_its_end_shrinks_it(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SCALED))
        await asyncio.sleep(5)
        world.offer("clocker/web:1", 400)
        took = await driven.until(lambda: (driven.value("shop/web", "group.members.up") or 0) > 2, 20, "another member")  # type: ignore[operator]
        assert took <= 4, driven.picture()
        await driven.until(lambda: driven.value("shop/web", "group.members.up") in {7, 8}, 30, "enough members")
        await asyncio.sleep(20)
        assert driven.value("shop/web", "cluster.size.desired") in {7, 8}, "400 % over 60 % each, and what the mean of 5 s lags behind"
        world.offer("clocker/web:1", 10)
        await driven.until(lambda: driven.value("shop/web", "group.members.count") == 1, 60, "one member")
        grown = [decision for decision in decisions(driven, "autoscale") if decision.action]
        assert all(decision.steps and decision.reason for decision in grown)
        held = [decision for decision in decisions(driven, "autoscale") if "held by the 10 s window until" in decision.reason]
        assert held, [decision.reason for decision in decisions(driven, "autoscale")]


async def test_what_always_dies_is_not_replaced_for_ever(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(PLAIN))
        assert done.state is ActivityState.DONE
        loop = asyncio.get_running_loop()
        end, first = loop.time() + 3600, driven.entries(EntityKind.MEMBER)[0].uid
        cursed = {str(first)}
        while loop.time() < end:
            await asyncio.sleep(20)
            members = {str(entry.uid) for entry in driven.entries(EntityKind.MEMBER)}
            for engine in world.engines.values():
                for container in engine.containers:
                    member = container.labels["clocker.member"]
                    if container.state == "running" and (member in cursed or len(members - cursed) > 1):
                        cursed.add(member)
                        engine.die(container.name, 1)
        replaced = [decision for decision in decisions(driven, "replace") if decision.action]
        assert 1 <= len(replaced) <= 6, [decision.reason for decision in decisions(driven, "replace")]
        assert "replacing has stopped" in str(driven.value("shop/web", "service.problems"))
