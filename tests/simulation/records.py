"""What a manager has written, read as it would read it; a record that has not changed is decoded once."""

from collections.abc import Iterator
from typing import TypeVar, cast

from clocker_actors.entities.records import ClusterState, Generation, HostState, MemberState, PoolState
from clocker_actors.model.identity import EntityKind
from clocker_actors.store.codec import decode
from tests.simulation.house import House

S = TypeVar("S", MemberState, ClusterState, HostState, PoolState)


_decoded: dict[tuple[str, bytes], object] = {}
_MOST = 4096


def _all(house: House, type_: type[S], kind: EntityKind) -> Iterator[S]:
    for kept in house.driven.manager.store.all(kind):
        key = kind, kept.body or b""
        if key not in _decoded:
            if len(_decoded) >= _MOST:
                _decoded.clear()
            _decoded[key] = decode(type_, key[1])
        yield cast("S", _decoded[key])


def members(house: House) -> tuple[MemberState, ...]:
    """Of all applications."""
    return tuple(_all(house, MemberState, EntityKind.MEMBER))


def clusters(house: House) -> tuple[ClusterState, ...]:
    """Of all applications."""
    return tuple(_all(house, ClusterState, EntityKind.CLUSTER))


def hosts(house: House) -> tuple[HostState, ...]:
    """Of all pools."""
    return tuple(_all(house, HostState, EntityKind.HOST))


def pools(house: House) -> tuple[PoolState, ...]:
    """All docker clouds."""
    return tuple(_all(house, PoolState, EntityKind.POOL))


def wanted(member: MemberState) -> tuple[Generation, ...]:
    """Generations that are to run: the one there is, and the one that is to take its place."""
    return tuple(kept for kept in (member.current, member.arriving) if kept is not None and not kept.ended)


def room_of(pool: PoolState) -> int:
    """Containers that one host of a docker cloud may have."""
    rooms = [each.config.get("maxContainers") for each in pool.spec.strategies if each.type == "MaxContainers"]
    return min((int(str(room)) for room in rooms), default=1_000_000)
