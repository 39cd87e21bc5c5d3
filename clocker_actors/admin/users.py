"""Who refers to a service that somebody is about to take away: said with the order, since what depends on it runs on and may soon fail."""

from collections.abc import Iterator

from clocker_actors.entities.records import ApplicationState, ClusterState, MemberState
from clocker_actors.model.identity import LETTERS, EntityKind
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.planning.merging import depended
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import Entry

TAKING_AWAY = frozenset({"stop", "delete"})


def dependence(entry: Entry, effector: str, store: Store) -> str:
    """The services that depend on what this order takes away, in words; "" if there are none. Those that are taken away with it do not count."""
    if effector not in TAKING_AWAY or entry.kind not in {EntityKind.MEMBER, EntityKind.CLUSTER}:
        return ""
    body = store.read(entry.kind, entry.uid)
    if body is None:
        return ""
    state = decode(ClusterState, body) if entry.kind is EntityKind.CLUSTER else decode(MemberState, body)
    above = store.read(EntityKind.APPLICATION, state.identity.application)
    if above is None or state.identity.parent.startswith(LETTERS[EntityKind.CLUSTER]):
        return ""  # a member of a cluster is one of several
    return depended(frozenset(_ids(state.spec)), decode(ApplicationState, above).spec)


def _ids(service: ServiceSpec) -> Iterator[str]:
    """Of a service and all below it."""
    yield service.id
    for child in service.children:
        yield from _ids(child)
