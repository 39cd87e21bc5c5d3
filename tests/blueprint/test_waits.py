"""Are dependencies, latches and links read, and services that would wait for each other told before any of them starts?"""

import pytest

from clocker_actors.model.expressions import Condition, Dependency, Expression, OnChange, literal
from tests.blueprint.reading import application, fault, faults
from tests.blueprint.test_dsl import shown

_WAIT = '$brooklyn:component("{}").attributeWhenReady("{}")'


def _ring(count: int) -> str:
    """Services of which each waits for the next, and the last for the first."""
    lines = [f"- {{type: docker:web, id: s{n}, env: {{A: '{_WAIT.format(f's{(n + 1) % count}', 'host.address')}'}}}}" for n in range(count)]
    return "services:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("written", "dependencies"),
    [
        ("db", (Dependency("db"),)),
        ("[db, cache]", (Dependency("db"), Dependency("cache"))),
        ("[{id: db, condition: started, timeout: 2m}]", (Dependency("db", Condition.STARTED, None, 120.0),)),
        ("{db: {condition: service_started}, cache: service_healthy}", (Dependency("db", Condition.STARTED), Dependency("cache"))),
        ("{db: }", (Dependency("db"),)),
        ("{service: db}", (Dependency("db"),)),
        ('[$brooklyn:component("db")]', (Dependency("db"),)),
    ],
)
def test_dependencies(written: str, dependencies: tuple[Dependency, ...]) -> None:
    text = f"services:\n- {{type: docker:db, id: db}}\n- {{type: docker:c, id: cache}}\n- type: docker:web\n  depends_on: {written}\n"
    assert application(text).services[2].depends == dependencies


def test_a_dependency_on_a_sensor() -> None:
    text = "services:\n- {type: docker:db, id: db}\n- {type: docker:web, dependsOn: [{id: db, condition: {sensor: cpu.mean, less-than: 50}}]}\n"
    (found,) = application(text).services[1].depends
    reading = Expression("attributeWhenReady", (Expression("target", value="db"), literal("cpu.mean"), literal({"wait_for_truthy": False})))
    assert found == Dependency("db", Condition.SENSOR, Expression("predicate", (reading, literal({"less-than": 50}))))
    bare = application(text.replace(", less-than: 50", "")).services[1].depends[0]
    assert bare.until is not None
    assert bare.until.args[1] == literal({"when": "truthy"})


def test_latches_and_changes() -> None:
    text = f"services:\n- {{type: docker:db, id: db}}\n- type: docker:web\n  start.latch: {_WAIT.format('db', 'service.isUp')}\n  onChange: keep\n"
    web = application(text).services[1]
    assert web.latch is not None
    assert shown(web.latch) == "attributeWhenReady('db', 'service.isUp')"
    assert web.on_change is OnChange.KEEP
    for written, latch in (("true", None), ("false", literal(value=False))):
        assert application(f"services:\n- {{type: docker:web, latch: {written}}}\n").services[0].latch == latch
    assert "write true, false, or an expression" in fault("services:\n- {type: docker:web, latch: maybe}\n")
    assert "write one of restart, keep" in fault("services:\n- {type: docker:web, onChange: explode}\n")


def test_what_a_group_waits_for_holds_for_those_in_it_and_a_cluster_keeps_for_its_members() -> None:
    text = """
        services:
        - {type: docker:db, id: db}
        - {type: group, id: tier, dependsOn: db, children: [{type: docker:web, id: web}]}
        - {type: cluster, id: nodes, onChange: keep, memberSpec: docker:web}
        """
    _, tier, nodes = application(text).services
    assert tier.children[0].depends == (Dependency("db"),)
    assert nodes.cluster is not None
    assert nodes.cluster.member.on_change is OnChange.KEEP


@pytest.mark.parametrize("count", [1, 2, 5])
def test_services_that_wait_for_each_other(count: int) -> None:
    if count == 1:
        text = "services:\n- {type: docker:web, id: s0, env: {A: '" + _WAIT.format("s0", "service.isUp") + "'}}\n"
        assert fault(text) == "shop.yaml:2:39: s0 waits for service.isUp of itself, so it would never start; have one of them wait for less"
        return
    found = fault(_ring(count))
    steps = ", ".join(f"s{n} waits for host.address of s{(n + 1) % count}" for n in range(count))
    assert found == f"shop.yaml:2:39: {steps}, so none of them would ever start; have one of them wait for less"


