"""Does configuration come down along types and at run time as Brooklyn's published tests have it?"""

from collections.abc import Mapping

import pytest

from clocker_actors.model.specs import ContainerSpec, ServiceSpec
from clocker_actors.model.types import TypeTable
from tests.blueprint.reading import TYPES, application, fault, knowing

BASE = """
id: base
version: 1
type: docker:web
env: {ONE: base, BOTH: base}
memory: 64m
cpuShares: 100
config:
  provisioning.properties: {minRam: 1g}
  my.own: base
"""
MIDDLE = """
id: middle
version: 1
type: base
env: {TWO: middle, BOTH: middle}
memory: 128m
"""


def first(text: str, types: TypeTable = TYPES) -> ServiceSpec:
    """The first service of a file, or of its first group."""
    found = application(text, types).services[0]
    return found.children[0] if found.type == "group" else found


def container(text: str, types: TypeTable = TYPES) -> ContainerSpec:
    """Its container."""
    found = first(text, types).container
    assert found is not None
    return found


def config(text: str, types: TypeTable = TYPES) -> Mapping[str, object]:
    """What its spec says of keys that its kind does not declare."""
    return first(text, types).config


# --- along types


def test_a_service_counts_before_its_type_and_that_before_what_it_extends() -> None:
    found = container("services: [{type: middle, cpuShares: 200}]", knowing(BASE, MIDDLE))
    assert (found.resources.memory, found.resources.cpu_shares) == (128 << 20, 200)


def test_environments_are_merged_along_types() -> None:
    found = container("services: [{type: middle, env: {THREE: own, BOTH: own}}]", knowing(BASE, MIDDLE))
    assert found.env == {"ONE": "base", "TWO": "middle", "THREE": "own", "BOTH": "own"}


def test_any_spelling_means_the_same_key() -> None:
    found = container("services: [{type: base, brooklyn.config: {docker.container.environment: [BOTH=own]}}]", knowing(BASE))
    assert found.env == {"ONE": "base", "BOTH": "own"}


def test_provisioning_properties_are_merged_along_types() -> None:
    text = "services: [{type: base, config: {provisioning.properties: {minCores: 2}}}]"
    (strategy,) = first(text, knowing(BASE)).strategies
    assert strategy.config == {"minRam": 1 << 30, "minCores": 2}


def test_what_nobody_declares_comes_from_types_too() -> None:
    assert config("services: [{type: middle}]", knowing(BASE, MIDDLE)) == {"my.own": "base"}
    assert config("services: [{type: middle, config: {my.own: 1}}]", knowing(BASE, MIDDLE)) == {"my.own": 1}


def test_nothing_written_unsets_what_a_type_says() -> None:
    assert container("services: [{type: base, memory: }]", knowing(BASE)).resources.memory is None


def test_another_image_replaces_that_of_the_type() -> None:
    built = "{id: built, version: 1, type: container, build: {inline: FROM scratch}}"
    assert container("services: [{type: built, image: redis:7}]", knowing(built)).image.reference == "redis:7"
    assert container("services: [{type: base, imageTag: blue}]", knowing(BASE)).image.reference == "web:blue"


def test_policies_of_types_are_added_to() -> None:
    base = "{id: base, version: 1, type: cluster, memberSpec: docker:web, policies: [{type: autoscaler, name: one, config: {metric: cpu.mean.average, metricUpperBound: 1}}]}"
    own = "services: [{type: base, policies: [{type: autoscaler, name: two, config: {metric: memory.bytes.average, metricUpperBound: 1}}]}]"
    assert [each.name for each in first(own, knowing(base)).policies] == ["one", "two"]


def declaring(mode: str, way: str, default: str = "{a: default}") -> str:
    """A type with a parameter of that mode."""
    return f"""
    id: base
    version: 1
    type: docker:web
    parameters:
    - {{name: settings, type: map, default: {default}, inheritance.{way}: {mode}}}
    """


