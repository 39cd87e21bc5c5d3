"""What has to hold whatever happens: all along, in peace when everything has had its time, and when all was deleted. Each finds what is wrong, in words."""

from collections import Counter
from collections.abc import Iterator, Mapping

from clocker_actors.entities.records import ClusterState, Desired, MemberState
from clocker_actors.model.containers import EngineState
from clocker_actors.model.expressions import Dependency
from clocker_actors.model.identity import LABEL_GENERATION, LABEL_MEMBER, EntityKind, Uid
from clocker_actors.model.specs import Duplicate
from clocker_actors.model.values import Value, as_map
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import Entry
from tests.flows.stories import faults, ours
from tests.simulation.house import House

AMPLE = 40
"""Room on each host with which everything of a story finds a place."""


def always(house: House) -> list[str]:
    """Intent before effect, never two of what may not be there twice, sizes within bounds."""
    if house.died.is_set():
        return []
    members = {state.identity.uid: state for state in _members(house)}
    return [*_intended(house, members), *_twice(house, members), *_bounds(house)]


def at_peace(house: House) -> list[str]:
    """Desired is observed, nothing is under way, nothing is left over."""
    wrong = faults(house.driven, house.world)
    if house.room >= AMPLE:
        wrong += _not_up(house)
    return [*wrong, *_crowded(house)]


def nothing_left(house: House) -> list[str]:
    """No container, volume or record of anything that was deleted."""
    left = [f"{seen.name} on {engine.name} ({seen.state})" for engine, seen in ours(house.world)]
    left += [f"volume {name} on {engine.name}" for engine in house.engines for name in engine.volume_names]
    for kind in (EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER):
        left += [f"record of {kind} {kept.uid}" for kept in house.driven.manager.store.all(kind)]
        left += [f"{entry.path} is shown" for entry in house.found(kind)]
    left += [f"record {kept.uid} of a policy" for kept in house.driven.manager.store.all("adjunct")]
    return [*left, *faults(house.driven, house.world)]


def _members(house: House) -> Iterator[MemberState]:
    for kept in house.driven.manager.store.all(EntityKind.MEMBER):
        yield decode(MemberState, kept.body or b"")


def _clusters(house: House) -> Iterator[ClusterState]:
    for kept in house.driven.manager.store.all(EntityKind.CLUSTER):
        yield decode(ClusterState, kept.body or b"")


def _intended(house: House, members: Mapping[Uid, MemberState]) -> Iterator[str]:
    for engine, seen in ours(house.world):
        state = members.get(Uid(seen.labels[LABEL_MEMBER]))
        if state is not None and int(seen.labels[LABEL_GENERATION]) > state.number:
            yield f"{seen.name} on {engine.name} was made before it was written that it is wanted ({state.number} is)"


def _twice(house: House, members: Mapping[Uid, MemberState]) -> Iterator[str]:
    running = Counter(seen.labels[LABEL_MEMBER] for _, seen in ours(house.world) if seen.state is EngineState.RUNNING)
    for uid, count in running.items():
        state = members.get(Uid(uid))
        if count > 1 and state is not None and state.spec.duplicate is Duplicate.NEVER:
            yield f"{state.identity.path} runs {count} times, though it is `duplicate: never`"


def _bounds(house: House) -> Iterator[str]:
    for state in _clusters(house):
        spec = state.spec.cluster
        assert spec is not None
        if not spec.min_size <= state.size <= spec.max_size:
            yield f"{state.identity.path} is to have {state.size} members; its bounds are {spec.min_size} and {spec.max_size}"
        have = len(state.members) - len(state.replacing)
        if have > spec.max_size:
            yield f"{state.identity.path} has {have} members; at most {spec.max_size} may be"


def _not_up(house: House) -> Iterator[str]:
    waits = _waiting(house)
    for member in _members(house):
        path = member.identity.path
        if member.desired is Desired.RUNNING and not _quarantined(house, member) and not path.startswith(waits):
            if house.driven.model.get(member.identity.uid) is None:
                yield f"{path} is not shown"
            elif not house.driven.up(member.identity.uid):
                yield f"{path} is to run and is not up"
    for cluster in _clusters(house):
        if cluster.desired is Desired.RUNNING and len(cluster.members) != cluster.size and not cluster.identity.path.startswith(waits):
            yield f"{cluster.identity.path} has {len(cluster.members)} members of {cluster.size}"


def _waiting(house: House) -> tuple[str, ...]:
    """Paths of services that wait for others which somebody has stopped, deleted or sized to nothing, or which wait themselves."""
    services: dict[str, ClusterState | MemberState] = {state.identity.path: state for state in _members(house)}
    services |= {state.identity.path: state for state in _clusters(house)}
    waits: set[str] = set()
    while True:
        more = {
            path
            for path, state in services.items()
            if path not in waits and any(_is_off(services, waits, path, each) for each in state.spec.depends)
        }
        if not more:
            return tuple(waits)
        waits |= more


def _is_off(services: Mapping[str, ClusterState | MemberState], waits: set[str], path: str, dependency: Dependency) -> bool:
    on = f"{path.rpartition('/')[0]}/{dependency.on}"
    state = services.get(on)
    return on in waits or state is None or state.desired is not Desired.RUNNING or (isinstance(state, ClusterState) and state.size == 0)


def _quarantined(house: House, member: MemberState) -> bool:
    return any(member.identity.uid in {kept.uid for kept in cluster.quarantined} for cluster in _clusters(house))


def _crowded(house: House) -> Iterator[str]:
    for engine in house.engines:
        there = sum(1 for where, _ in ours(house.world) if where is engine)
        if there > house.room:
            yield f"{engine.name} has {there} containers and room for {house.room}"


def problems(entry: Entry) -> Mapping[str, Value]:
    """What people are told is wrong with an entity, by name."""
    return as_map(entry.value("service.problems"))
