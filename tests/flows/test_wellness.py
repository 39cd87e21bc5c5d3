"""What people and policies are told of how a container is: its HEALTHCHECK, its last words, its age, its log, numbers that are too old."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import NotFound
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import SetIndicator
from tests.flows.stories import cluster, new_world, one, running, tells_all, well
from tests.flows.support import PERSON, Driven, managed

PROBED = "ports: [8080]; readiness: {http: {port: 8080, path: /}, period: 1s, timeout: 1s}"
WATCHED = "health: {http: {port: 8080, path: /}, period: 1s, timeout: 1s}"


def judge(world: SimulatedWorld, verdict: str) -> None:
    """Let the HEALTHCHECK of the only container say this."""
    engine, seen = running(world)[0]
    box = engine._core.find(seen.id)
    engine._core._judge(box, box.runs, verdict)


async def test_a_healthcheck_counts_beside_a_readiness_probe(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        text = one(image="docker:clocker/healthcheck:1", keys=f"{PROBED}; healing: false")
        done = await driven.ended(await driven.deploy(text), 10)
        assert done.state is ActivityState.DONE, "its readiness probe does not wait for the HEALTHCHECK"
        judge(world, "unhealthy")
        await driven.until(lambda: not driven.up("shop/web"), 1)
        tells_all(str(driven.value("shop/web", "service.notUp.indicators")), "HEALTHCHECK says unhealthy")
        judge(world, "healthy")
        await driven.until(lambda: driven.up("shop/web"), 1)


TIERS = """\
name: shop
services:
- {type: cluster, id: web, initialSize: 3, quorum: 2, memberSpec: {type: 'docker:clocker/web:1'}}
- {type: group, id: back, children: [{type: 'docker:clocker/web:1', id: api, children: [{type: 'docker:clocker/web:1', id: log}]}]}
"""


async def test_at_no_time_does_a_parent_say_otherwise_than_its_services(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        activity = await driven.deploy(TIERS)
        served = 0
        for _ in range(600):
            await asyncio.sleep(0.02)
            if driven.gone("shop/back/api/log"):
                continue
            up = {name: driven.value(f"shop{name}", "service.isUp") is True for name in ("", "/web", "/back", "/back/api", "/back/api/log")}
            assert up[""] == (up["/web"] and up["/back"]), up
            assert up["/back"] == up["/back/api"], up
            seen = driven.model.activities.get(activity)
            served += up[""] and seen is not None and not seen.state.ended
        done = await driven.ended(activity)
        assert done.state is ActivityState.DONE and driven.up("shop")
        assert served > 20, "it serves for a second before its start has lasted"


async def test_a_health_probe_of_ours_counts_more_than_a_healthcheck(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        text = one(image="docker:clocker/healthcheck:1", keys=f"{PROBED}; {WATCHED}; healing: false")
        await driven.ended(await driven.deploy(text), 10)
        judge(world, "unhealthy")
        await asyncio.sleep(5)
        assert driven.up("shop/web")


async def test_a_verdict_that_came_while_nobody_listened_is_seen_in_the_next_look(tmp_path: Path) -> None:
    world = new_world()
    text = one(image="docker:clocker/healthcheck:1", keys=f"{PROBED}; healing: false")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(text), 10)
    judge(world, "unhealthy")
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(5)
        tells_all(str(driven.value("shop/web", "service.notUp.indicators")), "HEALTHCHECK says unhealthy")


async def test_what_never_gets_ready_has_the_last_word(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        text = one(image="docker:clocker/never-healthy:1", keys=f"{PROBED}; startTimeout: 3s")
        done = await driven.ended(await driven.deploy(text))
        tells_all(done.problem, "not ready within 3 s", "503", "its last words", "started")
        await well(driven, world)


async def test_an_adopted_container_keeps_its_age(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        before = driven.value(driven.entries(EntityKind.CONTAINER)[0].uid, "container.started")
    await asyncio.sleep(100)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: bool(driven.entries(EntityKind.CONTAINER)) and driven.up("shop/web"), 10)
        await asyncio.sleep(1)
        assert driven.value(driven.entries(EntityKind.CONTAINER)[0].uid, "container.started") == before is not None


async def lines(driven: Driven, uid: str) -> list[str]:
    logs = driven.manager.context().logs
    return [line async for line in logs(Uid(uid), False, 100)]


async def test_the_log_of_a_container_is_its_own(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(image="docker:clocker/ignores-term:1", keys="stopTimeout: 20s")))
        old = driven.entries(EntityKind.CONTAINER)[0]
        assert old.name in (await lines(driven, old.uid))[0]
        assert await lines(driven, driven.model.resolve("shop/web")) == await lines(driven, old.uid)
        await driven.invoke("shop/web", "restart")
        await asyncio.sleep(1)  # it has twenty seconds to stop, and is no longer the current one
        assert old.name in (await lines(driven, old.uid))[0]
        with pytest.raises(NotFound):
            await lines(driven, driven.model.resolve("shop"))


async def test_numbers_that_are_too_old_leave_the_clusters_numbers(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        policies = (
            "policies: [{type: autoscaler, config: {metric: cpu.mean.average, metricLowerBound: 1, metricUpperBound: 99, minPoolSize: 3}}]"
        )
        await driven.ended(await driven.deploy(cluster(3, keys=policies)))
        await asyncio.sleep(5)
        engine, seen = running(world)[0]
        average = driven.reading("shop/web", "cpu.mean.average")
        assert average is not None and average.count == 3
        engine.hang()
        await asyncio.sleep(3)
        member = driven.reading(seen.labels["clocker.member"], "cpu.mean")
        average = driven.reading("shop/web", "cpu.mean.average")
        assert member is not None and "no answer" in member.unavailable
        assert average is not None and average.count == 2
        engine.resume()
        await asyncio.sleep(5)
        average = driven.reading("shop/web", "cpu.mean.average")
        assert average is not None and average.count == 3


async def test_what_an_enricher_says_of_a_service_ends_when_that_takes_it_back(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        uid = driven.model.resolve("shop/web")
        driven.manager.kernel.tell(uid, SetIndicator("queue", "the queue is full", PERSON))
        await driven.until(lambda: driven.value("shop/web", "service.isUp") is False)
        engine, seen = running(world)[0]
        engine.die(seen.id)
        await driven.until(lambda: bool(running(world)) and running(world)[0][1].name != seen.name)
        await asyncio.sleep(3)
        assert driven.value("shop/web", "service.notUp.indicators") == {"queue": "the queue is full"}
        driven.manager.kernel.tell(uid, SetIndicator("queue", "", PERSON))
        await driven.until(lambda: driven.up("shop/web"))
