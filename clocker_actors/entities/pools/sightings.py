"""What clouds have of a pool's machines, against what records say: machines of ours that are nobody's, and hosts whose machine is gone.

Looked at when the pool begins, each few minutes, and soon after a made host has stopped answering. A single look may lag behind, so what is seen counts when
the next look shows it, too. Machines that are nobody's are told and left alone until a person orders otherwise.

A list may be cut short, or empty, though the machines are there; and whoever is let go is destroyed. So a list that lacks a host that answers counts for
nothing, one that lacks most of a cloud's machines has to say so for five minutes, and while replacing is stopped (`losses.py`) nobody is let go.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clocker_actors.entities.hosts.machinework import TAG_HOST, TAG_PLANE, TAG_POOL, is_ours
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.pools.sources import parts_of
from clocker_actors.entities.records import Desired
from clocker_actors.errors import ClockerError, Conflict
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import LABEL_PLANE, EntityKind, Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.machines import MachinePhase
from clocker_actors.model.values import counted
from clocker_actors.ports.cloud import Node, NodeState

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool

log = logging.getLogger(__name__)

LOOK, DESTROY = "sightings", "orphans"
LIMIT = 200.0
PERIOD = 180.0
SOON = 10.0
DOUBTED = 300.0
"""Seconds that a cloud has to lack most of what it made before that is believed."""
UNSURE = "cloud"
"""Name of the problem that a cloud shows too little."""


class LookAtClouds:
    """Timer message: see which machines there are."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One machine of this state that a cloud has."""

    location: LocationSpec
    node: str
    name: str
    host: Uid
    pool: Uid


@dataclass(frozen=True, slots=True)
class Looked:
    """What the clouds have, and the names of those that have not answered."""

    seen: tuple[Seen, ...]
    silent: frozenset[str]


