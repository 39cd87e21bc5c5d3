"""Do files of the ancestors load, and is what is not supported told with one thing to do?"""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from clocker_actors.model.specs import ApplicationSpec

TALK = """id: nodejs-hello-world-application
name: "Node.JS Hello World Application"
origin: "https://github.com/grkvlt/node-hello-world.git/"
locations:
- jclouds:softlayer:ams01
services:
- serviceType: brooklyn.entity.webapp.nodejs.NodeJsWebAppService
  id: nodejs
  name: "Node.JS"
  brooklyn.config:
    gitRepoUrl: "https://github.com/grkvlt/node-hello-world.git"
    appFileName: app.js
    appName: node-hello-world
"""


def read(text: str) -> ApplicationSpec:
    """The application of a file."""
    (found,) = parse(text, "talk.yaml", type_table()).blueprint.applications
    return found


def faults(text: str) -> tuple[str, ...]:
    """Its faults."""
    with pytest.raises(BlueprintError) as caught:
        parse(text, "talk.yaml", type_table())
    return caught.value.faults


def test_the_example_of_the_talk_parses_up_to_its_location() -> None:
    (told,) = faults(TALK)
    assert told.startswith("talk.yaml:5:3: an application runs in one docker cloud")


def test_with_a_docker_cloud_as_its_location_it_is_whole() -> None:
    found = read(TALK.replace("jclouds:softlayer:ams01", "yard"))
    assert (found.id, found.name, found.location) == ("nodejs-hello-world-application", "Node.JS Hello World Application", "yard")
    (service,) = found.services
    assert (service.id, service.name, service.types) == ("nodejs", "Node.JS", ("nodejs:18",))
    assert service.container
    assert service.container.env["GIT_REPO_URL"] == "https://github.com/grkvlt/node-hello-world.git"
    assert service.container.env["PORT"] == "3000" and service.container.ports[0].container == 3000
    assert service.container.readiness and (service.container.readiness.port, service.container.readiness.path) == (3000, "/")


@pytest.mark.parametrize(
    ("written", "types"),
    [
        ("org.apache.brooklyn.entity.nosql.redis.RedisStore", ("redis:7.0",)),
        ("brooklyn.entity.webapp.nodejs.NodeJsWebAppService", ("nodejs:18",)),
        ("java:org.apache.brooklyn.entity.webapp.nodejs.NodeJsWebAppService", ("nodejs:18",)),
        ("brooklyn.entity.proxy.nginx.NginxController", ("nginx:1.22",)),
    ],
)
def test_java_names_mean_types_of_the_catalogue(written: str, types: tuple[str, ...]) -> None:
    (service,) = read(
        f"services: [{{type: {written}, gitRepoUrl: 'git://x/y'}}]".replace(", gitRepoUrl: 'git://x/y'", _more(types))
    ).services
    assert service.types == types


def _more(types: tuple[str, ...]) -> str:
    return ", gitRepoUrl: 'git://x/y'" if types[0].startswith("nodejs") else ""


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("brooklyn.entity.webapp.jetty.Jetty6Server", "jetty"),
        ("org.apache.brooklyn.entity.nosql.mongodb.MongoDBServer", "docker:mongo"),
        ("org.apache.brooklyn.entity.webapp.ControlledDynamicWebAppCluster", "type: cluster"),
        ("org.apache.brooklyn.entity.software.base.VanillaSoftwareProcess", "`build`"),
        ("org.apache.brooklyn.entity.nosql.riak.RiakCluster", "docker:"),
        ("com.example.Own", "catalog add"),
    ],
)
def test_what_is_not_supported_says_what_to_do(written: str, told: str) -> None:
    (found,) = faults(f"services:\n- type: {written}\n")
    assert found.startswith("talk.yaml:2:9: ") and written[:59] in found and told in found


def test_a_parameter_may_be_a_sensor_too() -> None:
    text = "services: [{type: docker:web, parameters: [{name: colour, sensor: shop.colour, default: red}, {name: x, sensor: y}]}]"
    (service,) = read(text).services
    assert [(each.type, each.name, dict(each.config)) for each in service.enrichers] == [
        ("static-sensor", "shop.colour", {"targetSensor": "shop.colour", "value": "red"})
    ]


@pytest.mark.parametrize("spelling", ["type", "serviceType", "service_type"])
def test_every_spelling_of_a_service_and_its_blocks(spelling: str) -> None:
    text = f"""
    services:
    - {spelling}: docker:web
      brooklyn.config: {{docker.container.environment: {{A: 1}}}}
      brooklyn.flags: {{mem_limit: 64m}}
      brooklyn.parameters: [size]
      brooklyn.policies: []
      brooklyn.enrichers: []
      brooklyn.initializers: []
      brooklyn.children: []
      brooklyn.tags: [web, {{ui-effector-hints: {{a: [b]}}}}]
    """
    for each in (text, text.replace("brooklyn.", "")):
        (service,) = read(each).services
        assert service.container and service.container.env == {"A": "1"} and service.container.resources.memory == 64 << 20
        assert service.tags == ("web", {"ui-effector-hints": {"a": ["b"]}})
