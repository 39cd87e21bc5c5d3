"""Tables of keys for where hosts come from: how a docker cloud is provisioned, machines that exist, machines that a cloud makes.

Names and other spellings are the ancestor's. The secrets' keys are known only to be refused: a blueprint is sent around and kept.
"""

from collections.abc import Mapping

from clocker_actors.blueprint.keys import KeyTable, row
from clocker_actors.model.locations import MOST_HOSTS

MOST_ATTEMPTS = 20
MOST_MADE = 5_000
"""The most hosts one docker cloud may be allowed to make."""

PROVISIONING = KeyTable(
    row(
        "location",
        "node",
        "where new hosts come from: libcloud:ec2:eu-west-1, byon:(hosts=…), a name of the settings …; several are used in order",
        "locations",
    ),
    row(
        "initialSize",
        "integer",
        "hosts made at first; default: minSize, or else 1",
        "minHost",
        "docker.host.cluster.initial.size",
        "cluster.initial.size",
        least=0,
        most=MOST_MADE,
    ),
    row(
        "minSize",
        "integer",
        "fewest made hosts; default: initialSize if that is written, else 0",
        "docker.host.cluster.min.size",
        least=0,
        most=MOST_MADE,
    ),
    row("maxSize", "integer", "most made hosts", "docker.host.cluster.max.size", default=MOST_HOSTS, least=0, most=MOST_MADE),
    row(
        "headroom",
        "integer",
        "room kept free, in containers; or else headroomPercent",
        "docker.container.cluster.headroom.count",
        least=1,
        most=1_000_000,
    ),
    row("headroomPercent", "number", "share of all room kept free, above 0 and below 1", "docker.container.cluster.headroom.percent"),
    row(
        "coldEnabled",
        "boolean",
        "give hosts back, after draining them, when there is more room than headroom asks for",
        "docker.container.cluster.cold.enabled",
        default=False,
    ),
    row(
        "resizeUpStabilizationDelay",
        "duration",
        "how long headroom has to miss hosts before they are made",
        default=30.0,
        least=0,
        most=86_400,
    ),
    row(
        "resizeDownStabilizationDelay",
        "duration",
        "how long there has to be more room than headroom asks for",
        default=300.0,
        least=0,
        most=86_400,
    ),
    row("removeEmpty", "boolean", "give back hosts that are empty for idleTime", "docker.host.removeEmpty", default=False),
    row("idleTime", "duration", "how long a host has to be empty before it is given back", default=300.0, least=1, most=30 * 86_400),
    row("hostLabels", "node", "labels of hosts that are made, for placement"),
    row(
        "machineCreateAttempts",
        "integer",
        "tries to make one wanted host, each with a new machine; default: as the location says",
        "machine_create_attempts",
        least=1,
        most=MOST_ATTEMPTS,
    ),
    row(
        "onFailure",
        "string",
        "what becomes of a machine that fails to come up: kept to be looked at, or destroyed; before the default comes the location's destroyOnFailure",
        default="quarantine",
        choices=("quarantine", "destroy"),
    ),
)

_COMMON = (
    row("name", "string", "name of the location, shown to people; default: as it is written", "displayName", "display_name", default=""),
    row(
        "credentials",
        "string",
        "name under which settings have the secrets; default: the named location's, else the provider's",
        "secret",
        default="",
    ),
    row(
        "tls",
        "boolean",
        "reach Docker there on port 2376 over TLS, with certificates of the manager's own authority, instead of over SSH",
        default=False,
    ),
)

_ACCESS = (
    row("user", "string", "user to log in as; default: root", "loginUser", default=""),
    row(
        "privateKeyFile",
        "string",
        "private key to log in with: a path on the manager's machine",
        "key",
        "keyFile",
        "privateKey",
        default="",
    ),
)

