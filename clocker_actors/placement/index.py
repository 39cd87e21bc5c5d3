"""The Pool's book of hosts: what there is, what is reserved, and the rankings made of it.

Changed by facts only (`add`, `update`, `cordon`, `remove`, `occupy`, `release`) and by `reserve`, which a placement does in the same step as the choice; so two
placements can never take the same room. Every change raises `version`. Rankings are caught up from a log of changed hosts when they are next used.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from clocker_actors.errors import Conflict, NotFound
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.hosts import HostRow, Need
from clocker_actors.placement.ports import choose_ports
from clocker_actors.placement.ranked import NOWHERE, Pipeline, RankedHosts

PORT_RANGE = (20_000, 29_999)
"""Where random host ports come from unless the pool says otherwise."""

PipelineKey: TypeAlias = tuple[tuple[str, str], ...]
"""Strategies as (type, configuration in words): under this the index keeps pipelines once made."""

_ENTRIES_KEPT = 200_000
"""Host entries in all rankings together, some 300 bytes each: the least recently used rankings go first."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room that one generation of a member has on a host."""

    member: Uid
    generation: int
    host: Uid
    application: Uid
    cluster: Uid
    memory: int
    nanocpus: int
    ports: Mapping[str, int]


class HostIndex:
    """All hosts of one pool. `ports` is the range of random host ports, both ends included; `shared` is the part of all hosts that a cluster may stand on
    and still share a ranking with others (speed only: the order is the same)."""

    def __init__(self, ports: tuple[int, int] = PORT_RANGE, *, shared: float = 0.5) -> None:
        self.version = 0
        self.rows: dict[Uid, HostRow] = {}
        self.pipelines: dict[PipelineKey, Pipeline] = {}
        self.last_pipeline: tuple[tuple[StrategySpec, ...], tuple[StrategySpec, ...], Pipeline] | None = None
        self._ports = ports
        self._shared = shared
        self._reservations: dict[tuple[Uid, int], Reservation] = {}
        self._standing: dict[Uid, dict[Uid, int]] = {}
        self._rankings: dict[tuple[Pipeline, Need, Uid], RankedHosts] = {}
        self._log: list[Uid] = []
        self._log_start = 0

    @classmethod
    def of(cls, views: Iterable[HostView], ports: tuple[int, int] = PORT_RANGE) -> "HostIndex":
        """An index that starts with what the views say is reserved; such room can't be released. For plans, not for a Pool."""
        index = cls(ports)
        for view in views:
            index.add(view)
            index.rows[view.uid].seed(view)
            for cluster, count in view.clusters.items():
                index._standing.setdefault(cluster, {})[view.uid] = count
        return index

    # --- hosts ------------------------------------------------------------------------------------------------------------------------

    def __contains__(self, host: Uid) -> bool:
        return host in self.rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Uid]:
        return iter(self.rows)

    def add(self, view: HostView) -> None:
        """A new host, with nothing reserved on it (the reserved sums of the view are not read). Raises Conflict if it is there already."""
        if view.uid in self.rows:
            raise Conflict(f"host {view.name} ({view.uid}) is in this pool already: update it instead", host=view.uid)
        self.rows[view.uid] = HostRow(view, self._ports)
        self._changed(view.uid)

    def update(self, view: HostView) -> None:
        """What a host says of itself: name, address, zone, labels, up, size, load, foreign containers and their ports, images. Cordon, order and
        reservations are the index's own and stay. Raises NotFound."""
        self._row(view.uid).observe(view)
        self._changed(view.uid)

    def cordon(self, host: Uid, cordoned: bool) -> None:
        """Take no new containers on this host, or take them again. Raises NotFound."""
        self._row(host).cordoned = cordoned
        self._changed(host)

    def remove(self, host: Uid) -> tuple[Reservation, ...]:
        """Forget a host; its reservations are gone with it and are returned. Raises NotFound."""
        self._row(host)
        lost = self.reservations(host)
        for reservation in lost:
            self.release(reservation.member, reservation.generation)
        del self.rows[host]
        for standing in self._standing.values():
            standing.pop(host, None)
        self._changed(host)
        return lost

    def host(self, host: Uid) -> HostView:
        """The host now, with its reservations. Raises NotFound."""
        return self._row(host).view()

    def hosts(self) -> tuple[HostView, ...]:
        """All hosts now, in the order they were added."""
        return tuple(row.view() for row in self.rows.values())

    # --- room -------------------------------------------------------------------------------------------------------------------------

    def reserve(self, request: PlacementRequest, host: Uid) -> Mapping[str, int]:
        """Reserve room for the request on this host and choose its ports; only ports are checked. An earlier reservation of this generation is given up.
        Raises NotFound, and Refused (with nothing changed but that) when a port cannot be had."""
        row = self._row(host)
        self.release(request.member, request.generation)
        ports = choose_ports(row, request.member, request.ports, request.keep_ports)
        self._take(row, request, ports)
        return ports

    def occupy(self, request: PlacementRequest, host: Uid, ports: Mapping[str, int]) -> None:
        """A generation found to run on this host takes its room, whatever the rules say. Repeating it changes nothing. Raises NotFound."""
        row = self._row(host)
        self.release(request.member, request.generation)
        self._take(row, request, ports)

    def release(self, member: Uid, generation: int) -> bool:
        """The generation no longer takes room. False if it had none."""
        old = self._reservations.pop((member, generation), None)
        if old is None:
            return False
        row = self.rows[old.host]
        row.containers -= 1
        row.memory_reserved -= old.memory
        row.nanocpus -= old.nanocpus
        for port in set(old.ports.values()):
            row.free_port(port)
        _less(row.applications, old.application)
        if old.cluster:
            _less(row.clusters, old.cluster)
            standing = self._standing[old.cluster]
            _less(standing, old.host)
            if not standing:
                del self._standing[old.cluster]
        self._changed(old.host)
        return True

    def reservation(self, member: Uid, generation: int) -> Reservation | None:
        """The room this generation has, if any."""
        return self._reservations.get((member, generation))

    def reservations(self, host: Uid) -> tuple[Reservation, ...]:
        """All room reserved on a host, oldest first."""
        return tuple(reservation for reservation in self._reservations.values() if reservation.host == host)

    def _take(self, row: HostRow, request: PlacementRequest, ports: Mapping[str, int]) -> None:
        need = Need.of(request)
        taken = Reservation(
            request.member, request.generation, row.uid, request.application, request.cluster, need.memory, need.nanocpus, ports
        )
        self._reservations[request.member, request.generation] = taken
        row.containers += 1
        row.memory_reserved += need.memory
        row.nanocpus += need.nanocpus
        for port in set(ports.values()):
            row.take_port(port)
        row.applications[request.application] = row.applications.get(request.application, 0) + 1
        if request.cluster:  # a service of its own has none, and is spread by load alone
            row.clusters[request.cluster] = row.clusters.get(request.cluster, 0) + 1
            standing = self._standing.setdefault(request.cluster, {})
            standing[row.uid] = standing.get(row.uid, 0) + 1
        self._changed(row.uid)

    def _row(self, host: Uid) -> HostRow:
        row = self.rows.get(host)
        if row is None:
            raise NotFound(f"no host {host} in this pool: add it first", host=host)
        return row

    # --- rankings ---------------------------------------------------------------------------------------------------------------------

    def standing(self, cluster: Uid) -> Mapping[Uid, int]:
        """On which hosts a cluster stands, with how many containers."""
        return self._standing.get(cluster, {})

    def ranking(self, pipeline: Pipeline, need: Need, cluster: Uid) -> RankedHosts:
        """The ranking for requests of this shape, up to date."""
        if not pipeline.per_cluster or (pipeline.shareable and len(self.standing(cluster)) <= self._shared * len(self.rows)):
            cluster = NOWHERE
        shape = (pipeline, need, cluster)
        ranked = self._rankings.pop(shape, None)
        behind = self.version - ranked.position if ranked is not None else 0
        if ranked is None or ranked.position < self._log_start or behind > len(self.rows):
            ranked = RankedHosts(pipeline, need, cluster, self.rows, self.version)
        elif behind:
            for uid in dict.fromkeys(self._log[ranked.position - self._log_start :]):
                row = self.rows.get(uid)
                if row is None:
                    ranked.drop(uid)
                else:
                    ranked.refresh(row)
            ranked.position = self.version
        self._rankings[shape] = ranked  # at the end: the first is the least recently used
        if len(self._rankings) > max(4, min(256, _ENTRIES_KEPT // (len(self.rows) + 1))):
            del self._rankings[next(iter(self._rankings))]
        return ranked

    def _changed(self, host: Uid) -> None:
        self.version += 1
        self._log.append(host)
        if len(self._log) > 2 * len(self.rows) + 64:
            half = len(self._log) // 2
            del self._log[:half]
            self._log_start += half


def _less(counts: dict[Uid, int], key: Uid) -> None:
    left = counts.get(key, 0) - 1
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)
