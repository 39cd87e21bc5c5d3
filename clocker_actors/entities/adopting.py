"""Policies, enrichers and feeds of an entity that adopts another spec: which there are from then on, and what their actors are told.

The merge itself is `planning/merging.py`; here what it gives is judged as what a person asks for is, since the file's values and those that a person set meanwhile
may not go together: then a policy stays as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from clocker_actors.entities.records import ADJUNCT_KIND, State
from clocker_actors.errors import BadRequest, ClockerError
from clocker_actors.model.configuration import checked, named
from clocker_actors.model.identity import policy_id
from clocker_actors.model.ownership import AdjunctState, clock
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType, TypeTable
from clocker_actors.model.values import Value
from clocker_actors.planning import merging
from clocker_actors.ports.store import Record

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Adopting:
    """What an entity has from now on; names of those whose actors go, with the records that go with them; and what stays as somebody else set it, in words."""

    adjuncts: tuple[AdjunctState, ...]
    gone: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    kept: tuple[str, ...] = ()


def adopting(entity: "Entity[S]", old: Sequence[AdjunctState], new: Sequence[AdjunctState]) -> Adopting:
    """The policies of an entity whose file had `old` and has `new`, to be written with the new spec."""
    now, where = entity.state.adjuncts, entity.state.identity.path or entity.uid
    merged = merging.adjuncts(tuple(each.spec for each in old), tuple(each.spec for each in new), now, where)
    before = {each.spec.name: each for each in now}
    kept = list(merged.kept)
    adjuncts = []
    for each in merged.adjuncts:
        held = before.get(each.spec.name)
        # What is late of it is judged with the rest, when it is known.
        wrong = _wrong(entity, each) if held is not None and held.spec != each.spec and not each.spec.late else ""
        if held is not None and wrong:
            kept.append(f"policy {each.spec.name} stays as it is: {wrong}")
            adjuncts.append(held)
        else:
            adjuncts.append(each)
    types = {each.spec.name: each.spec.type for each in adjuncts}
    gone = tuple(name for name, held in before.items() if types.get(name) != held.spec.type)
    records = tuple(Record(ADJUNCT_KIND, policy_id(entity.uid, name), None) for name in gone)
    return Adopting(tuple(adjuncts), gone, records, tuple(kept))


def _wrong(entity: "Entity[S]", adjunct: AdjunctState) -> str:
    try:
        entity.outside.adjunct(adjunct.spec, entity.uid, state=None, suspended=False)
    except ClockerError as fault:
        return str(fault)
    return ""


def configuration(types: TypeTable, made: PolicySpec | None, now: PolicySpec) -> Mapping[str, Value]:
    """What an actor that was made as one spec is told to be as another; keys that the new one leaves out go back to their defaults. Of one that outlived its
    entity nobody knows as what it was made (None): it is told what is written, and keeps the rest, which it may have found out by itself."""
    row = find(types, now.type)
    if row is None:
        return dict(now.config)
    try:
        after = checked(row, now.config)
        before = checked(row, made.config) if made is not None else {}
        written = set(named(row, now.config)) if made is None else after.keys()
    except BadRequest:
        return dict(now.config)  # it says itself what is wrong with it
    return {key: after[key] for key in after if key in written and (key not in before or before[key] != after[key])}


def keys(types: TypeTable, kind: str, given: Mapping[str, Value]) -> tuple[str, ...]:
    """The keys of a configuration that are given, by their first spelling."""
    row = find(types, kind)
    return named(row, given) if row is not None else tuple(given)


def find(types: TypeTable, kind: str) -> PolicyType | None:
    """The row of a type, by its name or another spelling."""
    rows = types.policies
    return rows.get(kind) or next((row for row in rows.values() if kind in row.aliases), None)


def owned(adjunct: AdjunctState) -> Iterator[str]:
    """Who did what to a policy at run time, for people."""
    name = adjunct.spec.name
    if adjunct.added is not None:
        yield f"{name}: added by {adjunct.added.words} at {clock(adjunct.added.at)}"
    for key, owner in adjunct.owners.items() if adjunct.added is None else ():
        yield f"{name}.{key}: set by {owner.words} at {clock(owner.at)}"
    if adjunct.rested is not None and adjunct.suspended:
        yield f"{name}: suspended by {adjunct.rested.words} at {clock(adjunct.rested.at)}"
