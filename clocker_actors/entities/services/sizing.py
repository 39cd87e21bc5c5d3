"""How many members a cluster is to have, and who said so: its blueprint, a policy or a person, who may say it for a while only.

    resize by a person ──▶ his                        resize by a policy ──▶ its, unless a lease holds the size
    resize for a while ──▶ his until then (a lease) ──over──▶ with an autoscaler: its again, and the size stays; without: as it was before
    a changed file     ──▶ only where the file owns the size (`planning/merging.py`)

The lease is durable, and ends by the clock even if the manager was down then. It holds off policies, not the bounds of the blueprint.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.records import ClusterState, Desired
from clocker_actors.entities.services.planting import AUTOSCALER
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import past
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause
from clocker_actors.model.ownership import Lease, Owner, OwnerKind, clock, owner_of
from clocker_actors.model.values import Value
from clocker_actors.planning.members import bounded

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.services.cluster import Cluster

LEASE = "lease"


class LeaseOver:
    """Timer message: a size was held for as long as was asked for."""


class Sizing:
    """Of one cluster."""

    __slots__ = ("_cluster",)

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster

    def resize(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector resize."""
        self._set(activity, int(str(arguments["size"])), float(str(arguments["for"])))

    def by_delta(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector resizeByDelta."""
        self._set(activity, self._cluster.state.size + int(str(arguments["delta"])), 0.0)

    def _set(self, activity: Activity, size: int, seconds: float) -> None:
        cluster = self._cluster
        cluster.refuse_if_deleting(activity)
        least, most = cluster.spec.min_size, cluster.spec.max_size
        if not least <= size <= most:
            raise BadRequest(f"{cluster.identity.path} takes {least} to {most} members, not {size}: give a size in that range", size=size)
        owner = owner_of(activity.cause, cluster.now)
        if owner.kind is OwnerKind.POLICY and cluster.state.lease is not None:
            cluster.running.step(activity.id, "held", self.held)
            cluster.running.finish(activity.id, cluster.state.size)
            return
        cluster.running.supersede("resize", "resizeByDelta", by=activity)
        cluster.starts.forget()
        cluster.running.step(activity.id, "resize", f"{len(cluster.state.members)} → {size}")
        cluster.health.forget_refusals()
        cluster.change(self._sized(size, owner, seconds))
        self.say()

    def _sized(self, size: int, owner: Owner, seconds: float) -> ClusterState:
        state = self._cluster.state
        if not seconds:
            return replace(state, size=size, size_owner=owner, lease=None)
        until = self._cluster.now + seconds
        before = state.lease or Lease(until, state.size, state.size_owner)
        return replace(state, size=size, size_owner=replace(owner, until=until), lease=replace(before, until=until))

    @property
    def held(self) -> str:
        """How the size is held, in words; "" if it is not."""
        state = self._cluster.state
        if state.lease is None:
            return ""
        return f"held at {state.size} by {state.size_owner.words} until {clock(state.lease.until)}"

    # --- the end of a lease

    def begin(self) -> None:
        """A lease that was given later than now, because the clock was set back, counts from now."""
        cluster, state = self._cluster, self._cluster.state
        lease, given = state.lease, state.size_owner.at
        if lease is None or given <= cluster.now:
            return
        past(given, cluster.now)  # which logs it
        until = cluster.now + max(0.0, lease.until - given)
        owner = replace(state.size_owner, at=cluster.now, until=until)
        cluster.change(replace(state, size_owner=owner, lease=replace(lease, until=until)))

    def look(self) -> bool:
        """Wait for the end of a lease, or end it; whether the state changed."""
        cluster, lease = self._cluster, self._cluster.state.lease
        if lease is None or cluster.state.desired is Desired.DELETED:
            cluster.cancel_timer(LEASE)
            return False
        left = lease.until - cluster.now
        if left > 0:
            cluster.after(LEASE, left, LeaseOver())
            return False
        self._hand_back(lease)
        self.say()
        return True

    def _hand_back(self, lease: Lease) -> None:
        cluster, state = self._cluster, self._cluster.state
        scaler = self._scaler()
        decided = cluster.ids.decision()
        if scaler:
            size, owner = state.size, Owner(OwnerKind.POLICY, scaler, cluster.now, cause=decided)
            action, to = f"hand the size back to policy {scaler}", f"policy {scaler} decides again"
        else:
            size, owner = bounded(lease.size, cluster.spec.min_size, cluster.spec.max_size).size, lease.owner
            action, to = f"resize {state.size} to {size}", f"back to {size}, which {owner.words} had set"
        reason = f"{state.size_owner.words} held the size at {state.size} until {clock(lease.until)}; {to}"
        cause = Cause(state.size_owner.cause or "lease", state.size_owner.name or "system")
        inputs: dict[str, Value] = {"held": state.size, "before": lease.size, "until": lease.until}
        decision = Decision(decided, cluster.uid, cluster.uid, "hand back", cluster.now, action, reason, cause, inputs)
        for activity in cluster.running.all("resize", "resizeByDelta") if size != state.size else ():
            cluster.running.fail(activity.id, f"{state.size} was not reached until {clock(lease.until)}, for which it was to be held; {to}")
        cluster.starts.forget()
        cluster.state = replace(state, size=size, size_owner=owner, lease=None)
        cluster.decided(decision, acted=True)

    def _scaler(self) -> str:
        """The name of an autoscaler that works, "" without one."""
        own = self._cluster.state.adjuncts
        return next((each.spec.name for each in own if each.spec.type == AUTOSCALER and not each.suspended), "")

    # --- what people see

    def say(self) -> None:
        """Tell people and policies whose the size is."""
        self._cluster.observe(sensors.GROUP_HELD, self.held)
        self._cluster.note()

    def facts(self) -> Mapping[str, Value]:
        """Whose the size is, in words."""
        state = self._cluster.state
        owner, lease = state.size_owner, state.lease
        facts: dict[str, Value] = {
            "size_owner": owner.words if owner.kind is OwnerKind.BLUEPRINT else f"{owner.words} since {clock(owner.at)}"
        }
        if lease is not None:
            scaler = self._scaler()
            then = f"policy {scaler} decides again" if scaler else f"back to {lease.size}"
            facts["lease"] = f"{state.size} until {clock(lease.until)} by {owner.words}, then {then}"
        return facts
