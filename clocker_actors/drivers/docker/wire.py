"""Engine JSON as typed structs: only the fields we read, decoded by msgspec (20 times quicker than a dict, and checked).

Field names are the engine's, through `rename`. Absent and null are the same to engines, so both give the default.
"""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

NEVER = "0001-01-01"
T = TypeVar("T")
Int = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""What an engine, being a program in Go, can mean by a number; a larger one could not be reckoned with. Statistics may have one bit more."""


def decode(body: bytes, answer: type[T]) -> T:
    """The value in a body. Raises msgspec.DecodeError for whatever else is in it."""
    try:
        return msgspec.json.decode(body, type=answer)
    except RecursionError:
        raise msgspec.DecodeError("JSON that is nested too deep") from None


def amount(found: int) -> int:
    """A number of statistics within what an engine can mean."""
    return max(0, min(found, (1 << 64) - 1))


def number(text: str) -> int | None:
    """A number that stands in a text; None for anything else, and for one that no engine means."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class Wire(msgspec.Struct, frozen=True, rename="pascal"):
    """Base: the engine writes PascalCase."""


class Lower(msgspec.Struct, frozen=True):
    """Base of what the engine writes in lower case (statistics, stream messages)."""


class Message(Lower, frozen=True):
    """The body of every refusal."""

    message: str = ""


class Version(Wire, frozen=True):
    version: str = ""
    api_version: str = "1.24"
    min_api_version: str = msgspec.field(default="", name="MinAPIVersion")


class Info(Wire, frozen=True):
    identity: str = msgspec.field(default="", name="ID")
    name: str = ""
    server_version: str = ""
    cores: Int = msgspec.field(default=0, name="NCPU")
    memory: Int = msgspec.field(default=0, name="MemTotal")
    containers: Int = 0
    architecture: str = ""


class Created(Wire, frozen=True):
    id: str
    warnings: list[str] | None = None


class Network(Wire, frozen=True):
    address: str | None = msgspec.field(default="", name="IPAddress")
    gateway: str | None = ""


class Networks(Wire, frozen=True):
    networks: dict[str, Network | None] | None = None


class ListedPort(Wire, frozen=True):
    private_port: Int = 0
    public_port: Int = 0
    type: str = "tcp"


class Listed(Wire, frozen=True):
    """One line of the list of containers."""

    id: str
    names: list[str] | None = None
    image: str = ""
    labels: dict[str, str] | None = None
    state: str = ""
    status: str = ""
    ports: list[ListedPort] | None = None
    network_settings: Networks | None = None


class Health(Wire, frozen=True):
    status: str = ""


class State(Wire, frozen=True):
    status: str = ""
    exit_code: Int = 0
    started_at: str = ""
    oom_killed: bool = msgspec.field(default=False, name="OOMKilled")
    health: Health | None = None


class Config(Wire, frozen=True):
    image: str = ""
    labels: dict[str, str] | None = None
    tty: bool = False


class Binding(Wire, frozen=True):
    host_port: str = ""


class RestartPolicy(Wire, frozen=True):
    name: str = ""
    maximum_retry_count: Int = 0


class HostConfig(Wire, frozen=True):
    """What a container may use; 0 is unlimited, and so is a negative number of processes."""

    nano_cpus: Int = 0
    cpu_shares: Int = 0
    memory: Int = 0
    pids_limit: Int | None = None
    restart_policy: RestartPolicy = RestartPolicy()
    privileged: bool = False
    capabilities_added: list[str] | None = msgspec.field(default=None, name="CapAdd")
    capabilities_dropped: list[str] | None = msgspec.field(default=None, name="CapDrop")


class Attached(Wire, frozen=True):
    ports: dict[str, list[Binding] | None] | None = None
    networks: dict[str, Network | None] | None = None


class Inspected(Wire, frozen=True):
    """One container in full."""

    id: str
    name: str = ""
    state: State = State()
    config: Config = Config()
    host_config: HostConfig = HostConfig()
    network_settings: Attached = Attached()


class HealthTest(Wire, frozen=True):
    test: list[str] | None = None
    interval: Int = 0


class ImageConfig(Wire, frozen=True):
    healthcheck: HealthTest | None = None


class Image(Wire, frozen=True):
    id: str
    repo_tags: list[str] | None = None
    repo_digests: list[str] | None = None
    config: ImageConfig | None = None


class ListedImage(Wire, frozen=True):
    """One line of the list of images; one without a name has none, or `<none>:<none>`."""

    id: str
    repo_tags: list[str] | None = None


class Volume(Wire, frozen=True):
    name: str
    mountpoint: str = ""
    labels: dict[str, str] | None = None
    options: dict[str, str] | None = None


class Volumes(Wire, frozen=True):
    volumes: list[Volume] | None = None


class Usage(Wire, frozen=True):
    size: Int = 0


class KeptVolume(Wire, frozen=True):
    usage_data: Usage | None = None


class KeptContainer(Wire, frozen=True):
    size_rw: Int = 0


class Disk(Wire, frozen=True):
    layers_size: Int = 0
    containers: list[KeptContainer] | None = None
    volumes: list[KeptVolume] | None = None


class Execution(Wire, frozen=True):
    id: str


class Executed(Wire, frozen=True):
    exit_code: Int | None = None
    running: bool = False


class Actor(Wire, frozen=True):
    id: str = msgspec.field(default="", name="ID")
    attributes: dict[str, str] | None = None


class Event(Wire, frozen=True):
    action: str
    actor: Actor
    time_nano: Int = msgspec.field(name="timeNano")


class Progress(Lower, frozen=True):
    """One message of a pull or build."""

    status: str = ""
    stream: str = ""
    error: str = ""


class CpuUsage(Lower, frozen=True):
    total_usage: int = 0


class Cpu(Lower, frozen=True):
    cpu_usage: CpuUsage = CpuUsage()


class Memory(Lower, frozen=True):
    usage: int = 0
    limit: int = 0
    stats: dict[str, int] | None = None


class Interface(Lower, frozen=True):
    rx_bytes: int = 0
    tx_bytes: int = 0


class Pids(Lower, frozen=True):
    current: int = 0


class Sample(Lower, frozen=True):
    """One sample of statistics. `read` is year 1 when the container does not run."""

    read: datetime
    cpu_stats: Cpu = Cpu()
    memory_stats: Memory = Memory()
    networks: dict[str, Interface] | None = None
    pids_stats: Pids = Pids()

    @property
    def running(self) -> bool:
        return self.read.year > 1


def epoch(stamp: str) -> float | None:
    """Epoch seconds of an engine's time stamp; None for "never", and for what is no time."""
    if not stamp or stamp.startswith(NEVER):
        return None
    try:
        return msgspec.convert(stamp, datetime).timestamp()
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None
