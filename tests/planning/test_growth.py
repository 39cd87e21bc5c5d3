"""Are as many hosts asked for as are needed, and none for what no host could take?"""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.model.affinity import AffinityRule, Sense, Verb
from clocker_actors.model.identity import SYSTEM, Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.growth import growth

GIB = 1 << 30
FOUR = (StrategySpec("MaxContainers", {"maxContainers": 4}),)
LIKE = HostView(Uid(""), "", cores=4, memory=8 * GIB, cpu=0.0)


def asked(count: int, memory: Sequence[int] = ()) -> list[PlacementRequest]:
    sizes = memory or [0] * count
    return [
        PlacementRequest(Uid(f"m{n}"), 1, Uid("a1"), Uid("c1"), f"shop/web/{n}", SYSTEM, memory=size * GIB) for n, size in enumerate(sizes)
    ]


@given(st.integers(0, 30), st.integers(0, 3), st.integers(0, 8))
def test_ceil_of_what_is_left_over_within_what_may_be_made(count: int, coming: int, most: int) -> None:
    found = growth(asked(count), HostIndex(), FOUR, LIKE, coming=coming, most=most)
    assert found.hosts == min(most, max(0, -(-(count - 4 * coming) // 4)))
    assert len(found.waits) == min(count, 4 * (coming + found.hosts)) and len(found.beyond) == count - len(found.waits)
    assert not found.hopeless


def test_what_is_too_large_for_a_host_asks_for_none_and_does_not_stop_the_others() -> None:
    found = growth(asked(3, [5, 64, 5]), HostIndex(), (), LIKE, most=9)
    assert found.hosts == 2 and set(found.waits) == {"m0", "m2"}
    assert list(found.hopeless) == ["m1"] and "a new host has 8,590 MB" in found.hopeless[Uid("m1")]


def test_hosts_that_are_there_are_used_first_and_are_not_changed() -> None:
    index = HostIndex()
    index.add(HostView(Uid("h1"), "one", cores=4, memory=8 * GIB, cpu=0.0))
    version = index.version
    found = growth(asked(6), index, FOUR, LIKE, most=9)
    assert found.hosts == 1 and len(found.waits) == 6
    assert index.version == version and index.rows[Uid("h1")].containers == 0


BESIDE = AffinityRule("REQUIRE NAME web/2", Sense.AT_LEAST, Verb.NAME, "web/2")


def test_who_has_to_be_beside_somebody_is_tried_again_when_that_one_has_a_place() -> None:
    first, second, third = asked(3)
    found = growth([replace(first, affinity=(BESIDE,)), second, third], HostIndex(), FOUR, LIKE, most=9)
    assert found.hosts == 1 and set(found.waits) == {"m0", "m1", "m2"} and not found.hopeless
    alone = growth([replace(first, affinity=(BESIDE,)), second], HostIndex(), FOUR, LIKE, most=9)
    assert alone.waits == ("m1",) and list(alone.hopeless) == ["m0"]


def test_those_who_wait_for_a_host_that_is_coming_have_their_place_on_it() -> None:
    *waiting, late = asked(5)
    assert growth([late], HostIndex(), FOUR, LIKE, coming=1, most=9).hosts == 0
    assert growth([late], HostIndex(), FOUR, LIKE, coming=1, most=9, promised=waiting).hosts == 1
    close = replace(late, affinity=(BESIDE,))
    found = growth([close], HostIndex(), (), LIKE, coming=1, most=9, promised=waiting)
    assert (found.hosts, found.waits, dict(found.hopeless)) == (0, ("m4",), {})
