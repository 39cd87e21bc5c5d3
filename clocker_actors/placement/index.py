"""The Pool's book of hosts: what there is, what is reserved, and the rankings made of it.

Changed by facts only (`add`, `update`, `cordon`, `remove`, `occupy`, `release`) and by `reserve`, which a placement does in the same step as the choice; so two
placements can never take the same room. Every change raises `version`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from clocker_actors.errors import BadRequest, Conflict, NotFound
from clocker_actors.model.affinity import Verb
from clocker_actors.model.identity import SYSTEM, Uid
from clocker_actors.model.placements import HostView, PlacementRequest, Resident
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.types import TypeTable
from clocker_actors.placement.crowd import Crowd
from clocker_actors.placement.hosts import HostRow, Need, Reservation
from clocker_actors.placement.ports import choose_ports
from clocker_actors.placement.ranked import NOWHERE, Pipeline, RankedHosts
from clocker_actors.placement.rankings import Rankings

PORT_RANGE = (20_000, 29_999)
"""Where random host ports come from unless the pool says otherwise."""

PipelineKey: TypeAlias = tuple[tuple[str, str], ...]
"""Strategies as (type, configuration in words): under this the index keeps pipelines once made."""


class HostIndex:
    """All hosts of one pool. `ports` is the range of random host ports, both ends included; `shared` is the part of all hosts that a cluster may stand on
    and still share a ranking with others (speed only: the order is the same); `types` has strategies and predicates of somebody's own."""

    def __init__(self, ports: tuple[int, int] = PORT_RANGE, *, shared: float = 0.5, types: TypeTable | None = None) -> None:
        self.rows: dict[Uid, HostRow] = {}
        self.rankings = Rankings(self.rows)
        self.pipelines: dict[PipelineKey, Pipeline] = {}
        self.last_pipeline: tuple[tuple[StrategySpec, ...], tuple[StrategySpec, ...], Pipeline] | None = None
        self.bound: dict[object, Pipeline] = {}
        self.memory: dict[object, Pipeline] = {}
        self.last_bound: tuple[object, Pipeline] | None = None
        self.prepared: tuple[PlacementRequest, int, Pipeline | BadRequest] | None = None
        self.types = types or TypeTable()
        self._homes: dict[str, set[Uid]] = {}
        self._volumes: dict[Uid, dict[str, None]] = {}  # the same by host
        self._ports = ports
        self._shared = shared
        self._reservations: dict[Uid, tuple[Reservation, ...]] = {}
        self.crowd = Crowd(self.rows, self.residents)
        self._standing: dict[Uid, dict[Uid, int]] = {}

    @classmethod
    def of(cls, views: Iterable[HostView], ports: tuple[int, int] = PORT_RANGE, *, types: TypeTable | None = None) -> "HostIndex":
        """An index that starts with what the views say is reserved; such room can't be released. For plans, not for a Pool."""
        index = cls(ports, types=types)
        for view in views:
            index._add_as_it_stands(view)
        return index

    def empty(self) -> "HostIndex":
        """An index of no hosts, that would choose among them as this one does."""
        return HostIndex(self._ports, types=self.types)

    def sketch(self) -> "HostIndex":
        """An index like this one, to try things out on. What stands here has its room there, too, and cannot be released."""
        made = self.empty()
        for _ in self.sketching(made, len(self.rows) + self.containers):
            pass
        return made

    def sketching(self, made: "HostIndex", most: int) -> Iterator[None]:
        """Make another index a sketch of this one, about so many hosts and containers at a time; hosts that come meanwhile are not in it."""
        looked_at = 0
        for uid in tuple(self.rows):
            row = self.rows.get(uid)
            if row is None:
                continue
            made._add_as_it_stands(self._seen(row))
            looked_at += 1 + row.containers
            if looked_at >= most:
                looked_at = 0
                yield
        made._homes = {volume: set(hosts) for volume, hosts in self._homes.items()}

    def _add_as_it_stands(self, view: HostView) -> None:
        self.add(view)
        row = self.rows[view.uid]
        row.seed(view)
        self.crowd.seed(row, view.residents)
        for cluster, count in view.clusters.items():
            self._standing.setdefault(cluster, {})[view.uid] = count

    def _seen(self, row: HostRow) -> HostView:
        return replace(row.view(), residents=tuple(sorted(self.residents(row), key=lambda who: (who.member, who.generation))))

    # --- hosts ------------------------------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """How many changes there were."""
        return self.rankings.version

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
        self.crowd.host_changed()
        self.rankings.changed(view.uid)

    def update(self, view: HostView) -> None:
        """What a host says of itself: name, address, zone, labels, up, size, load, foreign containers and their ports, images. Cordon, order and
        reservations are the index's own and stay. Raises NotFound."""
        row = self._row(view.uid)
        moved = (row.zone, row.labels, row.affinity) != (view.zone, view.labels, view.affinity)
        row.observe(view)
        if moved:
            self.crowd.host_changed()
        self.rankings.changed(view.uid)

    def cordon(self, host: Uid, cordoned: bool) -> None:
        """Take no new containers on this host, or take them again. Raises NotFound."""
        self._row(host).cordoned = cordoned
        self.rankings.changed(host)

    def remove(self, host: Uid) -> tuple[Reservation, ...]:
        """Forget a host; its reservations are gone with it and are returned. Raises NotFound."""
        self._row(host)
        lost = self.reservations(host)
        for reservation in lost:
            self.release(reservation.member, reservation.generation)
        del self.rows[host]
        self.crowd.host_changed(host)
        for standing in self._standing.values():
            standing.pop(host, None)
        self.rankings.changed(host)
        return lost

    def host(self, host: Uid) -> HostView:
        """The host now, with its reservations. Raises NotFound."""
        return self._row(host).view()

    def hosts(self) -> tuple[HostView, ...]:
        """All hosts now, in the order they were added, with who is on them."""
        return tuple(map(self._seen, self.rows.values()))

    def residents(self, row: HostRow) -> Iterator[Resident]:
        """Everybody who has room on a host."""
        yield from self.crowd.seeded(row.uid)
        for each in row.reservations:
            yield each.resident

    # --- room -------------------------------------------------------------------------------------------------------------------------

    def reserve(self, request: PlacementRequest, host: Uid, need: Need | None = None) -> Mapping[str, int]:
        """Reserve room for the request (`need` is its own, if known) on this host and choose its ports; only ports are checked. An earlier reservation of this
        generation is given up.
        Raises NotFound, and Refused (with nothing changed but that) when a port cannot be had."""
        row = self._row(host)
        self.release(request.member, request.generation)
        ports = choose_ports(row, request.member, request.ports, request.keep_ports)
        self.take(row, request, need or Need.of(request), ports)
        return ports

    def occupy(self, request: PlacementRequest, host: Uid, ports: Mapping[str, int]) -> None:
        """A generation found to run on this host takes its room, whatever the rules say. Repeating it changes nothing. Raises NotFound."""
        row = self._row(host)
        self.release(request.member, request.generation)
        self.take(row, request, Need.of(request), ports)

    def restore(self, held: Reservation) -> None:
        """A generation has the room again that it gave up, whatever was reserved meanwhile. Raises NotFound."""
        request = PlacementRequest(
            held.member, held.generation, held.application, held.cluster, held.path, SYSTEM, type=held.type, volumes=held.volumes
        )
        self.take(self._row(held.host), request, held.need, held.ports)

    def release(self, member: Uid, generation: int) -> bool:
        """The generation no longer takes room. False if it had none."""
        held = self._reservations.get(member)
        if held is None:
            return False
        old = next((each for each in held if each.generation == generation), None)
        if old is None:
            return False
        if len(held) > 1:
            self._reservations[member] = tuple(each for each in held if each is not old)
        else:
            del self._reservations[member]
        row = self.rows[old.host]
        row.reservations.remove(old)
        row.containers -= 1
        row.memory_reserved -= old.need.memory
        row.nanocpus -= old.need.nanocpus
        row.disk_reserved -= old.need.disk
        row.tally.total -= 1
        if self.crowd.facets:
            self.crowd.count(row, old.resident, -1)
        for port in set(old.ports.values()):
            row.free_port(port)
        _less(row.applications, old.application)
        if old.cluster:
            _less(row.clusters, old.cluster)
            standing = self._standing[old.cluster]
            _less(standing, old.host)
            if not standing:
                del self._standing[old.cluster]
        self.rankings.changed(old.host)
        return True

    def reservation(self, member: Uid, generation: int) -> Reservation | None:
        """The room this generation has, if any."""
        return next((each for each in self.held(member) if each.generation == generation), None)

    def held(self, member: Uid) -> tuple[Reservation, ...]:
        """The room that all generations of a member have."""
        return self._reservations.get(member, ())

    @property
    def containers(self) -> int:
        """How many generations have room, on all hosts together."""
        return sum(row.containers for row in self.rows.values())

    def reservations(self, host: Uid) -> tuple[Reservation, ...]:
        """All room reserved on a host, oldest first."""
        row = self.rows.get(host)
        return tuple(row.reservations) if row is not None else ()

    def take(self, row: HostRow, request: PlacementRequest, need: Need, ports: Mapping[str, int]) -> None:
        """Give a generation that has no room yet its room on this host, unasked."""
        member = request.member
        taken = Reservation(
            member,
            request.generation,
            row.uid,
            request.application,
            request.cluster,
            need,
            ports,
            request.name,
            request.type,
            request.volumes,
        )
        held = self._reservations.get(member)
        self._reservations[member] = (taken,) if held is None else (*held, taken)
        row.reservations.append(taken)
        row.containers += 1
        row.disk_reserved += need.disk
        row.tally.total += 1
        if self.crowd.facets:
            self.crowd.count(row, taken.resident, 1)
        row.memory_reserved += need.memory
        row.nanocpus += need.nanocpus
        for volume in request.volumes:
            self._homes.setdefault(volume, set()).add(row.uid)
            self._volumes.setdefault(row.uid, {})[volume] = None
        if ports:
            for port in set(ports.values()):
                row.take_port(port)
        row.applications[request.application] = row.applications.get(request.application, 0) + 1
        if request.cluster:  # a service of its own has none, and is spread by load alone
            row.clusters[request.cluster] = row.clusters.get(request.cluster, 0) + 1
            standing = self._standing.setdefault(request.cluster, {})
            standing[row.uid] = standing.get(row.uid, 0) + 1
        self.rankings.changed(row.uid)

    def lift(self, held: Iterable[Reservation], by: int) -> None:
        """Have affinity rules not see these (-1), for as long as their member is placed, or see them again (1); rules about an ID always see them."""
        facets = [facet for facet in self.crowd.facets if facet.verb is not Verb.ID]
        for each in held:
            row = self.rows[each.host]
            row.tally.total += by
            self.crowd.count(row, each.resident, by, facets)
            self.rankings.changed(row.uid)

    # --- volumes

    def homes(self, volume: str, request: PlacementRequest) -> Mapping[Uid, str]:
        """The hosts that have this volume of a request, by name; none: it may be made anywhere.

        Who ran with it goes back to its own. Members of a cluster begin with a volume each, wherever the others have theirs. A service of its own goes
        where another service of its application has it: as hosts say themselves, or since something that uses it was placed there. Where the
        latter only failed to start (`avoid`) it counts as not there.
        """
        if request.home in self.rows:
            return {request.home: self.rows[request.home].name}
        if request.cluster:
            return {}
        placed, avoid = self._homes.get(volume, ()), request.avoid
        found = [row for row in self.rows.values() if volume in row.volumes]
        return {row.uid: row.name for row in (*found, *(self.rows[uid] for uid in placed if uid in self.rows and uid not in avoid))}

    def volumes_on(self, host: Uid) -> tuple[str, ...]:
        """The volumes that something was placed with on this host, and that are not removed yet."""
        return tuple(self._volumes.get(host, ()))

    def forget_volumes(self, application: Uid) -> None:
        """The volumes of an application are removed."""
        for volume in [each for each in self._homes if each.partition(".")[0] == application]:
            for host in self._homes.pop(volume):
                self._volumes.get(host, {}).pop(volume, None)

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
        return self.rankings.get(pipeline, need, self._place_of(pipeline, cluster))

    def advance(self, pipeline: Pipeline, need: Need, cluster: Uid, most: int) -> bool:
        """Judge at most so many hosts of what `ranking` would judge now; whether nothing is left."""
        return self.rankings.advance(pipeline, need, self._place_of(pipeline, cluster), most)

    def _place_of(self, pipeline: Pipeline, cluster: Uid) -> Uid:
        """The cluster that a ranking is made for: NOWHERE if those on few hosts share it."""
        alike = not pipeline.per_cluster or (pipeline.shareable and len(self.standing(cluster)) <= self._shared * len(self.rows))
        return NOWHERE if alike else cluster


def _less(counts: dict[Uid, int], key: Uid) -> None:
    left = counts.get(key, 0) - 1
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)
