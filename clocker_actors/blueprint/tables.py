"""Every key that may be written in a blueprint, as tables; the parser checks against them and the documentation is made from them.

A row says the key's name, its other spellings (the ancestor's long names and flags, Docker's and Compose's habits), its type and bounds, and what it
means. Types are those of `model.types.KeyType`, and `node` for what has a syntax of its own, which the row's meaning then shows.
"""

from collections.abc import Mapping

from clocker_actors.blueprint import keys
from clocker_actors.blueprint.keys import row as _key
from clocker_actors.blueprint.provisioning_keys import PROVISIONING
from clocker_actors.model.specs import CHANGE_DELAY, MAX_MEMBERS

KeyTable = keys.KeyTable

MIB = 1 << 20


ROOT_KEYS = KeyTable(
    _key(
        "name",
        "string",
        "name of the application; default: the file's name. It is the first part of every path in it, unless there is an `id`",
        default="",
    ),
    _key("id", "string", "id of the application, first part of every path in it; default: its name", default=""),
    _key("description", "string", "what it is, for people", default=""),
    _key("origin", "string", "where it is from, for people", default=""),
    _key(
        "location",
        "node",
        "where services run that name no location: the name of a docker cloud, of several the first; default: the cloud of this file, else `local`",
        "locations",
    ),
    _key("services", "node", "list of services", "children", "brooklyn.children"),
    _key("policies", "node", "policies of the application", "brooklyn.policies"),
    _key("enrichers", "node", "enrichers of the application", "brooklyn.enrichers"),
    _key("initializers", "node", "what adds sensors to the application: feeds", "brooklyn.initializers"),
    _key("config", "node", "map of configuration, which all services inherit", "brooklyn.config"),
    _key("flags", "node", "map of configuration, as `config`", "brooklyn.flags"),
    _key("parameters", "node", "list of configuration keys of its own, as at a service", "brooklyn.parameters"),
    _key("tags", "node", "list of anything, kept for whoever looks at it", "brooklyn.tags"),
)

SERVICE_KEYS = KeyTable(
    _key(
        "type", "node", "what it is: docker:image[:tag][@digest], container, cluster, group or docker-cloud", "serviceType", "service_type"
    ),
    _key("id", "string", "how the plan names it; once per file; default: made from the name", default=""),
    _key("name", "string", "its name; default: made from the id or type. It is its part of the path, unless there is an `id`", default=""),
    _key("config", "node", "map of configuration; keys nobody declares may stand only here", "brooklyn.config"),
    _key("policies", "node", "list of {type, name, config}", "brooklyn.policies"),
    _key("enrichers", "node", "list of {type, name, config}", "brooklyn.enrichers"),
    _key(
        "initializers",
        "node",
        "what adds sensors and effectors: list of {type, name, config}; types are the feeds and effectors below, and add-children",
        "brooklyn.initializers",
    ),
    _key("children", "node", "list of services below this one", "brooklyn.children"),
    _key("parameters", "node", "list of configuration keys of its own: a name, or a map (below)", "brooklyn.parameters"),
    _key("tags", "node", "list of anything, kept for whoever looks at it", "brooklyn.tags"),
    _key("flags", "node", "map of configuration, as `config`", "brooklyn.flags"),
    _key("location", "node", "where it and all below it runs: the name of a docker cloud; default: as what it stands in", "locations"),
)

CLOUD_HEAD_KEYS = KeyTable(*(key for key in SERVICE_KEYS.keys.values() if key.name != "location"))
"""Those of a docker-cloud, whose location is where its hosts come from."""

FILE_KEYS = KeyTable(
    _key("content", "node", "the text"),
    _key("template", "node", "the text as a Jinja2 template, filled in as the function `template` does"),
    _key("mode", "string", "permission bits, in octal digits", default="0644"),
    _key("reload", "node", "words to run in the container after the file has changed; without them it is replaced"),
)

