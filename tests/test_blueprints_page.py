"""Is docs/blueprints.md what the tables say that the parser uses, and does every example of it work? `python -m tests.test_blueprints_page` writes it anew."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, provisioning_keys, tables, type_keys
from clocker_actors.blueprint.dsl.functions import FUNCTIONS, Function, On
from clocker_actors.blueprint.keys import Key, KeyTable
from clocker_actors.expressions import holds
from clocker_actors.expressions.options import OPTIONS
from clocker_actors.expressions.predicates import ABSENT, MEANINGS
from clocker_actors.expressions.templates import FILTERS
from clocker_actors.model.specs import ServiceSpec

PAGE = Path(__file__).parent.parent / "docs" / "blueprints.md"
HEAD = """# The language of blueprints

Made from the tables that the parser checks against, and every example here is read by a test. [reference.md](reference.md) has bounds and defaults;
[depending.md](depending.md) tells how services follow each other while they run, [catalogue.md](catalogue.md) what a file of a type is,
[locations.md](locations.md) where services run.

A blueprint is one YAML file. Text, numbers and durations (`30s`, `1h30m`), sizes (`512m`, `2GiB`) and expressions stand as they are; anchors, aliases and `<<`
work, keys at the root that begin with `x-` are your own. A key in brackets is another spelling of the one before it.
"""
EXPRESSIONS = """## Expressions

Where a value is wanted, an expression may stand: a text that begins with `$brooklyn:`, or a map of one such key whose value has the arguments.

```yaml
services:
- {type: docker:postgres:16, id: db, ports: [5432], config: {db.name: shop}}
- type: docker:clocker/web:1
  env:
    NAME: $brooklyn:component("db").config("db.name")
    URL: {$brooklyn:formatString: ["pg://%s/%s", $brooklyn:component("db").attributeWhenReady("mapped.port.5432"), $brooklyn:component("db").config("db.name")]}
```

What does not change while services run is worked out when the file is read, so a size or a port may be an expression, too, and is checked as if it were written
there. What depends on readings, places or secrets may stand in `env`, `labels`, `files`, the words of `command` and `entrypoint`, in `latch`, and in `config`
(from where others may read it). Ids, keys and sensors that do not exist, and services that would wait for each other, are faults of the file.

