"""Sensors that something listens to and nothing publishes: warned of before anything is deployed."""

from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.planning.silences import silences

TYPES = type_table()
SCALE = "{type: autoscaler, metric: METRIC, metricUpperBound: 9}"


def warned(text: str) -> list[str]:
    (application,) = parse(text, "shop.yaml", TYPES).blueprint.applications
    return [f"{each.path}: {each.message}" for each in silences(application, TYPES.policies)]


def cluster(metric: str = "cpu.mean.average", more: str = "", member: str = "") -> str:
    policy = SCALE.replace("METRIC", metric)
    return (
        f"name: shop\nservices:\n- type: cluster\n  id: web\n  memberSpec: {{type: docker:web, openPorts: [8080]{member}}}\n"
        f"  policies: [{policy}]\n{more}"
    )


FEED = ", initializers: [{type: http-request-sensor, name: queue, port: 8080, jsonPath: $.queue}]"


def test_an_autoscaler_on_a_sensor_that_nobody_publishes_is_warned_of() -> None:
    (said,) = warned(cluster("nosuch"))
    assert said.startswith("shop/web: autoscaler listens to sensor 'nosuch', and nothing here publishes it")
    (said,) = warned(cluster("queue.sum", "  enrichers: [{type: aggregator, sourceSensor: queue, targetSensor: queue.total}]\n", FEED))
    assert "did you mean queue.total?" in said


def test_what_members_do_not_publish_is_warned_of_at_who_gathers_it() -> None:
    (said,) = warned(cluster("q", "  enrichers: [{type: aggregator, sourceSensor: queu, targetSensor: q}]\n", FEED))
    assert "aggregator listens to sensor 'queu', and nothing below publishes it" in said and "did you mean queue?" in said


@pytest.mark.parametrize(
    "text",
    [
        cluster(),
        cluster("queue.average", "  enrichers: [{type: rollup, sensors: [queue]}]\n", FEED),
        cluster("queue.total", "  enrichers: [{type: aggregator, sourceSensor: queue, targetSensor: queue.total}]\n", FEED),
        cluster("anything", "  enrichers: [{type: propagator, producer: m7, propagatingAll: true}]\n"),
        cluster("theirs", "  enrichers: [{type: propagator, producer: m7, propagating: [theirs]}]\n"),
        cluster(
            more="  enrichers: [{type: transformer, sourceSensor: group.members.up, targetSensor: many}, {type: propagate-to-members, propagating: [many]}]\n",
            member=", enrichers: [{type: transformer, sourceSensor: many, targetSensor: more}]",
        ),
        "name: shop\nservices: [docker:web]\nenrichers: [{type: aggregator, sourceSensor: cpu.mean, targetSensor: cpu}]",
        "name: shop\nservices: [docker:web]",
    ],
)
def test_what_is_published_is_not_warned_of(text: str) -> None:
    assert warned(text) == []


@pytest.mark.parametrize("prefix", ["docker.port.", "mapped.docker.port.", "mapped.port."])
def test_where_a_port_is_published_can_be_heard_and_gathered(prefix: str) -> None:
    heard = f", enrichers: [{{type: transformer, sourceSensor: {prefix}8080, targetSensor: at}}]"
    gathered = f"  enrichers: [{{type: aggregator, sourceSensor: {prefix}8080, targetSensor: at}}]\n"
    assert warned(cluster(member=heard)) == warned(cluster("at", gathered)) == []
    (said,) = warned(cluster(member=heard.replace("8080", "8081")))
    assert f"did you mean {prefix}8080?" in said


@pytest.mark.parametrize("name", sorted(path.name for path in Path("blueprints").glob("*.yaml")))
def test_no_shipped_example_hears_a_sensor_in_vain(name: str) -> None:
    path = Path("blueprints") / name
    for application in parse(path.read_text(), str(path), TYPES).blueprint.applications:
        assert list(silences(application, TYPES.policies)) == []