SECRET_KEYS = KeyTable(
    _key("content", "node", "what it is: an expression, as $brooklyn:external(provider, key)"),
    _key("path", "string", "the file in which the container finds it; default: /run/secrets/ and its name", default=""),
    _key("mode", "string", "permission bits, in octal digits", default="0444"),
    _key("uid", "integer", "the user who owns it, by number", default=0, least=0, most=4294967294),
    _key("gid", "integer", "the group that owns it, by number", default=0, least=0, most=4294967294),
)

DEPENDENCY_KEYS = KeyTable(
    _key("id", "node", "id of the service", "service", "component"),
    _key(
        "condition",
        "node",
        "when it is there: started (its containers run), healthy (it is up; the default), or {sensor: name, equals: value} with any test of a predicate",
    ),
    _key("timeout", "duration", "how long it is waited for before that is a problem", default=600.0, least=1, most=86400),
)

COMMON_CONFIG = KeyTable(
    _key("strategies", "node", "placement strategies, in order", "docker.container.strategies", "placement", "placementStrategies"),
    _key("affinity", "node", "rules about who may be beside it, as NOT TYPE: a text or a list", "affinity.rules", "affinityRules"),
    _key(
        "provisioning.properties",
        "node",
        "room its host must have that no container has claimed: {minRam, minCores}",
        "provisioningProperties",
    ),
    _key("startTimeout", "duration", "how long a start may take", "start.timeout", default=300.0, least=0.1, most=86400),
    _key("healing", "boolean", "whether failures are detected and mended", default=True),
    _key(
        "dependsOn",
        "node",
        "services that have to be there before it starts: a list of ids, or of {id, condition, timeout}",
        "depends_on",
        "dependencies",
    ),
    _key("latch", "node", "holds its start back until it is true", "start.latch", "startLatch"),
    _key(
        "onChange",
        "string",
        "what becomes of it when a value that it was started with changes: a new generation (restart), or nothing (keep)",
        "on_change",
        default="restart",
        choices=("restart", "keep"),
    ),
)

_DUPLICATE = _key(
    "duplicate",
    "string",
    "whether a second container of a member may start while the host of the first is silent: ok, or never (that host is made sure of first)",
    default="ok",
    choices=("ok", "never"),
)