EXTENDED = "{id: extended, version: 1, type: base, config: {settings: {b: type}}}"


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("never", {"c": "own"}),
        ("none", {"c": "own"}),
        ("not_reinherited", {"c": "own"}),
        ("not_reinherited_else_deep_merge", {"c": "own"}),
        ("overwrite", {"c": "own"}),
        ("always", {"c": "own"}),
        ("deep_merge", {"b": "type", "c": "own"}),
    ],
)
def test_types_hand_a_value_on_by_the_mode_of_its_key(mode: str, found: object) -> None:
    text = "services: [{type: extended, config: {settings: {c: own}}}]"
    assert config(text, knowing(declaring(mode, "type"), EXTENDED))["settings"] == found


@pytest.mark.parametrize(("mode", "found"), [("never", {"a": "default"}), ("overwrite", {"b": "type"}), ("deep_merge", {"b": "type"})])
def test_who_writes_nothing_has_the_types_value_or_else_the_default(mode: str, found: object) -> None:
    assert config("services: [extended]", knowing(declaring(mode, "type"), EXTENDED))["settings"] == found


def test_a_default_is_dropped_and_not_merged() -> None:
    text = "services: [{type: base, config: {settings: {c: own}}}]"
    assert config(text, knowing(declaring("deep_merge", "type")))["settings"] == {"c": "own"}


def test_sub_keys_make_a_map() -> None:
    text = "services: [{type: base, config: {settings.one: 1, settings.two: 2}}]"
    assert config(text, knowing(declaring("overwrite", "type")))["settings"] == {"one": 1, "two": 2}
    assert container("services: [{type: base, env.BOTH: own, env.MORE: '2'}]", knowing(BASE)).env["BOTH"] == "own"


def test_a_sub_key_beside_its_map_is_added_and_twice_the_same_is_a_fault() -> None:
    assert container("services: [{type: docker:web, env: {A: 1}, env.B: 2}]").env == {"A": "1", "B": "2"}
    assert "`A` of `env` is also on line 1" in fault("services: [{type: docker:web, env: {A: 1}, env.A: 2}]")


# --- at run time


def test_environments_are_merged_on_the_way_down_to_the_first_container() -> None:
    found = application(
        """
        config: {env: {APP: app, BOTH: app}}
        services:
        - type: group
          config: {shell.env.GROUP: group, env: {BOTH: group}}
          children:
          - type: docker:web
            env: {OWN: own}
            children: [docker:web]
        """
    )
    parent = found.services[0].children[0]
    assert parent.container and parent.children[0].container
    assert parent.container.env == {"APP": "app", "BOTH": "group", "GROUP": "group", "OWN": "own"}
    assert parent.children[0].container.env == {}


def test_provisioning_properties_are_merged_on_the_way_down() -> None:
    text = """
    config: {provisioning.properties: {minRam: 1g}}
    services:
    - {type: docker:web, config: {provisioning.properties: {minCores: 2}}}
    """
    (strategy,) = first(text).strategies
    assert strategy.config == {"minRam": 1 << 30, "minCores": 2}


def test_other_keys_come_down_to_who_has_none_of_its_own_and_end_there() -> None:
    found = application(
        """
        config: {memory: 64m, cpuShares: 100}
        services:
        - type: docker:web
          cpuShares: 200
          children: [{type: docker:web, config: {pids: 5}}]
        """
    ).services[0]
    assert found.container and found.children[0].container
    assert (found.container.resources.memory, found.container.resources.cpu_shares) == (64 << 20, 200)
    assert found.children[0].container.resources.memory is None


def test_what_means_one_container_alone_does_not_come_down() -> None:
    found = container("{config: {command: [one], ports: ['80'], privileged: true}, services: [docker:web]}")
    assert (found.command, found.ports, found.privileged) == (None, (), False)


