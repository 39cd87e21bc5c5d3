"""Do all records of a state decode, and fit together? Looked at from outside the manager, over one moment of the store.

What a restart mends by itself (a child that was removed while its parent had not heard of it yet) is a note; what nobody would ever look after again is a
fault. Also here: how records are moved on when a backup is restored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from clocker_actors.entities.recordkinds import RECORD_KINDS
from clocker_actors.entities.records import (
    ADJUNCT_KIND,
    DECISION_KIND,
    ApplicationState,
    ClusterState,
    HostState,
    MemberState,
    PoolState,
    State,
    record,
)
from clocker_actors.entities.wanted import blobs_in
from clocker_actors.errors import StoreFault
from clocker_actors.model.identity import NOBODY, ROOT, EntityKind, Uid
from clocker_actors.ports.store import Record
from clocker_actors.store.checking import Finding
from clocker_actors.store.codec import decode

GENERATIONS = 1_000
"""How far numbers of generations are moved on: a name that was given after the backup is not given to something else."""
_RESTORE = "restore a backup, or delete what it belongs to and deploy that again"
_BY_ITSELF = "nothing: the next start mends it"
_STATES = (ApplicationState, ClusterState, MemberState, PoolState, HostState)


def check_records(records: Sequence[Record]) -> tuple[Sequence[Finding], frozenset[str]]:
    """What is wrong with the records of a state, and the uploads that they name."""
    findings: list[Finding] = []
    states: dict[str, State] = {}
    named: set[str] = set()
    for each in records:
        where = f"{each.kind} {each.uid}"
        kind = RECORD_KINDS.get(each.kind)
        if kind is None:
            findings.append(
                Finding(where, "a kind of record that this version does not know", "use the version that wrote it", fault=False)
            )
            continue
        try:
            value: object = decode(kind, each.body or b"")
        except StoreFault as error:
            findings.append(Finding(where, str(error).partition("; ")[0], _RESTORE))
            continue
        if isinstance(value, _STATES):
            states[each.uid] = value
            if value.identity.uid != each.uid:
                findings.append(Finding(where, f"it says that it is {value.identity.uid}", _RESTORE))
        if each.kind == EntityKind.APPLICATION:
            named |= blobs_in(each)
    kept = {(each.kind, each.uid) for each in records}
    findings += [finding for state in states.values() for finding in _references(state, states)]
    findings += _belongings(states, kept)
    return findings, frozenset(named)


def moved_on(kept: Record) -> Record:
    """A record as it is to be after a restore."""
    if kept.kind != EntityKind.MEMBER or kept.body is None:
        return kept
    state = decode(MemberState, kept.body)
    return record(EntityKind.MEMBER, replace(state, number=state.number + GENERATIONS))


def _references(state: State, states: Mapping[str, State]) -> Iterator[Finding]:
    where = f"{state.identity.path or 'clocker'} ({state.identity.uid})"
    parent = state.identity.parent
    if parent not in {NOBODY, ROOT} and parent not in states:
        yield Finding(where, f"it belongs to {parent}, of which there is no record: nobody looks after it", _RESTORE)
    elif parent in states and state.identity.uid not in _below(states[parent]):
        yield Finding(where, f"{states[parent].identity.path} ({parent}) does not know it: nobody looks after it", _RESTORE, fault=False)
    for uid in _below(state):
        if uid not in states:
            yield Finding(where, f"it names {uid}, of which there is no record", _BY_ITSELF, fault=False)
    if isinstance(state, MemberState):
        if state.identity.pool not in {NOBODY, *states}:
            yield Finding(where, f"its docker cloud {state.identity.pool} has no record", _RESTORE)
        for generation in state.generations:
            if generation.host not in states and not generation.ended:
                yield Finding(
                    where, f"generation {generation.number} is on host {generation.host}, which has no record", _BY_ITSELF, fault=False
                )


def _below(state: State) -> tuple[Uid, ...]:
    """The children that a record names."""
    match state:
        case ClusterState():
            return (*state.members, *state.removing, *state.replacing.values(), *(kept.uid for kept in state.quarantined))
        case PoolState():
            return (*state.hosts.values(), *state.leaving, *state.aside, *state.gone)
        case ApplicationState() | MemberState():
            return tuple(state.children.values())
        case _:
            return ()


def _belongings(states: Mapping[str, State], kept: set[tuple[str, str]]) -> Iterator[Finding]:
    """What lies beside records of entities: of whom is it?"""
    for kind, uid in sorted(kept):
        owner = uid.partition(":")[0]
        if kind == ADJUNCT_KIND and owner not in states and owner != ROOT:
            yield Finding(f"{kind} {uid}", f"{owner}, whose it is, has no record", "nothing: it is not used", fault=False)
    for state in states.values():
        for decision in state.decisions:
            if (DECISION_KIND, decision) not in kept:
                yield Finding(state.identity.path, f"decision {decision} is not kept", "nothing: `explain` tells less", fault=False)