class Sightings:
    """Of one pool. `orphans` are machines of ours that no record names."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.orphans: dict[str, Seen] = {}
        self._suspected: frozenset[str] = frozenset()
        self._missing: dict[Uid, float] = {}  # since when

    @property
    def _clouds(self) -> tuple[LocationSpec, ...]:
        spec = self._pool.state.spec
        return tuple(part for part in parts_of(spec.location) if part.cloud is not None) if spec.location is not None else ()

    def begin(self) -> None:
        """Look from now on."""
        if self._clouds:
            self.soon(0.0)

    def soon(self, delay: float = SOON) -> None:
        """Something makes it worth looking."""
        self._pool.after("clouds", delay, LookAtClouds())

    def look(self) -> None:
        """Ask the clouds."""
        pool = self._pool
        if not pool.working(LOOK) and pool.state.desired is not Desired.DELETED:
            pool.work(LOOK, _look, pool.outside, self._clouds, timeout=LIMIT)

    def seen(self, outcome: WorkDone | WorkFailed) -> None:
        """The clouds have answered."""
        self._pool.after("clouds", PERIOD, LookAtClouds())
        if isinstance(outcome, WorkFailed) or not isinstance(outcome.result, Looked):
            return
        look = outcome.result
        again = self._sort_out_orphans(look)
        again = self._sort_out_missing(look) or again
        if again:
            self.soon()

    def _sort_out_orphans(self, look: Looked) -> bool:
        pool, store = self._pool, self._pool.outside.store
        kept = {node: each for node, each in self.orphans.items() if each.location.name in look.silent}
        nobodys = kept | {
            each.node: each
            for each in look.seen
            if each.host not in pool.supply.made
            and store.read(EntityKind.HOST, each.host) is None
            and (each.pool in {"", pool.uid} or store.read(EntityKind.POOL, each.pool) is None)
        }
        self.orphans = {node: each for node, each in nobodys.items() if node in self._suspected}
        fresh = bool(nobodys.keys() - self._suspected)
        self._suspected = frozenset(nobodys)
        self._tell()
        return fresh

    def _sort_out_missing(self, look: Looked) -> bool:
        """Hosts that were up and do not answer, and whose machine no cloud has any more, are let go; others are made in their place."""
        pool, supply = self._pool, self._pool.supply
        there = {each.host for each in look.seen}
        missing, gone, unsure = dict[Uid, float](), list[Uid](), []
        for cloud, hosts in self._hosts_of_clouds().items():
            if cloud in look.silent:  # as it was
                missing |= {uid: self._missing[uid] for uid in hosts if uid in self._missing}
                continue
            absent = [uid for uid in hosts if uid not in there]
            if pool.losses.stopped or any(pool.up.get(uid) is not False for uid in absent):
                continue
            most = 2 * len(absent) > len(hosts)
            if most:
                unsure.append(
                    f"{cloud} shows {len(hosts) - len(absent)} of {counted(len(hosts), 'machine')} made there, and the others do not answer"
                )
            gone += [uid for uid in absent if uid in self._missing and (not most or pool.now - self._missing[uid] >= DOUBTED)]
            missing |= {uid: self._missing.get(uid, pool.now) for uid in absent}
        for uid in gone:
            del missing[uid]
        self._missing = missing
        words = f"{'; '.join(unsure)}: look there; if it is so for {DOUBTED:g} s they are let go, and others made"
        pool.service.set_problem(UNSURE, words if missing and unsure else "")
        if gone:
            supply.machines_gone(gone)
        return bool(missing)

    def _hosts_of_clouds(self) -> Mapping[str, list[Uid]]:
        """Those that came up, by the name of the location whose cloud made their machine."""
        supply = self._pool.supply
        found: dict[str, list[Uid]] = {}
        for uid in supply.active:
            made = supply.made[uid].made
            if made is not None and made.source.cloud is not None and supply.phases[uid] is MachinePhase.UP:
                found.setdefault(made.source.name, []).append(uid)
        return found

    # --- what people hear and order

    def _tell(self) -> None:
        pool = self._pool
        names = ", ".join(f"{each.name} ({each.node}) in {each.location.name}" for each in list(self.orphans.values())[:5])
        words = f"{counted(len(self.orphans), 'machine')} of ours belong to no host: {names}; `clocker invoke {pool.identity.path} destroyOrphans` gives them back"
        pool.service.set_problem("orphans", words if self.orphans else "")

    def destroy(self, activity: Activity, _: "Arguments") -> None:
        """The effector: give back the machines that are nobody's, as they are listed."""
        pool = self._pool
        if pool.working(DESTROY):
            raise Conflict("machines are being destroyed already: wait for that to end")
        if not self.orphans:
            pool.running.finish(activity.id, 0)
            return
        pool.running.step(activity.id, "destroy", ", ".join(each.name for each in self.orphans.values()))
        pool.work(DESTROY, _destroy, pool.outside, tuple(self.orphans.values()), timeout=LIMIT)

    def destroyed(self, outcome: WorkDone | WorkFailed) -> None:
        """They are gone, or not all of them."""
        pool = self._pool
        for activity in pool.running.all("destroyOrphans"):
            if isinstance(outcome, WorkFailed):
                pool.running.fail(activity.id, f"{outcome.failure.message}; the next look shows which are left")
            else:
                pool.running.finish(activity.id, len(self.orphans))
        if isinstance(outcome, WorkDone):
            self.orphans, self._suspected = {}, frozenset()
            self._tell()
        self.soon()


async def _look(outside: Outside, clouds: Sequence[LocationSpec]) -> Looked:
    answers = await asyncio.gather(*(_nodes(outside, each) for each in clouds))
    seen = (
        Seen(replace(location, machines=()), node.id, node.name, Uid(node.tags.get(TAG_HOST, "")), Uid(node.tags.get(TAG_POOL, "")))
        for location, nodes in zip(clouds, answers, strict=True)
        for node in nodes or ()
        if is_ours(node, outside.ours) and node.state not in {NodeState.STOPPING, NodeState.TERMINATED}
    )
    return Looked(tuple(seen), frozenset(each.name for each, nodes in zip(clouds, answers, strict=True) if nodes is None))


async def _nodes(outside: Outside, location: LocationSpec) -> tuple[Node, ...] | None:
    """The machines of our plane there; None if its cloud does not say."""
    try:
        return await outside.grounds.cloud(location).nodes({TAG_PLANE: outside.ours[LABEL_PLANE]})
    except ClockerError as error:
        log.warning("machines not listed", extra={"location": location.name, "failure": str(error)})
        return None


async def _destroy(outside: Outside, orphans: Sequence[Seen]) -> None:
    for each in orphans:
        await outside.grounds.cloud(each.location).destroy(each.node)
