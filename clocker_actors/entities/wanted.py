"""What records want of things that nobody is the only owner of: images that services are built as, and uploads that images are built from. Pure reading."""

import re
from dataclasses import dataclass

from clocker_actors.entities.records import ApplicationState, Desired, Identity, PoolState
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.specs import BUILT_IMAGE
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode, encode

_BLOB = re.compile(rb"\b[0-9a-f]{64}\b")
_BUILT = re.compile(BUILT_IMAGE.encode() + rb"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Wanting:
    """The part of a record that says whose it is and whether it is to stay; the rest is not read."""

    identity: Identity
    desired: Desired = Desired.RUNNING


def images_of(state: ApplicationState) -> tuple[str, ...]:
    """The images that are built for an application."""
    return tuple(sorted({name.decode() for name in _BUILT.findall(encode(state.spec))}))


def named_blobs(store: Store) -> frozenset[str]:
    """Every blob that an application may be built from, as its record says (an application's record holds the specs of all that is in it)."""
    return frozenset(name.decode() for kept in store.all(EntityKind.APPLICATION) for name in _BLOB.findall(kept.body or b""))


def wanted_images(store: Store, at: str = "", *, members: bool = True) -> frozenset[str]:
    """Every image that something is built as: applications that are not being deleted, and their members, which may still run as what the application was
    before. With `at` only those whose pool has the engine of this url. Without `members`, which are many, it is quick."""
    wanted: set[str] = set()
    going: set[Uid] = set()
    pools = _pools(store, at) if at else None
    for kind in (EntityKind.APPLICATION, EntityKind.MEMBER) if members else (EntityKind.APPLICATION,):
        for kept in store.all(kind):
            names = _BUILT.findall(kept.body or b"")
            if not names or wanted.issuperset(known := {name.decode() for name in names}):
                continue
            found = decode(Wanting, kept.body or b"")
            if kind is EntityKind.APPLICATION and found.desired is Desired.DELETED:
                going.add(found.identity.uid)
            elif found.identity.application not in going and (pools is None or found.identity.pool in pools):
                wanted |= known
    return frozenset(wanted)


def _pools(store: Store, url: str) -> frozenset[Uid]:
    states = [decode(PoolState, kept.body) for kept in store.all(EntityKind.POOL) if kept.body]
    return frozenset(state.identity.uid for state in states if any(host.engine.url == url for host in state.spec.hosts))
