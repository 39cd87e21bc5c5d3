"""Are policies, enrichers and strategies found by any of their names, and their keys checked against the table?"""

import pytest

from clocker_actors.model.specs import PolicySpec, StrategySpec
from tests.blueprint.reading import application, cluster_faults, fault, pool, pool_faults, service, service_faults
from tests.blueprint.test_dsl import shown

UPPER = {"metric": "cpu.mean.average", "metricUpperBound": 70}


@pytest.mark.parametrize(
    "text",
    [
        "policies: [{type: autoscaler, config: {metric: cpu.mean.average, metricUpperBound: 70}}]",
        "policies: [{type: AutoScalerPolicy, metric: cpu.mean.average, metricUpperBound: '70'}]",
        "brooklyn.policies: [{policyType: auto-scaler, brooklyn.config: {autoscaler.metric: cpu.mean.average, autoscaler.metricUpperBound: 70}}]",
        "policies: [{type: org.apache.brooklyn.policy.autoscaling.AutoScalerPolicy, metricUpperBound: 70, metric: '$brooklyn:sensor(\"cpu.mean.average\")'}]",
        'policies: [{type: autoscaler, metricUpperBound: 70, metric: \'$brooklyn:sensor("some.Entity", "cpu.mean.average")\'}]',
    ],
)
def test_spellings_of_one_policy(text: str) -> None:
    assert service(f"type: cluster\nmemberSpec: docker:web\n{text}").policies == (PolicySpec("autoscaler", "autoscaler", UPPER),)


def test_values_are_seconds_and_names_differ() -> None:
    text = "type: docker:web\npolicies: [restarter, restarter, {type: restarter, name: mine, failOnRecurringFailuresInThisDuration: 3m}]"
    found = service(text).policies
    assert [each.name for each in found] == ["service-restarter", "service-restarter-2", "mine"]
    assert found[2].config == {"failOnRecurringFailuresInThisDuration": 180.0}


def test_policies_of_the_application() -> None:
    found = application("services: ['docker:web']\nbrooklyn.policies: [restarter]\nenrichers: [failure-detector]")
    assert [each.type for each in found.policies] == ["service-restarter"]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("policies: [{type: autoscalr}]", "4:21", "`autoscalr` is not a known type of policy; did you mean `autoscaler`"),
        ("policies: [{name: x}]", "4:14", "has no `type`"),
        ("policies: [7, ]", "4:14", "`7` is not a known type"),
        ("policies: [[a]]", "4:14", "a policy cannot be a list"),
        ("policies: autoscaler", "4:13", "write a list"),
        ("policies: [{type: autoscaler, metricUpperBond: 3}]", "4:33", "did you mean `metricUpperBound`"),
        ("policies: [{type: autoscaler, metricUpperBound: high}]", "4:51", "`metricUpperBound` has `high`; write a number"),
        ("policies: [{type: autoscaler, minPoolSize: -1}]", "4:46", "out of range"),
        ("policies: [{type: autoscaler, minPoolSize: 5, maxPoolSize: 4}]", "4:46", "`minPoolSize` 5 is above `maxPoolSize` 4"),
        (
            "maxSize: 4\npolicies: [{type: autoscaler, metric: cpu.mean.average, metricUpperBound: 60, minPoolSize: 5}]",
            "5:94",
            "above the most members of the cluster, 4",
        ),
        (
            "minSize: 4\npolicies: [{type: autoscaler, metric: cpu.mean.average, metricUpperBound: 60, maxPoolSize: 3}]",
            "5:94",
            "below the fewest members of the cluster, 4",
        ),
        ("policies: [{type: autoscaler, maxPoolSize: 0}]", "4:46", "`minPoolSize` 1 is above `maxPoolSize` 0"),
        ("policies: [{type: autoscaler, metricLowerBound: 9, metricUpperBound: 4}]", "4:51", "`metricLowerBound` 9 is above"),
        ("policies: [{type: autoscaler, metric: a, config: {autoscaler.metric: b}}]", "4:33", "a second time"),
        ("policies: [{type: autoscaler, resizeUpStabilizationDelay: soon}]", "4:61", "write a duration"),
        ("policies: [{type: autoscaler, name: a/b}]", "4:39", "cannot stand in a path"),
        (
            "policies: [{type: replacer, name: a}, {type: replacer, name: a}]",
            "4:64",
            "another policy or enricher of this entity is named `a`",
        ),
        ("enrichers: [autoscaler]", "4:15", "is not an enricher but a policy; move it under `policies`"),
        ("policies: [rollup]", "4:14", "move it under `enrichers`"),
        ("policies: [autoscaler]", "4:14", "autoscaler has no metric, so it would never do anything; give metric"),
        (
            "policies: [restarter]",
            "4:14",
            "'ha.entityFailed' is fired by service-failure-detector only, and there is none here; add that first",
        ),
        (
            "policies: [{type: autoscaler, metric: cpu.mean}]",
            "4:41",
            "one of a member, not of a cluster, so it would never be heard; did you mean cpu.mean.average?",
        ),
        (
            "policies: [{type: autoscaler, metric: cpu.mean.averge}]",
            "4:41",
            "no sensor of a cluster, so it would never be heard; did you mean cpu.mean.average?",
        ),
        (
            "policies: [{type: autoscaler, metric: host.cpu}]",
            "4:41",
            "one of a host, not of a cluster, so it would never be heard; write one of cpu.",
        ),
        (
            "policies: [{type: autoscaler, metric: a, resizeOperator: restart}]",
            "4:60",
            "is no effector of a cluster that takes `size`; write resize",
        ),
        (
            "policies: [{type: autoscaler, metric: cpu.mean.average}]",
            "4:41",
            "has neither metricLowerBound nor metricUpperBound above 0, so no value of cpu.mean.average would ever make it act; give one of these",
        ),
        ("policies: [{type: autoscaler, metric: a, metricUpperBound: 0}]", "4:41", "has neither metricLowerBound nor"),
        ("enrichers: [{type: rolling-mean, sourceSensor: cpu.mean, targetSensor: a}]", "4:50", "did you mean cpu.mean.average?"),
    ],
)
def test_wrong_policies(text: str, where: str, words: str) -> None:
    (found,) = cluster_faults(text)
    assert found.startswith(f"shop.yaml:{where}: ")
    assert words in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "policies: [{type: autoscaler, metric: cpu.mean}]",
            "autoscaler cannot work on a member: it grows and shrinks a cluster with its load; put it on a cluster",
        ),
        (
            "policies: [replacer]",
            "service-replacer cannot work on a member: it replaces members that restarting could not help; put it on a cluster",
        ),
        ("enrichers: [rollup]", "rollup cannot work on a member: it gives mean"),
        ("healing: false\npolicies: [restarter]", "'ha.entityFailed' is fired by service-failure-detector only"),
    ],
)
def test_what_cannot_work_on_a_member(text: str, words: str) -> None:
    assert words in fault(f"services:\n- type: docker:web\n  {text.replace(chr(10), chr(10) + '  ')}")


