"""Where the members of a host would go if it were drained now. Pure: an index like the pool's own is asked, member by member, as a drain would.

Each answer takes its room before the next is asked, and what moved gives its old room back, so that a plan is as exact as a drain on a pool that does not
change meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.planning.moving import Company, Manner


@dataclass(frozen=True, slots=True)
class Mover:
    """A member that would move: what it would ask for, how it would move, the generation it has, and who keeps its cluster up if it has to stop first."""

    request: PlacementRequest
    manner: Manner
    generation: int
    company: Company | None = None


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """Where one member would go, and in which order of starting and stopping, with `why` that; `to` is "" if it stays, then `reason` says why it does."""

    member: Uid
    path: str
    to: str
    manner: str
    reason: str
    why: str = ""


def emptied(
    index: HostIndex, host: Uid, movers: Iterable[Mover], strategies: tuple[StrategySpec, ...], rules: tuple[AffinityRule, ...]
) -> tuple[PlannedMove, ...]:
    """The moves that a drain of this host leads to. The index is changed by it."""
    index.cordon(host, True)
    return tuple(_moved(index, mover, host, strategies, rules) for mover in movers)


def _moved(index: HostIndex, mover: Mover, host: Uid, strategies: tuple[StrategySpec, ...], rules: tuple[AffinityRule, ...]) -> PlannedMove:
    how = mover.manner
    refused = "" if how.start_first or mover.company is None else mover.company.refused
    if refused:
        return PlannedMove(
            mover.request.member, mover.request.name, "", how.name, f"it has to stop before it starts elsewhere; but {refused}", how.why
        )
    request = replace(mover.request, excluded=(*mover.request.excluded, host))
    answer = place(request, index, strategies, rules=rules, decision_id="plan", at=0.0)
    if isinstance(answer, Refusal):
        return PlannedMove(request.member, request.name, "", how.name, answer.decision.reason, how.why)
    index.release(request.member, mover.generation)
    return PlannedMove(request.member, request.name, answer.host_name, how.name, answer.decision.reason, how.why)
