"""Feeds, enrichers and declared effectors of a running manager: what services say leads to sizes, and people run what blueprints declare."""

import asyncio
import json
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated.http import SimulatedHttp
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.http import HttpAnswer, HttpQuestion
from clocker_actors.model.identity import LABEL_PLANE, LABEL_STATE, LABEL_TASK, EntityKind
from clocker_actors.model.messages import CancelActivity
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.flows.stories import WEB, cluster, new_world, one
from tests.flows.support import PERSON, Driven, managed

SCALED = """  enrichers:
  - {type: aggregator, sourceSensor: queue, targetSensor: queue.sum, transformation: sum}
  policies:
  - {type: autoscaler, metric: queue.sum, metricUpperBound: 10, minPoolSize: 1, maxPoolSize: 6, resizeUpStabilizationDelay: 1s}
"""
MEMBER = "openPorts: [8080]; initializers: [{type: http-request-sensor, name: queue, port: 8080, jsonPath: $.queue, period: 1s}]"


def http_of(driven: Driven) -> SimulatedHttp:
    http = driven.manager.http
    assert isinstance(http, SimulatedHttp)
    return http


async def run(driven: Driven, entity: str, effector: str, **arguments: object) -> Activity:
    return await driven.ended(await driven.invoke(entity, effector, **arguments))


async def test_what_members_say_by_http_makes_their_cluster_grow(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        load = {"queue": 3}
        http_of(driven).said["http://"] = lambda _: HttpAnswer(200, json.dumps(load).encode(), "application/json", 0.01)
        await driven.ended(await driven.deploy(cluster(2, member=MEMBER) + SCALED))
        await driven.until(lambda: driven.value("shop/web", "queue.sum") == 6, 10)
        reading = driven.reading("shop/web", "queue.sum")
        assert reading is not None and (reading.count, reading.of) == (2, 2)
        asked = {question.url for question in http_of(driven).asked}
        assert len(asked) == 2, "each member is asked at its own port"
        load["queue"] = 12
        took = await driven.until(lambda: driven.value("shop/web", "cluster.size.desired") == 6, 20)
        assert took < 6
        load["queue"] = 0
        http_of(driven).said.clear()
        await driven.until(lambda: bool(driven.reading("shop/web", "queue.sum").unavailable), 60)  # type: ignore[union-attr]
        await asyncio.sleep(30)
        assert driven.value("shop/web", "cluster.size.desired") == 6, "nobody scales on what is not known"


async def test_a_member_that_is_replaced_is_asked_at_its_new_port(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        http_of(driven).say("http://", '{"queue": 5}')
        await driven.ended(await driven.deploy(one(keys=MEMBER)))
        await driven.until(lambda: driven.value("shop/web", "queue") == 5, 10)
        await run(driven, "shop/web", "stop")
        await driven.until(lambda: driven.reading("shop/web", "queue").unavailable == "no container of it runs", 5)  # type: ignore[union-attr]
        await run(driven, "shop/web", "start")
        await driven.until(lambda: not driven.reading("shop/web", "queue").unavailable, 5)  # type: ignore[union-attr]


async def test_health_of_a_sensor_has_its_service_restarted(tmp_path: Path) -> None:
    """Not up for want of what the sensor should be, it is a failure as any other: the restarter gives it a new generation, which begins anew."""
    keys = f"{MEMBER}; health: {{sensor: queue, less-than: 10, failures: 2}}"
    async with managed(tmp_path / "s", world=new_world()) as driven:
        load = {"queue": 3}
        http_of(driven).said["http://"] = lambda _: HttpAnswer(200, json.dumps(load).encode(), "application/json", 0.01)
        await driven.ended(await driven.deploy(one(keys=keys)))
        await driven.until(lambda: driven.value("shop/web", "queue") == 3, 10)
        load["queue"] = 50
        await driven.until(lambda: driven.value("shop/web", "service.isUp") is False, 5)
        assert "queue is 50, and should be" in str(driven.value("shop/web", "service.notUp.indicators"))
        await driven.until(lambda: driven.value("shop/web", "generation") == 2, 30)
        load["queue"] = 3
        await driven.until(lambda: driven.value("shop/web", "service.isUp") is True, 30)


EFFECTORS = (
    "initializers: [{type: exec-effector, name: flush, description: empties the cache, command: 'echo flushed && echo all', "
    "parameters: {seconds: {type: integer, description: how long, least: 1}, what: all}}, "
    "{type: exec-effector, name: broken, command: 'echo no disk && exit 3'}, {type: exec-effector, name: slow, command: sleep 100, timeout: 2s}, "
    "{type: container-effector, name: backup, image: 'clocker/tool:1', command: 'echo saved && exit 0'}, "
    "{type: container-effector, name: endless, image: 'clocker/tool:1', command: 'sleep 5000', timeout: 3s}, "
    "{type: http-effector, name: reload, port: 8080, path: /reload, body: 'level=${level}', parameters: {level: {type: integer}}}]; openPorts: [8080]"
)


async def test_declared_effectors_are_listed_checked_and_run(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys=EFFECTORS)))
        entry = driven.model.entry("shop/web")
        listed = {each.name: each for each in entry.effectors}
        assert [(each.name, each.type, each.required) for each in listed["flush"].parameters] == [
            ("seconds", "integer", True),
            ("what", "string", False),
        ]
        done = await run(driven, "shop/web", "flush", seconds="3")
        assert done.state is ActivityState.DONE and done.arguments == {"seconds": 3, "what": "all"}
        assert isinstance(done.result, dict) and done.result["status"] == 0 and done.result["output"] == "flushed\nall\n"
        failed = await run(driven, "shop/web", "broken")
        assert (failed.state, failed.problem) == (ActivityState.FAILED, "it ended with 3: no disk")
        assert isinstance(failed.result, dict) and failed.result["status"] == 3
        slow = await run(driven, "shop/web", "slow")
        assert slow.state is ActivityState.FAILED and "did not end within 2 s" in slow.problem
        with pytest.raises(BadRequest, match="of type integer"):
            await driven.invoke("shop/web", "flush", seconds="many")
        with pytest.raises(BadRequest, match="out of range"):
            await driven.invoke("shop/web", "flush", seconds=0)
        with pytest.raises(NotFound, match="flush"):
            await driven.invoke("shop/web", "flsh")
        await run(driven, "shop/web", "stop")
        with pytest.raises(NotFound, match="has no container now"):
            await driven.invoke("shop/web", "flush", seconds=1)


