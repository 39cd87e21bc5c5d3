"""When are the decisions of a replay the recorded ones, and where exactly do they part?"""

import json

from clocker_actors.recording.comparing import NOWHERE, PATIENCE, Comparison, Parting


def decision(action: str = "", *, by: str = "c1:scaler", reason: str = "so", chosen: str | None = None) -> bytes:
    """As it is encoded."""
    placement = {"chosen": chosen} if chosen else None
    return json.dumps({"subject": "c1", "by": by, "kind": "k", "action": action, "reason": reason, "placement": placement}).encode()


def at(number: int, actor: str = "c1", time: float = 0.0) -> Parting:
    """Some message."""
    return Parting(number, time, actor, "Decided")


def parting(comparison: Comparison) -> Parting | None:
    """Where they part by now."""
    return comparison.parting


def test_the_same_decisions_at_the_same_messages_are_the_same() -> None:
    comparison = Comparison()
    for number in range(3):
        comparison.recorded(number, decision("grow"))
        comparison.made(decision("grow"), at(number))
        comparison.handled(at(number))
    comparison.ended()
    assert (comparison.first, comparison.parting, comparison.strayed) == (None, None, False)


def test_another_reason_is_noted_once_and_no_parting() -> None:
    comparison = Comparison()
    for number in range(2):
        comparison.recorded(number, decision("grow"))
        comparison.made(decision("grow", reason="other"), at(number))
    assert comparison.first is not None and comparison.first.number == 0
    assert "reason" in comparison.first.why
    assert comparison.parting is None


def test_another_order_parts() -> None:
    for then, now in (
        (decision("grow"), decision("shrink")),
        (decision(chosen="h1"), decision(chosen="h2")),
        (decision("grow"), decision()),
    ):
        comparison = Comparison()
        comparison.recorded(4, then)
        comparison.made(now, at(4))
        assert comparison.parting is not None
        assert (comparison.parting.number, comparison.parting.recorded, comparison.parting.replayed) == (4, then.decode(), now.decode())


def test_a_missing_order_parts_where_its_actor_was_last() -> None:
    comparison = Comparison()
    comparison.recorded(4, decision("grow"))
    comparison.handled(at(4, "somebody"))
    comparison.handled(at(5, "c1:scaler"))
    assert comparison.strayed and parting(comparison) is None  # it may come yet
    comparison.caught_up(0.0, at(6))
    found = parting(comparison)
    assert found is not None and (found.number, found.replayed) == (5, "")


def test_an_order_that_comes_early_is_waited_for() -> None:
    comparison = Comparison()
    comparison.stray("another time", NOWHERE)
    comparison.made(decision("grow"), at(3, time=10.0))
    comparison.caught_up(10.5, at(3))
    comparison.recorded(9, decision("grow"))
    comparison.caught_up(20.0, at(9))
    comparison.ended()
    assert comparison.parting is None


def test_an_order_that_was_not_given_then_parts_after_a_while() -> None:
    comparison = Comparison()
    comparison.made(decision("grow"), at(3, time=10.0))
    assert comparison.strayed
    comparison.caught_up(10.0 + PATIENCE, at(4))
    assert parting(comparison) is None
    comparison.caught_up(10.1 + PATIENCE, at(5))
    found = parting(comparison)
    assert found is not None and (found.number, found.recorded) == (3, "")


def test_what_orders_nothing_is_left_out_once_it_strayed() -> None:
    comparison = Comparison()
    comparison.recorded(1, decision())
    comparison.stray("another time", NOWHERE)
    comparison.recorded(2, decision())
    comparison.made(decision(), at(7))
    comparison.caught_up(99.0, at(8))
    comparison.ended()
    assert comparison.parting is None