CONTAINER_CONFIG = (
    KeyTable(
        _DUPLICATE,
        _key("image", "node", "image by reference: [registry[:port]/]name[:tag][@digest]", "imageName", "docker.image.name"),
        _key("imageTag", "string", "tag of the image, if not in its reference", "docker.image.tag", default=""),
        _key(
            "build",
            "node",
            "image to build: folder next to the blueprint, git repository as https://host/app.git#branch:folder, or {context, dockerfile, args}",
        ),
        _key(
            "dockerfile",
            "node",
            "Dockerfile to build, next to the blueprint; its folder is the context",
            "dockerfileUrl",
            "docker.dockerfile.url",
        ),
        _key("command", "node", "words to run: a list, or a line split as a shell would", "commands", "cmd", "docker.image.commands"),
        _key("entrypoint", "node", "replaces the image's entrypoint: a list or a line", "docker.image.entrypoint"),
        _key("env", "node", "environment: a map, or a list of NAME=value", "environment", "docker.container.environment", "shell.env"),
        _key(
            "files",
            "node",
            "files put into it before it starts: a map of path to text, or to {content, mode, reload} or {template, mode, reload}",
            "templates",
        ),
        _key(
            "secrets",
            "node",
            "secrets that it finds in files of memory, read-only: a map of name to expression, or to {content, path, mode, uid, gid}",
        ),
        _key(
            "ports",
            "node",
            "list of 80 (random host port), 8080:80 or 8080->80 (bound), ranges, /udp, or {container, host, kind, protocol, name}",
        ),
        _key(
            "links",
            "node",
            "containers it knows by name, with the environment and host names that Docker gives: a list of id or id:name, or a map of name to id",
            "docker.container.links",
        ),
        _key("openPorts", "node", "container ports published on host ports the manager chooses", "docker.openPorts"),
        _key("directPorts", "node", "ports published on the same number of the host", "docker.directPorts"),
        _key("portBindings", "node", "map of host port to container port", "docker.portBindings"),
        _key(
            "volumes",
            "node",
            "list of name:/path[:ro], /host/path:/path[:ro], /path, or {kind, source, target, readOnly}",
            "docker.container.volumes.export",
        ),
        _key("volumeMappings", "node", "map of host path to path in the container", "docker.host.volumes"),
        _key("tmpfs", "node", "list of paths kept in memory"),
        _key(
            "cpuShares",
            "integer",
            "weight against other containers; 1024 is normal",
            "docker.cpuShares",
            "cpu_shares",
            least=2,
            most=262144,
        ),
        _key("cpus", "number", "most processor cores it may use", "docker.cpus", least=0.01, most=1024),
        _key("memory", "size", "most memory it may use", "docker.memory", "mem_limit", least=6 * MIB, most=1 << 50),
        _key(
            "memoryRequest",
            "size",
            "memory that placement sets aside for it; default: its limit",
            "memory_reservation",
            "mem_reservation",
            least=0,
            most=1 << 50,
        ),
        _key(
            "cpusRequest",
            "number",
            "processor cores that placement sets aside for it; default: its limit",
            "cpu_request",
            least=0,
            most=1024,
        ),
        _key("diskRequest", "size", "disk space that placement sets aside for it", "disk", least=0, most=1 << 60),
        _key("pids", "integer", "most processes it may have", "pidsLimit", "pids_limit", least=1, most=4_194_304),
        _key("labels", "node", "labels of the container; `clocker.` is the manager's own"),
        _key("readiness", "node", "when it is ready: {http: 8080/path}, {tcp: 5432} or {exec: [words]}, with period, timeout, failures"),
        _key(
            "health",
            "node",
            "whether it is still well; written like readiness, or {sensor: name, failures: 3} with any test of a predicate",
        ),
        _key(
            "restart",
            "string",
            "the engine's own restart policy: no, always, unless-stopped, on-failure[:n]",
            "docker.restart",
            default="no",
        ),
        _key("user", "string", "user (and :group) it runs as", default=""),
        _key("readOnly", "boolean", "root file system is read-only", "read_only", "readOnlyRoot", default=False),
        _key("capabilities", "node", "{add: [names], drop: [names]}"),
        _key("capabilitiesAdd", "node", "capabilities to add", "capAdd", "cap_add"),
        _key("capabilitiesDrop", "node", "capabilities to drop; ALL for every one", "capDrop", "cap_drop"),
        _key("privileged", "node", "all rights on its host; only if written plainly as true", "docker.container.privileged", default=False),
        _key("init", "boolean", "run a small init as first process", default=False),
        _key(
            "stopTimeout",
            "duration",
            "time to stop before it is killed",
            "stop_grace_period",
            "stop.timeout",
            default=10.0,
            least=0,
            most=3600,
        ),
        _key(
            "leaveDelay",
            "duration",
            "how long one that is to stop goes on serving after nobody is told any more to use it (`service.isServing`)",
            "leave_delay",
            default=0.0,
            least=0,
            most=3600,
        ),
        _key(
            "leaveCommand",
            "node",
            "what one that leaves its cluster for good (not with all of it), or moves away from its host, runs inside before it stops: words, or a line",
            "leave_command",
        ),
        _key(
            "leaveTimeout",
            "duration",
            "longest time that may take; after that it is stopped all the same",
            "leave_timeout",
            default=60.0,
            least=1,
            most=86400,
        ),
        _key(
            "changeDelay",
            "duration",
            "how long a value that it was started with has to stay the same before anything is done because it has changed",
            "change_delay",
            default=CHANGE_DELAY,
            least=0,
            most=3600,
        ),
        _key("stopSignal", "string", "signal to stop it with; default: the image's", "stop_signal", default=""),
        _key("network", "string", "its network", "networkMode", default="bridge", choices=("bridge", "host", "none")),
    )
    + COMMON_CONFIG
)

