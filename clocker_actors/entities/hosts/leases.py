"""How long the leases live by which services with `duplicate: never` run: those made from now on, and those that may still be out there.

A lease has its span from when it was made, and nobody can change it in one that cannot be reached. So a manager whose setting has become shorter goes on waiting
as long as the longest that it or a run before it may have made, until no service lives by one.
"""

from dataclasses import dataclass

from clocker_actors.entities.records import MemberState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import Duplicate
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode

KIND, NAME = "lease", "longest"
_BEFORE = 10.0
"""Seconds that each lease had before this was kept."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The record."""

    seconds: float


async def longest_lease(store: Store, ttl: float) -> float:
    """How long to wait for a lease that is not answered, now that new ones are made for `ttl` seconds. Durable before any is made."""
    body = store.read(KIND, NAME)
    kept = decode(Longest, body).seconds if body is not None else _BEFORE
    longest = max(kept, ttl) if kept <= ttl or _some_live_by_one(store) else ttl
    if body is None or longest != kept:
        await store.write([Record(KIND, NAME, encode(Longest(longest)))])
    return longest


def _some_live_by_one(store: Store) -> bool:
    bodies = (kept.body for kept in store.all(EntityKind.MEMBER))
    return any(decode(MemberState, body).spec.duplicate is Duplicate.NEVER for body in bodies if body is not None)
