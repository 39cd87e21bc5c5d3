"""Which type does a service mean, and is what is wrong with types told with their file and line?"""

import io
import tarfile
import time
from textwrap import dedent

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.blueprint.blobs import combined, packed
from clocker_actors.blueprint.catalogue import Catalogue, catalogue_of, order
from clocker_actors.blueprint.faults import Faults
from clocker_actors.errors import BadRequest, BlueprintError
from clocker_actors.model.catalogue import TypeSource
from tests.blueprint.reading import application, fault, faults, knowing


def one(name: str, version: str, extends: str = "docker:web", more: str = "") -> str:
    """A file with one type."""
    return f'id: {name}\nversion: "{version}"\ntype: {extends}\n{more}'


def catalogue(*texts: str) -> Catalogue:
    """The catalogue of these files."""
    return catalogue_of(knowing(*texts).catalogue)


def wrong(*texts: str) -> list[str]:
    """What is wrong with these files."""
    noted = Faults("catalogue")
    catalogue_of(knowing(*texts).catalogue, noted)
    with pytest.raises(BlueprintError) as caught:
        noted.check()
    return list(caught.value.faults)


def found(written: str, *texts: str) -> str:
    """The reference of the type that is meant, or the fault."""
    type_ = catalogue(*texts).find(written)
    return type_ if isinstance(type_, str) else type_.reference


# --- versions


def test_an_id_alone_is_the_newest_that_is_no_snapshot() -> None:
    files = [one("a", each) for each in ("1.9", "1.10", "2.0-SNAPSHOT", "1.10-rc1")]
    assert found("a", *files) == "a:1.10"
    assert found("a:1.9", *files) == "a:1.9"
    assert found("a:2.0-SNAPSHOT", *files) == "a:2.0-SNAPSHOT"


def test_a_snapshot_alone_is_meant_too() -> None:
    assert found("a", one("a", "1.0.0-SNAPSHOT"), one("a", "0.9-SNAPSHOT")) == "a:1.0.0-SNAPSHOT"


def test_versions_are_in_order() -> None:
    ordered = ["9-SNAPSHOT", "0.9", "1.0-beta", "1.0-rc1", "1.0-rc2", "1.0-rc10", "1.0", "1.0.1", "1.2", "1.10", "2"]
    assert [each for _, each in sorted((order(each), each) for each in ordered)] == ordered


def test_a_version_that_is_not_there_is_a_fault_with_those_that_are() -> None:
    assert "has no version `3`; write one of 2, 1, or `a`" in found("a:3", one("a", "1"), one("a", "2"))
    told = fault("services:\n- type: a:3\n", knowing(one("a", "1")))
    assert told.startswith("shop.yaml:2:9: type `a` has no version `3`")


def test_another_name_of_a_type_means_it() -> None:
    text = one("redis", "7", more="aliases: [org.apache.brooklyn.entity.nosql.redis.RedisStore]")
    assert found("org.apache.brooklyn.entity.nosql.redis.RedisStore", text) == "redis:7"
    assert found("java:org.apache.brooklyn.entity.nosql.redis.RedisStore", text) == "redis:7"


def test_a_type_that_nobody_knows_is_a_fault_with_near_ones() -> None:
    assert "did you mean `redis`?" in fault("services: [radis]", knowing(one("redis", "7")))


# --- extending


def test_types_extend_types_in_the_version_they_name() -> None:
    types = knowing(one("a", "1", more="memory: 64m"), one("a", "2", more="memory: 128m"), one("b", "1", "a:1"))
    (service,) = application("services: [b]", types).services
    assert service.types == ("b:1", "a:1")
    assert service.type == "container" and service.name == "b"
    assert service.container and service.container.resources.memory == 64 << 20


def test_a_type_that_extends_itself_is_a_fault_with_file_and_line() -> None:
    told = fault("services: [{type: a}]", knowing("id: a\nversion: 1\ntype: a\n"))
    assert told.startswith("types-1.yaml:3:7: type `a:1` extends itself (a:1 → a:1)")


def test_types_that_extend_each_other_are_a_fault_with_the_way_round() -> None:
    types = knowing(one("a", "1", "b"), one("b", "1", "c"), one("c", "1", "b"))
    told = fault("services: [{type: a}]", types)
    assert told.startswith("types-3.yaml:3:7: type `b:1` extends itself (b:1 → c:1 → b:1)")


def test_a_type_of_an_older_version_may_extend_none_of_itself() -> None:
    (service,) = application("services: [a]", knowing(one("a", "1"), one("a", "2", "a:1", "memory: 64m"))).services
    assert service.types == ("a:2", "a:1")


def test_a_type_may_extend_what_nobody_knows_and_the_fault_is_there() -> None:
    assert fault("services: [a]", knowing(one("a", "1", "web"))).startswith("types-1.yaml:3:7: `web` is not a known type of service")


