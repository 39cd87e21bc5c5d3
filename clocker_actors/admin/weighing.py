"""Where a member, or the next one of a cluster, would go: the question to its pool, and the answer as people read it.

The pool itself is asked, so that the answer is what a placement would find at that moment; what is asked for is read from the durable records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clocker_actors.admin.context import Context
from clocker_actors.entities.members import generations
from clocker_actors.entities.records import ClusterState, MemberState
from clocker_actors.errors import BadRequest
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.weighing import Weigh, Weighed, WeighedHost
from clocker_actors.planning.requests import NEXT, next_of_cluster
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.names import look_up
from clocker_actors.telemetry.readmodel import Entry

ASK_LIMIT = 10.0
"""Seconds that a pool has to answer."""


@dataclass(frozen=True, slots=True)
class WeighedHostView:
    """What one host is worth for it: taken with a `rank` (1 is best), or refused by a `rule`; `reason` has the numbers of either. `here` is where it is now.

    Free is what nobody has reserved; what the asked one itself holds counts as free. Sizes are bytes, None where nothing is known."""

    uid: str
    path: str
    name: str
    accepted: bool
    rank: int
    rule: str
    reason: str
    here: bool
    containers: int
    cores: int
    cpus_free: float | None
    memory: int
    memory_free: int | None
    disk_free: int | None
    cpu_percent: float | None
    zone: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WeighedView:
    """Of how many hosts of the pool would take it, and why the others not, counted by rule. `items` are those that would, best first, then the others; of a
    large pool not all. `host` is where it is now, "" if nowhere."""

    event: int
    entity: str
    path: str
    pool: str
    host: str
    considered: int
    accepted: int
    refused: Mapping[str, int]
    strategies: tuple[str, ...]
    affinity: tuple[str, ...]
    items: tuple[WeighedHostView, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    request: PlacementRequest
    path: str
    pool: Uid
    host: Uid


async def weigh(context: Context, name: str, *, uid_first: bool = False) -> WeighedView:
    """`uid_first` is for programs, which have looked a uid up. Raises NotFound and BadRequest for names of nothing that is placed, and what the pool refuses it with."""
    known = context.model.get(name) if uid_first else None
    entry = known or look_up(context.model, name)
    asked = _asked(context, entry)
    answer: Weighed = await context.kernel.ask(asked.pool, Weigh(asked.request), ASK_LIMIT)
    model = context.model

    def view(host: WeighedHost) -> WeighedHostView:
        said, has = host.verdict, host.figures
        return WeighedHostView(
            said.host, model.path(said.host), said.name, said.accepted, said.rank, said.rule, said.reason, said.host == asked.host,
            has.containers, has.cores, has.cpus_free, has.memory, has.memory_free, has.disk_free, has.cpu, has.zone, has.labels,
        )  # fmt: skip

    return WeighedView(
        event=model.events.number,
        entity=entry.uid,
        path=asked.path,
        pool=model.path(asked.pool),
        host=model.path(asked.host) if asked.host else "",
        considered=answer.considered,
        accepted=answer.accepted,
        refused=answer.refused,
        strategies=answer.strategies,
        affinity=tuple(rule.text for rule in asked.request.affinity),
        items=tuple(view(host) for host in answer.hosts),
    )


def _asked(context: Context, entry: Entry) -> _Asked:
    """Raises BadRequest for what has no place of its own."""
    if entry.kind is EntityKind.CONTAINER:
        entry = context.model.entry(str(entry.facts.get("member", "")), uid_first=True)
    body = context.store.read(entry.kind, entry.uid) if entry.kind in {EntityKind.MEMBER, EntityKind.CLUSTER} else None
    if body is not None and entry.kind is EntityKind.MEMBER:
        found = _member(decode(MemberState, body))
        if found is not None:
            return found
    if body is not None and entry.kind is EntityKind.CLUSTER:
        cluster = decode(ClusterState, body)
        request = next_of_cluster(cluster.identity.uid, cluster.identity.application, entry.path, cluster.spec, cluster.next_index)
        if request is not None:
            return _Asked(request, f"{entry.path}/{NEXT}", cluster.identity.pool, Uid(""))
    below = [child.path for child in context.model.children(entry.uid) if child.kind in {EntityKind.MEMBER, EntityKind.CLUSTER}]
    name = f"name {' or '.join(below[:5])}" if below else "name a member, as shop/web/3, or a cluster, as shop/web"
    gone = "is gone" if entry.gone is not None else f"is of kind {entry.kind}"
    raise BadRequest(f"{entry.path or entry.uid} {gone} and is placed on no host: {name}", entity=entry.uid)


def _member(state: MemberState) -> _Asked | None:
    container, identity = state.spec.container, state.identity
    if container is None:
        return None
    request = generations.request(state, container, (), state.cause)
    if state.current is not None:
        request = replace(request, generation=state.current.number)
    return _Asked(request, identity.path, identity.pool, state.current.host if state.current is not None else Uid(""))