NODE_KEYS = KeyTable(
    *_ACCESS,
    row(
        "publicKeyFile",
        "string",
        "public key for new machines: a path on the manager's machine; default: the private one's with .pub",
        "publicKey",
        default="",
    ),
    row("minRam", "node", "least memory, as 8g; a bare number is in MiB"),
    row("minCores", "number", "least processor cores", least=0, most=4096),
    row("minDisk", "node", "least disk, as 50g; a bare number is in GiB"),
    row("imageId", "string", "image by the cloud's id; or else imageNameRegex", "image", default=""),
    row("imageNameRegex", "string", "image by a regular expression on its name", "imageDescriptionRegex", default=""),
    row("hardwareId", "string", "hardware by the cloud's id; or else hardwareNameRegex", "hardware", default=""),
    row("hardwareNameRegex", "string", "hardware by a regular expression on its name", default=""),
    row(
        "osFamily",
        "string",
        "distribution wanted, as debian or ubuntu; default on EC2, if no image is named: debian. Other clouds want an image named",
        "os",
        default="",
    ),
    row(
        "imageOwner",
        "node",
        "whose images are looked at, on EC2: self, amazon, numbers of accounts, or a list; default: Debian's, Ubuntu's, amazon and self",
        "imageOwners",
    ),
    row("securityGroups", "node", "security groups: a list", "securityGroup", "docker.host.securityGroup"),
    row("inboundPorts", "node", "ports to open: a list of numbers"),
    row("tags", "node", "tags of the machines: a map; `clocker-` is the manager's own", "stringTags"),
    row("userMetadata", "node", "metadata given to the machines: a map"),
    row(
        "machineCreateAttempts",
        "integer",
        "tries to make one wanted host",
        "machine_create_attempts",
        default=1,
        least=1,
        most=MOST_ATTEMPTS,
    ),
    row("destroyOnFailure", "boolean", "destroy a machine that fails to come up, if the docker cloud has no onFailure", default=False),
)
"""What may be asked of a machine that a cloud makes; also of a location that settings name."""

CLOUD_KEYS = (
    KeyTable(
        *_COMMON,
        row("region", "string", "region or zone, if it is not in the location's string", default=""),
        row("endpoint", "string", "url of the cloud's API, if it is not the usual one", default=""),
    )
    + NODE_KEYS
)

MACHINES_KEYS = KeyTable(
    *_COMMON,
    *_ACCESS,
    row("hosts", "node", "addresses, as 10.0.0.{1..9},h{a,b}, or a list of them and of maps", "host"),
    row("port", "integer", "port of sshd", default=22, least=1, most=65_535),
    row("knownHosts", "string", "known host keys: a path on the manager's machine", "known_hosts", default=""),
    row("trustFirst", "boolean", "believe the first host key that each machine shows, and no other later", "trust_first", default=False),
    row("zone", "string", "which zone they are in", default=""),
    row("labels", "node", "labels of the hosts: a map"),
)

MACHINE_KEYS = KeyTable(
    row("address", "string", "[user@]host[:port], with braces for several", "ssh", "host", "hostname", default=""),
    row("name", "string", "name of the host; default: made from its address", "displayName", "display_name", default=""),
    *_ACCESS,
    row("port", "integer", "port of sshd", least=1, most=65_535),
    row("knownHosts", "string", "known host keys: a path on the manager's machine", "known_hosts", default=""),
    row("zone", "string", "which zone it is in", default=""),
    row("labels", "node", "labels of the host: a map"),
)

MULTI_KEYS = KeyTable(
    row("name", "string", "name of the location, shown to people", "displayName", "display_name", default=""),
    row("targets", "node", "the locations, in the order they are used: a list"),
)

SECRET_KEYS: Mapping[str, str] = {
    "identity": "IDENTITY",
    "credential": "CREDENTIAL",
    "password": "PASSWORD",
    "loginUser.password": "PASSWORD",
    "privateKeyData": "",
    "privateKeyPassphrase": "",
}
"""Keys that hold secrets, and how the variable that may hold them ends ("" if none may)."""
