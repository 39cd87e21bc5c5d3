"""Is a policy that can never work refused, and one that waits for what nothing publishes told at once, in a whole manager?"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from clocker_actors.entities.services.planting import adjuncts
from clocker_actors.errors import BadRequest
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.fitness import PUBLISHED, usual
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.sensors import ROLLUPS
from clocker_actors.model.specs import ClusterSpec, ContainerSpec, ImageSpec, ServiceSpec
from clocker_actors.model.values import Value
from clocker_actors.telemetry.explain import explain
from tests.flows.stories import cluster, new_world
from tests.flows.support import Driven, managed

GOOD: dict[str, Value] = {"metric": "cpu.mean.average", "metricUpperBound": 60}

NEVER: tuple[tuple[str, str, dict[str, Value], str], ...] = (
    (
        "shop/web/1",
        "autoscaler",
        GOOD,
        "shop/web/1: autoscaler cannot work on a member: it grows and shrinks a cluster .*; put it on a cluster",
    ),
    ("shop", "autoscaler", GOOD, "shop: autoscaler cannot work on an application"),
    ("shop/web/1", "service-replacer", {}, "put it on a cluster"),
    ("shop", "rollup", {}, "put it on a cluster"),
    ("local", "service-failure-detector", {}, "put it on a member or a cluster or an application"),
    (
        "shop/web",
        "service-restarter",
        {},
        "'ha.entityFailed' is fired by service-failure-detector only, and there is none here; add that first",
    ),
    ("shop/web", "autoscaler", {}, "shop/web: autoscaler has no metric, so it would never do anything; give metric"),
    ("shop/web", "autoscaler", {"metric": "cpu.mean"}, "metric 'cpu.mean' is one of a member, .*; did you mean cpu.mean.average"),
    ("shop/web", "autoscaler", {"autoscaler.metric": "cpu.maen.average"}, "is no sensor of a cluster, .*; did you mean cpu.mean.average"),
    (
        "shop/web",
        "autoscaler",
        {"metric": "cpu.mean.average"},
        "shop/web: autoscaler has neither metricLowerBound nor metricUpperBound above 0, so no value of cpu.mean.average",
    ),
    (
        "shop/web",
        "autoscaler",
        {**GOOD, "resizeOperator": "grow"},
        "resizeOperator 'grow' is no effector of a cluster that takes `size`; write resize",
    ),
    ("shop/web", "rolling-mean", {"sourceSensor": "cpu.mean", "targetSensor": "calm"}, "did you mean cpu.mean.average"),
)


async def add(driven: Driven, entity: str, kind: str, config: Mapping[str, Value], name: str = "") -> str:
    """Add a policy; the note of the activity that did."""
    done = await driven.ended(await driven.invoke(entity, "add_policy", type=kind, config=config, name=name))
    assert done.state is ActivityState.DONE, done.problem
    return done.note


def told(driven: Driven, asked: str) -> str:
    """The account of something."""
    return "\n".join(line.text for _, line in explain(driven.model, asked, driven.manager.kernel.now()).flat())


async def test_what_can_never_work_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        for entity, kind, config, words in NEVER:
            before = set(driven.model.entry(entity).policies)
            with pytest.raises(BadRequest, match=words):
                await driven.invoke(entity, "add_policy", type=kind, config=config, name="mine")
            assert set(driven.model.entry(entity).policies) == before


async def test_a_policy_that_works_cannot_be_set_to_what_never_does(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        assert not await add(driven, "shop/web", "autoscaler", GOOD)
        with pytest.raises(BadRequest, match=r"did you mean cpu\.mean\.average"):
            await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"metric": "cpu.mean"})
        with pytest.raises(BadRequest, match="would ever make it act"):
            await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"metricUpperBound": 0})
        assert driven.model.entry("shop/web").policies["autoscaler"].config["metric"] == "cpu.mean.average"


async def test_waiting_for_what_nothing_publishes_is_told_at_once(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        words = "waits for sensor requests.rate that nothing publishes; shop/web has for example cpu.mean.average"
        assert words in await add(driven, "shop/web", "autoscaler", {"metric": "requests.rate", "metricUpperBound": 9})
        for asked in ("shop/web", "shop/web:autoscaler"):
            assert words in told(driven, asked)
        done = await driven.ended(await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"metric": "cpu.mean.max"}))
        assert not done.note


async def test_it_is_told_again_when_what_it_listened_to_is_taken_away(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await add(driven, "shop/web", "rolling-mean", {"sourceSensor": "cpu.mean.average", "targetSensor": "calm"})
        assert not await add(driven, "shop/web", "autoscaler", {"metric": "calm", "metricUpperBound": 9})
        await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="rolling-mean"))
        await asyncio.sleep(1)
        assert "waits for sensor calm that nothing publishes" in told(driven, "shop/web:autoscaler")


async def test_entities_publish_what_the_table_says_and_nothing_else(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await asyncio.sleep(30)
        for entry in driven.model.all():
            own = {name for name in entry.sensors if name.rpartition(".")[2] not in ROLLUPS}
            assert own <= PUBLISHED[entry.kind], entry.path


@pytest.mark.parametrize("healing", [True, False])
def test_what_is_counted_on_is_what_entities_are_given(healing: bool) -> None:
    member = ServiceSpec("web", "web", "container", ContainerSpec(ImageSpec("web:1")), healing=healing)
    cluster_spec = ServiceSpec("all", "all", "cluster", cluster=ClusterSpec(member), healing=healing)
    for kind, spec in ((EntityKind.MEMBER, member), (EntityKind.CLUSTER, cluster_spec)):
        assert tuple(adjunct.spec.type for adjunct in adjuncts(spec)) == usual(kind, healing=healing)
