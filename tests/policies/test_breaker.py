"""When the circuit breaker of the replacer opens, and when not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.policies.breaker import Breaker

WINDOW, LIMIT = 300.0, 5


def test_failed_replacements_in_a_row_open_it() -> None:
    breaker = Breaker()
    said = [breaker.failed_to_replace(at, WINDOW, LIMIT) for at in (0.0, 10, 20, 30, 40)]
    assert said[:4] == [""] * 4
    assert said[4] == "5 replacements in a row have failed"
    assert breaker.member_failed("m1", 50, WINDOW, LIMIT)


def test_a_success_clears_failed_ones() -> None:
    breaker = Breaker()
    for at in (0.0, 1, 2, 3):
        breaker.failed_to_replace(at, WINDOW, LIMIT)
    breaker.replaced("m1", "m2", 4)
    assert breaker.failed_to_replace(5, WINDOW, LIMIT) == ""


def test_failures_far_apart_do_not_open_it() -> None:
    breaker = Breaker()
    assert not any(breaker.failed_to_replace(at * 100.0, WINDOW, LIMIT) for at in range(20))


def replace_until_it_opens(lifetime: float, tries: int = 30) -> int:
    """How often one member is replaced when each replacement dies after so many seconds."""
    breaker, now = Breaker(), 0.0
    for count in range(tries):
        if breaker.member_failed(f"m{count}", now, WINDOW, LIMIT):
            return count
        breaker.replaced(f"m{count}", f"m{count + 1}", now)
        now += lifetime
    return tries


def test_start_then_die_loops_stop_quick_or_slow() -> None:
    assert replace_until_it_opens(2.0) == LIMIT
    assert replace_until_it_opens(120.0) == LIMIT
    assert replace_until_it_opens(299.0) == LIMIT
    assert replace_until_it_opens(301.0) == 30, "one that lived longer than the window is not a loop"


def test_many_members_lost_at_once_are_all_replaced() -> None:
    breaker = Breaker()
    for number in range(50):
        assert breaker.member_failed(f"m{number}", 1.0, WINDOW, LIMIT) == ""
        breaker.replaced(f"m{number}", f"n{number}", 2.0)


def test_it_closes_when_the_window_has_passed() -> None:
    breaker = Breaker()
    for at in range(5):
        breaker.failed_to_replace(float(at), WINDOW, LIMIT)
    assert breaker.member_failed("m1", 303, WINDOW, LIMIT)
    assert breaker.member_failed("m1", 304, WINDOW, LIMIT) == ""


STEPS = st.lists(st.tuples(st.sampled_from(["fail", "ok", "lost"]), st.integers(0, 5), st.floats(0, 200)), max_size=40)


@given(STEPS, st.integers(1, 4))
def test_it_survives_its_encoding_and_never_lets_more_than_the_limit_fail_in_a_row(steps: list[tuple[str, int, float]], limit: int) -> None:
    breaker, now, in_a_row = Breaker(), 0.0, 0
    for what, member, pause in steps:
        now += pause
        if breaker.member_failed(f"m{member}", now, WINDOW, limit):
            in_a_row = 0
        elif what == "fail":
            breaker.failed_to_replace(now, WINDOW, limit)
            in_a_row += 1
        elif what == "ok":
            breaker.replaced(f"m{member}", f"m{member + 10}", now)
            in_a_row = 0
        if not any(pause > 0 for _, _, pause in steps):
            assert in_a_row <= limit
        assert Breaker.of(breaker.state, now) == breaker


def test_times_in_the_future_count_from_now_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    breaker = Breaker.of({"failed": [900.0, 1100.0], "born": {"m1": 1200.0}, "opened_at": 1300.0}, 1000.0)
    assert (breaker.failed, breaker.born, breaker.opened_at) == ([900.0, 1000.0], {"m1": 1000.0}, 1000.0)
    assert [record.message.split(" s ")[0] for record in caplog.records] == [f"a stored time lies {late}.0" for late in (200, 100, 300)]