def test_members_of_a_cluster_without_healing_have_no_failure_detector() -> None:
    text = "type: cluster\nhealing: false\nmemberSpec: {type: 'docker:web', policies: [restarter]}"
    (found,) = service_faults(text)
    assert found.startswith("shop.yaml:4:") and "'ha.entityFailed' is fired by service-failure-detector only" in found
    assert service(text.replace("false", "true")).cluster
    assert service(text.replace("[restarter]", "[restarter], enrichers: [failure-detector]")).cluster


def test_what_cannot_work_on_an_application() -> None:
    assert "cannot work on an application" in fault("services: ['docker:web']\npolicies: [{type: autoscaler, metric: a}]")


@pytest.mark.parametrize(
    "text",
    [
        "policies: [{type: autoscaler, metric: requests.per.second, metricUpperBound: 9}]",
        "policies: [{type: autoscaler, metric: a, poolColdSensor: my.cold}]",
        "policies: [{type: autoscaler, poolHotSensor: my.hot}]",
        "policies: [{type: autoscaler, metric: calm.cpu, metricUpperBound: 9}]\nenrichers: [{type: rolling-mean, sourceSensor: cpu.mean.max, targetSensor: calm.cpu}]",
        "policies: [{type: autoscaler, metric: cpu.mean, entityWithMetric: m1, metricLowerBound: 9}]",
        "policies: [{type: autoscaler, metric: network.rx.bytes.sum, metricUpperBound: 9}]\nenrichers: [{type: rollup, sensors: [network.rx.bytes]}]",
        "policies: [restarter]\nenrichers: [failure-detector]",
        "policies: [{type: restarter, failureSensorToMonitor: my.alarm}]",
    ],
)
def test_what_may_work_is_taken(text: str) -> None:
    assert service(f"type: cluster\nmemberSpec: docker:web\n{text}").policies


