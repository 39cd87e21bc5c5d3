"""Feeds and declared effectors on real engines: a service's pages and metrics become sensors, a sensor that rises makes its cluster grow."""

import json
from pathlib import Path

import pytest

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.bed.image import WEB_TAG
from tests.flows.bedside import POOL, deleted, deployed, members_up, on_hosts
from tests.flows.support import Driven

pytestmark = pytest.mark.real

SERVES = (
    "mkdir -p /www && echo '{\"queue\": {\"length\": 2}}' > /www/status.json && echo '<html>sorry</html>' > /www/page.html && "
    'printf \'requests_total{code="200"} 5\\nrequests_total{code="500"} 1\\n\' > /www/metrics && exec httpd -f -p 8080 -h /www'
)
PRETEND = """echo "{\\"queue\\": {\\"length\\": $length}}" > /www/status.json && echo now $length"""
SHOP = f"""
name: shop
location: {POOL}
services:
- type: cluster
  id: web
  initialSize: 1
  memberSpec:
    type: docker:{WEB_TAG}
    command: [/bin/sh, -c, {json.dumps(SERVES)}]
    openPorts: [8080]
    readiness: {{http: 8080/status.json}}
    stopTimeout: 1
    initializers:
    - {{type: http-request-sensor, name: queue, port: 8080, path: /status.json, jsonPath: $.queue.length, period: 500ms}}
    - {{type: http-request-sensor, name: broken, port: 8080, path: /page.html, jsonPath: $.queue, period: 1s, staleAfter: 2s}}
    - {{type: http-request-sensor, name: missing, port: 8080, path: /nosuch, jsonPath: $.queue, period: 1s, staleAfter: 2s}}
    - {{type: http-request-sensor, name: huge, port: 8080, path: /huge, period: 1s, staleAfter: 2s}}
    - {{type: prometheus-feed, port: 8080, period: 1s, metrics: {{requests: requests_total, errors: 'requests_total{{code="500"}}'}}}}
    - {{type: exec-command-sensor, name: pages, command: 'ls /www | wc -l', targetType: integer, period: 1s}}
    - type: exec-effector
      name: pretend
      description: pretend that so many wait
      command: {json.dumps(PRETEND)}
      parameters: {{length: {{type: integer, description: how many wait, least: 0}}}}
    - {{type: exec-effector, name: fill, command: 'dd if=/dev/zero of=/www/huge bs=1M count=100'}}
    - {{type: container-effector, name: aside, image: '{WEB_TAG}', command: 'echo "from $who on $(hostname)"', parameters: {{who: nobody}}}}
  enrichers:
  - {{type: aggregator, sourceSensor: queue, targetSensor: queue.sum, transformation: sum}}
  policies:
  - {{type: autoscaler, metric: queue.sum, metricUpperBound: 5, minPoolSize: 1, maxPoolSize: 3, resizeUpStabilizationDelay: 1s}}
"""


def member(driven: Driven) -> str:
    return str(driven.entries(EntityKind.MEMBER, "shop/web/")[0].uid)


async def run(driven: Driven, entity: str, effector: str, **arguments: object) -> Activity:
    return await driven.ended(await driven.invoke(entity, effector, **arguments), 30)


def output(activity: Activity) -> str:
    assert activity.state is ActivityState.DONE, activity.problem
    assert isinstance(activity.result, dict)
    return str(activity.result["output"])


async def test_a_sensor_out_of_a_page_rises_and_the_cluster_grows(bed3: Bed, tmp_path: Path) -> None:
    async with on_hosts(bed3.hosts, tmp_path, "feeds") as driven:
        await deployed(driven, SHOP)
        first = member(driven)
        await driven.until(lambda: driven.value("shop/web", "queue.sum") == 2, 20)
        await driven.until(lambda: (driven.value(first, "requests"), driven.value(first, "errors")) == (6.0, 1.0), 20)
        await driven.until(lambda: driven.value(first, "pages") == 4, 20)
        assert output(await run(driven, first, "pretend", length=9)) == "now 9\n"
        took = await driven.until(lambda: members_up(driven, "shop/web") == 3, 30)
        assert took < 15, "the feed's period, the policy's window, and two starts"
        for sensor, why in (("broken", "no JSON but HTML"), ("missing", "answered 404")):
            await driven.until(lambda: why in driven.reading(first, sensor).unavailable, 20, sensor)  # type: ignore[union-attr] # noqa: B023
        await run(driven, first, "fill")
        await driven.until(lambda: "more than the 1048576 allowed" in driven.reading(first, "huge").unavailable, 30)  # type: ignore[union-attr]
        aside = output(await run(driven, first, "aside", who="somebody"))
        assert aside.startswith("from somebody on ")
        await deleted(driven, "shop")
