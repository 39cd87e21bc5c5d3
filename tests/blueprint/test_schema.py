"""Is every blueprint that the parser takes good by the schema, and is what is of the wrong shape not?"""

from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema_rs
import pytest
import yaml

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint.schema import schema_of

BLUEPRINTS = sorted((Path(__file__).parents[2] / "blueprints").glob("*.yaml"))


@pytest.fixture(scope="module")
def checker() -> Any:
    """What judges by the schema."""
    schema = schema_of(type_table())
    return jsonschema_rs.Draft7Validator(schema)


def wrong(checker: Any, text: str) -> list[str]:
    """What is wrong with a text by the schema."""
    return [each.message for each in checker.iter_errors(yaml.safe_load(dedent(text)))]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.name)
def test_examples_are_good_by_the_schema(checker: Any, path: Path) -> None:
    assert wrong(checker, path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "services: [docker:web, {type: 'docker:web', memory: 64m, cpus: 0.5, env: [A=1]}]",
        "services: [{serviceType: redis, maxMemory: 1g, brooklyn.config: {databases: 3}}]",
        'services: [{type: cluster, initialSize: $brooklyn:config("n"), memberSpec: {type: docker:web}}]',
        "{x-mine: {a: 1}, services: [{type: container, build: {inline: FROM a}, readiness: {http: 80}}]}",
        "services: [{type: docker:web, policies: [{type: autoscaler, config: {metric: cpu.mean}}], parameters: [a, {name: b}]}]",
    ],
)
def test_what_the_parser_takes_is_good(checker: Any, text: str) -> None:
    assert wrong(checker, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{service: [docker:web]}",
        "services: docker:web",
        "services: [{type: cluster, initialSize: [1]}]",
        "services: [{type: cluster, initialSize: -1}]",
        "services: [{type: container, build: {dockerfil: a}}]",
        "services: [{type: docker:web, parameters: [{nam: a}]}]",
        "services: [{type: redis, children: {a: 1}}]",
    ],
)
def test_what_is_of_the_wrong_shape_is_not(checker: Any, text: str) -> None:
    assert wrong(checker, text)


def test_types_and_their_parameters_are_known_to_editors() -> None:
    schema: Any = schema_of(type_table())
    service = schema["definitions"]["service"]["anyOf"][1]
    assert "redis" in service["properties"]["type"]["anyOf"][0]["enum"]
    (redis,) = [each for each in service["allOf"] if each["if"]["properties"]["type"]["pattern"] == "^redis(:|$)"]
    assert redis["then"]["properties"]["maxMemory"]["description"] == "most that it holds, as 64mb; 0 is no limit"
