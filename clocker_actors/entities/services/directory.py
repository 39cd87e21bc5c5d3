"""Who is who in an application: from the ids of its file to uids. Nothing is kept: a child's uid is in its parent's record once it is planted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clocker_actors.entities.lookouts import ROOT
from clocker_actors.entities.records import ClusterState, Identity
from clocker_actors.model.dependencies import Found, Where
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.services.application import Application

MEMBER, APPLICATION = "member", "application"


@dataclass(frozen=True, slots=True)
class Parent:
    """The part of a record that says which children there are; the rest is not read."""

    identity: Identity
    children: Mapping[str, Uid] = field(default_factory=dict)


class Directory:
    """Of one application. Ids of services below the members of a cluster mean nobody in particular, and are not in it."""

    __slots__ = ("_application", "_members", "_paths")

    def __init__(self, application: "Application") -> None:
        self._application = application
        self._paths: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, str] = {}  # id of a member's spec → id of its cluster
        for path, service in _walk((), application.state.spec.services):
            self._paths[service.id] = path
            if service.cluster is not None:
                self._members[service.cluster.member.id] = service.id

    def find(self, where: Where) -> Found:
        """Those that are there."""
        found = {target: self._find(target) for target in where.targets}
        return Found({target: uid for target, uid in found.items() if uid is not None}, self._application.state.spec.location)

    def _find(self, target: str) -> Uid | None:
        if target == ROOT:
            return self._application.uid
        scope, _, name = target.rpartition(":")
        if scope == MEMBER:
            return self._first_member(self._members.get(name, name))
        if scope == APPLICATION:
            return self._other(name)
        return self._service(name)

    def _service(self, name: str) -> Uid | None:
        children = self._application.family.staying  # who goes is nobody to begin with
        uid: Uid | None = None
        for part in self._paths.get(name, ()):
            if uid is not None:
                body = self._application.outside.store.read(EntityKind.MEMBER, uid)
                children = decode(Parent, body).children if body is not None else {}
            uid = children.get(part)
            if uid is None:
                return None
        return uid

    def _first_member(self, cluster: str) -> Uid | None:
        uid = self._service(cluster)
        body = self._application.outside.store.read(EntityKind.CLUSTER, uid) if uid is not None else None
        return next(iter(decode(ClusterState, body).members), None) if body is not None else None

    def _other(self, name: str) -> Uid | None:
        kept = self._application.outside.store.all(EntityKind.APPLICATION)
        known = (decode(Parent, found.body).identity for found in kept if found.body is not None)
        return next((identity.uid for identity in known if name in (identity.path, identity.uid)), None)


def _walk(above: tuple[str, ...], services: tuple[ServiceSpec, ...]) -> Iterator[tuple[tuple[str, ...], ServiceSpec]]:
    for service in services:
        path = (*above, service.id)
        yield path, service
        yield from _walk(path, service.children)
