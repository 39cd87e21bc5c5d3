"""A state with as many members as asked for, and simulated engines that run their containers: made in seconds, through the real store.

A manager deploys one member for each cluster; the others are copies of that one, with ids, places and containers of their own.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.records import ADJUNCT_KIND, ClusterState, Generation, HostState, MemberState, record
from clocker_actors.model.containers import ContainerRequest, Observed
from clocker_actors.model.identity import LABEL_MEMBER, EntityKind, Ids, Uid, policy_id
from clocker_actors.ports.store import Record
from clocker_actors.store import SqliteStore, decode
from tests.flows.stories import new_world, ours
from tests.flows.support import managed

SHOP = """
name: shop{number}
location: yard
services:
- type: cluster
  id: web
  initialSize: 1
  memberSpec:
    type: docker:clocker/web:1
"""


def yard(hosts: int) -> str:
    """A docker cloud with that many simulated hosts."""
    lines = (f'  - {{name: h{number}, engine: "simulated://h{number}"}}\n' for number in range(hosts))
    return "services:\n- type: docker-cloud\n  name: yard\n  hosts:\n" + "".join(lines)


async def fill(state: Path, *, members: int, hosts: int, clusters: int) -> SimulatedWorld:
    """Members in equal parts in clusters, one cluster in each application; the world in which their containers run."""
    world = new_world()
    async with managed(state, world=world) as driven:
        await driven.ended(await driven.deploy(yard(hosts)))
        for number in range(clusters):
            await driven.ended(await driven.deploy(SHOP.format(number=number)))
        seen = {found.labels[LABEL_MEMBER]: found for _, found in ours(world)}
    store = await SqliteStore.open(state)
    ids = store.ids()
    ids.reserved = await store.reserve_ids(members)
    known = [decode(HostState, kept.body) for kept in store.all(EntityKind.HOST) if kept.body]
    places = [host for host in known if host.spec.engine.url.startswith("simulated://h")]
    for kept in store.all(EntityKind.CLUSTER):
        cluster = decode(ClusterState, kept.body or b"")
        first = decode(MemberState, store.read(EntityKind.MEMBER, cluster.members[0]) or b"")
        copies = list(_copies(first, members // clusters, places, ids))
        uids = tuple(copy.identity.uid for copy in copies)
        grown = replace(cluster, size=1 + len(copies), members=(*cluster.members, *uids), next_index=2 + len(copies))
        batch: list[Record] = [record(EntityKind.CLUSTER, grown), *(record(EntityKind.MEMBER, copy) for copy in copies)]
        batch += [
            Record(ADJUNCT_KIND, policy_id(copy.identity.uid, adjunct.spec.name), body)
            for adjunct in first.adjuncts
            if (body := store.read(ADJUNCT_KIND, policy_id(first.identity.uid, adjunct.spec.name)))
            for copy in copies
        ]
        await store.write(batch)
        for copy in copies:
            await _run(world, seen[first.identity.uid], first, copy, places)
    await store.close()
    return world


def _copies(first: MemberState, count: int, places: list[HostState], ids: Ids) -> Iterator[MemberState]:
    assert first.current is not None
    for number in range(2, count + 1):
        uid, place = ids.entity(EntityKind.MEMBER), places[ids.next_number % len(places)]
        identity = replace(first.identity, uid=uid, name=str(number), path=f"{first.identity.path.rpartition('/')[0]}/{number}")
        yield replace(first, identity=identity, current=_generation(first.current, first.identity.uid, uid, place))


def _generation(of: Generation, was: Uid, uid: Uid, place: HostState) -> Generation:
    return replace(of, host=place.identity.uid, host_name=place.identity.name, name=of.name.replace(f".{was}.", f".{uid}."))


async def _run(world: SimulatedWorld, like: Observed, first: MemberState, copy: MemberState, places: list[HostState]) -> None:
    assert copy.current is not None and first.spec.container is not None
    place = next(host for host in places if host.identity.uid == copy.current.host)
    engine = world.engine(place.spec.engine.url)
    labels = {**like.labels, LABEL_MEMBER: copy.identity.uid}
    await engine.pull(like.image)
    await engine.start(await engine.create(ContainerRequest(copy.current.name, like.image, first.spec.container, labels)))
