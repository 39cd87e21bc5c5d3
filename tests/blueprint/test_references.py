"""Are references of one service to another worked out where they were written, wherever they are used?"""

from textwrap import dedent

import pytest

from clocker_actors.model.specs import ServiceSpec
from tests.blueprint.reading import application, fault, faults, knowing
from tests.blueprint.test_dsl import shown


def _services(text: str) -> dict[str, ServiceSpec]:
    found: dict[str, ServiceSpec] = {}
    waiting = list(application(text).services)
    while waiting:
        spec = waiting.pop()
        found[spec.id] = spec
        waiting += [*spec.children, *([spec.cluster.member] if spec.cluster else [])]
    return found


def _late(spec: ServiceSpec) -> dict[str, str]:
    assert spec.container is not None
    return {each.field: shown(each.expression) for each in spec.container.late}


def test_typed_keys_get_plain_checked_values() -> None:
    found = _services("""
        services:
        - type: docker:web
          id: web
          config: {my.size: 512m, my.count: 3, my.on: true, my.wait: 2m, my.port: 8080, my.image: "nginx:1"}
          memory: $brooklyn:config("my.size")
          cpus: $brooklyn:config("my.count")
          init: $brooklyn:config("my.on")
          startTimeout: $brooklyn:config("my.wait")
          ports: [$brooklyn:config("my.port"), {$brooklyn:formatString: ["%d:80", $brooklyn:config("my.port")]}]
        - {type: container, id: other, image: '$brooklyn:component("web").config("my.image")'}
        """)
    web = found["web"].container
    assert web is not None
    assert (web.resources.memory, web.resources.cpus, web.init, found["web"].start_timeout) == (512 << 20, 3, True, 120)
    assert [(port.container, port.fixed) for port in web.ports] == [(8080, None), (80, 8080)]
    other = found["other"].container
    assert other is not None
    assert other.image.reference == "nginx:1"


def test_a_wrong_value_is_told_where_it_is_used() -> None:
    text = 'services:\n- type: docker:web\n  config: {my.size: lots}\n  memory: $brooklyn:config("my.size")\n'
    assert fault(text) == "shop.yaml:4:11: `memory` has `lots`; write a size such as 512m or 2GiB"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("memory", "write a size such as"),
        ("cpus", "write a number"),
        ("startTimeout", "write a duration"),
        ("init", "write true or false"),
        ("image", "write the value itself"),
        ("user", "write the value itself"),
        ("privileged", "only given for the plain word true"),
        ("env", "as a whole cannot wait"),
        ("command", "as a whole cannot wait"),
    ],
)
def test_what_is_wanted_at_once_cannot_wait(key: str, words: str) -> None:
    kind = "container" if key == "image" else "docker:web"
    text = f'services:\n- type: {kind}\n  id: web\n  {key}: $brooklyn:attributeWhenReady("host.name")\n'
    found = fault(text)
    assert found.startswith(f"shop.yaml:4:{len(key) + 5}: ")
    assert words in found


def test_a_label_shows_no_secret() -> None:
    text = 'services:\n- type: docker:web\n  id: web\n  labels: {key: \'$brooklyn:external("shop", "key")\'}\n'
    assert fault(text) == "shop.yaml:4:17: label `key` would show a secret to all who may look at containers; use a variable or a file"


def test_every_kind_of_text_may_wait() -> None:
    spec = _services("""
        services:
        - {type: docker:db, id: db}
        - type: docker:web
          id: web
          env: {A: '$brooklyn:component("db").attributeWhenReady("host.address")', B: plain}
          labels: {zone: '$brooklyn:component("db").attributeWhenReady("host.name")'}
          command: [run, '$brooklyn:component("db").entityId()']
          entrypoint: ['$brooklyn:component("db").location()']
          files:
            /etc/a: $brooklyn:component("db").attributeWhenReady("host.address")
            /etc/b: {template: "at {{ component('db').attribute['host.address'] }}", mode: "0600", reload: kill -HUP 1}
            /etc/c: {content: "{{ plain }}"}
            /etc/d: {template: "{{ config['my.x'] }}"}
          config: {my.x: 7}
        """)["web"]
    container = spec.container
    assert container is not None
    assert container.env == {"A": "", "B": "plain"}
    assert (container.command, container.entrypoint, container.labels) == (("run", ""), ("",), {"zone": ""})
    assert [(file.path, file.content, file.mode, file.reload) for file in container.files] == [
        ("/etc/a", "", 0o644, ()),
        ("/etc/b", "", 0o600, ("kill", "-HUP", "1")),
        ("/etc/c", "{{ plain }}", 0o644, ()),
        ("/etc/d", "7", 0o644, ()),
    ]
    assert list(_late(spec)) == ["command.1", "entrypoint.0", "env.A", "labels.zone", "files./etc/a", "files./etc/b"]
    assert _late(spec)["env.A"] == "attributeWhenReady('db', 'host.address')"


