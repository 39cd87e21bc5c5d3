"""Do faults point where the writer has to mend something, once, and in words for people?"""

import re
from textwrap import dedent

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.faults import MOST_LISTED
from clocker_actors.errors import BlueprintError
from tests.blueprint.reading import TYPES, cluster_faults, container_faults, fault, faults, knowing

_NEEDY = """
    id: needy
    version: 1
    type: docker:web
    parameters:
    - {name: url, default: "", constraints: [{requiredUnless: folder}, {forbiddenIf: folder}]}
    - {name: folder, default: ""}
    """
_STRICT = "{id: strict, version: 1, type: docker:web, parameters: [{name: p, constraints: [required]}]}"


def test_known_names_are_main_ones_and_a_cut_is_told() -> None:
    (found,) = container_faults("zzqqxx: 1")
    names = found.partition("known are: ")[2].partition(" and ")[0].split(", ")
    assert len(names) == MOST_LISTED
    assert names == sorted(names)
    assert not {"capAdd", "cap_add", "cmd"} & set(names)
    assert not [each for each in names if each.startswith(("brooklyn.", "docker."))]
    assert re.search(r" and [0-9]+ more$", found)


def test_few_names_are_all_told() -> None:
    (found,) = container_faults("capabilities: {zzqqxx: 1}")
    assert found.endswith("known are: add, drop")


@pytest.mark.parametrize("key", ["memory: 1g", "image: redis", "env: {A: b}", "mem_limit: 1g", "ports: [80]"])
def test_a_key_of_members_at_the_cluster(key: str) -> None:
    (found,) = cluster_faults(key)
    assert "of each member; write it in `memberSpec`" in found


@pytest.mark.parametrize("text", ["id: a\nversion: 1\ntype: docker:web\nenv: {A: b}\n", "brooklyn.catalog:\n  version: 1\n  items: []\n"])
def test_a_file_of_a_type_is_no_blueprint(text: str) -> None:
    assert "this is a file of a type: `clocker catalog add shop.yaml` adds it" in fault(text)


@pytest.mark.parametrize(
    ("service", "place"),
    [
        ("{type: needy}", "2:3"),
        ("{type: needy, url: a, folder: b}", "2:22"),
        ("{type: needy, url: ''}", "2:22"),
        ("{type: strict}", "2:3"),
        ("{type: cluster, memberSpec: {type: strict}}", "2:31"),
    ],
)
def test_what_a_type_requires_is_missing_in_the_file_that_uses_it(service: str, place: str) -> None:
    assert fault(f"services:\n- {service}", knowing(_NEEDY, _STRICT)).startswith(f"shop.yaml:{place}: ")


def test_a_service_that_is_the_application_is_the_place_too() -> None:
    whole = "{id: whole, version: 1, type: application, parameters: [{name: p, constraints: [required]}], children: [docker:web]}"
    assert fault("name: a\nservices:\n- {type: whole}", knowing(whole)).startswith("shop.yaml:3:3: ")


@pytest.mark.parametrize("constraint", ["required", "{requiredUnless: other}"])
def test_a_required_parameter_of_the_application_is_told_once(constraint: str) -> None:
    text = f"""
        name: a
        parameters:
        - {{name: r, constraints: [{constraint}]}}
        services:
        - type: docker:web
          env: {{U: $brooklyn:config("r")}}
        """
    found = fault(text)
    assert found.startswith("shop.yaml:4:10: `r` is required"), found


def test_a_required_parameter_of_a_service_is_told_once() -> None:
    text = 'services:\n- type: docker:web\n  parameters: [{name: r, constraints: [required]}]\n  env: {U: $brooklyn:config("r")}'
    assert len(faults(text)) == 1


_WEB = "services:\n- type: docker:web\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'services:\n- {type: docker:web, env: {A: $brooklyn:external("a", "b")}}\n',
            "not YAML: did not find expected ',' or '}'; an expression with commas in { } or [ ] has to stand in single quotes",
        ),
        ("services:\n- {type: docker:web, command: [$brooklyn:external(1, 2)]}\n", "quotes around all of it if it has commas"),
        ("services:\n- {type: docker:web, ports: [80}\n", "check indentation, quotes and brackets"),
        (
            "services:\n- type: group\n  id: tier\n  parameters: [size]\n  children: [{type: docker:web, user: '$brooklyn:config(\"size\")'}]\n",
            "`size` is a parameter of `tier` that has no value; give it one there, or a `default`",
        ),
        (
            _WEB + "  initializers: [{type: exec-effector, name: x, command: y, parameters: {a: {type: integer, default: much}}}]\n",
            "the default of parameter a, 'much', is none that it takes (integer)",
        ),
        (
            _WEB + "  initializers: [{type: http-effector, name: x, port: 80, body: '${nope}', parameters: {a: 1}}]\n",
            "${nope} stands for a parameter, and this effector has a; declare it under parameters",
        ),
        (_WEB + "  initializers: [{type: org.apache.brooklyn.core.effector.composite.CompositeEffector}]\n", "write one `exec-effector`"),
        (_WEB + "  initializers: [{type: ProxyEffector}]\n", "call the effector of the other entity itself"),
        (_WEB + "  initializers: [{type: AddChildrenEffector}]\n", "`add-children` adds them when it is read"),
        (
            _WEB + "  initializers: [{type: workflow-sensor}]\n",
            "`workflow-sensor` is not supported: there are no workflows; write an `exec-effector`",
        ),
        (_WEB + "  policies: [{type: workflow-policy}]\n", "there are no workflows"),
    ],
)
def test_what_people_stumbled_over(text: str, told: str) -> None:
    with pytest.raises(BlueprintError) as refusal:
        parse(text, "shop.yaml", type_table())
    assert told in refusal.value.faults[0]


def test_a_dockerfile_may_be_a_template() -> None:
    text = """\
    services:
    - type: container
      config: {base: debian, packages: [git, curl]}
      build:
        inline:
          $brooklyn:template:
          - |
            FROM {{ config['base'] }}
            RUN apt-get install -y {{ config['packages'] | join(' ') }}{{ more }}
          - {more: " jq"}
    """
    (packed,) = parse(dedent(text), "a.yaml", TYPES).inline.values()
    assert b"FROM debian\nRUN apt-get install -y git curl jq\n" in packed
