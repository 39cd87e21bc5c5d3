"""Applications as a plan sees them: what runs, by which specs, who set what; gathered from the store, so that no entity is disturbed by a question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from clocker_actors.entities.records import ApplicationState, ClusterState, Desired, Generation, MemberState
from clocker_actors.model import sensors
from clocker_actors.model.identity import NOBODY, EntityKind, Uid
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.merging import Services, Sized
from clocker_actors.planning.values import RunningApplication, RunningService, Runs
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import ReadModel


@dataclass(frozen=True, slots=True)
class _Standing:
    """The part of a member's record that says what it runs; clusters have many of them, and their specs are not read."""

    current: Generation | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    home: Uid = NOBODY


def applications(store: Store) -> Iterator[ApplicationState]:
    """All there are."""
    for kept in store.all(EntityKind.APPLICATION):
        if kept.body is not None:
            yield decode(ApplicationState, kept.body)


def running(state: ApplicationState, store: Store, model: ReadModel) -> RunningApplication:
    """One application as it is."""
    services = (_service(uid, store, model) for uid in state.children.values())
    there = tuple(found for found in services if found is not None)
    return RunningApplication(state.identity.uid, there, state.spec, state.adjuncts, Services(state.missing, state.going))


def _service(uid: Uid, store: Store, model: ReadModel) -> RunningService | None:
    body = store.read(EntityKind.CLUSTER, uid)
    if body is not None:
        return _cluster(decode(ClusterState, body), store, model)
    body = store.read(EntityKind.MEMBER, uid)
    if body is None:
        return None
    state = decode(MemberState, body)
    children = (_service(child, store, model) for child in state.children.values())
    runs = _runs(state)
    return RunningService(
        uid,
        state.spec,
        children=tuple(child for child in children if child is not None),
        runs={uid: runs} if runs is not None else {},
        stopped=state.desired is Desired.STOPPED,
        adjuncts=state.adjuncts,
        left=Services(state.missing, state.going),
    )


def _cluster(state: ClusterState, store: Store, model: ReadModel) -> RunningService:
    aside = {each.uid for each in state.quarantined}
    bodies = {uid: store.read(EntityKind.MEMBER, uid) for uid in state.members}
    runs = {uid: _runs(decode(_Standing, body)) for uid, body in bodies.items() if body is not None}
    return RunningService(
        state.identity.uid,
        state.spec,
        tuple(_member_view(member, model, quarantined=member in aside) for member in state.members),
        state.next_index,
        runs={uid: each for uid, each in runs.items() if each is not None},
        sized=Sized(state.size, state.size_owner, state.lease),
        stopped=state.desired is Desired.STOPPED,
        adjuncts=state.adjuncts,
    )


def _runs(state: MemberState | _Standing) -> Runs | None:
    now = state.current
    if now is None or now.ended:
        return None
    return Runs(now.number, now.host, now.host_name, now.was, state.ports, state.home)


def _member_view(uid: Uid, model: ReadModel, *, quarantined: bool) -> MemberView:
    entry = model.get(uid)
    up = entry is not None and entry.value(sensors.SERVICE_UP.name) is True
    return MemberView(uid, up=up, quarantined=quarantined, name=entry.path.rpartition("/")[2] if entry else uid)
