"""The one thing to do when a pool finds no place at all: in words for whoever reads the refusal, "" where the reasons of the hosts say it already."""

from typing import TYPE_CHECKING

from clocker_actors.model.decisions import Decision
from clocker_actors.placement.filters import NotCordoned

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

CORDONED = NotCordoned().rule


def advice(pool: "Pool", decision: Decision) -> str:
    """For this refusal."""
    trace = decision.placement
    if trace is None:
        return ""
    name = pool.state.spec.name
    if not trace.considered and pool.state.spec.location is None:
        return f"write `hosts` or a `location` for docker cloud {name} in its blueprint"
    if trace.refused.keys() == {CORDONED} and trace.examples:
        host = trace.examples[0].name
        return f"`clocker uncordon {pool.identity.path}/{host}` takes it into use again"
    return ""