Arguments in brackets are texts in double or single quotes, numbers, `true`, `false`, `null`, lists `[…]`, maps `{key: value}`, and expressions without the prefix.
`["key"]`, `[0]`, `[-1]` and `.key` take a part of a value.
"""
_WEB = "services:\n- {type: docker:nginx:1, id: db, ports: [5432]}\n- {type: docker:nginx:1, id: web, %s}\n"
_POOL = "services:\n- {type: docker-cloud, name: yard, %s}\n"
_MADE = "services: [{type: docker-cloud, name: yard, hosts: ['unix:///a'], location: {byon: {hosts: [a, b, c]}}, %s}]\n"
_HOST = _POOL % "hosts: [{engine: 'unix:///a', %s}]"
_WHERE: Mapping[str, tuple[str, KeyTable, str]] = {
    "root": ("At the top of a file", tables.ROOT_KEYS, "services: [docker:nginx:1]\n%s\n"),
    "service": ("Every service", tables.SERVICE_KEYS, "services: [{type: container, image: nginx, %s}]\n"),
    "container": ("`container`, and `docker:image`", tables.CONTAINER_CONFIG, _WEB),
    "cluster": (
        "`cluster`",
        tables.CLUSTER_CONFIG,
        "services: [{type: docker:nginx, id: db}, {type: cluster, memberSpec: docker:nginx:1, %s}]\n",
    ),
    "group": ("`group`", tables.GROUP_CONFIG, "services: [{type: docker:nginx, id: db}, {type: group, children: [docker:nginx], %s}]\n"),
    "pool": ("`docker-cloud`", tables.POOL_CONFIG, _MADE),
    "host": ("A host of a `docker-cloud`", tables.HOST_KEYS, _HOST),
    "engine": ("`engine` of a host", tables.ENGINE_KEYS, _POOL % "hosts: [{engine: {url: 'https://a:2376', %s}}]"),
    "tls": ("`tls` of an engine", tables.TLS_KEYS, _POOL % "hosts: [{engine: {url: 'https://a:2376', tls: {cert: /c, key: /k, %s}}}]"),
    "ssh": ("`ssh` of an engine", tables.SSH_KEYS, _POOL % "hosts: [{engine: {url: 'ssh://root@a', ssh: {%s}}}]"),
    "build": ("`build`", tables.BUILD_KEYS, "services: [{type: container, build: {%s}}]\n"),
    "file": ("One of `files`", tables.FILE_KEYS, _WEB % "files: {/etc/app.conf: {%s}}"),
    "dependency": ("One of `dependsOn`", tables.DEPENDENCY_KEYS, _WEB % "dependsOn: [{id: db, %s}]"),
    "probe": ("`readiness` and `health`", tables.PROBE_KEYS, _WEB % "ports: [80, 5432], readiness: {tcp: 80, %s}"),
    "target": ("What a probe asks", tables.PROBE_TARGET_KEYS, _WEB % "ports: [80], readiness: {http: {port: 80, %s}}"),
    "capabilities": ("`capabilities`", tables.CAPABILITY_KEYS, _WEB % "capabilities: {%s}"),
    "port": ("One of `ports`", tables.PORT_KEYS, _WEB % "ports: [{container: 80, %s}]"),
    "volume": ("One of `volumes`", tables.VOLUME_KEYS, _WEB % "volumes: [{target: /a, source: b, %s}]"),
    "policy": ("A policy, enricher or feed", tables.POLICY_KEYS, _WEB % "policies: [{type: service-restarter, %s}]"),
    "minimum": ("`provisioning.properties`", tables.MINIMUM_KEYS, _WEB % "provisioning.properties: {%s}"),
    "parameter": ("One of `parameters`", type_keys.PARAMETER_KEYS, _WEB % "parameters: [{name: size, %s}]"),
    "cloud": ("Options of a location that is a cloud", provisioning_keys.CLOUD_KEYS, _POOL % "location: {'libcloud:ec2:eu-west-1': {%s}}"),
    "machines": ("Options of a location of machines", provisioning_keys.MACHINES_KEYS, _POOL % "location: {byon: {hosts: [a], %s}}"),
    "machine": ("One of its `hosts`", provisioning_keys.MACHINE_KEYS, _POOL % "location: {byon: {hosts: [{address: 10.0.0.1, %s}]}}"),
}
"""Where keys stand: title, table, and a file with a place for one of them, which is then what the place had there already."""
EXAMPLES: dict[tuple[str, str], str] = {}


def _examples(where: str, text: str) -> None:
    for line in text.strip().splitlines():
        key, _, value = line.strip().partition(": ")
        EXAMPLES[where, key] = value


_examples(
    "",
    """
    affinity: NOT TYPE web
    strategies: [BreadthFirst, {MaxContainers: {maxContainers: 8}}]
    provisioning.properties: {minRam: 2g}
    dependsOn: [db]
    latch: $brooklyn:component("db").attributeWhenReady("service.isUp")
    policies: [{type: service-restarter}]
    enrichers: [{type: rolling-mean, config: {sourceSensor: cpu.percent, targetSensor: cpu.slow}}]
    initializers: [{type: static-sensor, config: {name: zone, value: blue}}]
    config: {my.size: 512m}
    flags: {my.size: 512m}
    parameters: [{name: size, type: size, default: 512m}]
    tags: [blue, {owner: anna}]
    labels: {zone: blue}
    name: shop
    id: shop
    description: What it is for.
    zone: a
    user: admin
    privateKeyFile: /root/.ssh/id_ed25519
    publicKeyFile: /root/.ssh/id_ed25519.pub
    knownHosts: /root/.ssh/known_hosts
    credentials: ireland
    """,
)
_examples(
    "root",
    """
    origin: https://example.org/shop.git
    policies: [{type: service-restarter, config: {failureSensorToMonitor: my.failed}}]
    enrichers: [{type: transformer, config: {sourceSensor: service.isUp, targetSensor: shop.open}}]
    location: local
    services: [docker:nginx:1]
    """,
)
_examples("service", "type: container\nchildren: [docker:redis:7]")
_examples(
    "container",
    """
    image: nginx:1.27
    imageTag: "1.27"
    build: web
    dockerfile: web/Dockerfile
    command: [nginx, -g, daemon off;]
    entrypoint: [/bin/sh, -c]
    env: {MODE: fast, DB: $brooklyn:component("db").attributeWhenReady("host.address")}
    files: {/etc/motd: Welcome, /etc/app.conf: {template: "size = {{ config['cpuShares'] }}", mode: "0600"}}
    ports: [80, 8080:80, 53/udp]
    links: [db, "db:store"]
    openPorts: [80]
    directPorts: [8080]
    portBindings: {8080: 80}
    volumes: [data:/var/lib/data, /etc/ssl:/etc/ssl:ro]
    volumeMappings: {/srv: /srv}
    tmpfs: [/tmp]
    readiness: {http: 80/health, period: 2s}
    health: {exec: [pg_isready], failures: 5}
    restart: on-failure:3
    user: "1000:1000"
    capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
    capabilitiesAdd: [NET_ADMIN]
    capabilitiesDrop: [ALL]
    privileged: true
    stopSignal: SIGQUIT
    """,
)
_examples("cluster", "memberSpec: {type: docker:nginx:1, ports: [80]}")
_examples(
    "pool",
    """
    locationName: yard
    hosts: [unix:///var/run/docker.sock, {name: blue, engine: "ssh://root@10.0.0.2"}]
    portRange: 20000-29999
    location: {byon: {hosts: [10.0.0.5]}}
    hostLabels: {zone: blue}
    headroomPercent: 0.2
    """,
)
_examples("host", "engine: unix:///var/run/docker.sock\naddress: 10.0.0.2")
_examples(
    "engine", "url: https://10.0.0.2:2376\ntls: {cert: /etc/clocker/cert.pem, key: /etc/clocker/key.pem}\nssh: {key: /root/.ssh/id_ed25519}"
)
_examples("tls", "ca: /etc/clocker/ca.pem\ncert: /etc/clocker/cert.pem\nkey: /etc/clocker/key.pem")
_examples("ssh", "key: /root/.ssh/id_ed25519\nknownHosts: /root/.ssh/known_hosts\nsocket: /var/run/docker.sock")
_examples("build", "context: web\ndockerfile: Dockerfile.dev\nargs: {VERSION: 2}\ninline: FROM nginx\nfiles: {index.html: Welcome}")
_examples(
    "file",
    """
    content: Welcome
    template: "db = {{ component('db').attribute['host.address'] }}"
    mode: "0640"
    reload: [kill, -HUP, "1"]
    """,
)
_examples("dependency", "id: db\ncondition: {sensor: cpu.mean, less-than: 50}")
_examples("probe", "http: 80/health\ntcp: 5432\nexec: [pg_isready, -q]")
_examples("target", "path: /health")
_examples("capabilities", "add: [NET_BIND_SERVICE]\ndrop: [ALL]")
_examples("port", "name: web")
_examples("volume", "source: data\ntarget: /var/lib/data")
_examples("policy", "type: service-restarter\nconfig: {failOnRecurringFailuresInThisDuration: 5m}")
_examples(
    "parameter",
    """
    label: How large
    type: integer
    default: 3
    constraints: [{in-range: [1, 9]}]
    inheritance.type: deep_merge
    inheritance.runtime: never
    sensor: my.size
    aliases: [how.large]
    """,
)
_examples(
    "cloud",
    """
    region: eu-west-1
    endpoint: https://cloud.example.org
    minRam: 8g
    minDisk: 40g
    imageId: ami-0123456789abcdef0
    imageNameRegex: debian-12.*
    hardwareId: t3.large
    hardwareNameRegex: "t3[.].*"
    osFamily: debian
    securityGroups: [web]
    inboundPorts: [22, 80]
    tags: {owner: anna}
    userMetadata: {owner: anna}
    """,
)
_examples("machines", "hosts: ['10.0.0.{1..9}']")
_examples("machine", "address: 10.0.0.1")
_AUTOMATIC = {"boolean": "true", "duration": "30s", "size": "512m", "number": "1.5", "integer": "3"}
_INSTEAD = {
    ("container", "imageTag"): "services: [{type: container, image: nginx, %s}]\n",
    ("container", "image"): "services: [{type: container, %s}]\n",
    ("container", "readiness"): _WEB % "ports: [80], %s",
    ("container", "build"): "services: [{type: container, %s}]\n",
    ("container", "dockerfile"): "services: [{type: container, %s}]\n",
    ("container", "memoryRequest"): _WEB % "memory: 1g, %s",
    ("container", "cpusRequest"): _WEB % "cpus: 4, %s",
    ("root", "services"): "%s\n",
    ("service", "type"): "services: [{image: nginx, %s}]\n",
    ("cluster", "memberSpec"): "services: [{type: cluster, %s}]\n",
    ("cluster", "maxSize"): "services: [{type: cluster, memberSpec: docker:nginx, initialSize: 2, %s}]\n",
    ("cluster", "minSize"): "services: [{type: cluster, memberSpec: docker:nginx, initialSize: 5, %s}]\n",
    ("pool", "hosts"): _POOL,
    ("pool", "location"): _POOL,
    ("pool", "coldEnabled"): _MADE % "headroom: 3, %s",
    ("pool", "resizeUpStabilizationDelay"): _MADE % "headroom: 3, %s",
    ("pool", "resizeDownStabilizationDelay"): _MADE % "headroom: 3, %s",
    ("pool", "idleTime"): _MADE % "removeEmpty: true, %s",
    ("host", "engine"): _POOL % "hosts: [{%s}]",
    ("engine", "url"): _POOL % "hosts: [{engine: {tls: {cert: /c, key: /k}, %s}}]",
    ("engine", "ssh"): _POOL % "hosts: [{engine: {url: 'ssh://root@a', %s}}]",
    ("tls", "cert"): _POOL % "hosts: [{engine: {url: 'https://a:2376', tls: {key: /k, %s}}}]",
    ("tls", "key"): _POOL % "hosts: [{engine: {url: 'https://a:2376', tls: {cert: /c, %s}}}]",
    ("build", "files"): "services: [{type: container, build: {inline: FROM scratch, %s}}]\n",
    ("file", "mode"): _WEB % "files: {/etc/app.conf: {content: x, %s}}",
    ("file", "reload"): _WEB % "files: {/etc/app.conf: {content: x, %s}}",
    ("dependency", "id"): _WEB % "dependsOn: [{%s}]",
    ("probe", "http"): _WEB % "ports: [80, 5432], readiness: {%s}",
    ("probe", "tcp"): _WEB % "ports: [80, 5432], readiness: {%s}",
    ("probe", "exec"): _WEB % "ports: [80, 5432], readiness: {%s}",
    ("target", "port"): _WEB % "ports: [3], readiness: {http: {%s}}",
    ("port", "container"): _WEB % "ports: [{%s}]",
    ("volume", "source"): _WEB % "volumes: [{target: /a, %s}]",
    ("volume", "target"): _WEB % "volumes: [{source: a, %s}]",
    ("volume", "kind"): _WEB % "volumes: [{source: a, target: /a, %s}]",
    ("policy", "type"): _WEB % "policies: [{%s}]",
    ("parameter", "name"): _WEB % "parameters: [{%s}]",
    ("machines", "hosts"): _POOL % "location: {byon: {%s}}",
    ("machine", "address"): _POOL % "location: {byon: {hosts: [{%s}]}}",
}
"""Files for keys that do not go with what the usual one has."""


def example(where: str, key: Key) -> str:
    """The key with a value, as it may be written."""
    written = EXAMPLES.get((where, key.name)) or EXAMPLES.get(("", key.name))
    if written is None:
        written = key.choices[0] if key.choices else _AUTOMATIC.get(key.type, "")
        if key.type in ("integer", "number") and key.least is not None and key.least > float(written):
            written = f"{key.least:.10g}"
    return f"{key.name}: {written}"


_PREDICATES: Mapping[str, tuple[object, object]] = {
    "equals": ("60s", {"equals": "1m"}),
    "regex": ("db-1", {"regex": "db-[0-9]+"}),
    "glob": ("db-1.local", {"glob": "db-*"}),
    "less-than": ("1.9", {"less-than": "1.10"}),
    "less-than-or-equal-to": (5, {"less-than-or-equal-to": 5}),
    "greater-than": ("2m", {"greater-than": "90s"}),
    "greater-than-or-equal-to": (5, {"greater-than-or-equal-to": 3}),
    "in-range": (5, {"in-range": [1, 9]}),
    "size": ([1, 2], {"size": {"greater-than": 1}}),
    "not": (1, {"not": {"equals": 2}}),
    "any": (1, {"any": [{"equals": 2}, {"less-than": 2}]}),
    "all": (1, {"all": [{"greater-than": 0}, {"less-than": 2}]}),
    "check": (1, {"check": {"equals": 1}}),
    "assert": (1, {"assert": {"equals": 1}}),
    "when": ("x", {"when": "truthy"}),
    "has-element": (["a", "b"], {"has-element": {"regex": "[bc]"}}),
    "filter": ([1, 2, 3], {"filter": {"greater-than": 1}, "size": 2}),
    "key": ({"a": 1}, {"key": "a", "equals": 1}),
    "index": ([4, 5], {"index": -1, "equals": 5}),
    "jsonpath": ({"a": [{"b": 7}]}, {"jsonpath": "$.a[0].b", "equals": 7}),
    "java-instance-of": (3, {"java-instance-of": "Integer"}),
    "error-field": ({"message": "no"}, {"error-field": "message", "equals": "no"}),
    "error-cause": ({"cause": {"kind": "x"}}, {"error-cause": {"key": "kind", "equals": "x"}}),
    "tag": (ABSENT, {"tag": "blue"}),
    "target": (ABSENT, {"target": "children", "size": 2}),
    "config": (ABSENT, {"config": "size", "equals": 3}),
    "sensor": (ABSENT, {"sensor": "cpu.mean", "less-than": 50}),
}


class _Service:
    def config(self, key: str) -> object:
        return 3 if key == "size" else ABSENT

    def sensor(self, name: str) -> object:
        return 20.0 if name == "cpu.mean" else ABSENT

    def target(self, name: str) -> object:
        return [1, 2] if name == "children" else ABSENT

    def tags(self) -> tuple[object, ...]:
        return ("blue",)


_SERVICES = """\
services:
- type: group
  id: tier
  config: {{size: large}}
  children:
  - {{type: docker:postgres, id: db, config: {{size: small}}}}
  - type: docker:nginx
    id: web
    config: {{size: medium, sizes: {{big: 3}}, example: {web}}}
    children: [{{type: docker:nginx, id: inner, config: {{size: 1}}}}]
- type: cluster
  id: nodes
  config: {{example: {cluster}}}
  strategies: [{strategy}]
  memberSpec: {member}
"""
_SPECIAL = {"member": "cluster", "object": "strategy", "entitySpec": "member"}
_OF_TIER = {"descendant"}


def _file_of(function: Function) -> str:
    """A file in which the example of the function stands where it belongs."""
    written = function.example if function.example.startswith("{") else json.dumps(function.example)
    places = {"web": "x", "cluster": "x", "strategy": "BreadthFirst", "member": "{type: docker:nginx, id: node}"}
    if function.name in _SPECIAL:
        places[_SPECIAL[function.name]] = written
    else:
        places["web"] = written
    return _SERVICES.format(**places)


def _value_of(function: Function) -> str:
    """What the example gives, if that is known when the file is read."""
    if function.name in _SPECIAL:
        return ""
    (tier, _) = parse(_file_of(function), "page.yaml", type_table()).blueprint.applications[0].services
    web: ServiceSpec = tier.children[1]
    value = web.config["example"]
    return "" if isinstance(value, str) and value.startswith("$brooklyn:") and function.name != "literal" else json.dumps(value)


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## Keys"]
    for where, (title, table, _) in _WHERE.items():
        parts += [f"### {title}", _table(where, table)]
    parts += [EXPRESSIONS, "### Functions"]
    for on, title in (
        (On.NOTHING, "On their own"),
        (On.ENTITY, "Of an entity (without one: that in which they are written)"),
        (On.VALUE, "Of a value"),
    ):
        rows = [
            f"| `{row.signature}` | {_cell(row.meaning)} | `{_cell(row.example)}`{_gives(row)} |"
            for row in FUNCTIONS.values()
            if row.on is on
        ]
        parts += [f"#### {title}", "\n".join(["| function | meaning | example |", "|---|---|---|", *rows])]
    parts += [_options(), _templates(), _predicates()]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _gives(function: Function) -> str:
    value = _value_of(function)
    return f" gives `{_cell(value)}`" if value else ""


def _table(where: str, table: KeyTable) -> str:
    rows = []
    for key in table.keys.values():
        others = f" ({', '.join(f'`{each}`' for each in key.aliases)})" if key.aliases else ""
        rows.append(f"| `{key.name}`{others} | {_cell(key.meaning)} | `{_cell(example(where, key))}` |")
    return "\n".join(["| key | meaning | example |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _options() -> str:
    meanings = {
        "timeout": "longest wait in all; default: for ever",
        "timeout_if_down": "wait after its entity has stopped; default: 1m",
        "timeout_if_down_initial": "wait if its entity was stopped when the wait began; default: as timeout_if_down",
        "timeout_if_on_fire": "wait after its entity has failed; default: 0",
        "timeout_if_on_fire_initial": "wait if its entity had failed when the wait began; default: 15s",
        "abort_if_on_fire": "whether failure of its entity ends the wait; default: true",
        "wait_for_truthy": "whether false, 0 and empty values are waited through; default: true",
    }
    rows = [f"| `{name}` | {meanings[name]} |" for name in OPTIONS]
    return "\n".join(["### Options of `attributeWhenReady`", "", "| option | meaning |", "|---|---|", *rows])


def _templates() -> str:
    return f"""### Templates

`template` and `files` take Jinja2: `{{{{ values }}}}`, `{{% if %}}`, `{{% for %}}`, `{{% set %}}` and the filters {", ".join(f"`{name}`" for name in FILTERS)}. A template
sees `config['key']`, `attribute['sensor']`, the same of `component('id')`, and its substitutions; nothing else can be called or reached. It takes at most 10,000
steps and makes at most 1 MiB."""


def _predicates() -> str:
    rows = [f"| `{name}` | {_cell(meaning)} | `{_cell(json.dumps(_PREDICATES[name][1]))}` |" for name, meaning in MEANINGS.items()]
    return "\n".join(
        [
            "### Predicates",
            "",
            "Conditions in `dependsOn`, constraints and filters: a value that it has to equal, or a map of tests that all have to hold. Numbers compare as numbers,",
            "texts with units as durations, other texts as versions.",
            "",
            "| test | holds if | example |",
            "|---|---|---|",
            *rows,
        ]
    )


def test_the_page_says_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.test_blueprints_page` and commit docs/blueprints.md"


_ALL = [(where, key) for where, (_, table, _) in _WHERE.items() for key in table.keys.values()]


@pytest.mark.parametrize(("where", "key"), _ALL, ids=lambda each: each if isinstance(each, str) else each.name)
def test_each_key_is_read_as_its_example_says(where: str, key: Key) -> None:
    written = example(where, key)
    assert not written.endswith(": "), "write an example"
    template = _INSTEAD.get((where, key.name), _WHERE[where][2])
    parse(template % written, "page.yaml", type_table())


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda each: each.name)
def test_each_function_is_read_as_its_example_says(function: Function) -> None:
    parse(_file_of(function), "page.yaml", type_table())


@pytest.mark.parametrize("name", MEANINGS)
def test_each_test_of_a_predicate_holds_as_its_example_says(name: str) -> None:
    value, predicate = _PREDICATES[name]
    assert isinstance(predicate, Mapping)
    assert name in predicate
    assert holds(value, predicate, _Service())


def test_the_blueprint_of_the_page() -> None:
    parse(EXPRESSIONS.split("```yaml\n")[1].split("```", maxsplit=1)[0], "page.yaml", type_table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
