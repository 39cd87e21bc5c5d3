"""What has to hold whatever happens, all along. Each finds what is wrong, in words; what has to hold at the end is in `peace`."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.entities.records import ClusterState, Desired, MemberState
from clocker_actors.model import sensors
from clocker_actors.model.containers import EngineState
from clocker_actors.model.identity import LABEL_GENERATION, LABEL_MEMBER, EntityKind, Uid
from clocker_actors.model.specs import Duplicate
from clocker_actors.model.values import Value, as_map
from tests.flows.stories import ours
from tests.simulation import records
from tests.simulation.blueprints import APART
from tests.simulation.house import House

LATELY = 20.0
"""Seconds for which a manager may not have heard that a container has ended, or an engine."""
NOTICED = 12.0
"""Seconds after which the end of a container is known, if its engine answers."""
MOVES = frozenset({"move", "update"})
"""Activities that may stop a member only where enough others are up."""
BREAKS = frozenset({"restart", "stop", "delete"})
"""Activities that may stop it whatever others do."""


def always(house: House) -> list[str]:
    """Intent before effect, never two of what may not be there twice, sizes within bounds, hosts neither full nor shared by those who are to stand apart."""
    if not house.awake:
        return []
    members = {state.identity.uid: state for state in records.members(house)}
    clusters = records.clusters(house)
    return [
        *_intended(house, members),
        *_twice(house, members),
        *_counted_twice(house),
        *_bounds(clusters),
        *_crowded(house, members),
        *_apart(clusters, members),
    ]


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


def _counted_twice(house: House) -> Iterator[str]:
    for entry in house.driven.entries(EntityKind.MEMBER):
        ways = Counter(
            (str(each.get("container")), str(each.get("scope"))) for each in map(as_map, _listed(entry.value(sensors.ENDPOINTS.name)))
        )
        for (port, scope), places in ways.items():
            if places > 1:
                yield f"{entry.path} is reached at {places} places by its port {port} ({scope})"
    for cluster in house.driven.entries(EntityKind.CLUSTER):
        count, most = cluster.value(sensors.GROUP_UP.name), cluster.value(sensors.GROUP_SIZE.name)
        if isinstance(count, int) and isinstance(most, int) and count > most:
            yield f"{cluster.path} counts {count} members up, and has {most}"


def _bounds(clusters: tuple[ClusterState, ...]) -> Iterator[str]:
    for state in clusters:
        spec = state.spec.cluster
        assert spec is not None
        if not spec.min_size <= state.size <= spec.max_size:
            yield f"{state.identity.path} is to have {state.size} members; its bounds are {spec.min_size} and {spec.max_size}"
        have = len(state.members) - len(state.replacing)
        if have > spec.max_size:
            yield f"{state.identity.path} has {have} members; at most {spec.max_size} may be"


def _crowded(house: House, members: Mapping[Uid, MemberState]) -> Iterator[str]:
    there = Counter(kept.host for member in members.values() for kept in records.wanted(member))
    for pool in records.pools(house):
        room = records.room_of(pool)
        if pool.identity.name == "farm":  # the other one may be deployed anew with less room
            for name, uid in pool.hosts.items():
                if there[uid] > room:
                    yield f"{there[uid]} containers are to be on {name}, which has room for {room}"


def _apart(clusters: tuple[ClusterState, ...], members: Mapping[Uid, MemberState]) -> Iterator[str]:
    for cluster in clusters:
        most = min((APART[rule.text] for rule in cluster.spec.affinity if rule.text in APART), default=0)
        if not most:
            continue
        there: defaultdict[str, set[Uid]] = defaultdict(set)
        for uid in cluster.members:
            for kept in records.wanted(members[uid]) if uid in members else ():
                there[kept.host_name].add(uid)
        for host, who in there.items():
            if len(who) > most:
                yield f"{len(who)} members of {cluster.identity.path} are to be on {host}, and at most {most} may"


class Leavings:
    """Hears each call before it is made: a member that a move or an update stops has to leave enough others behind."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ran: dict[Uid, float] = {}
        self._served: dict[Uid, float] = {}
        self._dead: dict[str, float] = {}
        self._needs: defaultdict[Uid, deque[tuple[float, int]]] = defaultdict(lambda: deque(maxlen=100))

    def look(self) -> None:
        """Remember who runs, who serves, and how many have to."""
        house = self._house
        if not house.awake:
            return
        now = house.loop.time()
        for _, seen in ours(house.world):
            if seen.state is EngineState.RUNNING:
                self._ran[Uid(seen.labels[LABEL_MEMBER])] = now
        for entry in house.driven.entries(EntityKind.MEMBER):
            if entry.value(sensors.SERVICE_UP.name) is True:
                self._served[entry.uid] = now
        for cluster in records.clusters(house):
            spec = cluster.spec.cluster
            assert spec is not None
            need = min(spec.quorum, cluster.size) if spec.quorum >= 0 else min(1, cluster.size - 1)
            self._needs[cluster.identity.uid].append((now, need))

    def unnoticed(self) -> Iterator[str]:
        """Containers that ended a while ago, on an engine that answers, and whose member is still called up: that was told by an event."""
        house = self._house
        now, dead = house.loop.time(), {}
        if not house.awake or now < house.full_until:
            self._dead = {}
            return
        for engine, seen in ours(house.world):
            entry = house.driven.model.get(seen.labels[LABEL_MEMBER])
            wire = engine._wire
            ended = seen.state is EngineState.EXITED and not (wire.down or wire.silent) and wire.factor == 1.0
            if ended and entry is not None and house.driven.up(entry.uid) and entry.facts.get("container") == seen.name:
                dead[seen.name] = self._dead.get(seen.name, now)
                if now - dead[seen.name] > NOTICED:
                    yield f"{seen.name} on {engine.name} ended {now - dead[seen.name]:.0f} s ago, and {entry.path} is still called up"
        self._dead = dead

    def heard(self, engine: SimulatedEngine, operation: str, container: str) -> None:
        """A call is about to be made."""
        house = self._house
        if operation not in {"stop", "kill", "remove"} or not house.awake:
            return
        seen = next((seen for seen in engine.containers if container in (seen.name, seen.id)), None)
        if seen is None or seen.state is not EngineState.RUNNING or not seen.labels.get(LABEL_MEMBER):
            return
        self.look()
        uid = Uid(seen.labels[LABEL_MEMBER])
        cluster = next((each for each in records.clusters(house) if uid in each.members), None)
        if (
            cluster is not None
            and cluster.desired is Desired.RUNNING
            and self._is_moved(uid, cluster)
            and not self._runs_elsewhere(uid, seen.name)
        ):
            self._judge(uid, cluster)

    def _is_moved(self, uid: Uid, cluster: ClusterState) -> bool:
        house = self._house
        about = {uid, cluster.identity.uid, cluster.identity.application}
        since = house.driven.manager.kernel.now() - LATELY
        doing = [
            each for each in house.driven.model.activities.all() if each.entity in about and (each.ended is None or each.ended > since)
        ]
        moves = any(each.entity == uid and each.effector in MOVES and not each.state.ended for each in doing)
        lately = house.loop.time() - self._served.get(uid, -LATELY) < 1.0
        return lately and moves and not any(each.effector in BREAKS for each in doing)

    def _runs_elsewhere(self, uid: Uid, name: str) -> bool:
        same = (seen for _, seen in ours(self._house.world) if seen.labels[LABEL_MEMBER] == uid and seen.name != name)
        return any(seen.state is EngineState.RUNNING for seen in same)

    def _judge(self, uid: Uid, cluster: ClusterState) -> None:
        now = self._house.loop.time()
        need = min((need for at, need in self._needs[cluster.identity.uid] if now - at < LATELY), default=0)
        others = sum(1 for other in cluster.members if other != uid and now - self._ran.get(other, -LATELY) < LATELY)
        if others < need:
            path = cluster.identity.path
            self._house.wrong.append(f"{uid} of {path} is stopped by a move or an update, and {others} others run of {need} that have to")


def _listed(value: Value) -> list[Value]:
    return list(value) if isinstance(value, list | tuple) else []