def test_a_large_ring_is_told_shortly() -> None:
    assert "and so on through 300 services" in fault(_ring(300))


@pytest.mark.parametrize(
    "services",
    [
        "- {type: docker:a, id: a, dependsOn: b}\n- {type: docker:b, id: b, dependsOn: a}\n",
        "- {type: docker:a, id: a, dependsOn: b}\n- {type: group, id: b, children: [{type: docker:b, id: c, dependsOn: a}]}\n",
        "- {type: docker:a, id: a, dependsOn: b}\n- {type: cluster, id: b, memberSpec: {type: docker:b, id: c, links: [a]}}\n",
        "- {type: group, id: a, dependsOn: c, children: [{type: docker:b, id: b}]}\n- {type: docker:c, id: c, dependsOn: b}\n",
        "- {type: group, id: a, children: [{type: docker:b, id: b, dependsOn: a}]}\n",
        "- {type: cluster, id: a, memberSpec: {type: docker:b, id: b, latch: '$brooklyn:parent().attributeWhenReady(\"service.isUp\")'}}\n",
        "- {type: docker:a, id: a, latch: '$brooklyn:root().attributeWhenReady(\"service.isUp\")'}\n",
    ],
)
def test_circles_of_all_kinds(services: str) -> None:
    assert "would" in fault(f"services:\n{services}")
    assert "start; have one of them wait for less" in fault(f"services:\n{services}")


@pytest.mark.parametrize(
    "services",
    [
        "- {type: docker:a, id: a, ports: [80], env: {A: '$brooklyn:attributeWhenReady(\"docker.port.80\")'}}\n",
        "- {type: docker:a, id: a, env: {A: '$brooklyn:attributeWhenReady(\"host.address\")'}}\n",
        "- {type: cluster, id: a, memberSpec: {type: docker:b, id: b, env: {N: '$brooklyn:parent().attributeWhenReady(\"cluster.size.desired\")'}}}\n",
        '- {type: docker:a, id: a, dependsOn: b}\n- {type: docker:b, id: b, env: {A: \'$brooklyn:component("a").attributeWhenReady("service.state")\'}}\n',
        "- {type: docker:a, id: a, config: {my.at: '$brooklyn:attributeWhenReady(\"service.isUp\")'}}\n",
        "- {type: docker:a, id: a, env: {A: '$brooklyn:component(\"b\").entityId()'}}\n- {type: docker:b, id: b, dependsOn: a}\n",
        "- {type: docker:a, id: a, dependsOn: c}\n- {type: docker:b, id: b, dependsOn: [a, c]}\n- {type: docker:c, id: c}\n",
    ],
)
def test_what_is_no_circle(services: str) -> None:
    assert application(f"services:\n{services}").services


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("bd", "`bd` is not the id of a service here"),
        ("[{condition: started}]", "a dependency has no `id`"),
        ("[db, db]", "`db` is named a second time"),
        ("[{id: db, condition: well}]", "write started, healthy, or {sensor"),
        ("[{id: db, condition: {equals: 3}}]", "has no `sensor`"),
        ("[{id: db, condition: {sensor: cpu.mean, lesser-than: 3}}]", "write less-than"),
        ("[{id: db, condition: {sensor: cpu.meen, less-than: 3}}]", "did you mean `cpu.mean`"),
        ("[{id: db, timeout: soon}]", "write a duration"),
        ("[{id: db, timeot: 3}]", "did you mean `timeout`?"),
        ("[[db]]", "a dependency has a list"),
        ("node", "is what each member of `nodes` is; wait for `nodes`"),
        ("$brooklyn:root()", "only a service of this file can be waited for"),
        ('$brooklyn:component("db").entityId()', "cannot wait"),
    ],
)
def test_a_dependency_that_cannot_be(written: str, words: str) -> None:
    others = "- {type: docker:db, id: db}\n- {type: cluster, id: nodes, memberSpec: {type: docker:web, id: node}}\n"
    assert words in fault(f"services:\n{others}- type: docker:web\n  dependsOn: {written}\n")