def test_a_rollup_of_its_own_gives_only_what_it_names() -> None:
    text = "type: cluster\nmemberSpec: docker:web\nenrichers: [{type: rollup, sensors: [memory.bytes]}]\npolicies: [{type: autoscaler, metric: memory.bytes.max, metricUpperBound: 9}]"
    assert service(text).policies
    (found,) = service_faults(text.replace("memory.bytes.max", "cpu.mean.average"))
    assert "'cpu.mean.average' is no sensor of a cluster" in found
    assert "memory.bytes.average" in found


def test_an_upper_bound_of_nothing_is_off() -> None:
    text = "type: cluster\nmemberSpec: docker:web\npolicies: [{type: autoscaler, metric: a, metricLowerBound: 9, metricUpperBound: 0}]"
    assert service(text).policies[0].config["metricUpperBound"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "MaxContainers: {maxContainers: 3}",
        "{type: maxcontainers, maxContainers: 3}",
        "{type: MaxContainersPlacementStrategy, config: {maxContainers: 3}}",
        "{$brooklyn:object: {type: clocker.docker.location.strategy.basic.MaxContainersPlacementStrategy, brooklyn.config: {maxContainers: 3}}}",
    ],
)
def test_spellings_of_one_strategy(text: str) -> None:
    found = pool(f"hosts: ['unix:///a']\nstrategies: [BreadthFirst, {text}]").strategies
    assert found == (StrategySpec("BreadthFirst"), StrategySpec("MaxContainers", {"maxContainers": 3}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strategies: [BredthFirst]", "did you mean `BreadthFirst`"),
        ("strategies: [{MaxContainers: 3}]", "`MaxContainers` has `3`; write a map"),
        ("strategies: [{MaxContainers: {max: 3}}]", "`max` is not a key of MaxContainers"),
        ("strategies: [[a]]", "a strategy cannot be a list"),
        ("strategies: {BreadthFirst: }", "write a list"),
    ],
)
def test_wrong_strategies(text: str, words: str) -> None:
    (found,) = pool_faults(f"hosts: ['unix:///a']\n{text}")
    assert words in found


def test_a_policy_stands_not_at_a_cloud() -> None:
    text = "services: [{type: docker-cloud, name: yard, hosts: ['unix:///a'], policies: [replacer]}]"
    assert "a docker-cloud takes no `policies`; remove them" in fault(text)


def test_whoever_is_to_be_heard_has_to_be_there() -> None:
    told = service_faults("type: docker:web\nid: lb\nenrichers: [{type: propagator, config: {producer: lbs, propagating: [cpu.mean]}}]")
    assert len(told) == 1 and "`lbs` is not the id of a service here" in told[0]


LIMIT = '$brooklyn:component("db").attributeWhenReady("cpu.mean")'


def _scaled(bound: str) -> str:
    return f"services:\n- {{type: docker:db, id: db}}\n- type: cluster\n  memberSpec: docker:web\n  policies: [{{type: autoscaler, metric: cpu.mean.average, {bound}}}]\n"


def test_values_of_policies_may_be_late() -> None:
    (policy,) = application(_scaled(f"metricUpperBound: '{LIMIT}', metricLowerBound: 20")).services[1].policies
    assert policy.config == {"metric": "cpu.mean.average", "metricLowerBound": 20}
    (late,) = policy.late
    assert (late.field, shown(late.expression)) == ("metricUpperBound", "attributeWhenReady('db', 'cpu.mean')")
    mapping = '{cpu.percent: \'$brooklyn:formatString("of.%s", $brooklyn:attributeWhenReady("host.name"))\'}'
    text = f"type: docker:web\nid: web\nenrichers: [{{type: propagator, producer: self, sensorMapping: {mapping}}}]"
    (enricher,) = service(text).enrichers
    assert "sensorMapping" not in enricher.config
    assert [shown(late.expression) for late in enricher.late] == [
        "map('cpu.percent', formatString('of.%s', attributeWhenReady('web', 'host.name')))"
    ]


def test_late_values_that_cannot_be() -> None:
    assert "did you mean `cpu.mean`" in fault(_scaled(f"metricUpperBound: '{LIMIT.replace('mean', 'maen')}'"))
    assert "would show a secret" in fault(_scaled('metricUpperBound: \'$brooklyn:external("shop", "limit")\''))
    assert "is not the id of a service here" in fault(_scaled(f"metricUpperBound: '{LIMIT.replace('db', 'bd')}'"))
    pooled = pool_faults("strategies: [{MaxContainers: {maxContainers: '$brooklyn:root().attributeWhenReady(\"service.isUp\")'}}]")
    assert pooled
