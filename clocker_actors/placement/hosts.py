"""One host as the index keeps it, and what one request needs of a host.

`HostRow` is the only mutable thing of this room: facts of the host itself (up, size, load, foreign containers), what is reserved on it, and the sums of that.
Processor amounts are summed as whole nano-cores, so that a release gives back exactly what a reservation took.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from clocker_actors.model.affinity import LABEL, ZONE
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest, Resident
from clocker_actors.model.specs import PortSpec
from clocker_actors.model.weighing import HostFigures
from clocker_actors.placement.residents import Tally

NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Need:
    """What a request takes of a host: bytes of memory and disk, nano-cores, fixed host ports (sorted), how many random ones; `clash` is a port it names twice."""

    memory: int = 0
    nanocpus: int = 0
    fixed: tuple[int, ...] = ()
    random: int = 0
    clash: int | None = None
    disk: int = 0

    @staticmethod
    def of(request: PlacementRequest) -> "Need":
        """The need of this request."""
        return _need(request.memory, request.cpus, request.ports, request.disk)


@lru_cache(maxsize=1024)
def _need(memory: int, cpus: float, ports: tuple[PortSpec, ...], disk: int) -> Need:
    wanted = [(port, spec.protocol) for spec in ports if (port := spec.fixed) is not None]
    clash = next((port for place, (port, protocol) in enumerate(wanted) if (port, protocol) in wanted[:place]), None)
    fixed = tuple(sorted({port for port, _ in wanted}))
    return Need(memory, round(cpus * NANO), fixed, len(ports) - len(wanted), clash, disk)


@dataclass(slots=True, eq=False)
class Reservation:
    """Room that one generation of a member has on a host. Never changed once made; not frozen, since a million of them are made."""

    member: Uid
    generation: int
    host: Uid
    application: Uid
    cluster: Uid
    need: Need
    ports: Mapping[str, int]
    path: str
    type: str
    volumes: tuple[str, ...]

    @property
    def resident(self) -> Resident:
        """Who that is, as affinity rules see it."""
        return Resident(self.member, self.generation, self.path, self.application, self.cluster, self.type)


class HostRow:
    """A host with its reservations. A host port is taken for every protocol as soon as it is taken for one."""

    __slots__ = (
        "address",
        "affinity",
        "applications",
        "clusters",
        "containers",
        "containers_read",
        "cordoned",
        "cores",
        "cpu",
        "disk",
        "disk_reserved",
        "foreign",
        "foreign_idle",
        "foreign_ports",
        "images",
        "labels",
        "memory",
        "memory_reserved",
        "name",
        "nanocpus",
        "order",
        "ports",
        "ports_from",
        "ports_in_range",
        "ports_to",
        "reservations",
        "tally",
        "uid",
        "up",
        "volumes",
        "zone",
    )

    def __init__(self, view: HostView, ports: tuple[int, int]) -> None:
        self.uid = view.uid
        self.order = view.order
        self.cordoned = view.cordoned
        self.ports_from, self.ports_to = ports
        self.containers = 0
        self.memory_reserved = 0
        self.nanocpus = 0
        self.disk_reserved = 0
        self.tally = Tally()
        self.reservations: list[Reservation] = []  # in the order in which they came
        self.ports: dict[int, int] = {}
        self.applications: dict[Uid, int] = {}
        self.clusters: dict[Uid, int] = {}
        self.observe(view)

    def observe(self, view: HostView) -> None:
        """Take over what the host itself knows; reservations, cordon and order stay."""
        self.name, self.address, self.zone, self.labels = view.name, view.address, view.zone, view.labels
        self.up, self.cores, self.memory, self.cpu = view.up, view.cores, view.memory, view.cpu
        self.foreign, self.foreign_ports, self.images = view.foreign, view.ports, view.images
        self.foreign_idle = view.foreign_idle
        self.affinity, self.disk, self.volumes = view.affinity, view.disk, view.volumes
        self.containers_read = self.containers
        self._count_ports()

    def seed(self, view: HostView) -> None:
        """Also take over the sums of the view: for an index made from views, where single reservations are not known."""
        self.containers = self.containers_read = view.containers
        self.memory_reserved = view.memory_reserved
        self.nanocpus = round(view.cpus_reserved * NANO)
        self.disk_reserved = view.disk_reserved
        self.applications, self.clusters = dict(view.applications), dict(view.clusters)

    def domain(self, domain: str) -> str:
        """In which zone, or under which value of a label, the host is; "" if it has none."""
        return self.zone if domain == ZONE else self.labels.get(domain.removeprefix(LABEL), "")

    @property
    def load(self) -> int:
        """Containers on the host, foreign ones included."""
        return self.containers + self.foreign

    @property
    def expected_cpu(self) -> float | None:
        """Percent of the whole host, each container placed since the last reading counted as an average one (at least 1 %), so that a burst between two
        readings does not all go to one host. None if unknown; an empty host is idle."""
        if self.cpu is None:
            return 0.0 if self.load == 0 else None
        share = self.cpu / (self.containers_read + self.foreign) if self.containers_read + self.foreign else 1.0
        return self.cpu + max(0, self.containers - self.containers_read) * max(share, 1.0)

    def taken(self, port: int) -> bool:
        """Whether something on the host has this port."""
        return port in self.ports or port in self.foreign_ports

    def take_port(self, port: int) -> None:
        """One more user of the port."""
        if not self.taken(port) and self.ports_from <= port <= self.ports_to:
            self.ports_in_range += 1
        self.ports[port] = self.ports.get(port, 0) + 1

    def free_port(self, port: int) -> None:
        """One user of the port less."""
        users = self.ports.get(port, 0) - 1
        if users > 0:
            self.ports[port] = users
            return
        self.ports.pop(port, None)
        if not self.taken(port) and self.ports_from <= port <= self.ports_to:
            self.ports_in_range -= 1

    def figures(self) -> HostFigures:
        """What people want to know of it beside a verdict."""
        return HostFigures(
            containers=self.load,
            cores=self.cores,
            cpus_free=round(self.cores - self.nanocpus / NANO, 2) if self.cores else None,
            memory=self.memory,
            memory_free=self.memory - self.memory_reserved if self.memory else None,
            disk_free=self.disk - self.disk_reserved if self.disk else None,
            cpu=self.cpu,
            zone=self.zone,
            labels=self.labels,
        )

    def _count_ports(self) -> None:
        taken = self.foreign_ports | self.ports.keys() if self.ports else self.foreign_ports
        self.ports_in_range = sum(1 for port in taken if self.ports_from <= port <= self.ports_to)

    def view(self) -> HostView:
        """The host as a value."""
        return HostView(
            uid=self.uid,
            name=self.name,
            address=self.address,
            up=self.up,
            cordoned=self.cordoned,
            zone=self.zone,
            labels=self.labels,
            cores=self.cores,
            memory=self.memory,
            cpu=self.cpu,
            containers=self.containers,
            foreign=self.foreign,
            foreign_idle=self.foreign_idle,
            memory_reserved=self.memory_reserved,
            cpus_reserved=self.nanocpus / NANO,
            ports=frozenset(self.foreign_ports | self.ports.keys()),
            images=self.images,
            applications=dict(self.applications),
            clusters=dict(self.clusters),
            order=self.order,
            affinity=self.affinity,
            disk=self.disk,
            disk_reserved=self.disk_reserved,
            volumes=self.volumes,
        )
