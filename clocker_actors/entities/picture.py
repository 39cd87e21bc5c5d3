"""What runs, as planning sees it: read from the records of an application and its services. Pure but for reading the store."""

from collections.abc import Callable

from clocker_actors.entities.records import ApplicationState, ClusterState, MemberState, State, read_state
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.values import RunningApplication, RunningService
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode

Up = Callable[[Uid], bool]


def running_application(store: Store, application_id: str, up: Up) -> RunningApplication | None:
    """The application of that id as it runs, None if there is none."""
    for kept in store.all(EntityKind.APPLICATION):
        state = decode(ApplicationState, kept.body) if kept.body else None
        if state is not None and state.spec.id == application_id:
            specs = {spec.id: spec for spec in state.spec.services}
            return RunningApplication(state.identity.uid, _services(store, state, specs, up))
    return None


def _services(store: Store, parent: State, specs: dict[str, ServiceSpec], up: Up) -> tuple[RunningService, ...]:
    children = parent.children if isinstance(parent, ApplicationState | MemberState) else {}
    return tuple(_service(store, specs[name], uid, up) for name, uid in children.items() if name in specs)


def _service(store: Store, spec: ServiceSpec, uid: Uid, up: Up) -> RunningService:
    if spec.cluster is not None:
        cluster = read_state(ClusterState, store, EntityKind.CLUSTER, uid)
        names = {kept: read_state(MemberState, store, EntityKind.MEMBER, kept).identity.path.rpartition("/")[2] for kept in cluster.members}
        members = tuple(MemberView(kept, up=up(kept), name=names[kept]) for kept in cluster.members)
        return RunningService(uid, cluster.spec, members, cluster.next_index)
    member = read_state(MemberState, store, EntityKind.MEMBER, uid)
    return RunningService(uid, member.spec, children=_services(store, member, {child.id: child for child in spec.children}, up))
