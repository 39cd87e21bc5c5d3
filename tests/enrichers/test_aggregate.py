"""Aggregates kept up to date reading by reading are those of a fresh look at all members."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.enrichers.aggregate import Rolling

STEPS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(-5, 100), st.floats(0, 3, allow_subnormal=False)), max_size=300
)


@given(STEPS)
def test_it_equals_a_fresh_look_at_all_members(steps: list[tuple[str, int | None, float]]) -> None:
    rolling, known, now = Rolling(), dict[str, tuple[float, float]](), 0.0
    for member, value, pause in steps:
        now += pause
        if value is None:
            assert rolling.remove(member) == (known.pop(member, None) is not None)
        else:
            rolling.set(member, float(value), now)
            known[member] = float(value), now
        found = rolling.aggregate()
        if not known:
            assert found is None
            continue
        assert found is not None
        values = [value for value, _ in known.values()]
        assert (found.min, found.max, found.count) == (min(values), max(values), len(values))
        assert found.sum == pytest.approx(sum(values))
        assert found.average == pytest.approx(sum(values) / len(values))
        assert found.oldest == min(at for _, at in known.values())


def test_an_older_reading_changes_nothing() -> None:
    rolling = Rolling()
    rolling.set("a", 5, 10)
    rolling.set("a", 9, 9)
    found = rolling.aggregate()
    assert found is not None
    assert (found.average, found.oldest) == (5, 10)


def test_members_silent_for_three_of_their_own_periods_do_not_count() -> None:
    rolling = Rolling()
    for second in range(21):
        rolling.drop_stale(second)
        rolling.set("quick", 10, second)
        if second % 10 == 0:
            rolling.set("slow", 50, second)
    for now, count in ((22.9, 2), (23, 1), (49.9, 1)):
        rolling.drop_stale(now)
        found = rolling.aggregate()
        assert found is not None
        assert found.count == count
    rolling.drop_stale(50)
    assert rolling.aggregate() is None


def test_rounding_does_not_pile_up_and_nothing_grows() -> None:
    rolling = Rolling()
    for step in range(20_000):
        rolling.set(f"m{step % 10}", 0.1 * (step % 7) + 1e9 * (step % 2), float(step))
    for member in range(10):
        rolling.set(f"m{member}", 0.1, 30_000.0)
    rolling.set("m0", 0.1, 30_001.0)
    found = rolling.aggregate()
    assert found is not None
    assert found.sum == pytest.approx(1.0, abs=1e-4)
    assert max(len(extreme._heap) for extreme in (rolling._least, rolling._greatest, rolling._oldest, rolling._expiring)) <= 200


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 100)), min_size=1, max_size=60))
def test_members_that_do_nothing_use_exactly_nothing(steps: list[tuple[str, float]]) -> None:
    rolling = Rolling()
    for at, (member, value) in enumerate(steps):
        rolling.set(member, value, float(at))
    for member in {member for member, _ in steps}:
        rolling.set(member, 0.0, float(len(steps)))
    now = rolling.aggregate()
    assert now is not None and (now.average, now.sum, now.min, now.max) == (0.0, 0.0, 0.0, 0.0)
