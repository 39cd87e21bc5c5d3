"""Are affinity rules read as their grammar says, and do faults name the very word?"""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.errors import BadRequest, BlueprintError
from clocker_actors.model.affinity import AffinityRule, Sense, Verb
from clocker_actors.model.specs import ServiceSpec

FORMS = {
    "TYPE": ("only", "TYPE", "", 1, ""),
    "same": ("only", "TYPE", "", 1, ""),
    "SAME application": ("only", "APPLICATION", "", 1, ""),
    "NOT SAME": ("none", "TYPE", "", 1, ""),
    "not  type\tredis": ("none", "TYPE", "redis", 1, ""),
    "NAME web": ("only", "NAME", "web", 1, ""),
    "ID": ("only", "ID", "", 1, ""),
    "NOT ID m7": ("none", "ID", "m7", 1, ""),
    "CLUSTER shop/web": ("only", "CLUSTER", "shop/web", 1, ""),
    "EMPTY": ("empty", "ANY", "", 1, ""),
    "NOT EMPTY": ("not empty", "ANY", "", 1, ""),
    "REQUIRE TYPE redis PER ZONE": ("at least", "TYPE", "redis", 1, "zone"),
    "REQUIRE ANY": ("at least", "ANY", "", 1, ""),
    "AT LEAST 3 APPLICATION": ("at least", "APPLICATION", "", 3, ""),
    "AT MOST 2": ("at most", "CLUSTER", "", 2, ""),
    "AT MOST 2 PER HOST": ("at most", "CLUSTER", "", 2, ""),
    "AT MOST 1 TYPE PER LABEL rack": ("at most", "TYPE", "", 1, "label:rack"),
    "PREFER SAME": ("prefer", "TYPE", "", 1, ""),
    "PREFER NAME x WEIGHT 5": ("prefer", "NAME", "x", 5, ""),
    "PREFER NOT TYPE PER ZONE WEIGHT 2": ("prefer not", "TYPE", "", 2, "zone"),
    "SPREAD OVER ZONE": ("spread", "CLUSTER", "", 1, "zone"),
    "SPREAD TYPE OVER HOST": ("spread", "TYPE", "", 1, ""),
}
WRONG = {
    "SAM TYPE": "1:1: `SAM` is not known here; write one of TYPE,",
    "NOT": "1:4: the rule ends too early; write one of TYPE,",
    "NAME": "1:5: NAME needs a part of the name to look for",
    "PREDICATE": "1:10: PREDICATE needs the name of a predicate",
    "TYPE a b": "1:8: `b` is more than a rule holds",
    "NOT EMPTY x": "1:11: `x` is more than a rule holds",
    "NOT NOT TYPE": "1:5: `NOT` is not known here",
    "AT TYPE": "1:4: `TYPE` is not known here; write one of LEAST, MOST",
    "AT MOST many TYPE": "1:9: `MANY` is not a whole number from 1 to 10000",
    "TYPE PER TOWN": "1:10: `TOWN` is not known here; write one of HOST, ZONE, LABEL",
    "TYPE PER LABEL": "1:15: LABEL needs the key of a label of the hosts",
    "PREFER TYPE WEIGHT": "1:19: nothing is not a whole number from 1 to 10000",
    "TYPE a,\n  NUT b": "2:3: `NUT` is not known here",
}


@pytest.mark.parametrize("text", FORMS)
def test_a_rule_is_read(text: str) -> None:
    sense, verb, parameter, number, domain = FORMS[text]
    sense = "avoid" if sense == "prefer not" else sense
    assert rules_of(text) == (AffinityRule(" ".join(text.split()), Sense(sense), Verb(verb), parameter, number, domain),)


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_rule_says_where_and_what_would_be_right(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        rules_of(text)
    assert f"affinity rule, {WRONG[text]}" in str(caught.value)


def test_the_text_form_drops_empty_pieces() -> None:
    assert [rule.text for rule in rules_of(" , TYPE a,,\n\n NOT EMPTY\n")] == ["TYPE a", "NOT EMPTY"]
    assert rules_of(" \n,") == ()


def service(lines: str) -> ServiceSpec:
    return parse(f"name: shop\nservices:\n- type: docker:web:1\n{lines}", "x.yaml", type_table()).blueprint.applications[0].services[0]


def faults(lines: str) -> list[str]:
    with pytest.raises(BlueprintError) as caught:
        service(lines)
    return [line.partition(" affinity")[0] for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ("  affinity: NUT TYPE\n", "x.yaml:4:13:"),
        ('  affinity: "TYPE a, NUT TYPE"\n', "x.yaml:4:22:"),
        ("  affinity: [TYPE a, NUT TYPE]\n", "x.yaml:4:22:"),
        ("  affinity:\n  - TYPE a\n  - NOT NUT\n", "x.yaml:6:9:"),
        ("  affinity: |\n    TYPE a\n    NOT NUT\n", "x.yaml:6:9:"),
        ("  brooklyn.config:\n    affinity.rules:\n    - TYPE a b\n", "x.yaml:6:14:"),
        ("  strategies:\n  - type: DockerAffinityRuleStrategy\n    affinity.rules: [NUT]\n", "x.yaml:6:22:"),
        ("  affinity: >\n    TYPE a,\n    NUT\n", "x.yaml:4:13:"),
    ],
)
def test_a_fault_names_line_and_column_of_the_word(lines: str, place: str) -> None:
    assert faults(lines)[0] == place


def test_a_blank_item_of_a_list_is_a_fault_not_a_crash() -> None:
    with pytest.raises(BlueprintError, match=r"x.yaml:5:4: a rule of `affinity` cannot be nothing; write a text such as NOT TYPE"):
        service("  affinity:\n  -\n")
    with pytest.raises(BlueprintError, match=r"x.yaml:5:\d+: affinity rule ``: the rule ends too early"):
        service('  affinity:\n  - ""\n')