CLUSTER_CONFIG = (
    KeyTable(
        _DUPLICATE,
        _key("initialSize", "integer", "members at first", "cluster.initial.size", "initial_size", default=1, least=0),
        _key("minSize", "integer", "fewest members", "cluster.min.size", "min_size", default=0, least=0),
        _key("maxSize", "integer", "most members", "cluster.max.size", "max_size", default=MAX_MEMBERS, least=0, most=1_000_000),
        _key(
            "quorum",
            "integer",
            "least running members; -1: all that are wanted",
            "cluster.initial.quorumSize",
            "quorumSize",
            default=-1,
            least=-1,
        ),
        _key(
            "removalStrategy",
            "string",
            "which member goes first when it shrinks",
            "dynamiccluster.removalstrategy",
            "removal",
            default="newest",
            choices=("newest", "oldest"),
        ),
        _key(
            "quarantine",
            "boolean",
            "keep members that fail to start, to look at",
            "dynamiccluster.quarantineFailedEntities",
            "quarantineFailedEntities",
            default=True,
        ),
        _key("memberSpec", "node", "the service that each member is", "dynamiccluster.memberspec", "cluster.memberSpec", "memberspec"),
    )
    + COMMON_CONFIG
)

GROUP_CONFIG = COMMON_CONFIG

POOL_CONFIG = KeyTable(
    _key(
        "registry",
        "string",
        "registry that images built for this cloud are sent to, and fetched from by its other hosts: host:port[/path]; default: they are copied",
        default="",
    ),
    _key(
        "locationName", "string", "name of the cloud as a location; default: the service's name", "entity.dynamicLocation.name", default=""
    ),
    _key("hosts", "node", "list of engines: an url, or {name, engine, address, zone, labels}", "engines"),
    _key(
        "strategies",
        "node",
        "placement strategies of the cloud, in order",
        "docker.container.strategies",
        "placement",
        "placementStrategies",
    ),
    _key("affinity", "node", "affinity rules of all its hosts and services", "affinity.rules", "affinityRules"),
    _key("portRange", "node", "host ports the manager may choose from, as 20000-29999", "ports", default="20000-29999"),
    *PROVISIONING.keys.values(),
)

HOST_KEYS = KeyTable(
    _key("name", "string", "name of the host; default: made from the engine's url", default=""),
    _key("engine", "node", "unix:///path, tcp://host:port, https://host:port or ssh://user@host; or {url, tls, ssh}", "url"),
    _key("address", "string", "where its published ports are reached; default: the engine's host", default=""),
    _key("zone", "string", "which zone it is in", default=""),
    _key("labels", "node", "labels of the host, for placement"),
    _key("affinity", "node", "affinity rules of this host", "affinity.rules", "affinityRules"),
)

ENGINE_KEYS = KeyTable(
    _key("url", "string", "unix:///path, tcp://host:port, https://host:port or ssh://user@host", default=""),
    _key("tls", "node", "{ca, cert, key}: paths on the manager's machine"),
    _key("ssh", "node", "{key, knownHosts, socket}: paths on the manager's machine; socket is the remote one"),
)

TLS_KEYS = KeyTable(
    _key("ca", "string", "certificate of the authority that signed the engine's", "caCert", "tlscacert", default=""),
    _key("cert", "string", "our client certificate", "clientCert", "tlscert", default=""),
    _key("key", "string", "our client key", "clientKey", "tlskey", default=""),
)

SSH_KEYS = KeyTable(
    _key("key", "string", "our private key", "privateKeyFile", "identity", default=""),
    _key("knownHosts", "string", "known host keys", "known_hosts", default=""),
    _key("socket", "string", "the engine's socket on the host", default="/var/run/docker.sock"),
)

BUILD_KEYS = KeyTable(
    _key("context", "string", "folder next to the blueprint", default="."),
    _key("dockerfile", "string", "path of the Dockerfile inside the context", default="Dockerfile"),
    _key("args", "node", "build arguments: a map", "arguments"),
    _key("inline", "node", "the Dockerfile itself; a folder or file that `context` names is below `context/` then", "dockerfile_inline"),
    _key("files", "node", "with `inline`: map of paths in the context to texts"),
)

