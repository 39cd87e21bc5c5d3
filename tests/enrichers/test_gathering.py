"""The values of many, kept one change at a time: against brute force, and counted with 10,000."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clocker_actors.enrichers.gathering import WAYS, Gathering, Rules
from clocker_actors.enrichers.quorum import is_quorum, quorate
from clocker_actors.model.values import Value

MEMBERS = [f"m{number}" for number in range(6)]
VALUES = st.one_of(st.integers(-50, 50), st.floats(-1e3, 1e3), st.booleans(), st.text(max_size=2), st.none(), st.just(float("nan")))


@dataclass
class Plain:
    """The same by looking at everything each time."""

    values: dict[str, tuple[Value, float]] = field(default_factory=dict)

    def usable(self, how: str) -> list[tuple[int, str, Value, float]]:
        numeric = how in {"average", "sum", "min", "max"}
        kept = []
        for name, (value, at) in self.values.items():
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            if (isinstance(value, float) and math.isnan(value)) or (
                numeric and (isinstance(value, bool) or not isinstance(value, int | float))
            ):
                continue
            kept.append((MEMBERS.index(name), name, value, at))
        return sorted(kept, key=lambda each: each[0])

    def value(self, how: str, of: int) -> Value:
        kept = [value for _, _, value, _ in self.usable(how)]
        if how == "isQuorate":
            return sum(1 for value in kept if value is True) >= of
        if not kept:
            return None
        if how in {"first", "list"}:
            return kept[0] if how == "first" else kept
        numbers = [float(value) for value in kept if isinstance(value, int | float)]
        return {"average": sum(numbers) / len(numbers), "sum": sum(numbers), "min": min(numbers), "max": max(numbers)}[how]


class Against(RuleBasedStateMachine):
    """Any order of readings, leavings and staleness."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.all = {how: Gathering(Rules(how)) for how in WAYS}
        self.plain = Plain()
        for gathering in self.all.values():
            for place, name in enumerate(MEMBERS):
                gathering.place(name, place)

    @rule(name=st.sampled_from(MEMBERS), value=VALUES)
    def says(self, name: str, value: Value) -> None:
        self.now += 1
        self.plain.values[name] = (value, self.now)
        for gathering in self.all.values():
            gathering.set(name, value, self.now)

    @rule(name=st.sampled_from(MEMBERS))
    def leaves(self, name: str) -> None:
        self.plain.values.pop(name, None)
        for gathering in self.all.values():
            gathering.remove(name)

    @rule(age=st.integers(1, 10))
    def goes_stale(self, age: int) -> None:
        limit = self.now - age
        self.plain.values = {name: kept for name, kept in self.plain.values.items() if kept[1] > limit}
        for gathering in self.all.values():
            while (stale := gathering.older_than(limit)) is not None:
                gathering.remove(stale)

    @invariant()
    def are_alike(self) -> None:
        for how, gathering in self.all.items():
            wanted = self.plain.value(how, len(MEMBERS))
            found = gathering.value(len(MEMBERS))
            assert found == pytest.approx(wanted, abs=1e-6) if how in {"average", "sum"} else found == wanted, how
            kept = self.plain.usable(how)
            assert gathering.count == len(kept)
            assert gathering.oldest == (min(at for _, _, _, at in kept) if kept else None)


TestAgainstBruteForce = Against.TestCase


@pytest.mark.parametrize("how", [how for how in WAYS if how != "list"])
def test_a_reading_among_ten_thousand_looks_at_a_few_entries(how: str) -> None:
    """Counted, not timed: 30,000 readings look at no more than some entries each, where looking at all would be 300 million."""
    gathering = Gathering(Rules(how))
    for place in range(10_000):
        gathering.place(f"m{place}", place)
    for turn in range(30_000):
        value: Value = turn % 3 == 0 if how == "isQuorate" else float(turn % 977)
        gathering.set(f"m{turn * 7919 % 10_000}", value, float(turn))
        gathering.value(10_000)
        assert gathering.oldest is not None
    assert gathering.looked < 30_000 * 30


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 100))
def test_quorums(agreeing: int, more: int, percent: int) -> None:
    total = agreeing + more
    assert quorate("all", agreeing, total) is (agreeing == total)
    assert quorate("atLeastOne", agreeing, total) is (agreeing > 0)
    assert quorate("atLeastOneUnlessEmpty", agreeing, total) is (agreeing > 0 or total == 0)
    assert quorate("allAndAtLeastOne", agreeing, total) is (agreeing == total > 0)
    assert quorate(str(percent), agreeing, total) is (agreeing >= percent)
    assert quorate(f"{percent}%", agreeing, total) is (agreeing * 100 >= percent * total)
    assert all(map(is_quorum, ("all", "3", "50%"))) and not any(map(is_quorum, ("101%", "-1", "most", "")))


def test_missing_members_count_as_the_default() -> None:
    for how, worth in (("average", 5.0), ("sum", 20.0), ("min", 0.0), ("max", 20.0)):
        gathering = Gathering(Rules(how, default=0))
        gathering.set("m1", 20, 1.0)
        assert gathering.value(4) == worth
    assert Gathering(Rules("average", default=7)).value(2) == 7.0
    assert Gathering(Rules("average", default=7)).value(0) is None
