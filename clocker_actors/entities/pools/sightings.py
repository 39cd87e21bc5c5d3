"""What clouds have of a pool's machines, against what records say: machines of ours that are nobody's, and hosts whose machine is gone.

Looked at when the pool begins, each few minutes, and soon after a made host has stopped answering. A single look may lag behind, so what is seen counts when
the next look shows it, too. Machines that are nobody's are told and left alone until a person orders otherwise.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clocker_actors.entities.hosts.machinework import TAG_HOST, TAG_PLANE, TAG_POOL, is_ours
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.pools.sources import parts_of
from clocker_actors.entities.records import Desired
from clocker_actors.errors import Conflict
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import LABEL_PLANE, EntityKind, Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.machines import MachinePhase
from clocker_actors.model.values import counted
from clocker_actors.ports.cloud import NodeState

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool

LOOK, DESTROY = "sightings", "orphans"
LIMIT = 200.0
PERIOD = 180.0
SOON = 10.0


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


class Sightings:
    """Of one pool. `orphans` are machines of ours that no record names."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.orphans: dict[str, Seen] = {}
        self._suspected: frozenset[str] = frozenset()
        self._missing: frozenset[Uid] = frozenset()

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
        if isinstance(outcome, WorkFailed) or not isinstance(outcome.result, tuple):
            return
        there: tuple[Seen, ...] = outcome.result
        again = self._sort_out_orphans(there)
        again = self._sort_out_missing({each.host for each in there}) or again
        if again:
            self.soon()

    def _sort_out_orphans(self, there: Sequence[Seen]) -> bool:
        pool, store = self._pool, self._pool.outside.store
        nobodys = {
            each.node: each
            for each in there
            if each.host not in pool.supply.made
            and store.read(EntityKind.HOST, each.host) is None
            and (each.pool in {"", pool.uid} or store.read(EntityKind.POOL, each.pool) is None)
        }
        self.orphans = {node: each for node, each in nobodys.items() if node in self._suspected}
        fresh = bool(nobodys.keys() - self._suspected)
        self._suspected = frozenset(nobodys)
        self._tell()
        return fresh

    def _sort_out_missing(self, there: set[Uid]) -> bool:
        """Hosts that were up and do not answer, and whose machine no cloud has any more, are let go; others are made in their place."""
        pool, supply = self._pool, self._pool.supply
        missing = frozenset(
            uid
            for uid in supply.active
            if supply.is_of_cloud(uid) and supply.phases[uid] is MachinePhase.UP and pool.up.get(uid) is False and uid not in there
        )
        gone, fresh = missing & self._missing, missing - self._missing
        self._missing = missing - gone
        if gone:
            supply.machines_gone(tuple(uid for uid in supply.active if uid in gone))
        return bool(fresh)

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


async def _look(outside: Outside, clouds: Sequence[LocationSpec]) -> tuple[Seen, ...]:
    answers = await asyncio.gather(*(outside.grounds.cloud(each).nodes({TAG_PLANE: outside.ours[LABEL_PLANE]}) for each in clouds))
    return tuple(
        Seen(replace(location, machines=()), node.id, node.name, Uid(node.tags.get(TAG_HOST, "")), Uid(node.tags.get(TAG_POOL, "")))
        for location, nodes in zip(clouds, answers, strict=True)
        for node in nodes
        if is_ours(node, outside.ours) and node.state not in {NodeState.STOPPING, NodeState.TERMINATED}
    )


async def _destroy(outside: Outside, orphans: Sequence[Seen]) -> None:
    for each in orphans:
        await outside.grounds.cloud(each.location).destroy(each.node)
