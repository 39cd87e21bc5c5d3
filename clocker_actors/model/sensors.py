"""Sensors: the named, typed things that can be known of an entity, and the readings they give.

A `Sensor` is a key with meaning and unit; a `Reading` is one observation with its time. New sensors get a key here. An attribute keeps its last
reading; a notification (`notify=True`) is only published.
"""

from dataclasses import dataclass

from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class Sensor:
    """What can be known: name, unit ("" if it has none) and meaning."""

    name: str
    unit: str
    meaning: str
    notify: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation. `unavailable` says why there is no value now; then `value` is the last known one.

    A rolled-up reading has in `count` the members whose readings are in the value and in `of` the members there are; `at` is then the time of the
    oldest of them. `id` names the reading as a cause.
    """

    sensor: str
    value: Value
    at: float
    unavailable: str = ""
    count: int = 1
    of: int = 1

    @property
    def id(self) -> str:
        """How a decision names this reading as its cause."""
        return f"{self.sensor}@{self.at:.3f}"


ALL: dict[str, Sensor] = {}


def _sensor(name: str, unit: str, meaning: str, *, notify: bool = False) -> Sensor:
    ALL[name] = Sensor(name, unit, meaning, notify)
    return ALL[name]


SERVICE_UP = _sensor("service.isUp", "", "whether the service answers as it should")
SERVICE_STATE = _sensor("service.state", "", "actual lifecycle state")
SERVICE_EXPECTED = _sensor("service.state.expected", "", "lifecycle state that effectors asked for")
SERVICE_PROBLEMS = _sensor("service.problems", "", "map of problem name to words; a problem sets a running service on fire")
SERVICE_NOT_UP = _sensor("service.notUp.indicators", "", "map of reasons why the service is not up; empty means it is up")
ENDPOINTS = _sensor("service.endpoints", "", "where it is reached: list of {host, port, scope, container}")
PROCESS_RUNNING = _sensor("service.process.isRunning", "", "whether its container runs, ready or not")
SERVING = _sensor("service.isServing", "", "whether others are to use it: it is ready and well, and not about to stop")
PLACE = _sensor(
    "service.place",
    "",
    "where its container runs, ready or not, or ran last: {host, address, ports, served}; address is for other containers, served whether it was ever ready",
)
HOST_NAME = _sensor("host.name", "", "name of the host its container serves on")
HOST_ADDRESS = _sensor("host.address", "", "address at which the ports of that host are reached")
HOST_SUBNET = _sensor(
    "host.subnet.address",
    "",
    "address at which containers reach them: the same, or the gateway of the network where that is this machine's own",
)

CPU_PERCENT = _sensor("cpu.percent", "percent", "processor use over the last period; 100 is one whole core")
CPU_MEAN = _sensor("cpu.mean", "percent", "mean of cpu.percent over 5 s; what policies should scale on")
MEMORY_BYTES = _sensor("memory.bytes", "bytes", "memory in use, without the page cache")
MEMORY_PERCENT = _sensor("memory.percent", "percent", "memory in use as a share of the limit")
NETWORK_RX = _sensor("network.rx.bytes", "bytes", "bytes received since the container started")
NETWORK_TX = _sensor("network.tx.bytes", "bytes", "bytes sent since the container started")
PIDS = _sensor("pids", "", "processes and threads")

CONTAINER_MANAGED = _sensor(
    "docker.container.managed", "", "whether the manager made this container; one that it did not make is only shown"
)
CONTAINER_ID = _sensor("container.id", "", "the engine's id of the container")
CONTAINER_STATE = _sensor("container.state", "", "what the engine says: created, running, exited, gone")
CONTAINER_EXIT = _sensor("container.exit", "", "exit code of the last end")
CONTAINER_HOST = _sensor("container.host", "", "uid of the host the container is on")
CONTAINER_RIGHTS = _sensor(
    "container.rights", "", "what the container may do beyond what new ones may by default; not there when that is nothing"
)
CONTAINER_STARTED = _sensor("container.started", "seconds", "when the engine started it (epoch, UTC)")
GENERATION = _sensor("generation", "", "which generation of the member is current")

SERVICES = _sensor("application.services", "", "the services of the application, by their ids in its file")
GROUP_SIZE = _sensor("group.members.count", "", "members the cluster has now")
GROUP_DESIRED = _sensor("cluster.size.desired", "", "members the cluster is to have")
GROUP_MIN = _sensor("cluster.size.min", "", "fewest members the cluster takes")
GROUP_MAX = _sensor("cluster.size.max", "", "most members the cluster takes")
GROUP_HELD = _sensor("cluster.size.held", "", "by whom and until when the size is held, so that policies leave it alone")
GROUP_UP = _sensor("group.members.up", "", "members that are up")
QUARANTINED = _sensor("cluster.quarantined", "", "members that failed to start and were set aside: list of {uid, reason}")

HOST_CPU = _sensor("host.cpu", "percent", "sum of its containers' processor use over all cores")
HOST_MEMORY = _sensor("host.memory", "percent", "sum of its containers' memory over the host's memory")
HOST_CONTAINERS = _sensor("docker.containers.total", "", "containers on the host, foreign ones included")
HOST_FOREIGN = _sensor("docker.containers.foreign", "", "containers that run on the host and are not the manager's")
HOST_CORES = _sensor("host.cores", "", "processor cores")
HOST_MEMORY_TOTAL = _sensor("host.memory.total", "bytes", "memory of the host")
ENGINE_VERSION = _sensor("engine.version", "", "version of the engine and of the API spoken")
ENGINE_LATENCY = _sensor("engine.ping", "seconds", "time of the last ping")
ENGINE_LIMIT = _sensor("engine.start.limit", "", "starts allowed in flight now (adapts to measured start time)")
ENGINE_WAITING = _sensor("engine.start.waiting", "", "starts that wait for their turn")
ENGINE_DISK = _sensor(
    "engine.disk.used", "bytes", "what images, containers and volumes take on the engine's disk; looked at every ten minutes"
)
HOST_LOAD = _sensor("host.load", "", "load average over one minute; only where SSH or the local /proc is open")
HOST_DISK_FREE = _sensor("host.disk.free", "bytes", "free space; only where SSH or the local /proc is open")
HOST_UPTIME = _sensor("host.uptime", "seconds", "time since boot; only where SSH or the local /proc is open")

POOL_HOSTS = _sensor("docker.hosts.total", "", "hosts in the pool")
POOL_HOSTS_UP = _sensor("docker.hosts.up", "", "hosts that answer")
POOL_NEEDED = _sensor(
    "docker.container.cluster.needed",
    "",
    "containers for which room is missing to have the headroom asked for; below 0: so much more is free",
)
POOL_UTILISATION = _sensor("docker.container.cluster.utilisation", "", "share of the pool's room for containers that is in use")
POOL_SPREAD = _sensor("docker.pool.load.spread", "", "how much the loads of its hosts differ, (max - min) in points of 100")
POOL_CERTIFICATES = _sensor(
    "docker.certificates.expire",
    "seconds",
    "when the certificates of engines that this pool made to listen on the network end (epoch, UTC)",
)
POOL_CONTAINERS = _sensor("docker.pool.containers", "", "containers placed in the pool")

ENTITY_FAILED = _sensor("ha.entityFailed", "", "the service was up and is not any more", notify=True)
ENTITY_RECOVERED = _sensor("ha.entityRecovered", "", "a failed service is up again", notify=True)
RESTART_FAILED = _sensor("ha.entityFailed.restart", "", "restarting did not help", notify=True)
REPLACE_FAILED = _sensor("ha.entityFailed.replacement", "", "replacing did not help; replacing has stopped", notify=True)
POOL_HEALING_STOPPED = _sensor(
    "docker.pool.healing.stopped", "", "so many hosts went silent at once that nothing is replaced until they are back", notify=True
)
POOL_HEALING_RESUMED = _sensor("docker.pool.healing.resumed", "", "what ran on silent hosts is replaced again", notify=True)
POOL_HOT = _sensor("resizablepool.hot", "", "the pool works above its high mark", notify=True)
POOL_COLD = _sensor("resizablepool.cold", "", "the pool works below its low mark", notify=True)
POOL_OK = _sensor("resizablepool.ok", "", "the pool works between its marks", notify=True)
CLUSTER_HOT = _sensor("docker.container.cluster.hot", "", "less room is free than headroom asks for", notify=True)
CLUSTER_COLD = _sensor("docker.container.cluster.cold", "", "more room is free than headroom asks for, by a host or more", notify=True)
CLUSTER_OK = _sensor("docker.container.cluster.ok", "", "the room that is free is as headroom asks for again", notify=True)
POOL_MAX = _sensor("resizablepool.maxSizeReached", "", "more is wanted than the upper bound allows", notify=True)

USE = (CPU_PERCENT, CPU_MEAN, MEMORY_BYTES, MEMORY_PERCENT, NETWORK_RX, NETWORK_TX, PIDS)
"""What a container takes; of a member's container, what the member takes."""
ROLLUPS = ("average", "sum", "min", "max")
"""How a cluster rolls up its members' numbers: `cpu.mean` becomes `cpu.mean.average` and so on."""
ROLLED_UP = (CPU_PERCENT, CPU_MEAN, MEMORY_BYTES, MEMORY_PERCENT)
for _base in ROLLED_UP:
    for _how in ROLLUPS:
        _sensor(f"{_base.name}.{_how}", _base.unit, f"{_how} over the members that report: {_base.meaning}")


PORT = "docker.port."
"""How the sensors of published ports begin; what follows is the container's port. Their values are names of places more than numbers."""


PORTS = (PORT, "mapped.docker.port.", "mapped.port.")
"""All names that sensors of published ports begin with."""


def port_names(port: int | str) -> tuple[str, ...]:
    """The sensors that a published port of a container gives its service, by the container's port, with or without its protocol."""
    inner = str(port).partition("/")[0]
    return tuple(f"{prefix}{inner}" for prefix in PORTS)


def port_sensors(port: str, host: str, number: int) -> dict[str, Value]:
    """The sensors of a published port of a service, with their values: its number on the host, and host and number in one text under both usual names."""
    at = f"{host}:{number}"
    return dict(zip(port_names(port), (number, at, at), strict=True))


def unit_of(name: str) -> str:
    """Unit of a sensor by name; "" for one that is not in the table (a user's own)."""
    known = ALL.get(name)
    return known.unit if known else ""