def test_rules_of_clusters_and_groups_reach_every_member() -> None:
    text = """
name: shop
services:
- type: group
  name: all
  affinity: NOT TYPE a
  children:
  - type: cluster
    name: web
    affinity: [NOT TYPE b, NOT TYPE a]
    strategies: [{DockerAffinityRuleStrategy: {affinity.rules: NOT TYPE c}}, DepthFirst]
    memberSpec: {type: "docker:web:1", affinity: NOT TYPE d}
"""
    group = parse(text, "x.yaml", type_table()).blueprint.applications[0].services[0]
    cluster = group.children[0].cluster
    assert cluster is not None
    assert [rule.parameter for rule in cluster.member.affinity] == ["d", "b", "a", "c"]
    assert [strategy.type for strategy in cluster.member.strategies] == ["DepthFirst"]


def test_the_ancestors_only_example_is_understood() -> None:
    spec = service(
        "  brooklyn.config:\n    affinity.rules:\n    - NOT TYPE\n    - TYPE brooklyn.entity.nosql.solr.SolrServer\n    - APPLICATION\n"
    )
    assert [rule.sense for rule in spec.affinity] == [Sense.NONE, Sense.ONLY, Sense.ONLY]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("REQUIRE TYPE a", "NOT TYPE a", "what has to be on the host may not be on its host"),
        ("NOT TYPE A PER ZONE", "REQUIRE TYPE a", "what has to be on the host may not be on its zone"),
        ("AT LEAST 3 APPLICATION", "AT MOST 2 APPLICATION", "3 cannot be there when at most 2 may"),
        ("TYPE redis", "REQUIRE TYPE web", "what has to be there is not redis"),
        ("EMPTY", "NOT EMPTY", "a host cannot be welcome when empty and refused for it"),
    ],
)
def test_rules_that_contradict_each_other_are_found(first: str, second: str, why: str) -> None:
    with pytest.raises(BlueprintError) as caught:
        service(f"  affinity:\n  - {first}\n  - {second}\n")
    assert str(caught.value) == f"x.yaml:6:5: `{second}` contradicts `{first}` on line 5: {why}; remove one of them"


@pytest.mark.parametrize(
    "fine",
    [
        "TYPE a, NOT TYPE a",
        "REQUIRE TYPE a PER ZONE, NOT TYPE a",
        "TYPE library/redis, REQUIRE TYPE redis",
        "AT LEAST 2 ANY, AT MOST 2 ANY",
        "REQUIRE TYPE, NOT TYPE x",
    ],
)
def test_rules_that_may_hold_together_are_not_called_contradictory(fine: str) -> None:
    assert len(service(f'  affinity: "{fine}"\n').affinity) == 2


def test_hosts_and_clouds_have_rules_and_a_host_speaks_only_of_itself() -> None:
    pool = "name: x\nservices:\n- type: docker-cloud\n  name: y\n  affinity: NOT TYPE a\n  hosts:\n  - {name: h, engine: 'simulated://h', affinity: RULE}\n"
    spec = parse(pool.replace("RULE", "TYPE b"), "x.yaml", type_table()).blueprint.pools[0]
    assert [rule.text for rule in (*spec.affinity, *spec.hosts[0].affinity)] == ["NOT TYPE a", "TYPE b"]
    for rule in ("NOT TYPE PER ZONE", "PREFER TYPE b", "SPREAD OVER HOST"):
        with pytest.raises(
            BlueprintError, match=r"x\.yaml:7:\d+: .* speaks of more than this host; write it at the docker-cloud or a service"
        ):
            parse(pool.replace("RULE", rule), "x.yaml", type_table())


def test_requests_and_least_room() -> None:
    spec = service(
        "  memory: 2g\n  memoryRequest: 1g\n  cpusRequest: 0.5\n  diskRequest: 10g\n  provisioning.properties: {minRam: 4g, minCores: 2}\n"
    )
    assert (spec.requests.memory, spec.requests.cpus, spec.requests.disk) == (1 << 30, 0.5, 10 << 30)
    assert [(each.type, dict(each.config)) for each in spec.strategies] == [("ProvisioningFlags", {"minRam": 4 << 30, "minCores": 2})]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("Label: {labels: [a b]}", "'a b' is no condition on a label; write key, !key, key=value"),
        ("Hostname: {hostname: 'a('}", "`hostname` is `a(`, which is no regular expression"),
        ("Label: {labels: 'disk = = ssd'}", "'disk = = ssd' is no condition on a label; write key, !key, key=value"),
        ("Label: {labels: 'zone = (a, b)'}", "'zone = (a, b)' is no condition on a label"),
        ("Label", "Label: without conditions it lets every host through; write labels"),
        ("Hostname", "Hostname: hostname is missing: write a regular expression"),
        ("Spread: {over: zoen}", "Spread: over is 'zoen': write host, zone, or label:KEY"),
        ("Spread: {over: 'label:'}", "Spread: over is 'label:'"),
        ("MaxCpuUsage: {maxCpu: 60}", "`maxCpu` is `60`, out of range; write a value from 0 to 1"),
        ("Hostname: {hostname: '(a+)+b'}", "`hostname` repeats what repeats already"),
    ],
)
def test_keys_of_strategies_are_checked_where_they_stand(written: str, fault: str) -> None:
    with pytest.raises(BlueprintError, match=r"x\.yaml:4:\d+: ") as caught:
        service(f"  strategies: [{written}]\n")
    assert fault in str(caught.value)
    assert len(caught.value.faults) == 1, "and said once"
