"""What becomes of a member of a cluster that failed to start: set aside as evidence (the newest few), or removed. Pure."""

from dataclasses import replace

from clocker_actors.entities.records import ClusterState, Quarantined
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, Uid

MOST_FAILURES = 5
"""So many failed starts in a row, and the cluster stops trying."""
MOST_QUARANTINED = 5
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before another member is tried, by failures in a row."""


def pause_after(failures: int) -> float:
    """How long to wait after this many failures in a row."""
    return PAUSES[min(failures, len(PAUSES) - 1)]


def set_aside(state: ClusterState, uid: Uid, reason: str, at: float, *, keep: bool) -> ClusterState:
    """The cluster without this member; the oldest of those set aside go when there are too many."""
    state = replace(state, members=tuple(member for member in state.members if member != uid))
    if not keep:
        return replace(state, removing=(*state.removing, uid))
    kept = (*state.quarantined, Quarantined(uid, reason, at))
    expunged = tuple(old.uid for old in kept[:-MOST_QUARANTINED])
    return replace(state, quarantined=kept[-MOST_QUARANTINED:], removing=(*state.removing, *expunged))


def decision(decision_id: str, cluster: Uid, uid: Uid, failures: int, reason: str, at: float, *, keep: bool) -> Decision:
    """Why, for people."""
    left = MOST_FAILURES - failures
    return Decision(
        id=decision_id,
        subject=cluster,
        by=cluster,
        kind="quarantine",
        at=at,
        action=f"set {uid} aside" if keep else f"remove {uid}",
        reason=reason,
        cause=Cause(uid),
        inputs={"failures_in_a_row": failures, "most_failures": MOST_FAILURES, "pause_s": pause_after(failures)},
        steps=(f"{failures} of {MOST_FAILURES} starts in a row have failed",),
        would_change=(f"after {left} more failures it stops trying" if left > 0 else "resize, start or restart the cluster to try again",),
    )
