"""The arithmetic of the autoscaler: the ancestor's examples, and rules that hold for all numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.policies.autoscaler_math import Wish, out_of_bounds, settle, unusable, wish
from clocker_actors.policies.autoscaler_rules import Load, Rules
from clocker_actors.policies.windows import SizeHistory

NOW = 1_800_000_000.0
RULES = Rules(lower=30.0, upper=60.0, least=1, most=20)


def load(value: float, count: int = 3, of: int | None = None, rules: Rules = RULES) -> Load:
    """A fresh mean of so many members."""
    return Load("cpu", value, count, count if of is None else of, NOW, "percent", rules.lower, rules.upper)


RULE_SETS = st.builds(
    lambda lower, gap, least, room, up, down, up_most, down_most, mark: Rules(
        lower, None if lower is None else lower + gap, least, least + room, up, down, up_most, down_most, mark=mark
    ),
    st.sampled_from([None, 10.0, 30.0, 0.1]),
    st.floats(0.0, 100.0),
    st.integers(0, 5),
    st.integers(0, 40),
    st.integers(1, 7),
    st.integers(1, 7),
    st.none() | st.integers(1, 9),
    st.none() | st.integers(1, 9),
    st.none() | st.integers(1, 50),
)
VALUES = st.floats(0.0, 1000.0)
SIZES = st.integers(1, 60)


@pytest.mark.parametrize(
    ("value", "size", "rules", "expected"),
    [
        (50.0, 3, RULES, 3),
        (60.0, 3, RULES, 3),
        (61.0, 3, RULES, 4),
        (200.0, 3, RULES, 10),
        (29.0, 3, RULES, 2),
        (30.0, 3, RULES, 3),
        (5.0, 3, RULES, 1),
        (0.0, 3, replace(RULES, least=0), 0),
        (900.0, 3, RULES, 20),
        (200.0, 3, replace(RULES, up_most=2), 5),
        (200.0, 3, replace(RULES, up_increment=4), 11),
        (200.0, 3, replace(RULES, up_increment=4, up_most=6), 9),
        (10.0, 9, replace(RULES, down_most=2), 7),
        (10.0, 9, replace(RULES, down_increment=4), 5),
        (900.0, 3, replace(RULES, mark=8), 8),
        (500.0, 3, replace(RULES, upper=None), 3),
        (1.0, 3, replace(RULES, lower=None), 3),
    ],
)
def test_examples(value: float, size: int, rules: Rules, expected: int) -> None:
    assert wish(load(value, size, rules=rules), size, rules).size == expected


def test_it_does_not_shrink_into_being_hot() -> None:
    rules = replace(RULES, lower=50.0, upper=60.0)
    asked = wish(load(49.0, 2, rules=rules), 2, rules)
    assert (asked.sort, asked.size) == ("thrash", 2)
    assert "2 stay" in asked.reason


def test_a_value_from_before_the_new_members_is_not_multiplied_by_the_new_size() -> None:
    assert wish(load(90.0, 3), 3, RULES).size == 5
    asked = wish(load(90.0, 3, of=5), 5, RULES)
    assert (asked.sort, asked.size) == ("on-the-way", 5)


@given(VALUES, SIZES, SIZES, RULE_SETS)
def test_a_wish_is_within_the_bounds_or_changes_nothing(value: float, count: int, size: int, rules: Rules) -> None:
    asked = wish(load(value, count, rules=rules), size, rules)
    assert asked.size == size or rules.least <= asked.size <= rules.ceiling


@given(VALUES, SIZES, SIZES, RULE_SETS)
def test_no_step_is_longer_than_the_iteration_maximum(value: float, count: int, size: int, rules: Rules) -> None:
    asked = wish(load(value, count, rules=rules), size, rules)
    lifted = max(rules.least - size, 0)
    if rules.up_most is not None and lifted == 0:
        assert asked.size - size <= rules.up_most
    if rules.down_most is not None and size <= rules.ceiling:
        assert size - asked.size <= rules.down_most


@given(VALUES, SIZES, RULE_SETS)
def test_what_it_asks_for_is_not_taken_back_at_the_same_load(value: float, size: int, rules: Rules) -> None:
    if not rules.least <= size <= rules.ceiling:
        return
    first = wish(load(value, size, rules=rules), size, rules)
    if first.size in {size, 0}:
        return
    after = wish(load(value * size / first.size, first.size, rules=rules), first.size, rules)
    if first.size < size:
        assert after.size <= first.size, "shrank, and grows again"
    elif rules.lower is None or rules.upper is None or (rules.up_increment == 1 and 2 * rules.lower <= rules.upper):
        assert after.size >= first.size, "grew, and shrinks again"


@given(VALUES, VALUES, SIZES, SIZES, RULE_SETS)
def test_more_load_never_asks_for_less(one: float, two: float, count: int, size: int, rules: Rules) -> None:
    rules = replace(rules, down_increment=1)
    low, high = sorted((one, two))
    assert wish(load(low, count, rules=rules), size, rules).size <= wish(load(high, count, rules=rules), size, rules).size


@given(VALUES, SIZES, RULE_SETS)
def test_every_bound_that_changed_the_result_is_said(value: float, size: int, rules: Rules) -> None:
    asked = wish(load(value, size, rules=rules), size, rules)
    free = replace(rules, least=0, most=10**9, mark=None, up_most=None, down_most=None)
    if asked.size != wish(load(value, size, rules=free), size, free).size:
        assert asked.clamped


@given(VALUES, SIZES, RULE_SETS)
def test_the_value_said_to_make_a_difference_does(value: float, size: int, rules: Rules) -> None:
    rules = replace(rules, down_increment=1, mark=None)
    size = rules.clamp(size)
    measured = load(value, max(size, 1), rules=rules)
    said = settle(wish(measured, size, rules), measured, SizeHistory(), size, rules, NOW).would_change
    for words in said:
        if " if " in words or not words.startswith("would") or size == 0:
            continue
        mark = 0.0 if words.endswith("no load at all") else float(words.split(" above " if "grow" in words else " below ")[1].split()[0])
        beyond = replace(measured, value=mark * 1.02 if "grow" in words else mark * 0.98)
        asked = wish(beyond, size, rules)
        assert asked.sort == ("grow" if "grow" in words else "shrink"), (words, asked)


def test_words_at_the_bounds() -> None:
    measured = load(90.0, 20)
    history = SizeHistory([(NOW, 20)])
    concluded = settle(wish(measured, 20, RULES), measured, history, 20, RULES, NOW)
    assert concluded.action == ""
    assert "maxPoolSize 20 (wanted 30)" in concluded.reason
    assert concluded.clamped == ("maxPoolSize 20 (wanted 30)",)
    assert "would grow above 60 % if maxPoolSize 20 allowed more than 20" in concluded.would_change


def _settle(rules: Rules, history: SizeHistory, value: float, at: float, size: int = 3) -> tuple[Wish, object]:
    measured = replace(load(value, size), at=at)
    asked = wish(measured, size, rules)
    history.record(at, asked.size)
    return asked, settle(asked, measured, history, size, rules, at)


def test_a_window_holds_growth_and_says_until_when() -> None:
    rules = replace(RULES, up_window=30.0)
    history = SizeHistory([(NOW - 100, 3)])
    measured = load(90.0)
    history.record(NOW, 5)
    held = settle(wish(measured, 3, rules), measured, history, 3, rules, NOW)
    assert (held.action, held.again) == ("", NOW + 30)
    assert "held by the 30 s window until 08:00:30 UTC" in held.reason
    later = replace(measured, at=NOW + 30)
    assert settle(wish(later, 3, rules), later, history, 3, rules, NOW + 30).target == 5


def test_a_wish_that_lapses_begins_its_window_anew() -> None:
    rules = replace(RULES, up_window=30.0)
    history = SizeHistory([(NOW - 100, 3), (NOW, 5), (NOW + 20, 3), (NOW + 21, 5)])
    measured = replace(load(90.0), at=NOW + 40)
    held = settle(wish(measured, 3, rules), measured, history, 3, rules, NOW + 40)
    assert (held.target, held.again) == (None, NOW + 51)


def test_it_grows_to_what_was_wanted_all_through_the_window() -> None:
    rules = replace(RULES, up_window=30.0)
    history = SizeHistory([(NOW - 40, 4), (NOW - 10, 5)])
    measured = load(90.0)
    concluded = settle(wish(measured, 3, rules), measured, history, 3, rules, NOW)
    assert (concluded.target, concluded.again) == (4, NOW + 20)


@given(st.lists(st.tuples(st.integers(1, 20), VALUES), min_size=1, max_size=20), RULE_SETS, st.integers(0, 40), st.integers(0, 40), SIZES)
def test_the_target_is_within_bounds_and_within_what_the_windows_held(
    readings: list[tuple[int, float]], rules: Rules, up: int, down: int, size: int
) -> None:
    rules = replace(rules, up_window=float(up), down_window=float(down))
    size, history, now = rules.clamp(size), SizeHistory(), NOW
    for pause, value in readings:
        now += pause
        measured = replace(load(value, max(size, 1), rules=rules), at=now)
        asked = wish(measured, size, rules)
        history.record(now, asked.size)
        concluded = settle(asked, measured, history, size, rules, now)
        if concluded.target is None:
            continue
        assert rules.least <= concluded.target <= rules.ceiling
        if concluded.target > size:
            assert concluded.target <= history.lowest(up, now)
        else:
            assert concluded.target >= history.highest(down, now)
        size = concluded.target


@pytest.mark.parametrize(
    ("given_", "sort", "words"),
    [
        (load(50.0), None, ""),
        (load(50.0, 2, of=5), "few", "only 2 of 5 members"),
        (load(50.0, 3, of=6), None, ""),
        (load(50.0, 0, of=0), "few", "0 of 0"),
        (replace(load(50.0), at=NOW - 3.0), "stale", "younger than 3 s"),
        (replace(load(50.0), at=NOW - 2.9), None, ""),
        (replace(load(50.0), problem="engine silent"), "unavailable", "engine silent"),
        (load(float("nan")), "unavailable", "nan"),
    ],
)
def test_what_says_nothing_about_now(given_: Load, sort: str | None, words: str) -> None:
    found = unusable(given_, RULES, NOW)
    assert (found.sort if found else None) == sort
    assert words in (found.reason if found else "")


@pytest.mark.parametrize(("size", "target"), [(0, 1), (1, None), (20, None), (25, 20)])
def test_a_size_outside_the_bounds_is_corrected_and_said(size: int, target: int | None) -> None:
    found = out_of_bounds(size, RULES)
    assert (found.target if found else None) == target
    if found:
        assert f"was {size}" in found.clamped[0]


def test_a_window_says_whose_wish_it_acts_on() -> None:
    """The value of this reading and the wish of the window are two numbers: both are told, each with its time."""
    rules = replace(RULES, down_window=30.0)
    history = SizeHistory()
    for at, size, value in ((NOW - 40, 5, 92.0), (NOW - 20, 3, 50.0), (NOW - 10, 1, 5.0)):
        history.record(at, size, value)
    measured = load(5.0, 8)
    concluded = settle(wish(measured, 8, rules), measured, history, 8, rules, NOW)
    assert concluded.target == 5
    assert concluded.reason.startswith("cpu 5 % is below")
    assert concluded.steps[-1] == (
        "the largest wish in the 30 s window: 5 members, from 07:59:20 UTC (cpu 92 %), until 07:59:40 UTC, so 5 and not 1"
    )


def test_what_a_window_holds_names_the_wish_that_holds_it() -> None:
    rules = replace(RULES, down_window=30.0)
    history = SizeHistory()
    history.record(NOW - 40, 8, 50.0)
    history.record(NOW, 1, 5.0)
    measured = load(5.0, 8)
    held = settle(wish(measured, 8, rules), measured, history, 8, rules, NOW)
    assert "held by the 30 s window until 08:00:30 UTC" in held.reason
    assert held.steps[-1] == "the largest wish in the 30 s window: 8 members, from 07:59:20 UTC (cpu 50 %), until 08:00:00 UTC"


def test_one_member_is_not_said_to_shrink_below_nothing() -> None:
    measured = load(45.0, 1)
    concluded = settle(wish(measured, 1, RULES), measured, SizeHistory([(NOW - 9, 1)]), 1, RULES, NOW)
    assert any(change.startswith("would shrink only with no load at all") for change in concluded.would_change)
