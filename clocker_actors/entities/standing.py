"""Which room the members of a pool take, by their records: one answer for the Pool when it begins and for a plan, which only asks.

A member may have two generations while it moves. Each takes room under its own number, so that it is released by itself; one that is over takes none.
"""

from dataclasses import replace

from clocker_actors.entities import generations
from clocker_actors.entities.records import MemberState
from clocker_actors.model.identity import SYSTEM, EntityKind, Uid
from clocker_actors.placement.index import HostIndex
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode


def occupy_standing(index: HostIndex, store: Store, pool: Uid) -> None:
    """Have the generations that members of this pool have in their records take their room on the hosts of the index."""
    for kept in store.all(EntityKind.MEMBER):
        if kept.body is None:
            continue
        member = decode(MemberState, kept.body)
        container = member.spec.container
        if member.identity.pool != pool or container is None:
            continue
        for generation in (*member.leaving, *((member.current,) if member.current else ())):
            if generation.host in index and not generation.ended:
                request = replace(generations.request(member, container, (), SYSTEM), generation=generation.number)
                index.occupy(request, generation.host, generation.ports)
