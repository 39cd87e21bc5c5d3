"""Decisions: what a policy or the placement concluded, with inputs and reason, so that everything can be explained afterwards.

"Nothing to do" is a decision too (`action` is ""), and says what would have changed it. Decisions name their cause (a reading, a fact, a request) and
become the cause of the activity they lead to; following causes gives the whole chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class HostVerdict:
    """What the placement thought of one host: accepted with a rank (1 is best), or refused by a rule."""

    host: Uid
    name: str
    accepted: bool
    rule: str = ""
    reason: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class PlacementTrace:
    """A placement as kept: the chosen host, the best five, and a count and one example per refusing rule."""

    chosen: Uid | None
    best: tuple[HostVerdict, ...]
    refused: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[HostVerdict, ...] = ()
    considered: int = 0
    index_version: int = 0
    strategies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One conclusion.

    `kind` says of what sort (autoscale, restart, replace, place, quarantine, bounds ...); `action` is what was ordered, "" for nothing; `inputs` the
    numbers that went in; `steps` the arithmetic in words, in order; `clamped` every bound that changed the result; `would_change` what would have led
    elsewhere, with numbers and times.
    """

    id: str
    subject: Uid
    by: str
    kind: str
    at: float
    action: str
    reason: str
    cause: Cause
    inputs: Mapping[str, Value] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    clamped: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    placement: PlacementTrace | None = None
