"""Which class makes which kind of entity: the one place where a parent learns how to make a child, without importing its class."""

from collections.abc import Callable
from importlib import import_module

from clocker_actors.entities.outside import Outside
from clocker_actors.kernel import Actor
from clocker_actors.model.identity import EntityKind, Uid

_WHERE = {
    EntityKind.ROOT: "root:Root",
    EntityKind.APPLICATION: "services.application:Application",
    EntityKind.CLUSTER: "services.cluster:Cluster",
    EntityKind.MEMBER: "members.member:Member",
    EntityKind.POOL: "pools.pool:Pool",
    EntityKind.HOST: "hosts.host:Host",
}
"""Module and class per kind. Containers are missing: a host makes them itself, since each is given its host's engine."""


def factory(kind: EntityKind, uid: Uid, outside: Outside) -> Callable[[], Actor]:
    """What makes (and, after a crash, makes again) the actor of an entity; its state is read from the store when it starts."""
    module, _, name = _WHERE[kind].partition(":")
    make: Callable[[Uid, Outside], Actor] = getattr(import_module(f"clocker_actors.entities.{module}"), name)
    return lambda: make(uid, outside)