def test_members_inherit_from_their_cluster() -> None:
    text = "services: [{type: cluster, config: {env: {A: cluster}}, memberSpec: {type: docker:web, env: {B: member}}}]"
    member = first(text).cluster
    assert member and member.member.container and member.member.container.env == {"A": "cluster", "B": "member"}


PARENT = """
services:
- type: group
  parameters: [{{name: settings, type: map, default: {{a: default}}, inheritance.runtime: {mode}}}]
  config: {{settings: {{b: parent}}}}
  children:
  - type: docker:web
    parameters: [{{name: settings, type: map, inheritance.runtime: {mode}}}]
"""


@pytest.mark.parametrize(
    ("mode", "alone", "with_own"),
    [
        ("never", None, {"c": "own"}),
        ("not_reinherited", None, {"c": "own"}),
        ("not_reinherited_else_deep_merge", None, {"c": "own"}),
        ("overwrite", {"b": "parent"}, {"c": "own"}),
        ("deep_merge", {"b": "parent"}, {"b": "parent", "c": "own"}),
    ],
)
def test_services_hand_a_value_down_by_the_mode_of_its_key(mode: str, alone: object, with_own: object) -> None:
    text = PARENT.format(mode=mode)
    assert config(text).get("settings") == alone
    assert config(text + "    config: {settings: {c: own}}\n")["settings"] == with_own


@pytest.mark.parametrize("mode", ["not_reinherited", "not_reinherited_else_deep_merge"])
def test_what_is_not_handed_on_still_comes_down_to_the_first_who_declares_it(mode: str) -> None:
    text = f"""
    config: {{settings: {{a: app}}}}
    services:
    - type: docker:web
      parameters: [{{name: settings, type: map, inheritance.runtime: {mode}}}]
    """
    assert config(text)["settings"] == {"a": "app"}
    merged = {"a": "app", "c": "own"} if mode.endswith("merge") else {"c": "own"}
    assert config(text.rstrip() + "\n      config: {settings: {c: own}}\n")["settings"] == merged


def test_a_default_above_is_the_last_to_count() -> None:
    text = """
    parameters: [{name: colour, default: red}]
    services:
    - type: docker:web
      parameters: [{name: colour}]
    """
    assert config(text)["colour"] == "red"
    assert config(text.replace("name: colour}", "name: colour, default: blue}"))["colour"] == "blue"


def test_a_mode_that_is_none_is_a_fault_with_all_modes() -> None:
    found = fault("services: [{type: docker:web, parameters: [{name: a, inheritance.type: sometimes}]}]")
    assert "`sometimes`" in found and "not_reinherited_else_deep_merge" in found


def test_files_are_merged_both_ways() -> None:
    base = "{id: base, version: 1, type: 'docker:web', files: {/etc/base: base, /etc/both: base}}"
    text = """
    config: {files: {/etc/app: app, /etc/both: app}}
    services:
    - {type: base, files: {/etc/own: own}}
    """
    found = container(text, knowing(base))
    assert {each.path: each.content for each in found.files} == {
        "/etc/app": "app",
        "/etc/base": "base",
        "/etc/both": "base",
        "/etc/own": "own",
    }


# --- expressions


def test_an_expression_from_above_means_what_it_means_where_it_is_written() -> None:
    text = """
    config: {env: {WHO: $brooklyn:config("who")}, who: app}
    services:
    - {type: docker:web, config: {who: web}, env: {OWN: $brooklyn:config("who")}}
    """
    assert container(text).env == {"WHO": "app", "OWN": "web"}


def test_an_expression_of_a_type_means_the_service_that_is_of_it() -> None:
    base = """
    id: base
    version: 1
    type: docker:web
    parameters: [{name: who, default: base}]
    env: {WHO: $brooklyn:config("who")}
    """
    services = application("services: [{type: base, who: one}, {type: base, who: two}, base]", knowing(base)).services
    assert [each.container.env["WHO"] for each in services if each.container] == ["one", "two", "base"]
