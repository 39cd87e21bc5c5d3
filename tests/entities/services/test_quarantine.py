"""Members that failed to start: who is kept as evidence, who goes, and how long the cluster waits."""

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.entities.records import ClusterState, Identity
from clocker_actors.entities.services.quarantine import MOST_FAILURES, MOST_QUARANTINED, decision, pause_after, set_aside
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import ClusterSpec, ServiceSpec

MEMBER = ServiceSpec("web", "web", "container")
SPEC = ServiceSpec("web", "web", "cluster", cluster=ClusterSpec(MEMBER))


@given(st.integers(0, 20), st.booleans())
def test_no_member_is_lost(count: int, keep: bool) -> None:
    members = tuple(Uid(f"m{number}") for number in range(count))
    state = ClusterState(Identity(Uid("c1"), "web", "shop/web", Uid("a1")), SPEC, size=count, members=members)
    for at, member in enumerate(members):
        state = set_aside(state, member, "no image", float(at), keep=keep)
    held = tuple(kept.uid for kept in state.quarantined)
    assert state.members == () and (*state.removing, *held) == members
    assert held == (members[-MOST_QUARANTINED:] if keep else ())


def test_pauses_grow() -> None:
    pauses = [pause_after(failures) for failures in range(1, 8)]
    assert pauses == sorted(pauses) and pauses[0] > 0


def test_the_decision_says_when_it_stops() -> None:
    first, last = (decision("d1", Uid("c1"), Uid("m1"), failures, "no image", 1.0, keep=True) for failures in (1, MOST_FAILURES))
    assert first.would_change == ("after 4 more failures it stops trying",)
    assert "resize, start or restart" in last.would_change[0]