PROBE_KEYS = KeyTable(
    _key("http", "node", "asks for a page: 8080, 8080/path or {port, path}", "httpGet"),
    _key("tcp", "node", "connects: 5432 or {port}", "tcpSocket"),
    _key("exec", "node", "runs words in the container; 0 is well"),
    _key("period", "duration", "time between two probes", "periodSeconds", "interval", default=10.0, least=0.1, most=86400),
    _key("timeout", "duration", "longest wait for an answer", "timeoutSeconds", default=2.0, least=0.01, most=3600),
    _key("failures", "integer", "failures in a row that make it bad", "failureThreshold", "retries", default=3, least=1, most=1000),
)

PROBE_TARGET_KEYS = KeyTable(
    _key("port", "integer", "port of the container", least=1, most=65535),
    _key("path", "string", "path of the page", default="/"),
)

CAPABILITY_KEYS = KeyTable(_key("add", "node", "capabilities to add"), _key("drop", "node", "capabilities to drop"))

PORT_KEYS = KeyTable(
    _key("container", "integer", "port of the container", "target", least=1, most=65535),
    _key("host", "integer", "port of the host, for a bound one", "published", least=1, most=65535),
    _key("kind", "string", "how the host port is found", choices=("direct", "random", "bound"), default=""),
    _key("protocol", "string", "tcp, udp or sctp", choices=("tcp", "udp", "sctp"), default="tcp"),
    _key("name", "string", "name of the port in sensors", default=""),
)

VOLUME_KEYS = KeyTable(
    _key("kind", "string", "what backs it", "type", choices=("volume", "bind", "tmpfs"), default=""),
    _key("source", "string", "volume name or host path", "name", default=""),
    _key("target", "string", "path in the container", "path", default=""),
    _key("readOnly", "boolean", "cannot be written", "read_only", default=False),
)

POLICY_KEYS = KeyTable(
    _key("type", "string", "type of the policy or enricher", "policyType", "policy_type", "enricherType", "enricher_type", default=""),
    _key("name", "string", "name, once per entity; default: the type", "id", default=""),
    _key("config", "node", "its configuration", "brooklyn.config"),
)

MINIMUM_KEYS = KeyTable(
    _key("minRam", "size", "least memory", default=0, least=0),
    _key("minCores", "number", "least processors", default=0, least=0),
)

CONTAINER = "container"
CLUSTER = "cluster"
GROUP = "group"
POOL = "docker-cloud"

SERVICE_TYPES: Mapping[str, tuple[str, ...]] = {
    CONTAINER: ("docker-container", "VanillaDockerApplication", "clocker.docker.entity.container.application.VanillaDockerApplication"),
    CLUSTER: (
        "dynamic-cluster",
        "DynamicCluster",
        "org.apache.brooklyn.entity.group.DynamicCluster",
        "brooklyn.entity.group.DynamicCluster",
    ),
    GROUP: (
        "application",
        "BasicApplication",
        "BasicStartable",
        "org.apache.brooklyn.entity.stock.BasicApplication",
        "org.apache.brooklyn.entity.stock.BasicStartable",
        "org.apache.brooklyn.entity.stock.BasicEntity",
    ),
    POOL: ("docker-infrastructure", "DockerInfrastructure", "clocker.docker.entity.DockerInfrastructure"),
}
"""Types of services by name, with their other spellings."""

CONFIG_OF: Mapping[str, KeyTable] = {CONTAINER: CONTAINER_CONFIG, CLUSTER: CLUSTER_CONFIG, GROUP: GROUP_CONFIG, POOL: POOL_CONFIG}
"""Declared configuration by type of service."""

ELSEWHERE: Mapping[str, str] = {
    "services": "services below a service are its `children`; write that key",
    "catalog": "types stand in files of their own; `clocker catalog add` one, and name it here",
    "brooklyn.catalog": "types stand in files of their own; `clocker catalog add` one, and name it here",
}
"""Keys of the ancestor's language, or of the root, that people write where they do not belong, and what to do instead."""
