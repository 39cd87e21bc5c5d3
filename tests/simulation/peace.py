"""What has to hold at the end: in peace, when everything has had its time, and when all was deleted. Each finds what is wrong, in words."""

from collections.abc import Iterator, Mapping

from clocker_actors.entities.records import ClusterState, Desired, MemberState
from clocker_actors.model.identity import RECORDER, ROOT, EntityKind, Uid
from clocker_actors.model.values import Value, as_map
from clocker_actors.telemetry.readmodel import Entry
from tests.flows.stories import faults, ours
from tests.simulation import records
from tests.simulation.blueprints import YARD
from tests.simulation.house import House

AMPLE = 40
"""Room on each host with which everything of a story finds a place."""
MOST_TASKS = 12
"""Tasks that a manager has for one host that it looks after, and for itself."""


def at_peace(house: House) -> list[str]:
    """Desired is observed, nothing is under way, nothing is left over."""
    house.forget_engines()
    return [*_faults(house), *_not_up(house), *_machines(house), *house.wrong]


def _faults(house: House) -> Iterator[str]:
    """What is wrong with containers and records; but what failed before, and waits now for somebody who is off, may have left its remains until its next try."""
    waits = _waiting(house)
    waiting = {member.identity.uid for member in records.members(house) if waits and member.identity.path.startswith(waits)}
    for fault in faults(house.driven, house.world):
        if not (waiting and any(words in fault for words in ("are noted", "are reserved"))) and not any(
            f".{uid}.g" in fault for uid in waiting
        ):
            yield fault


def applications_left(house: House) -> list[str]:
    """No container, volume or record of anything that was deleted."""
    house.forget_engines()
    left = [f"{seen.name} on {engine.name} ({seen.state})" for engine, seen in ours(house.world)]
    left += [f"volume {name} on {engine.name}" for engine in house.engines for name in engine.volume_names]
    for kind in (EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER):
        left += [f"record of {kind} {kept.uid}" for kept in house.driven.manager.store.all(kind)]
        left += [f"{entry.path} is shown" for entry in house.found(kind)]
    return [*left, *faults(house.driven, house.world)]


def nothing_left(house: House) -> list[str]:
    """Nor any machine, actor or task."""
    left = applications_left(house)
    left += [f"record {kept.uid} of a policy" for kept in house.driven.manager.store.all("adjunct")]
    left += [f"machine {name} of {cloud.name}" for cloud in house.clouds for name in cloud.machines]
    left += [f"{entry.path} is shown" for entry in house.found(EntityKind.POOL, EntityKind.HOST) if entry.path.startswith(YARD)]
    return [*left, *_held(house)]


def _held(house: House) -> Iterator[str]:
    """Memory: who is there belongs to what is there, and does no more than that takes."""
    kernel, known = house.driven.manager.kernel, {str(entry.uid) for entry in house.driven.model.all()} | {str(ROOT), str(RECORDER)}
    for dump in kernel.dump():
        if dump.id.partition(":")[0] not in known:
            yield f"actor {dump.id} ({dump.kind}) of nothing that is there"
        if dump.owed or dump.requests:
            yield f"{dump.id} owes {dump.owed} answers, and waits for {dump.requests}"
    most = MOST_TASKS * (1 + house.driven.model.count(EntityKind.HOST))
    if len(kernel.tasks) > most:
        yield f"{len(kernel.tasks)} tasks: {sorted(kernel.tasks.values())}"


def _machines(house: House) -> Iterator[str]:
    """Every machine has a host that knows it."""
    known = {host.made.node for host in records.hosts(house) if host.made is not None}
    for cloud in house.clouds:
        for node in cloud._living():
            if node.id not in known:
                yield f"machine {node.name} ({node.id}) of {cloud.name} has no host"


def _not_up(house: House) -> Iterator[str]:
    waits, ample = _waiting(house), _ample(house)
    for member in records.members(house):
        path = member.identity.path
        if member.identity.pool not in ample or member.desired is not Desired.RUNNING:
            continue
        if not _quarantined(house, member) and not path.startswith(waits):
            if house.driven.model.get(member.identity.uid) is None:
                yield f"{path} is not shown"
            elif not house.driven.up(member.identity.uid):
                yield f"{path} is to run and is not up"
    for cluster in records.clusters(house):
        path = cluster.identity.path
        if cluster.identity.pool not in ample or cluster.desired is not Desired.RUNNING:
            continue
        if len(cluster.members) != cluster.size and not path.startswith(waits):
            yield f"{path} has {len(cluster.members)} members of {cluster.size}"


def _ample(house: House) -> set[Uid]:
    """Docker clouds in which all find a place."""
    return {pool.identity.uid for pool in records.pools(house) if pool.desired is Desired.RUNNING and records.room_of(pool) >= AMPLE}


def _waiting(house: House) -> tuple[str, ...]:
    """Paths of services that wait for others which somebody has stopped, deleted or sized to nothing, which find no place, or which wait themselves."""
    services: dict[str, ClusterState | MemberState] = {state.identity.path: state for state in records.members(house)}
    services |= {state.identity.path: state for state in records.clusters(house)}
    waits = {member.identity.path for member in records.members(house) if _torn(house, member)}
    while True:
        more = {
            path
            for path, state in services.items()
            if path not in waits and any(_is_off(services, waits, path, each) for each in _users_of(state))
        }
        if not more:
            return tuple(waits)
        waits |= more


def _torn(house: House, member: MemberState) -> bool:
    """Whether its data are on one host, and another service of the story has its port there: then it rightly waits, and says so."""
    container, entry = member.spec.container, house.driven.model.get(member.identity.uid)
    if container is None or entry is None or not container.volumes:
        return False
    return any(port.fixed is not None for port in container.ports) and "is taken" in str(problems(entry).get("placement", ""))


def _users_of(state: ClusterState | MemberState) -> Iterator[str]:
    """Ids of the services that one depends on, by what it says and by the one value that stories take of others."""
    yield from (each.on for each in state.spec.depends)
    service = state.spec.cluster.member if state.spec.cluster is not None else state.spec
    if service.container is not None and "PEER" in service.container.env:
        own = state.identity.path.split("/")[1]
        yield f"s{int(own.removeprefix('s')) - 1}"


def _is_off(services: Mapping[str, ClusterState | MemberState], waits: set[str], path: str, name: str) -> bool:
    on = f"{path.split('/', maxsplit=1)[0]}/{name}"
    state = services.get(on)
    return on in waits or state is None or state.desired is not Desired.RUNNING or (isinstance(state, ClusterState) and state.size == 0)


def _quarantined(house: House, member: MemberState) -> bool:
    return any(member.identity.uid in {kept.uid for kept in cluster.quarantined} for cluster in records.clusters(house))


def problems(entry: Entry) -> Mapping[str, Value]:
    """What people are told is wrong with an entity, by name."""
    return as_map(entry.value("service.problems"))