async def test_a_container_of_its_own_runs_and_is_gone_whatever_happens(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys=EFFECTORS)))
        done = await run(driven, "shop/web", "backup")
        assert done.state is ActivityState.DONE, done.problem
        assert isinstance(done.result, dict) and "saved" in done.result["output"]
        late = await run(driven, "shop/web", "endless")
        assert late.state is ActivityState.FAILED and "did not end within 3 s" in late.problem
        cancelled = await driven.invoke("shop/web", "endless")
        await asyncio.sleep(1)
        assert any(LABEL_TASK in seen.labels for engine in world.engines.values() for seen in engine.containers)
        driven.manager.kernel.tell(entry_uid(driven), CancelActivity(cancelled, PERSON))
        await asyncio.sleep(2)
        assert not any(LABEL_TASK in seen.labels for engine in world.engines.values() for seen in engine.containers)
        assert driven.up("shop/web")


def entry_uid(driven: Driven) -> str:
    return str(driven.model.entry("shop/web").uid)


async def test_what_a_manager_left_when_it_died_is_removed_when_its_time_is_over(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        engine = next(engine for engine in world.engines.values() if engine.containers)
        labels = {name: engine.containers[0].labels[name] for name in (LABEL_PLANE, LABEL_STATE)}
        labels[LABEL_TASK] = f"{driven.manager.kernel.now() + 300:.0f}"
        spec = ContainerSpec(ImageSpec("clocker/web:1"), command=("sleep", "9999"))
        await engine.create(ContainerRequest("left", "clocker/web:1", spec, labels))
        await engine.start("left")
        await asyncio.sleep(200)
        assert any(seen.name == "left" for seen in engine.containers), "somebody may still wait for it"
        assert all(entry.name != "left" for entry in driven.entries(EntityKind.CONTAINER)), "it is no foreign container"
        await asyncio.sleep(200)
        assert all(seen.name != "left" for seen in engine.containers)
        assert driven.up("shop/web")


async def test_an_effector_asks_by_http_where_the_service_is_now(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(one(keys=EFFECTORS)))
        asked: list[HttpQuestion] = []

        def answer(question: HttpQuestion) -> HttpAnswer:
            asked.append(question)
            return HttpAnswer(200 if "9" in question.body else 503, b"reloaded", "text/plain", 0.02)

        http_of(driven).said["http://"] = answer
        done = await run(driven, "shop/web", "reload", level=9)
        assert isinstance(done.result, dict) and (done.result["status"], done.result["output"]) == (200, "reloaded")
        assert asked[0].url.endswith("/reload") and asked[0].body == "level=9"
        assert (await run(driven, "shop/web", "reload", level=1)).problem == "it ended with 503: reloaded"


async def test_an_application_gathers_what_its_services_say(tmp_path: Path) -> None:
    text = (
        f"name: shop\nlocation: local\nservices:\n- {{type: '{WEB}', id: a}}\n- {{type: '{WEB}', id: b}}\n"
        "enrichers: [{type: aggregator, sourceSensor: service.isUp, targetSensor: all.up, transformation: isQuorate}]\n"
    )
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(text))
        await driven.until(lambda: driven.value("shop", "all.up") is True, 10)
        await run(driven, "shop/a", "stop")
        await driven.until(lambda: driven.value("shop", "all.up") is False, 10)


