"""Who owns a value: sizes that policies or people set, for good or for a while, and policies that people changed, when a changed file is deployed."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.values import Value
from tests.flows.stories import cluster, new_world, running, well
from tests.flows.support import Driven, managed
from tests.flows.test_policies_story import SCALED, decisions
from tests.flows.test_updates import cluster_of, deployed, steps

SCALER = "brooklyn.policies: [{type: autoscaler, brooklyn.config: {metric: cpu.mean.average, metricLowerBound: 30, metricUpperBound: 60, maxPoolSize: 8}}]"


def facts(driven: Driven) -> Mapping[str, Value]:
    """What people read of the cluster."""
    return driven.model.entry("shop/web").facts


async def resized(driven: Driven, **arguments: Value) -> Activity:
    """A resize by a person, and its end."""
    return await driven.ended(await driven.invoke("shop/web", "resize", **arguments))


async def test_a_size_held_for_a_while_goes_back_to_what_it_was(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, cluster(2))
        assert facts(driven)["size_owner"] == "the blueprint"
        await resized(driven, size=5, **{"for": 600})
        assert driven.value("shop/web", "group.members.up") == 5
        assert str(facts(driven)["lease"]).endswith("by tester, then back to 2")
        await asyncio.sleep(300)
        await resized(driven, size=6, **{"for": 600})  # held longer, and back to what was before both
        assert cluster_of(driven).size == 6
        await asyncio.sleep(400)
        assert cluster_of(driven).size == 6
    # The end comes by the clock, be the manager there or not; a redeploy meanwhile changes to what it goes back.
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 30)
        assert (await deployed(driven, cluster(3))).state is ActivityState.DONE
        assert "size stays 6 until " in steps(driven)
        await asyncio.sleep(150)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 3, 60)
        assert facts(driven)["size_owner"] == "the blueprint"
        assert "lease" not in facts(driven)
        (back,) = decisions(driven, "hand back")
        assert "held the size at 6 until" in back.reason and back.action == "resize 6 to 3"
        await well(driven, world)


async def test_a_size_that_is_not_reached_while_it_is_held_is_waited_for_no_longer(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        slow = "env: {SIMULATED_READY: '100'}; readiness: {tcp: 8080, period: 1s}; ports: [8080]"
        await driven.ended(await driven.deploy(cluster(2, member=slow)), 200)
        ended = await driven.ended(await driven.invoke("shop/web", "resize", size=5, **{"for": 20}), 60)
        assert ended.state is ActivityState.FAILED
        assert "5 was not reached until" in ended.problem
        assert "back to 2" in ended.problem
        assert (ended.ended or 0) - ended.began < 25


async def test_a_resize_for_good_ends_a_lease(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deployed(driven, cluster(2))
        await resized(driven, size=5, **{"for": 60})
        await resized(driven, size=4)
        await asyncio.sleep(120)
        assert cluster_of(driven).size == 4
        assert cluster_of(driven).lease is None


async def test_a_policy_leaves_a_held_size_alone_and_gets_it_back(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, SCALED)
        world.offer("clocker/web:1", 100)
        await asyncio.sleep(30)
        await resized(driven, size=7, **{"for": 300})
        await asyncio.sleep(200)
        assert cluster_of(driven).size == 7, "an autoscaler would have made it smaller"
        assert any("held at 7 by tester until" in decision.reason for decision in decisions(driven, "autoscale"))
        assert str(facts(driven)["lease"]).endswith("then policy autoscaler decides again")
        few = len([decision for decision in decisions(driven, "autoscale") if decision.action])
        assert few < 5
        await asyncio.sleep(110)
        assert [decision.action for decision in decisions(driven, "hand back")] == ["hand the size back to policy autoscaler"]
        await driven.until(lambda: cluster_of(driven).size < 7, 120)
        assert str(facts(driven)["size_owner"]).startswith("policy autoscaler since ")


async def test_what_an_autoscaler_grew_stays_when_the_file_says_something_else(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, SCALED)
        world.offer("clocker/web:1", 400)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") in {7, 8}, 60, "enough members")
        size = cluster_of(driven).size
        assert (await deployed(driven, SCALED.replace("initialSize: 2", "initialSize: 1"))).state is ActivityState.DONE
        assert cluster_of(driven).size == size
        assert f"size stays {size}: policy autoscaler set it at " in steps(driven)


async def test_policies_follow_the_file_but_for_what_a_person_set(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deployed(driven, cluster(2, keys=SCALER))
        await driven.ended(await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"maxPoolSize": 5}))
        await driven.ended(await driven.invoke("shop/web", "suspend_policy", policy="autoscaler"))
        await driven.ended(await driven.invoke("shop/web", "add_policy", type="service-replacer", name="mine"))
        changed = SCALER.replace("maxPoolSize: 8", "maxPoolSize: 9, minPoolSize: 2").replace("metricUpperBound: 60", "metricUpperBound: 70")
        assert (await deployed(driven, cluster(2, keys=changed))).state is ActivityState.DONE
        scaler = driven.model.entry("shop/web").policies["autoscaler"]
        assert [scaler.config[key] for key in ("maxPoolSize", "minPoolSize", "metricUpperBound")] == [5, 2, 70]
        assert scaler.state == "suspended"
        assert "mine" in driven.model.entry("shop/web").policies
        assert "maxPoolSize of policy autoscaler stays 5: tester set it" in steps(driven)
        assert "policy autoscaler stays suspended: tester suspended it" in steps(driven)
        said = " ".join(str(each) for each in facts(driven)["policy_owners"])  # type: ignore[attr-defined]
        assert "autoscaler.maxPoolSize: set by tester" in said and "mine: added by tester" in said
        # What the file leaves out goes, and what a person removed stays away.
        await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="service-replacer"))
        assert (await deployed(driven, cluster(2))).state is ActivityState.DONE
        assert set(driven.model.entry("shop/web").policies) == {"rollup", "mine"}


async def test_a_policy_of_another_type_under_the_same_name_is_made_anew(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        first = "brooklyn.policies: [{type: service-replacer, name: own}]"
        await deployed(driven, cluster(1, keys=first))
        assert driven.model.entry("shop/web").policies["own"].type == "service-replacer"
        second = SCALER.replace("{type: autoscaler,", "{type: autoscaler, name: own,")
        assert (await deployed(driven, cluster(1, keys=second))).state is ActivityState.DONE
        await driven.until(lambda: driven.model.entry("shop/web").policies["own"].type == "autoscaler", 5)
        assert set(driven.model.entry("shop/web").policies) == {"own", "rollup", "service-replacer"}
        assert driven.model.entry("shop/web").policies["own"].state == "running"


async def test_policies_of_members_follow_the_file_without_a_new_container(tmp_path: Path) -> None:
    world = new_world()
    own = "brooklyn.policies: [{type: service-restarter, brooklyn.config: {failOnRecurringFailuresInThisDuration: 200s}}]"
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, cluster(2, member=own))
        before = {seen.id for _, seen in running(world)}
        await driven.ended(await driven.invoke("shop/web/1", "suspend_policy", policy="service-restarter"))
        changed = await deployed(driven, cluster(2, member=own.replace("200s", "100s")))
        assert changed.state is ActivityState.DONE, changed.problem
        for number, state in ((1, "suspended"), (2, "running")):
            restarter = driven.model.entry(f"shop/web/{number}").policies["service-restarter"]
            assert (restarter.config["failOnRecurringFailuresInThisDuration"], restarter.state) == (100, state)
        assert "shop/web/1: policy service-restarter stays suspended" in steps(driven)
        assert {seen.id for _, seen in running(world)} == before
        await well(driven, world)
