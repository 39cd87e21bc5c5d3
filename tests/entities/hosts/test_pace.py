"""How many starts does a host admit, and in which order?"""

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.entities.hosts.pace import LEAST, MOST, Pace
from clocker_actors.model.generations import Lane


def test_healing_goes_before_scaling_before_rebalancing() -> None:
    pace = Pace(limit=1.0)  # one starts, and one more is created meanwhile
    assert pace.want("other", Lane.SCALING) == ["other"]
    assert pace.want("first", Lane.REBALANCING) == ["first"]
    for who, lane in (("balance", Lane.REBALANCING), ("grow", Lane.SCALING), ("heal", Lane.HEALING)):
        assert pace.want(who, lane) == []
    order = [pace.began("first", None)[0]]
    order += pace.began(order[-1], None)
    order += pace.began(order[-1], None)
    assert order == ["heal", "grow", "balance"]


def test_who_wants_twice_is_admitted_once() -> None:
    pace = Pace(limit=1.0)
    pace.want("other", Lane.SCALING)
    assert pace.want("a", Lane.SCALING) + pace.want("a", Lane.SCALING) == ["a"]
    assert pace.want("b", Lane.SCALING) + pace.want("b", Lane.HEALING) == []
    assert pace.began("a", None) == ["b"] and pace.waiting == 0


def test_who_withdraws_makes_room() -> None:
    pace = Pace(limit=1.0)
    pace.want("other", Lane.SCALING)
    pace.want("a", Lane.SCALING)
    pace.want("b", Lane.SCALING)
    pace.want("c", Lane.SCALING)
    assert pace.withdraw("b") == []
    assert pace.withdraw("a") == ["c"]


_steps = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["want", "fast", "slow", "failed", "withdraw"])), max_size=200)


@given(_steps)
def test_nobody_is_lost_and_the_limit_stays_in_its_bounds(steps: list[tuple[int, str]]) -> None:
    pace, wanting, running = Pace(), set[str](), set[str]()
    for number, what in steps:
        who = str(number)
        match what:
            case "want":
                wanting |= {who} - running
                admitted = pace.want(who, Lane.SCALING)
            case "withdraw":
                wanting.discard(who)
                running.discard(who)
                admitted = pace.withdraw(who)
            case _ if who not in running:
                continue
            case _:
                running.discard(who)
                admitted = pace.began(who, {"fast": 0.1, "slow": 5.0}.get(what))
        running |= set(admitted)
        wanting -= set(admitted)
        assert LEAST <= pace.limit <= MOST
        assert pace.in_flight == running and pace.waiting == len(wanting)
        assert running or not wanting
