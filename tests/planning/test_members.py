"""Which members come and go for a wanted size?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import RemovalStrategy
from clocker_actors.planning.members import MemberView, bounded, resizing, to_remove

NEWEST, OLDEST = RemovalStrategy.NEWEST, RemovalStrategy.OLDEST


def member(number: int, *, up: bool = True, failed: bool = False, quarantined: bool = False) -> MemberView:
    return MemberView(Uid(f"m{number}"), up, failed, quarantined)


members = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=12).map(
    lambda rows: [member(n, up=up and not failed, failed=failed, quarantined=aside) for n, (up, failed, aside) in enumerate(rows)]
)


@pytest.mark.parametrize(("removal", "gone"), [(NEWEST, ("m3", "m2")), (OLDEST, ("m1", "m2"))])
def test_the_strategy_says_who_goes_among_the_well(removal: RemovalStrategy, gone: tuple[str, ...]) -> None:
    assert to_remove([member(1), member(2), member(3)], 2, removal) == gone


def test_failed_go_first_then_those_not_up() -> None:
    change = resizing([member(1, up=False, failed=True), member(2), member(3, up=False), member(4)], 1)
    assert change.remove == ("m1", "m3", "m4")
    assert change.reasons == (
        "it has failed, and failed members go first",
        "it is not up, and members that are not up go before those that are",
        "it is the newest of those that are up",
    )


def test_quarantined_members_are_neither_counted_nor_removed() -> None:
    aside = [member(1, quarantined=True), member(2)]
    assert resizing(aside, 2).add == 1
    assert resizing(aside, 0).remove == ("m2",)


@given(members, st.integers(0, 20), st.sampled_from(RemovalStrategy))
def test_the_wanted_size_is_reached_exactly(there: list[MemberView], wanted: int, removal: RemovalStrategy) -> None:
    change = resizing(there, wanted, removal)
    assert change.before + change.add - len(change.remove) == wanted == change.after
    assert not (change.add and change.remove)
    assert len(change.reasons) == len(set(change.remove)) == len(change.remove)
    well = {one.uid for one in there if one.up and not one.quarantined}
    if set(change.remove) & well:
        assert all(one.uid in change.remove for one in there if not one.up and not one.quarantined)


@pytest.mark.parametrize(
    ("wanted", "size", "clamped"),
    [
        (3, 3, ()),
        (0, 1, ("0 is below the minimum of 1",)),
        (9, 5, ("9 is above the maximum of 5",)),
    ],
)
def test_bounds_are_applied_and_said(wanted: int, size: int, clamped: tuple[str, ...]) -> None:
    outcome = bounded(wanted, 1, 5)
    assert (outcome.size, outcome.clamped) == (size, clamped)
