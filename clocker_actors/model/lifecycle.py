"""The service model: expected and actual state, indicators, problems, quorum.

    CREATED ──▶ STARTING ──▶ RUNNING ──▶ STOPPING ──▶ STOPPED ──▶ DESTROYED
                   │  ▲         │  ▲         ▲
                   ▼  │         ▼  │         │
                 ON_FIRE ◀─────────┘─────────┘      (ON_FIRE leads back by STARTING, or out by STOPPING;
                                                         a start takes back a STOPPING that has not ended)

Expected state is set by effectors; actual state is computed from it, from `service.notUp.indicators` and from `service.problems`, as the ancestor does it.
"""

from collections.abc import Mapping
from enum import StrEnum


class Lifecycle(StrEnum):
    """State of a service, expected or actual."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DESTROYED = "destroyed"
    ON_FIRE = "on-fire"


MOVES: Mapping[Lifecycle, frozenset[Lifecycle]] = {
    Lifecycle.CREATED: frozenset({Lifecycle.STARTING, Lifecycle.STOPPING, Lifecycle.DESTROYED}),
    Lifecycle.STARTING: frozenset({Lifecycle.RUNNING, Lifecycle.ON_FIRE, Lifecycle.STOPPING}),
    Lifecycle.RUNNING: frozenset({Lifecycle.STARTING, Lifecycle.STOPPING, Lifecycle.ON_FIRE}),
    Lifecycle.ON_FIRE: frozenset({Lifecycle.STARTING, Lifecycle.RUNNING, Lifecycle.STOPPING}),
    Lifecycle.STOPPING: frozenset({Lifecycle.STOPPED, Lifecycle.STARTING, Lifecycle.ON_FIRE, Lifecycle.DESTROYED}),
    Lifecycle.STOPPED: frozenset({Lifecycle.STARTING, Lifecycle.STOPPING, Lifecycle.DESTROYED}),
    Lifecycle.DESTROYED: frozenset(),
}
"""The only moves the expected state may make."""


def may_move(old: Lifecycle, new: Lifecycle) -> bool:
    """Whether the expected state may go from `old` to `new` (staying is always allowed)."""
    return old is new or new in MOVES[old]


def actual_state(expected: Lifecycle | None, *, up: bool | None, problems: bool) -> Lifecycle | None:
    """Actual state by the ancestor's table; `up` is None while nothing was reported, and then None may come back."""
    if expected is Lifecycle.RUNNING:
        return Lifecycle.RUNNING if up and not problems else Lifecycle.ON_FIRE
    if expected is not None:
        return expected
    if up is None and not problems:
        return None
    if problems:
        return Lifecycle.ON_FIRE if up else Lifecycle.STOPPED
    return Lifecycle.RUNNING if up else Lifecycle.STOPPED


def quorate(quorum: int, running: int, wanted: int, *, starting: bool) -> bool:
    """Whether enough members run for the cluster to be up. One larger than the wanted size asks for no more than that. A negative one asks for all that are
    wanted while the cluster starts, and afterwards for one (unless none is wanted), so that growing and healing are not an alarm."""
    if quorum < 0:
        quorum = wanted if starting else 1
    return running >= min(quorum, wanted)