async def test_a_propagator_hears_another_service_by_the_id_it_has_in_the_file(tmp_path: Path) -> None:
    text = (
        f"name: shop\nlocation: local\nservices:\n- {{type: '{WEB}', id: db, initializers: [{{type: static-sensor, name: main.uri, value: here}}]}}\n"
        f"- {{type: '{WEB}', id: web, enrichers: [{{type: transformer, producer: db, sourceSensor: service.isUp, targetSensor: db.up}}]}}\n"
        "brooklyn.enrichers:\n- type: org.apache.brooklyn.enricher.stock.Propagator\n  brooklyn.config:\n"
        '    producer: $brooklyn:component("db")\n    propagating: [$brooklyn:sensor("main.uri")]\n'
    )
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(text))
        await driven.until(lambda: driven.value("shop", "main.uri") == "here", 5)
        await driven.until(lambda: driven.value("shop/web", "db.up") is True, 5)
        await run(driven, "shop/db", "stop")
        await driven.until(lambda: driven.value("shop/web", "db.up") is False, 5)
        await run(driven, "shop/web", "remove_policy", policy="transformer")
        await driven.until(lambda: driven.reading("shop/web", "db.up").unavailable == "its enricher is gone", 5)  # type: ignore[union-attr]


async def test_a_cluster_grows_by_what_another_service_says(tmp_path: Path) -> None:
    feed = "{type: http-request-sensor, name: requests, port: 8080, jsonPath: $.requests, period: 1s}"
    policy = '{type: autoscaler, metric: requests, entityWithMetric: $brooklyn:component("lb"), metricUpperBound: 10, minPoolSize: 1, maxPoolSize: 4}'
    text = cluster(1) + f"  policies: [{policy}]\n- {{type: '{WEB}', id: lb, openPorts: [8080], initializers: [{feed}]}}\n"
    async with managed(tmp_path / "s", world=new_world()) as driven:
        http_of(driven).say("http://", '{"requests": 35}')
        await driven.ended(await driven.deploy(text))
        await driven.until(lambda: driven.value("shop/web", "cluster.size.desired") == 4, 30)
