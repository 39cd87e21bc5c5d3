"""Are the books bounded, and is nothing forgotten that still matters?"""

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import Uid
from clocker_actors.telemetry.books import ActivityBook, DecisionBook
from tests.telemetry.samples import activity, decision

RUNNING, DONE = ActivityState.RUNNING, ActivityState.DONE


def test_running_activities_are_always_kept() -> None:
    book = ActivityBook(limit=3, per_entity=2)
    for number in range(10):
        book.note(activity(number, "c2").activity)
    assert len(book.all()) == 10
    for number in range(10):
        book.note(activity(number, "c2", DONE).activity)
    assert [kept.id for kept in book.of_entity(Uid("c2"))] == ["t8", "t9"]
    assert book.ended_by == {("resize", "done"): 10}
    assert book.seconds_by == {("resize", "done"): 20.0}


def test_the_tree_and_the_causes_are_found() -> None:
    book = ActivityBook()
    book.note(activity(1, "a1", cause="d7").activity)
    book.note(activity(2, "c2", parent="t1").activity)
    book.note(activity(3, "c2", parent="t1").activity)
    assert [part.id for part in book.parts_of("t1")] == ["t2", "t3"]
    assert [caused.id for caused in book.caused_by("d7")] == ["t1"]


def test_what_has_ended_does_not_go_on() -> None:
    book = ActivityBook()
    book.note(activity(1, "c2", DONE).activity)
    book.note(activity(1, "c2", RUNNING).activity)
    kept = book.get("t1")
    assert kept is not None
    assert kept.state is DONE


def test_idle_decisions_do_not_push_out_those_that_acted() -> None:
    book = DecisionBook(idle_each=5)
    book.note(decision(0, "c2", action="resize").decision)
    for number in range(1, 100):
        book.note(decision(number, "c2").decision)
    assert [kept.id for kept in book.of_subject(Uid("c2"), acted=True)] == ["d0"]
    assert [kept.id for kept in book.of_subject(Uid("c2"), acted=False)] == ["d95", "d96", "d97", "d98", "d99"]
    assert book.of_subject(Uid("c2"))[0].id == "d0"
    assert book.get("d1") is None
    assert book.counts == {("autoscale", True): 1, ("autoscale", False): 99}


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["c1", "c2", "c3"]), st.sampled_from(list(ActivityState))), max_size=200))
def test_every_index_of_activities_agrees(steps: list[tuple[int, str, ActivityState]]) -> None:
    book = ActivityBook(limit=6, per_entity=3)
    owner: dict[int, str] = {}
    for number, uid, state in steps:
        uid = owner.setdefault(number, uid)
        book.note(activity(number, uid, state, cause=f"d{number % 4}", parent=f"t{number % 5 + 100}").activity)
    kept = {item.id for item in book.all()}
    assert kept == {item.id for uid in ("c1", "c2", "c3") for item in book.of_entity(Uid(uid))}
    assert kept == {item.id for number in range(4) for item in book.caused_by(f"d{number}")}
    assert kept == {item.id for number in range(5) for item in book.parts_of(f"t{number + 100}")}
    assert sum(item.state.ended for item in book.all()) <= 6


@given(st.lists(st.tuples(st.sampled_from(["c1", "c2"]), st.booleans()), max_size=100))
def test_every_index_of_decisions_agrees(steps: list[tuple[str, bool]]) -> None:
    book = DecisionBook(limit=9, acted_each=3, idle_each=3)
    for number, (uid, acted) in enumerate(steps):
        book.note(decision(number, uid, "resize" if acted else "", f"x{number % 3}").decision)
    kept = [item.id for item in book.all()]
    assert len(kept) <= 9
    assert set(kept) == {item.id for uid in ("c1", "c2") for item in book.of_subject(Uid(uid))}
    assert set(kept) == {item.id for number in range(3) for item in book.caused_by(f"x{number}")}
