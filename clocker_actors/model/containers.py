"""Containers as engines know them: requests, observations, events, statistics.

These are the values of the engine port, in our words and units. Times are epoch seconds (UTC), sizes bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clocker_actors.model.specs import ContainerSpec, Resources

SUBSCRIBED = "subscribed"
"""Action of the first event of every subscription, without an id: from here on the engine listens, so a list made now misses nothing."""


class EngineState(StrEnum):
    """What an engine says of a container."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    EXITED = "exited"
    DEAD = "dead"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """All an engine needs to create one container. `ports` maps "80/tcp" to a host port (0 = the engine chooses); `volumes` names are the engine's."""

    name: str
    image: str
    spec: ContainerSpec
    labels: Mapping[str, str]
    ports: Mapping[str, int] = field(default_factory=dict)
    volume_names: Mapping[str, str] = field(default_factory=dict)
    hostname: str = ""
    lease: str = ""  # name of the lease whose PID namespace it joins
    kept: Mapping[str, str] = field(default_factory=dict)  # its folders → those of the engine's machine in which its secrets are


@dataclass(frozen=True, slots=True)
class Observed:
    """A container as last seen on an engine."""

    id: str
    name: str
    image: str
    state: EngineState
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str = ""
    exit_code: int | None = None
    started_at: float | None = None
    oom_killed: bool = False
    healthcheck: str = ""  # "", starting, healthy, unhealthy
    gateway: str = ""  # of its network: this host, as it sees it
    resources: Resources | None = None  # what it may use; None where that was not looked at, as in a list
    restart: str = ""  # who restarts it, as in its spec; "" where that was not looked at
    rights: str = ""  # what it may do beyond what is usual, in words; "" for nothing, and where that was not looked at


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something happened to a container: a hint to look. `action` is create, start, die, destroy, oom, health_status, ..."""

    id: str
    name: str
    action: str
    at: float
    cursor: str
    labels: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    health: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    """One sample of a container's use. `cpu_percent` (100 = one core) comes from two samples, so the first has None; a missed deadline is `stale`."""

    id: str
    at: float
    cpu_percent: float | None
    memory: int = 0
    memory_limit: int = 0
    network_rx: int = 0
    network_tx: int = 0
    pids: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """An engine's own description."""

    id: str
    name: str
    version: str
    api: str
    cores: int
    memory: int
    containers: int = 0
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image that an engine has: id, and whether it brings its own HEALTHCHECK (with its interval)."""

    id: str
    health_interval: float | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to an image registry: for the engine's eyes only, and only in the work that talks to it."""

    server: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A secret on its way into the memory of an engine's machine: for the engine's eyes only. `path` is relative to the folder of its container."""

    path: str
    content: str = field(repr=False)
    mode: int = 0o444
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image in an engine's list, with all names that lead to it."""

    id: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Outcome of one probe: `detail` says what was seen, in words."""

    ok: bool
    detail: str
