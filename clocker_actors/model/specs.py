"""What was asked for: frozen specs, never rewritten by the system.

The blueprint room makes them from text, entities keep them durably, planning compares them with what runs. Sizes are bytes, durations
seconds, processor amounts cores. A service with `cluster` set is a cluster; otherwise it is one member.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.effectors import Parameter
from clocker_actors.model.expressions import Dependency, Expression, Late, OnChange
from clocker_actors.model.locations import MOST_HOSTS, LocationSpec
from clocker_actors.model.values import Value

MAX_MEMBERS = 10_000
"""The most members a cluster may have unless its blueprint says more."""


LEAVE_TIMEOUT = 60.0
CHANGE_DELAY = 2.0
"""Seconds for which a value that a service was started with has to stay the same before anything is done because it has changed, unless it says otherwise."""


class PortKind(StrEnum):
    """How a container port gets its host port."""

    DIRECT = "direct"  # same number on the host
    RANDOM = "random"  # chosen by the manager, kept for the member's life
    BOUND = "bound"  # a number the blueprint names


@dataclass(frozen=True, slots=True)
class PortSpec:
    """One published port. `host` is None for a random one."""

    container: int
    kind: PortKind = PortKind.RANDOM
    host: int | None = None
    protocol: str = "tcp"
    name: str = ""

    @property
    def fixed(self) -> int | None:
        """The host port the blueprint demands, if it does."""
        return self.container if self.kind is PortKind.DIRECT else self.host


class VolumeKind(StrEnum):
    """What backs a mount."""

    VOLUME = "volume"  # named, made and removed with the application
    BIND = "bind"  # a path of the host
    TMPFS = "tmpfs"


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """One mount: `source` is a volume name or a host path ("" for tmpfs)."""

    kind: VolumeKind
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """An image to build: `context` is the SHA-256 of an uploaded tar (a blob)."""

    context: str
    dockerfile: str = "Dockerfile"
    arguments: Mapping[str, str] = field(default_factory=dict)


BUILT_IMAGE = "clocker/build:"
"""How the reference of every image that we build begins."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """An image by reference, or one to build; `reference` of a built one is derived from its content."""

    reference: str
    build: BuildSpec | None = None


class ProbeKind(StrEnum):
    """How the manager asks a container whether it is well."""

    HTTP = "http"
    TCP = "tcp"
    EXEC = "exec"


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """One probe. `failures` in a row make it bad; `port` is the container's."""

    kind: ProbeKind
    port: int = 0
    path: str = "/"
    command: tuple[str, ...] = ()
    period: float = 10.0
    timeout: float = 2.0
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Resources:
    """What a container may use; None is unlimited. All of these an engine can change in place."""

    cpus: float | None = None
    cpu_shares: int | None = None
    memory: int | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file put into a container before it starts: an absolute `path`, the whole `content`, and the permission bits `mode`. When its content changes while
    the container runs, it is put there anew and `reload` is executed; without that command a new container is needed, if `on_change` says so."""

    path: str
    content: str = ""
    mode: int = 0o644
    reload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """A secret that a container finds in the file `path`, which is in memory only and which it cannot write. Only `uid` and `gid` own it; who else may read
    it the permission bits `mode` say. `content` is empty in specs of any sane blueprint: what it is made of is late, as `secrets.NAME`."""

    name: str
    path: str
    content: str = field(default="", repr=False)
    mode: int = 0o444
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """How one container is to run. Unprivileged unless said otherwise."""

    image: ImageSpec
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[PortSpec, ...] = ()
    volumes: tuple[VolumeSpec, ...] = ()
    resources: Resources = Resources()
    labels: Mapping[str, str] = field(default_factory=dict)
    readiness: ProbeSpec | None = None
    health: ProbeSpec | None = None
    restart: str = "no"
    user: str = ""
    read_only: bool = False
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    privileged: bool = False
    init: bool = False
    stop_timeout: float = 10.0
    stop_signal: str = ""
    network: str = "bridge"
    late: tuple[Late, ...] = ()
    files: tuple[FileSpec, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Names that it knows beside those of its resolver, each with an address."""
    secrets: tuple[SecretSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A policy, enricher or feed by type name, with its configuration."""

    type: str
    name: str
    config: Mapping[str, Value] = field(default_factory=dict)
    late: tuple[Late, ...] = ()
    """Keys of the configuration whose values are known only at run time, and change with what they are made of."""


class EffectorKind(StrEnum):
    """How an effector that a blueprint declares does its work."""

    EXEC = "exec"  # a command inside the member's container
    CONTAINER = "container"  # a container of its own
    HTTP = "http"  # a question by HTTP


@dataclass(frozen=True, slots=True)
class EffectorSpec:
    """An effector of a blueprint: its name, meaning and parameters, and what it does."""

    kind: EffectorKind
    name: str
    meaning: str = ""
    parameters: tuple[Parameter, ...] = ()
    config: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """One placement strategy by name, with its configuration."""

    type: str
    config: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requests:
    """What placement sets aside for a container, where that is not its limit; None is as much as the limit, or nothing without one."""

    memory: int | None = None
    cpus: float | None = None
    disk: int | None = None


class Duplicate(StrEnum):
    """Whether two containers of one member may run for a while, when a host that holds one does not answer."""

    OK = "ok"  # a new one starts elsewhere at once
    NEVER = "never"  # the old host is made sure of first


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service: a member, or (with `cluster`) a cluster of them. `container` is None only for a cluster or a bare group of children."""

    id: str
    name: str
    type: str
    container: ContainerSpec | None = None
    cluster: "ClusterSpec | None" = None
    policies: tuple[PolicySpec, ...] = ()
    enrichers: tuple[PolicySpec, ...] = ()
    children: tuple["ServiceSpec", ...] = ()
    strategies: tuple[StrategySpec, ...] = ()
    start_timeout: float = 300.0
    healing: bool = True
    config: Mapping[str, Value] = field(default_factory=dict)
    affinity: tuple[AffinityRule, ...] = ()
    requests: Requests = Requests()
    duplicate: Duplicate = Duplicate.OK
    depends: tuple[Dependency, ...] = ()
    latch: Expression | None = None
    """Held back until this is true."""
    on_change: OnChange = OnChange.RESTART
    change_delay: float = CHANGE_DELAY
    leave_delay: float = 0.0
    """Seconds for which a container that is to stop goes on serving, when nobody is told any more to use it."""
    leave_command: tuple[str, ...] = ()
    """What one that leaves its cluster for good runs inside before it is stopped, for `leave_timeout` seconds at most."""
    leave_timeout: float = LEAVE_TIMEOUT
    types: tuple[str, ...] = ()
    """The types of the catalogue it is of, as `id:version`, the nearest first."""
    tags: tuple[Value, ...] = ()
    effectors: tuple[EffectorSpec, ...] = ()
    location: str = ""
    """The docker cloud that it and all below it run in; "": that of what it stands in."""

    @property
    def type_name(self) -> str:
        """What people see as its type: that of the catalogue, if it is of one, else its kind. Groups are groups, since they have no container."""
        return self.types[0] if self.types and self.type != "group" else self.type


class RemovalStrategy(StrEnum):
    """Which member goes first when a cluster shrinks; members that are not up always go before those that are."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """Sizes and member of a cluster. `quorum` is the least number of running members (-1: all to be started, then one)."""

    member: ServiceSpec
    initial_size: int = 1
    min_size: int = 0
    max_size: int = MAX_MEMBERS
    quorum: int = -1
    quarantine: bool = True
    removal: RemovalStrategy = RemovalStrategy.NEWEST


@dataclass(frozen=True, slots=True)
class ApplicationSpec:
    """A whole blueprint. `revision` counts the deploys of this application."""

    id: str
    name: str
    location: str
    services: tuple[ServiceSpec, ...]
    policies: tuple[PolicySpec, ...] = ()
    enrichers: tuple[PolicySpec, ...] = ()
    revision: int = 1
    config: Mapping[str, Value] = field(default_factory=dict)
    tags: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Where one engine is and how to reach it.

    `url` is `unix:///path`, `tcp://host:port` (plain), `https://host:port` (TLS with client certificate) or `ssh://user@host[:port]`; `simulated://name?seed=…`
    is the simulated one. Key and certificate fields are paths on the manager's machine.
    """

    url: str
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    ssh_key: str = ""
    ssh_known_hosts: str = ""
    ssh_socket: str = "/var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class HostSpec:
    """One host of a pool. `address` is where its published ports are reached ("" = derived from the engine's url)."""

    name: str
    engine: EngineSpec
    address: str = ""
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    affinity: tuple[AffinityRule, ...] = ()

    @property
    def reached_at(self) -> str:
        """The address of its published ports: as given, else the engine's host, else this machine."""
        return self.address or urlsplit(self.engine.url).hostname or "127.0.0.1"


class OnFailure(StrEnum):
    """What becomes of a machine that fails to come up as a host."""

    QUARANTINE = "quarantine"  # kept, to look at
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """A docker cloud: hosts and the rules by which containers are placed on them. `ports` is the range random host ports come from.

    `hosts` are listed; with a `location` more are made there, `initial_size` at first and never fewer than `min_size` nor more than `max_size`. Those counts
    are of made hosts alone. `headroom` (containers) and `headroom_percent` (share of all room, in (0, 1)) are room kept free; at most one is not 0.
    """

    name: str
    hosts: tuple[HostSpec, ...]
    strategies: tuple[StrategySpec, ...] = ()
    ports: tuple[int, int] = (20_000, 29_999)
    location: LocationSpec | None = None
    initial_size: int = 0
    min_size: int = 0
    max_size: int = MOST_HOSTS
    headroom: int = 0
    headroom_percent: float = 0.0
    cold_enabled: bool = False
    """Whether the pool shrinks when it has more room than headroom asks for."""
    up_delay: float = 30.0
    down_delay: float = 300.0
    """How long headroom has to ask for more hosts, or for fewer, without a break."""
    remove_empty: bool = False
    idle_time: float = 300.0
    """How long a host has to be empty before `remove_empty` gives it back."""
    host_labels: Mapping[str, str] = field(default_factory=dict)
    machine_create_attempts: int | None = None
    """Tries to make one wanted host; None: as the location says."""
    on_failure: OnFailure | None = None
    """None: as the location says, and else quarantine."""
    affinity: tuple[AffinityRule, ...] = ()
    registry: str = ""
    """host:port[/path] of the registry that images built here are sent to, and fetched from by the other hosts."""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What one file asks for: an application, a pool, or both."""

    applications: tuple[ApplicationSpec, ...] = ()
    pools: tuple[PoolSpec, ...] = ()
