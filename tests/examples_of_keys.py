"""An example for every key of blueprints, and the files in which the examples stand: docs/blueprints.md shows them, its test reads them."""

from collections.abc import Mapping

from clocker_actors.blueprint import provisioning_keys, tables, type_keys
from clocker_actors.blueprint.keys import KeyTable

_WEB = "services:\n- {type: docker:nginx:1, id: db, ports: [5432]}\n- {type: docker:nginx:1, id: web, %s}\n"
_POOL = "services:\n- {type: docker-cloud, name: yard, %s}\n"
_MADE = "services: [{type: docker-cloud, name: yard, hosts: ['unix:///a'], location: {byon: {hosts: [a, b, c]}}, %s}]\n"
_HOST = _POOL % "hosts: [{engine: 'unix:///a', %s}]"
WHERE: Mapping[str, tuple[str, KeyTable, str]] = {
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
    "secret": ("One of `secrets`", tables.SECRET_KEYS, _WEB % 'secrets: {tls-key: {content: \'$brooklyn:external("shop", "key")\', %s}}'),
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
    trustFirst: true
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
_examples("service", "location: yard")
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
    secrets: {db-password: '$brooklyn:external("shop", "db-password")'}
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
    leaveCommand: [nodetool, decommission]
    """,
)
_examples("cluster", "memberSpec: {type: docker:nginx:1, ports: [80]}")
_examples(
    "pool",
    """
    registry: registry.example.org:5000
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
_examples(
    "secret",
    """
    content: '$brooklyn:external("vault", "tls#key")'
    path: /etc/shop/tls/key.pem
    mode: "0400"
    uid: 999
    gid: 999
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
    imageOwner: [self, "136693071363"]
    securityGroups: [web]
    inboundPorts: [22, 80]
    tags: {owner: anna}
    userMetadata: {owner: anna}
    """,
)
_examples("machines", "hosts: ['10.0.0.{1..9}']")
_examples("machine", "address: 10.0.0.1")
AUTOMATIC = {"boolean": "true", "duration": "30s", "size": "512m", "number": "1.5", "integer": "3"}
INSTEAD = {
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
    ("secret", "content"): _WEB % "secrets: {tls-key: {%s}}",
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
