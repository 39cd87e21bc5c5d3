"""Who could move, by the records: for the plan of a drain, for a rebalancing, and for whoever asks what either would do."""

from collections.abc import Generator, Iterator

from clocker_actors.entities.members import generations
from clocker_actors.entities.members.standing import occupy_standing
from clocker_actors.entities.records import ClusterState, Desired, MemberState
from clocker_actors.model.identity import SYSTEM, EntityKind, Uid
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.emptying import Mover
from clocker_actors.planning.moving import Company, company, manner
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode

STEP = 100
"""Hosts that one step of copying looks at, where nothing stands on them."""
PER_MEMBER = 5
"""How much longer a member takes than a host: its record is read."""


def movers(store: Store, pool: Uid) -> dict[Uid, list[Mover]]:
    """The members of a pool that run and are not moving already, as they would ask to be placed, by the host they are on."""
    found: dict[Uid, list[Mover]] = {}
    clusters: dict[Uid, Company | None] = {}
    for member in _members(store, pool):
        _note(found, member, store, clusters)
    return found


def copying(index: HostIndex, store: Store) -> Generator[None, None, tuple[HostIndex, dict[Uid, list[Mover]]]]:
    """An index of the same hosts and what stands there, and who could move, some hosts and members at a time; what changes meanwhile may be missed."""
    copy, found, looked_at = index.empty(), dict[Uid, list[Mover]](), 0
    clusters: dict[Uid, Company | None] = {}
    for uid in tuple(index):
        if uid not in index:
            continue
        copy.add(index.host(uid))
        for held in index.reservations(uid):
            copy.restore(held)
            body = store.read(EntityKind.MEMBER, held.member)
            if body is not None:
                _note(found, decode(MemberState, body), store, clusters)
            looked_at += PER_MEMBER
        looked_at += 1
        if looked_at >= STEP:
            looked_at = 0
            yield
    return copy, found


def _note(found: dict[Uid, list[Mover]], member: MemberState, store: Store, clusters: dict[Uid, Company | None]) -> None:
    container = member.spec.container
    if container is None or member.current is None or member.arriving is not None or member.desired is not Desired.RUNNING:
        return
    request = generations.request(member, container, (), SYSTEM)
    how, cluster = manner(member.spec, container, same_host=False), member.cluster
    if cluster and not how.start_first and cluster not in clusters:
        clusters[cluster] = _company(store, cluster)
    found.setdefault(member.current.host, []).append(Mover(request, how, member.current.number, clusters.get(cluster)))


def _company(store: Store, cluster: Uid) -> Company | None:
    """What is left of a cluster while one is away, all others being up."""
    body = store.read(EntityKind.CLUSTER, cluster)
    state = decode(ClusterState, body) if body is not None else None
    if state is None or state.spec.cluster is None:
        return None
    return company(state.identity.path, len(state.members) - 1, state.spec.cluster.quorum, state.size)


def copied(index: HostIndex, ports: tuple[int, int], store: Store, pool: Uid) -> HostIndex:
    """An index of the same hosts, with the room that members have by their records: to try out what is not done."""
    copy = HostIndex(ports, types=index.types)
    for uid in index:
        copy.add(index.host(uid))
    occupy_standing(copy, store, pool)
    return copy


def _members(store: Store, pool: Uid) -> Iterator[MemberState]:
    for kept in store.all(EntityKind.MEMBER):
        member = decode(MemberState, kept.body) if kept.body is not None else None
        if member is not None and member.identity.pool == pool:
            yield member
