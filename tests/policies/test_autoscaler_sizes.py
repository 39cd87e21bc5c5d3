"""Which size counts while orders and their echoes are apart."""

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.policies.autoscaler_sizes import ECHO_LIMIT, SHRINK_LIMIT, Order, Sizes


def ended(decision: str, state: ActivityState = ActivityState.DONE) -> Activity:
    return Activity("t1", Uid("c1"), "resize", Cause(decision), 0, state=state, problem="no")


def test_an_order_counts_until_the_cluster_takes_it_on_or_somebody_sets_another_size() -> None:
    sizes = Sizes()
    assert sizes.now(0) is None
    sizes.heard(3)
    sizes.order("d1", Order(3, 5, 0))
    sizes.order("d2", Order(5, 8, 1))
    assert sizes.now(1) == 8
    sizes.heard(5)
    assert sizes.now(1) == 8, "the echo of the older order"
    sizes.heard(8)
    sizes.heard(2)
    assert sizes.now(1) == 2, "set by hand"


def test_an_order_that_is_not_taken_on_is_forgotten_when_it_ends_or_in_time() -> None:
    sizes = Sizes(said=3)
    sizes.order("d1", Order(3, 5, 0))
    assert sizes.ended(ended("other")) is None
    assert sizes.ended(ended("d1", ActivityState.FAILED)) == Order(3, 5, 0)
    assert sizes.failed == (Order(3, 5, 0), "no")
    assert sizes.now(1) == 3
    sizes.order("d2", Order(3, 6, 1))
    assert sizes.now(1 + ECHO_LIMIT) == 6
    assert sizes.now(1.1 + ECHO_LIMIT) == 3


def test_a_shrink_is_waited_for_but_not_for_ever() -> None:
    sizes = Sizes(said=9)
    sizes.order("d1", Order(9, 5, 0))
    assert sizes.shrinking(SHRINK_LIMIT - 1)
    assert not sizes.shrinking(SHRINK_LIMIT)
    sizes.order("d2", Order(5, 4, 100))
    sizes.ended(ended("d2"))
    assert not sizes.shrinking(100)


def test_whose_wish_a_size_is_is_told_by_the_orders() -> None:
    sizes = Sizes()
    assert sizes.heard(3) is None, "the first one is nobody's change"
    sizes.order("d1", Order(3, 5, 0))
    assert sizes.heard(5) is None and sizes.heard(5) is None
    sizes.ended(ended("d1"))
    assert sizes.heard(5) is None
    assert sizes.heard(4) == 5
    sizes.order("d2", Order(4, 6, 1))
    sizes.order("d3", Order(6, 9, 2))
    assert sizes.heard(6) is None and sizes.heard(9) is None
    assert sizes.heard(2) == 9