def test_clusters_and_groups_can_be_types() -> None:
    cluster = "id: pair\nversion: 1\ntype: cluster\ninitialSize: 2\nmemberSpec: {type: a, env: {B: 2}}\n"
    group = "id: shop\nversion: 1\ntype: group\nchildren: [pair, a]\n"
    (service,) = application("services: [{type: shop, name: mine}]", knowing(one("a", "1"), cluster, group)).services
    assert [child.name for child in service.children] == ["pair", "a"]
    assert service.children[0].cluster and service.children[0].cluster.initial_size == 2


def test_two_services_of_one_type_keep_apart() -> None:
    text = "services: [{type: a, env: {X: 1}}, {type: a, env: {X: 2}}]"
    left, right = application(text, knowing(one("a", "1", more="env: {Y: 0}"))).services
    assert left.container and right.container
    assert (left.container.env, right.container.env) == ({"Y": "0", "X": "1"}, {"Y": "0", "X": "2"})
    assert (left.name, right.name) == ("a", "a-2")


# --- faults in files of types


def test_a_fault_in_a_type_names_its_file_and_one_in_the_blueprint_that() -> None:
    told = faults("services:\n- type: a\n  cpus: many\n", types=knowing(one("a", "1", more="memory: plenty\n")))
    assert [each.partition(" ")[0] for each in told] == ["shop.yaml:3:9:", "types-1.yaml:4:9:"]


def test_a_fault_in_an_expression_of_a_block_knows_its_file() -> None:
    told = faults("services: [a]", types=knowing(one("a", "1", more="readiness: {http: 80}\n")))
    assert told == ["types-1.yaml:4:19: port 80 is probed but not published; add `- 80` to `ports`, or probe with `exec`"]


def test_two_files_of_one_id_and_version_clash() -> None:
    (told,) = wrong(one("a", "1"), one("b", "1"), one("a", "1"))
    assert told == "types-3.yaml:1:5: type `a:1` is also on line 1 of types-1.yaml; give this one another version"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "types-1.yaml:1:1: the file is empty"),
        ("- a\n", "types-1.yaml:1:1: a type is a map of keys"),
        ("a: [\n", "types-1.yaml:2:1: not YAML"),
        ("version: 1\ntype: docker:web\n", "a type needs an `id`"),
        ("id: 9a\nversion: 1\ntype: docker:web\n", "types-1.yaml:1:5: a type needs an `id`"),
        ("id: a\ntype: docker:web\n", "a type needs a `version`"),
        ("id: a\nversion: 'a b'\ntype: docker:web\n", "types-1.yaml:2:10: a type needs a `version`"),
        ("id: a\nid: b\nversion: 1\n", "types-1.yaml:2:1: key `id` is here a second time"),
        ("id: a\nversion: 1\nsensors: [x]\ntype: docker:web\n", "types-1.yaml:3:10: `sensors` is a map"),
    ],
)
def test_what_is_no_type_is_a_fault(text: str, told: str) -> None:
    assert any(told in each for each in wrong(text)), wrong(text)


# --- the ancestor's form


def test_a_catalogue_of_the_ancestor_is_understood() -> None:
    text = """
    brooklyn.catalog:
      version: 1.1
      iconUrl: http://example.org/a.png
      items:
      - id: one
        item: {type: 'docker:web', brooklyn.config: {env: {A: 1}}}
      - id: two
        version: 2.0
        name: Second
        itemType: application
        item:
          name: both
          services: [{type: one}, {type: one}]
    """
    types = {each.reference: each for each in catalogue(dedent(text))}
    assert set(types) == {"one:1.1", "two:2.0"}
    assert types["two:2.0"].name == "Second" and types["one:1.1"].icon == "http://example.org/a.png"
    found = application("services: [two]", knowing(text))
    assert [each.types for each in found.services] == [("one:1.1",), ("one:1.1",)]


# --- images


def test_a_type_brings_its_dockerfile_with_it() -> None:
    text = one("a", "1", "container", "build:\n  inline: |\n    FROM scratch\n    COPY run /\n  files:\n    run: |\n      #!/bin/sh\n")
    parsed = parse("services: [a, {type: a, name: b}]", "shop.yaml", knowing(text))
    assert parsed.files == () and len(parsed.inline) == 1
    left, right = with_blobs(parsed, {}).applications[0].services
    assert left.container and right.container and left.container.image == right.container.image
    assert left.container.image.reference.startswith("clocker/build:")


def test_a_type_has_no_folder_next_to_it() -> None:
    assert fault("services: [a]", knowing(one("a", "1", "container", "build: web"))).startswith("types-1.yaml:4:8: a type has no folder")


@pytest.mark.parametrize(
    "build",
    [
        "{inline: FROM a, context: ../web}",
        "{inline: FROM a, dockerfile: b}",
        "{inline: FROM a, files: {context/x: a}}",
        "{inline: FROM a, files: {../x: a}}",
        "{inline: FROM a, files: {Dockerfile: a}}",
        "{inline: [FROM a]}",
    ],
)
def test_an_inline_build_is_checked(build: str) -> None:
    assert faults(f"services: [{{type: container, name: a, build: {build}}}]")


