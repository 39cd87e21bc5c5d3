"""Initializers and feeds in a blueprint: what adds sensors and effectors to a service, under the ancestor's names and ours."""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from clocker_actors.model.specs import EffectorKind, PolicySpec, ServiceSpec

TYPES = type_table()


def service(written: str, under: str = "initializers", body: str = "type: docker:web") -> ServiceSpec:
    return parse(f"services:\n- {body}\n  {under}:\n  {written}", "f.yaml", TYPES).blueprint.applications[0].services[0]


def fault(written: str, under: str = "initializers", body: str = "type: docker:web") -> str:
    with pytest.raises(BlueprintError) as caught:
        service(written, under, body)
    return "\n".join(caught.value.faults)


ANCESTORS = """- type: org.apache.brooklyn.core.sensor.http.HttpRequestSensor
    brooklyn.config:
      name: queue.length
      targetType: integer
      period: 5s
      uri: http://127.0.0.1:9/status
      jsonPath: $.queue.length
  - type: org.apache.brooklyn.core.sensor.ssh.SshCommandSensor
    brooklyn.config:
      name: disk.used
      command: du -s /data | cut -f1
      targetType: integer
  - type: org.apache.brooklyn.core.effector.ssh.SshCommandEffector
    brooklyn.config:
      name: flush
      description: empties the cache
      command: redis-cli flush $what
      parameters:
        what: {description: which part, defaultValue: all}
        seconds: {type: integer, description: how long, required: true}
  - type: org.apache.brooklyn.core.sensor.StaticSensor
    brooklyn.config: {name: team, static.value: shop}
  - type: org.apache.brooklyn.core.sensor.password.CreatePasswordSensor
    brooklyn.config: {name: admin.password, password.length: 20}"""


def test_the_ancestors_initializers_become_feeds_and_effectors() -> None:
    spec = service(ANCESTORS, "brooklyn.initializers")
    assert [each.type for each in spec.enrichers] == ["http-feed", "exec-feed", "static-sensor", "create-password-sensor"]
    assert spec.enrichers[0].config == {
        "targetSensor": "queue.length",
        "targetType": "integer",
        "period": 5.0,
        "uri": "http://127.0.0.1:9/status",
        "jsonPath": "$.queue.length",
    }
    assert spec.enrichers[2].config == {"targetSensor": "team", "value": "shop"}
    (flush,) = spec.effectors
    assert (flush.kind, flush.name, flush.meaning) == (EffectorKind.EXEC, "flush", "empties the cache")
    assert [(each.name, each.type, each.required, each.default) for each in flush.parameters] == [
        ("what", "string", False, "all"),
        ("seconds", "integer", True, None),
    ]


def test_a_name_beside_the_type_is_that_of_the_sensor_or_effector() -> None:
    spec = service(
        "- {type: http-request-sensor, name: queue, port: 80, jsonPath: $.q}\n  - {type: exec-effector, name: flush, command: ls}"
    )
    assert spec.enrichers[0] == PolicySpec("http-feed", "http-feed", {"targetSensor": "queue", "port": 80, "jsonPath": "$.q"})
    assert spec.effectors[0].name == "flush"


def test_feeds_stand_under_enrichers_too_and_on_members() -> None:
    member = (
        "{type: docker:web, openPorts: [8080], enrichers: [{type: prometheus-feed, port: 8080, metrics: {requests: http_requests_total}}]}"
    )
    spec = parse(f"services:\n- type: cluster\n  memberSpec: {member}", "f.yaml", TYPES).blueprint.applications[0].services[0]
    assert spec.cluster is not None and spec.cluster.member.enrichers[0].type == "prometheus-feed"


def test_children_are_added() -> None:
    spec = service(
        "- {type: add-children, children: [docker:redis, {type: docker:db, name: db}]}\n  - {type: AddChildrenInitializer, brooklyn.config: {blueprint: {type: docker:x}}}"
    )
    assert [child.name for child in spec.children] == ["redis", "db", "x"]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("- {type: http-request-sensor, name: a, port: 80, uri: http://x/}", "give either uri"),
        ("- {type: http-request-sensor, name: a}", "give either uri"),
        ("- {type: http-request-sensor, port: 80}", "it gives no sensor"),
        ("- {type: http-request-sensor, name: a, uri: 'ftp://x/'}", "no url that can be asked"),
        ("- {type: http-request-sensor, name: a, uri: 'http://u:secret@x/'}", "user or password"),
        ("- {type: http-request-sensor, name: a, port: 80, jsonPath: '$.a['}", "is no JSON path"),
        ("- {type: http-request-sensor, name: a, port: 80, onSuccess: 'value +'}", "is no formula"),
        ("- {type: http-request-sensor, name: a, port: 80, period: 0s}", "out of range"),
        ("- {type: http-request-sensor, name: a, port: 80, maxSize: 1g}", "out of range"),
        ("- {type: http-request-sensor, name: a, prot: 80}", "did you mean `port`"),
        ("- {type: prometheus-feed, port: 80, metrics: {a: 'x{'}}", "names no metric"),
        ("- {type: prometheus-feed, port: 80, metrics: {a: {metric: x, how: most}}}", "write a metric"),
        ("- {type: prometheus-feed, port: 80}", "has no `metrics`"),
        ("- {type: exec-feed, name: a}", "has no `command`"),
        ("- {type: exec-feed, name: a, command: 'echo \"', shell: false}", "close its quotes"),
        ("- {type: exec-effector, name: restart, command: ls}", "every member has an effector"),
        ("- {type: exec-effector, name: a, command: ls}\n  - {type: exec-effector, name: a, command: ls}", "declared twice"),
        ("- {type: exec-effector, name: a, command: ls, parameters: {x: {type: colour}}}", "is of type"),
        ("- {type: exec-effector, name: a, command: ls, shell: false, parameters: {x: 1}}", "by its shell only"),
        ("- {type: exec-efector, name: a, command: ls}", "did you mean `exec-effector`"),
        ("- {type: autoscaler}", "move it under `policies`"),
        ("- {type: add-children}", "has no `children`"),
        ("- 7", "known type of initializer"),
        ("  {a: 1}", "write a list"),
    ],
)
def test_what_cannot_be_is_a_fault_that_says_what_would_be_right(written: str, says: str) -> None:
    assert says in fault(written)


def test_a_command_inside_needs_a_container_to_be_inside_of() -> None:
    body = "type: cluster\n  memberSpec: docker:web"
    assert "put it on a member" in fault("- {type: exec-effector, name: a, command: ls}", body=body)
    assert "put it on a member" in fault("- {type: exec-feed, name: a, command: ls}", body=body)
    assert service("- {type: container-effector, name: a, image: tool}", body=body).effectors


def test_an_application_has_feeds_and_no_commands() -> None:
    text = "services: [docker:web]\ninitializers: [{type: static-sensor, name: team, value: 7}]"
    (application,) = parse(text, "f.yaml", TYPES).blueprint.applications
    assert [each.type for each in application.enrichers] == ["static-sensor"]
    with pytest.raises(BlueprintError, match="put it on a member"):
        parse("services: [docker:web]\ninitializers: [{type: exec-effector, name: x, command: ls}]", "f.yaml", TYPES)


def test_a_name_beside_a_list_of_sensors_is_the_feeds_own() -> None:
    text = "services: [{type: docker:web, initializers: [{type: exec-feed, name: info, config: {command: x, sensors: {a: $.a}}}]}]"
    (feed,) = parse(text, "x.yaml", type_table()).blueprint.applications[0].services[0].enrichers
    assert feed.name == "info" and "targetSensor" not in feed.config