def test_sensors_of_enrichers_parameters_and_clusters_are_known() -> None:
    text = """
        services:
        - type: docker:db
          id: db
          enrichers: [{type: rolling-mean, config: {sourceSensor: cpu.percent, targetSensor: cpu.slow}}]
          parameters: [{name: zone, default: a, sensor: my.zone}]
        - {type: cluster, id: nodes, memberSpec: docker:web}
        - type: docker:web
          env:
            A: $brooklyn:component("db").attributeWhenReady("cpu.slow")
            B: $brooklyn:component("db").attributeWhenReady("my.zone")
            C: $brooklyn:component("nodes").attributeWhenReady("cpu.mean.average")
            D: $brooklyn:component("nodes").attributeWhenReady("group.members.up")
        """
    assert application(text).services
    assert (
        "`cpu.mean.avg` is not a sensor of `nodes`; did you mean `cpu.mean.average`"
        in faults(text.replace("cpu.mean.average", "cpu.mean.avg"))[-1]
    )


def test_links_give_environment_hosts_and_a_dependency() -> None:
    text = """
        services:
        - {type: docker:redis, id: cache, ports: [6379], env: {MODE: fast, AT: '$brooklyn:component("db").entityId()'}}
        - {type: docker:db, id: db}
        - {type: docker:web, id: web, links: ["cache:my-store", db], env: {MY_STORE_NAME: mine}}
        - {type: docker:web, id: again, links: {store: cache}, dependsOn: [{id: cache, condition: started}]}
        """
    _, _, web, again = application(text).services
    assert web.container is not None
    late = {each.field: shown(each.expression) for each in web.container.late}
    assert web.container.hosts == {"my-store": "", "db": ""}
    assert late["hosts.my-store"] == "attributeWhenReady('cache', 'host.subnet.address')"
    assert late["env.MY_STORE_PORT_6379_TCP_PORT"] == "attributeWhenReady('cache', 'docker.port.6379')"
    assert late["env.MY_STORE_PORT"] == late["env.MY_STORE_PORT_6379_TCP"]
    assert late["env.MY_STORE_ENV_AT"] == "entityId('db')"
    plain = {name: value for name, value in web.container.env.items() if value}
    assert plain == {"MY_STORE_NAME": "mine", "MY_STORE_PORT_6379_TCP_PROTO": "tcp", "MY_STORE_ENV_MODE": "fast", "DB_NAME": "db"}
    assert web.depends == (Dependency("cache"), Dependency("db"))
    assert again.depends == (Dependency("cache", Condition.STARTED),)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[bd]", "`bd` is not the id"),
        ('["db:a", "cache:a"]', "two links are named `a`"),
        ("[nodes]", "is no container, so it has no address"),
        ("{a: [x]}", "write a string"),
    ],
)
def test_a_link_that_cannot_be(written: str, words: str) -> None:
    others = "- {type: docker:db, id: db}\n- {type: docker:c, id: cache}\n- {type: cluster, id: nodes, memberSpec: docker:web}\n"
    assert words in faults(f"services:\n{others}- type: docker:web\n  links: {written}\n")[0]


def test_what_is_wrong_elsewhere_hides_no_unknown_sensor() -> None:
    """Only what may be meant to give the sensor does: enrichers of the service that is asked, and its ports where a port is asked for."""
    text = """
services:
- {type: docker:app, id: web, memory: 12Q, env: {A: '$brooklyn:component("db").attributeWhenReady("no.such")', X: a}}
- {type: docker:app, id: cache, memory: 12Q, policies: [{type: strange}], env: {A: '$brooklyn:component("api").attributeWhenReady("x.y")'}}
- {type: docker:app, id: api, env: {A: '$brooklyn:component("cache").attributeWhenReady("no.such")'}, enrichers: [{type: strange}]}
- {type: docker:app, id: db, memory: 12Q, env: {A: '$brooklyn:component("web").attributeWhenReady("docker.port.80")'}}
"""
    unknown = [each.partition(";")[0] for each in faults(text) if "is not a sensor" in each]
    assert unknown == ["shop.yaml:3:80: `no.such` is not a sensor of `db`"]