def test_where_an_expression_stands_changes_nothing_of_it() -> None:
    text = "services:\n- {type: docker:db, id: db}\n- type: docker:web\n  id: web\n  env: {A: '$brooklyn:component(\"db\").entityId()'}\n"
    assert _services(text)["web"] == _services("# a remark\n\n" + text)["web"]


def test_an_inherited_value_is_that_of_who_declared_it() -> None:
    found = _services("""
        config: {my.name: top}
        services:
        - type: group
          id: tier
          config:
            my.name: tier
            my.own: $brooklyn:config("my.name")
            env: {OWN: '$brooklyn:self().config("my.name")', AT: '$brooklyn:self().entityId()'}
          children:
          - {type: docker:web, id: web, config: {my.name: web}, labels: {own: '$brooklyn:config("my.own")'}}
        - {type: docker:web, id: other, env: {A: '$brooklyn:config("my.name")', B: '$brooklyn:root().config("my.name")'}}
        """)
    web, other = found["web"].container, found["other"].container
    assert web is not None
    assert other is not None
    assert web.labels == {"own": "tier"}
    assert web.env == {"OWN": "tier", "AT": ""}
    assert other.env == {"A": "top", "B": "top"}


def test_late_values_may_be_read_through_configuration_of_others() -> None:
    found = _services("""
        services:
        - type: docker:db
          id: db
          config:
            db.at: $brooklyn:attributeWhenReady("host.address")
            db.url: {$brooklyn:formatString: ["db://%s", $brooklyn:config("db.at")]}
        - {type: docker:web, id: web, env: {URL: '$brooklyn:component("db").config("db.url")'}}
        """)
    assert _late(found["web"]) == {"env.URL": "formatString('db://%s', attributeWhenReady('db', 'host.address'))"}
    assert found["db"].config == {"db.at": '$brooklyn:attributeWhenReady("host.address")', "db.url": "$brooklyn:formatString(…)"}


def test_members_of_a_cluster_say_self_and_parent() -> None:
    found = _services("""
        services:
        - type: cluster
          id: nodes
          config: {my.ring: r1}
          memberSpec:
            $brooklyn:entitySpec:
              type: docker:db
              id: node
              env:
                NAME: $brooklyn:attributeWhenReady("host.name")
                RING: $brooklyn:parent().config("my.ring")
                SIZE: $brooklyn:parent().attributeWhenReady("cluster.size.desired")
                ID: $brooklyn:component("node").entityId()
        - {type: docker:web, id: web, env: {A: '$brooklyn:component("nodes").entityId()'}}
        """)
    assert _late(found["node"]) == {
        "env.NAME": "attributeWhenReady('self', 'host.name')",
        "env.SIZE": "attributeWhenReady('nodes', 'cluster.size.desired')",
        "env.ID": "entityId('self')",
    }
    assert found["node"].container is not None
    assert found["node"].container.env["RING"] == "r1"
    assert _late(found["web"]) == {"env.A": "entityId('nodes')"}


def test_what_is_a_members_own_cannot_be_read_from_outside() -> None:
    text = """
        services:
        - {type: cluster, id: nodes, memberSpec: {type: docker:db, id: node, config: {my.at: '$brooklyn:attributeWhenReady("host.name")', my.x: 1}}}
        - {type: docker:web, id: web, env: {A: '$brooklyn:component("node").config("my.at")', B: '$brooklyn:component("node").config("my.x")'}}
        """
    assert "depends on which member of a cluster asks" in fault(text)


def test_objects_and_specs_are_read_as_any_map() -> None:
    found = _services("""
        services:
        - type: docker:web
          id: web
          config: {my.max: 3}
          strategies: [{$brooklyn:object: {type: MaxContainers, object.fields: {maxContainers: $brooklyn:config("my.max")}}}]
        """)
    assert [(each.type, each.config) for each in found["web"].strategies] == [("MaxContainers", {"maxContainers": 3})]


