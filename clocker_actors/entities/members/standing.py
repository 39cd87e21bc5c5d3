"""Which room the members of a pool take: one answer for the Pool when it begins, for a plan, which only asks, and for a Pool that asks its members.

A member may have two generations while it moves. Each takes room under its own number, so that it is released by itself; one that is over takes none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from clocker_actors.entities.members import generations
from clocker_actors.entities.records import Generation, MemberState
from clocker_actors.model.identity import SYSTEM, EntityKind, Uid
from clocker_actors.model.messages import HeldPlace, Places
from clocker_actors.model.specs import ContainerSpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode


def occupy_standing(index: HostIndex, store: Store, pool: Uid) -> Mapping[Uid, tuple[int, ...]]:
    """Have the generations that members of this pool have in their records take their room on the hosts of the index; which these are, by member."""
    found = {}
    for kept in store.all(EntityKind.MEMBER):
        member = decode(MemberState, kept.body) if kept.body is not None else None
        if member is not None and member.identity.pool == pool and member.spec.container is not None:
            held = places(member)
            found[member.identity.uid] = tuple(place.request.generation for place in held)
            occupy(index, held)
    return found


def places(member: MemberState) -> tuple[HeldPlace, ...]:
    """The room that the generations of a member take."""
    container = member.spec.container
    if container is None:
        return ()
    standing = (kept for kept in member.generations if not kept.ended)
    return tuple(_place(member, kept.was.container if kept.was is not None else container, kept) for kept in standing)


def _place(member: MemberState, container: ContainerSpec, kept: Generation) -> HeldPlace:
    request = generations.request(member, container, (), SYSTEM)
    return HeldPlace(replace(request, generation=kept.number), kept.host, kept.ports)


def occupy(index: HostIndex, held: Iterable[HeldPlace]) -> None:
    """Have these take their room, on those of the hosts that the index has."""
    for place in held:
        if place.host in index:
            index.occupy(place.request, place.host, place.ports)


def correct(index: HostIndex, recorded: Iterable[int], said: Places) -> None:
    """What a member itself says of its places is how it is, whatever generations are in its record."""
    for generation in recorded:
        index.release(said.member, generation)
    occupy(index, said.places)
