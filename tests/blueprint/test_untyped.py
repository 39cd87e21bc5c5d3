"""Is everything told that is wrong with a service whose type nobody knows, and below it, in one look, and nothing that only follows from the type?"""

from collections.abc import Sequence

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint.checking import check_types
from clocker_actors.errors import BlueprintError
from clocker_actors.model.catalogue import TypeSource
from tests.blueprint.reading import TYPES, fault, faults, knowing

FULL = """
services:
- type: redsi
  id: shop/db
  location: yard
  memory: lots
  restart: perhaps
  env: [A]
  ports: [99999]
  dependsOn: [{id: web, condition: perhaps}]
  latch: 7
  affinity: [WITH NOBODY]
  strategies: [BreadthLast]
  labels: {clocker.mine: x}
  policies: [{type: autoscalr}]
  enrichers: [{type: delta, config: {sourceSensr: a}}]
  initializers: [{type: exec-effectr}]
  children:
  - {type: docker:web, name: a, memori: 3m}
  - {type: nobody, name: a, cpus: few}
  - {type: cluster, memberSpec: {type: nothing-known, pids: many}}
- {type: docker:web, id: web}
"""


def _places(told: Sequence[str]) -> list[int]:
    return sorted({int(each.split(":")[1]) for each in told})


def test_all_that_is_wrong_at_a_service_of_no_known_type_and_below_it_is_told_at_once() -> None:
    told = faults(FULL)
    assert _places(told) == [3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21], told
    for words in ("`redsi`", "`nobody`", "`nothing-known`", "`few`", "`many`", "`memori`", "name `a` is also"):
        assert any(words in each for each in told), (words, told)


@pytest.mark.parametrize(
    "more",
    [
        "queues: 3, config: {whatever: {a: [1]}}, port: 80+",
        "env: {A: '$brooklyn:config(\"port\")'}",
        "readiness: {tcp: 6379}",
        "files: {/etc/a: {mode: '0600'}}",
        "policies: [{type: autoscaler, config: {metric: nobody.has.it, metricLowerBound: 1, metricUpperBound: 2}}]",
        "initializers: [{type: exec-effector, config: {effector: resize, command: ls}}]",
        "parameters: [{name: wanted, constraints: [required]}]",
        "children: [{type: docker:web, env: {A: '$brooklyn:config(\"made.above\")'}, dependsOn: db}]",
        "children: [{type: docker:web, parameters: [{name: wanted, constraints: [required]}]}]",
        "memberSpec: {type: docker:web}",
    ],
)
def test_what_only_follows_from_the_type_is_not_told(more: str) -> None:
    others = [
        '{type: docker:web, dependsOn: [db, db-2], env: {A: \'$brooklyn:component("db").attributeWhenReady("x.y")\'}}',
        '{type: docker:web, env: {A: \'$brooklyn:component("db").config("port")\', B: \'$brooklyn:component("db").member("m").entityId()\'}}',
    ]
    text = f"services:\n- {{type: redsss, id: db, {more}}}\n" + "".join(f"- {each}\n" for each in others)
    assert "`redsss` is not a known type" in fault(text, type_table())


def test_a_docker_cloud_that_is_misspelt_is_read_as_nothing_else() -> None:
    assert "did you mean `docker-cloud`" in fault("services: [{type: docker-clod, ports: 1-2, location: localhost}]")
    assert "is not a known type" in fault("services: [{type: yard, hosts: ['unix:///a'], ports: 1-2}]")


def test_a_service_without_a_type_is_read_all_the_same() -> None:
    assert _places(faults("services:\n- name: a\n  memory: lots\n  children:\n  - {type: docker:web, cpus: few}\n")) == [2, 3, 5]


def test_a_file_of_a_type_tells_all_though_what_it_extends_is_not_known() -> None:
    source = TypeSource("mine.yaml", "id: mine\nversion: 1\ntype: nobody\nparameters: [{name: size, type: integr}]\nmemory: lots\n")
    with pytest.raises(BlueprintError) as caught:
        check_types([source], TYPES)
    assert _places(caught.value.faults) == [3, 4, 5]


def test_what_a_type_brings_of_an_unknown_type_counts_for_who_is_of_it() -> None:
    types = knowing("id: mine\nversion: 1\ntype: nobody\nparameters: [{name: size, type: integer}]\n")
    told = faults("services:\n- {type: mine, size: large}\n", types=types)
    assert len(told) == 2 and "`size`" in told[0] and told[1].startswith("types-1.yaml:3:7: `nobody`")