def test_configuration_that_leads_to_itself() -> None:
    one = "services:\n- {type: docker:web, id: a, config: {my.x: '$brooklyn:config(\"my.x\")'}}\n"
    assert "configuration that leads to itself: my.x of a → my.x of a; have one" in fault(one)
    keys = ", ".join(f'my.k{n}: \'$brooklyn:component("s{(n + 1) % 5}").config("my.k{(n + 1) % 5}")\'' for n in range(5))
    five = "services:\n" + "".join(f"- {{type: docker:web, id: s{n}, config: {{{keys}}}}}\n" for n in range(5))
    assert any("my.k0 of s0 → my.k1 of s1 → my.k2 of s2 → my.k3 of s3 → my.k4 of s4 → my.k0 of s0" in each for each in faults(five))


def test_configuration_that_leads_too_far() -> None:
    keys = ", ".join(f"my.k{n}: '$brooklyn:config(\"my.k{n + 1}\")'" for n in range(60))
    found = faults(f"services:\n- {{type: docker:web, id: a, config: {{my.k60: x, {keys}}}}}\n")
    assert any("leads through more than 30 other keys" in each for each in found)


def test_configuration_that_grows_is_stopped() -> None:
    lines = [
        f'    my.k{n}: {{$brooklyn:formatString: [\'%s%s\', $brooklyn:config("my.k{n - 1}"), $brooklyn:config("my.k{n - 1}")]}}'
        for n in range(1, 29)
    ]
    text = "services:\n- type: docker:web\n  id: a\n  config:\n    my.k0: xxxxxxxxxx\n" + "\n".join(lines) + "\n"
    assert any("more than 1024 KiB" in each or "more than can be kept" in each for each in faults(text))
    lists = [f'    my.k{n}: [$brooklyn:config("my.k{n - 1}"), $brooklyn:config("my.k{n - 1}")]' for n in range(1, 29)]
    text = "services:\n- type: docker:web\n  id: a\n  config:\n    my.k0: x\n" + "\n".join(lists) + "\n"
    assert any("more than can be kept" in each for each in faults(text))
    late = text.replace("my.k0: x", 'my.k0: $brooklyn:attributeWhenReady("host.name")')
    assert any("more than can be kept" in each for each in faults(late))


def test_one_mistake_is_told_once_though_many_use_it() -> None:
    text = 'services:\n- type: docker:web\n  id: a\n  config: {my.x: \'$brooklyn:conf("y")\'}\n  memory: $brooklyn:config("my.x")\n  user: $brooklyn:config("my.x")\n'
    found = fault(text)
    assert found.startswith("shop.yaml:4:")
    assert "there is no function `conf`" in found


def test_a_service_that_cannot_be_read_is_not_also_unknown() -> None:
    text = "services:\n- {type: clustr, id: db}\n- {type: docker:web, env: {A: '$brooklyn:component(\"db\").entityId()'}, dependsOn: db}\n"
    assert "`clustr` is not a known type" in fault(text)


def test_a_file_of_a_container_that_cannot_be() -> None:
    for entry, words in (
        ("etc/a: x", "is no path of a file"),
        ("/etc/: x", "is no path of a file"),
        ("/a/../b: x", "is no path of a file"),
        ("/a: {mode: '0644'}", "needs one of `content` and `template`"),
        ("/a: {content: x, template: y}", "needs one of"),
        ("/a: {content: x, mode: rw}", "write the octal digits"),
        ("/a: [x]", "write a string"),
        ("/a: {template: '{{ x'}", "line 1 of the template"),
    ):
        assert words in fault(f"services:\n- type: docker:web\n  files:\n    {entry}\n")
    assert "write a map, /path: text" in fault("services:\n- {type: docker:web, files: [a]}\n")


def test_a_list_of_variables_has_no_expressions() -> None:
    found = fault(
        dedent("""
        services:
        - type: docker:web
          env: ['A=$brooklyn:self().entityId()']
        """)
    )
    assert "as a map, NAME: expression" in found or "cannot stand here" in found


def test_the_root_of_a_types_scope_is_the_service_of_that_type() -> None:
    kind = """
        id: pair
        version: "1"
        type: group
        config: {my.name: of the type}
        children:
        - {type: docker:web, id: inner, env: {A: '$brooklyn:scopeRoot().config("my.name")', B: '$brooklyn:scopeRoot().entityId()'}}
        """
    text = """
        config: {my.name: of the file}
        services:
        - {type: pair, id: both}
        - {type: docker:web, id: web, env: {A: '$brooklyn:scopeRoot().config("my.name")'}}
        """
    both, web = application(text, knowing(kind)).services
    inner = both.children[0]
    assert inner.container is not None
    assert inner.container.env["A"] == "of the type"
    assert _late(inner) == {"env.B": "entityId('both')"}
    assert web.container is not None
    assert web.container.env == {"A": "of the file"}