def test_a_folder_next_to_the_blueprint_goes_with_an_inline_dockerfile() -> None:
    text = one(
        "a", "1", "container", "parameters: [{name: folder, default: ''}]\nbuild: {inline: FROM a, context: $brooklyn:config(\"folder\")}"
    )
    parsed = parse("services: [a, {type: a, name: b, folder: web}]", "shop.yaml", knowing(text))
    (reference,) = parsed.files
    assert reference.path == "web" and reference.inline == next(iter(parsed.inline.values()))
    whole = combined(reference.inline, packed({"page": "hello"}))
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        assert archive.getnames() == ["context", "Dockerfile", "context/context", "context/page"]
    with pytest.raises(BadRequest, match="web#"):
        with_blobs(parsed, {})
    left, right = with_blobs(parsed, {reference.placeholder: "0" * 64}).applications[0].services
    assert left.container and right.container and right.container.image.build and right.container.image.build.context == "0" * 64
    assert left.container.image != right.container.image


def test_types_are_read_once_for_all_services_that_are_of_them() -> None:
    source = TypeSource("a.yaml", one("a", "1"))
    assert next(iter(catalogue_of([source]))) is next(iter(catalogue_of([source])))


def test_a_thousand_services_of_a_type_are_read_soon() -> None:
    text = "services:\n" + "".join(f"- {{type: redis, id: s{number}, databases: {number + 1}}}\n" for number in range(1000))
    table = type_table()
    began = time.process_time()
    assert len(parse(text, "shop.yaml", table).blueprint.applications[0].services) == 1000
    assert time.process_time() - began < 4  # 1.5 s on a machine that does nothing else


# --- applications


def test_one_service_that_is_an_application_is_the_application() -> None:
    text = """
    name: outer
    config: {env: {A: outer}}
    services:
    - type: org.apache.brooklyn.entity.stock.BasicApplication
      name: inner
      id: inner
      brooklyn.config: {env: {A: inner, B: inner}}
      brooklyn.children: [docker:one, docker:two]
      brooklyn.policies: []
    """
    found = application(text)
    assert (found.name, found.id) == ("outer", "inner")
    assert [each.name for each in found.services] == ["one", "two"]
    assert found.services[0].container and found.services[0].container.env == {"A": "outer"}


def test_a_type_that_is_an_application_is_one_too_and_keeps_what_the_file_has_beside_it() -> None:
    type_ = """
    id: shop
    version: 1
    itemType: application
    parameters: [{name: colour, default: red}]
    type: group
    children: [{type: 'docker:web', env: {COLOUR: $brooklyn:parent().config("colour")}}]
    """
    text = """
    services:
    - {type: docker-cloud, name: yard, hosts: ['unix:///x.sock']}
    - {type: shop, colour: blue}
    """
    found = application(text, knowing(type_))
    assert [each.name for each in found.services] == ["web"] and found.location == "yard"
    assert found.services[0].container and found.services[0].container.env == {"COLOUR": "blue"}


def test_a_group_and_an_application_beside_others_stay_groups() -> None:
    for text in ("services: [{type: group, children: [docker:a]}]", "services: [{type: application, children: [docker:a]}, docker:b]"):
        assert application(text).services[0].type == "group"
    assert application("services: [{type: application, affinity: [NOT TYPE], children: [docker:a]}]").services[0].type == "group"


HANDS_ON = """
id: front
version: 1
type: container
image: front
parameters: [{name: whom, aliases: [pool]}, {name: room, type: size, default: 64m}, {name: port, type: integer, default: 80, constraints: [{in-range: [1, 99]}]}]
memory: $brooklyn:config("room")
ports: [$brooklyn:config("port")]
enrichers:
- type: member-endpoints
  config: {producer: $brooklyn:config("whom"), targetSensor: a.b}
"""


def test_what_a_type_hands_on_is_told_where_the_file_says_it() -> None:
    assert fault("services:\n- type: front\n  pool: nobody\n", knowing(HANDS_ON)).startswith(
        "shop.yaml:3:9: `nobody` is not the id of a service"
    )
    assert fault("services:\n- type: front\n  config:\n    room: 1k\n", knowing(HANDS_ON.replace("room, type: size", "room"))).startswith(
        "shop.yaml:4:11:"
    )


@pytest.mark.parametrize("wrong", ["pool: [a]", "room: large", "port: 100", "port: many"])
def test_what_is_wrong_with_a_parameter_is_told_once_whatever_the_type_makes_of_it(wrong: str) -> None:
    assert fault(f"services:\n- type: front\n  {wrong}\n", knowing(HANDS_ON)).startswith(f"shop.yaml:3:{5 + wrong.index(' ') - 1}:")


def test_what_a_type_hands_on_of_its_own_is_told_in_the_file_of_the_type() -> None:
    assert fault("services: [front]", knowing(HANDS_ON.replace("name: whom", "name: whom, default: nobody"))).startswith("types-1.yaml:")
