"""Hosts that a pool makes when it has fewer than are wanted, and what it does about those that fail.

too few ──some at a time: records of new hosts, all or nothing──▶ each makes itself (`making.py`)
one that failed for good ──▶ set aside or given back, and another one tried; after as many attempts in the next part of the location (`turning.py`),
                             and after all of them one less until somebody asks for a size, or it is wanted after a rest (`rests.py`)
"""

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.rests import POOL
from clocker_actors.entities.pools.sources import sources
from clocker_actors.entities.records import HostState, record
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.machines import MachinePhase, Made
from clocker_actors.model.specs import EngineSpec, HostSpec

if TYPE_CHECKING:
    from clocker_actors.entities.pools.supply import Supply

MADE_AT_ONCE = 10
"""Hosts whose records one commit makes, and whose actors begin in one step."""
MOST_ASIDE = 5
"""Hosts that failed and are kept to be looked at; the oldest go when there are more."""


class Filling:
    """Of one supply."""

    __slots__ = ("_supply",)

    def __init__(self, supply: "Supply") -> None:
        self._supply = supply

    def go_on(self) -> bool:
        """One step towards as many hosts as are wanted; whether the state changed."""
        return self._gave_up() or self._made_more()

    def _gave_up(self) -> bool:
        """Hosts that failed for good are set aside or given back, and another attempt is made while there is one, or another part of the location to make it
        in; else one less of each is tried."""
        supply, pool = self._supply, self._supply.pool
        failed = [uid for uid in supply.active if supply.phases[uid] is MachinePhase.FAILED]
        if not failed:
            return False
        supply.news.why = "; ".join(
            f"{supply.made[uid].spec.name}: {supply.news.said[uid].reason}" for uid in failed if uid in supply.news.said
        )
        attempts = {uid: self._attempt(uid) for uid in failed}
        retries = tuple(attempt + 1 for attempt, most in attempts.values() if attempt < most)
        last = [uid for uid, (attempt, most) in attempts.items() if attempt >= most]
        elsewhere = supply.turning.away(last)
        short = len(last) - len(elsewhere)
        if short:
            supply.rests.failed(POOL, pool.now, supply.news.why)
        kept = tuple(uid for uid in failed if not self._destroyed(uid) and not supply.turning.is_bare(uid))
        state = pool.state
        aside = (*state.aside, *kept)
        leaving = (*state.leaving, *aside[:-MOST_ASIDE], *(uid for uid in failed if uid not in kept))
        given_up = state.given_up + short
        pool.change(replace(state, aside=aside[-MOST_ASIDE:], leaving=leaving, given_up=given_up, retries=(*state.retries, *retries)))
        return True

    def _attempt(self, uid: Uid) -> tuple[int, int]:
        """In which attempt of how many a host is."""
        made, said = self._supply.made[uid].made, self._supply.news.said.get(uid)
        if made is None:
            return 1, 1
        return max(made.attempt, said.attempt if said else 1), made.attempts

    def _destroyed(self, uid: Uid) -> bool:
        made = self._supply.made[uid].made
        return made is not None and made.destroy

    def _made_more(self) -> bool:
        supply, pool, state = self._supply, self._supply.pool, self._supply.pool.state
        missing = min(state.size - state.given_up - len(supply.active), MADE_AT_ONCE)
        if missing <= 0 or state.spec.location is None:
            return False
        states: list[HostState] = []
        taken = (each.made for each in supply.made.values() if each.made is not None)
        names = set(state.hosts)
        number, retries = state.next_index, list(state.retries)
        for source in islice(sources(state.spec, taken, supply.rests.closed(pool.now)), missing):
            found = replace(source, attempt=retries.pop(0)) if retries else source
            while (name := _name(found.way.name if found.way else "", number, names)) in names:
                number += 1
            names.add(name)
            states.append(self._new(name, number, replace(found, authority=state.authority)))
            number += 1
        short = missing - len(states)
        if short:
            supply.news.nothing_free(state.spec.location.name, supply.rests.why())
            supply.rests.failed(POOL, pool.now, supply.news.why)
            retries = []
        for new in states:
            supply.add(new.identity.uid, new)
        hosts = {**state.hosts, **{new.spec.name: new.identity.uid for new in states}}
        records = (record(EntityKind.HOST, new) for new in states)
        pool.note()
        pool.change(replace(state, hosts=hosts, next_index=number, given_up=state.given_up + short, retries=tuple(retries)), *records)
        return True

    def _new(self, name: str, number: int, found: Made) -> HostState:
        spec = self._supply.pool.state.spec
        labels = {**spec.host_labels, **(found.way.labels if found.way else {})}
        zone = found.way.zone if found.way else found.source.cloud.region if found.source.cloud else ""
        order = len(spec.hosts) + number
        return HostState(self._supply.pool.host_identity(name), HostSpec(name, EngineSpec(""), zone=zone, labels=labels), order, made=found)


def _name(machine: str, number: int, taken: set[str]) -> str:
    if machine and machine not in taken:
        return machine
    return f"{machine or 'docker'}-{number}"
