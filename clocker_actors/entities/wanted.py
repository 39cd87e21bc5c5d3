"""What records want of things that nobody is the only owner of: images that services are built as, and uploads that images are built from. Pure reading."""

import re
from dataclasses import dataclass

from clocker_actors.entities.records import ApplicationState, Desired, HostState, Identity, PoolState
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.places import pools_of
from clocker_actors.model.specs import BUILT_IMAGE
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode

_BLOB = re.compile(rb"\b[0-9a-f]{64}\b")
_BUILT = re.compile(BUILT_IMAGE.encode() + rb"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Wanting:
    """The part of a record that says whose it is and whether it is to stay; the rest is not read."""

    identity: Identity
    desired: Desired = Desired.RUNNING
    elsewhere: tuple[Uid, ...] = ()  # of an application: pools beside its own


def pool_named(store: Store, name: str) -> Uid | None:
    """The pool of that name, None if there is none, or none that stays."""
    kept = (decode(Wanting, each.body) for each in store.all(EntityKind.POOL) if each.body is not None)
    return next((each.identity.uid for each in kept if each.identity.name == name and each.desired is not Desired.DELETED), None)


def users_of(store: Store, pool: Uid, name: str) -> list[str]:
    """The applications that are in the pool of that name, or have a service that is there or is to be."""
    stored = [decode(ApplicationState, kept.body) for kept in store.all(EntityKind.APPLICATION) if kept.body]
    named = {each.spec.id for each in stored if each.identity.pool == pool or name in pools_of(each.spec)}
    members = (decode(Wanting, kept.body).identity for kept in store.all(EntityKind.MEMBER) if kept.body)
    here = {each.application for each in members if each.pool == pool}
    return sorted(named | {each.spec.id for each in stored if each.identity.uid in here})


def images_of(state: ApplicationState) -> tuple[str, ...]:
    """The images that are built for an application."""
    return tuple(sorted({name.decode() for name in _BUILT.findall(encode(state.spec))}))


def named_blobs(store: Store) -> frozenset[str]:
    """Every blob that an application may be built from, as its record says (an application's record holds the specs of all that is in it)."""
    return frozenset(name for kept in store.all(EntityKind.APPLICATION) for name in blobs_in(kept))


def blobs_in(application: Record) -> frozenset[str]:
    """Those that one application may be built from."""
    return frozenset(name.decode() for name in _BLOB.findall(application.body or b""))


def wanted_images(store: Store, at: str = "", *, members: bool = True) -> frozenset[str]:
    """Every image that something is built as: applications that are not being deleted, and their members, which may still run as what the application was
    before. With `at` only those whose pool has the engine of this url. Without `members`, which are many, it is quick."""
    pools = _pools(store, at) if at else None
    wanted: set[str] = set()
    going: set[Uid] = set()
    for kept in store.all(EntityKind.APPLICATION):
        found = decode(Wanting, kept.body or b"")
        if found.desired is Desired.DELETED:
            going.add(found.identity.uid)
        elif pools is None or not pools.isdisjoint((found.identity.pool, *found.elsewhere)):
            wanted |= _built(kept)
    for kept in store.all(EntityKind.MEMBER) if members else ():
        built = _built(kept)
        if not wanted.issuperset(built):
            identity = decode(Wanting, kept.body or b"").identity
            if identity.application not in going and (pools is None or identity.pool in pools):
                wanted |= built
    return frozenset(wanted)


def _built(kept: Record) -> frozenset[str]:
    return frozenset(name.decode() for name in _BUILT.findall(kept.body or b""))


def _pools(store: Store, url: str) -> frozenset[Uid]:
    states = [decode(PoolState, kept.body) for kept in store.all(EntityKind.POOL) if kept.body]
    listed = {state.identity.uid for state in states if any(host.engine.url == url for host in state.spec.hosts)}
    hosts = (decode(HostState, kept.body) for kept in store.all(EntityKind.HOST) if kept.body)
    return frozenset(listed | {host.identity.parent for host in hosts if host.spec.engine.url == url})
