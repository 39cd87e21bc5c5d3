"""Is what was noted found again after a restart, bounded, whatever the store refuses and whenever the manager dies?"""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.model.activities import ActivityState, KeptActivity
from clocker_actors.model.decisions import Decision
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import decode, encode
from clocker_actors.telemetry.history import Chunk
from clocker_actors.telemetry.keeping import OPEN_EACH, Keeper, Kept
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.sampling import BYTES, CHUNK, CHUNKS, HISTORY, STEP
from tests.telemetry.samples import NOW, activity, decision, entity, readings

LIMIT = 6


class Desk:
    """A store that is a dictionary, and the keeper of a life of the manager."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], bytes] = {}
        self.written = 0
        self.life = 0
        self.begin(NOW)

    def begin(self, now: float) -> None:
        """A manager begins with what the rows say."""
        self.life += 1
        self.model = ReadModel(activities=LIMIT, decisions=LIMIT)
        activities = tuple(decode(KeptActivity, body) for (kind, _), body in self.rows.items() if kind == "activity")
        decisions = tuple(decode(Decision, body) for (kind, _), body in self.rows.items() if kind == "decision")
        chunks = tuple((name, len(body), decode(Chunk, body)) for (kind, name), body in self.rows.items() if kind == HISTORY)
        self.keeper = Keeper(self.model, encode, Kept(activities, (), decisions, chunks), now, self.life)

    def note(self, *facts: object) -> None:
        for fact in facts:
            self.model.note(fact, NOW)  # type: ignore[arg-type]
            if isinstance(fact, type(activity(1, "c1"))):
                self.keeper.noted(fact)

    def write(self, now: float, *, refused: bool = False) -> Sequence[Record]:
        batch = self.keeper.batch(now)
        if refused:
            self.keeper.not_written()
            return batch
        for record in batch:
            self.written += 1
            if record.body is None:
                self.rows.pop((record.kind, record.uid), None)
            else:
                self.rows[(record.kind, record.uid)] = record.body
        return batch

    def kept(self, kind: str = "activity") -> set[str]:
        return {name for known, name in self.rows if known == kind}


def test_what_ended_is_found_again() -> None:
    desk = Desk()
    desk.note(entity("c1", "shop/web"), activity(1, "c1"), activity(1, "c1", ActivityState.DONE))
    desk.write(NOW)
    desk.begin(NOW + 60)
    found = desk.model.activities.get("t1")
    assert found is not None and found.state is ActivityState.DONE and desk.model.path("c1") == "shop/web"
    assert not desk.model.activities.ended_by and not desk.model.events.latest(1), "it is neither counted again nor an event"
    assert not desk.write(NOW + 61), "and is not written again"


def test_progress_is_written_now_and_then_and_an_end_at_once() -> None:
    desk = Desk()
    for second in range(2 * OPEN_EACH):
        desk.note(activity(1, "c1"))
        desk.write(NOW + second)
    assert desk.written == 2
    desk.note(activity(1, "c1", ActivityState.DONE))
    assert [record.uid for record in desk.write(NOW + 100)] == ["t1"]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("begin"), st.integers(1, 30)),
            st.tuples(st.just("end"), st.integers(1, 30)),
            st.tuples(st.just("decide"), st.integers(1, 30)),
            st.tuples(st.sampled_from(("write", "refused", "killed")), st.just(0)),
        ),
        max_size=80,
    )
)
def test_rows_are_what_is_remembered_and_bounded(steps: list[tuple[str, int]]) -> None:
    desk, ended, durable = Desk(), set[int](), set[str]()
    for what, number in steps:
        match what:
            case "begin" if number not in ended:
                desk.note(activity(number, "c1"))
            case "end":
                ended.add(number)
                desk.note(activity(number, "c1", ActivityState.DONE))
            case "decide":
                noted = decision(number, "c1", action="resize")
                desk.rows.setdefault(("decision", noted.decision.id), encode(noted.decision))  # as its entity does, with the intent
                desk.note(noted)
            case "write" | "refused":
                desk.write(NOW, refused=what == "refused")
                durable = desk.kept()
            case "killed":
                desk.begin(NOW)
                assert {each.id for each in desk.model.activities.all()} <= durable | desk.kept()
    for _ in range(OPEN_EACH):
        desk.write(NOW)
    known = {each.id for each in desk.model.activities.all()}
    assert desk.kept() == known, "no row of what is forgotten, and one of all that is known"
    assert sum(each.state.ended for each in desk.model.activities.all()) <= LIMIT
    assert desk.kept("decision") <= {each.id for each in desk.model.decisions.all()}


def test_a_history_goes_on_after_a_gap() -> None:
    desk = Desk()
    desk.note(entity("c1", "shop/web"))
    for second in range(200):
        desk.note(readings("c1", NOW + second, cpu__mean=float(second)))
        desk.write(NOW + second)
    fine = desk.model.history.of(desk.model.entry("shop/web").uid, "cpu.mean")
    assert len(fine) == 200
    desk.begin(NOW + 1000)
    desk.note(entity("c1", "shop/web"), readings("c1", NOW + 1001, cpu__mean=7.0))
    uid = desk.model.entry("shop/web").uid
    points = desk.model.history.of(uid, "cpu.mean")
    assert points[-1] == (NOW + 1001, 7.0)
    before = points[:-1]
    assert before and set(before) < set(fine), "samples are readings, none is made up"
    assert {round(later - earlier) for (earlier, _), (later, _) in pairwise(before)} == {STEP}
    ((gone, back),) = desk.model.history.breaks()
    assert before[-1][0] <= gone <= NOW + 200 and back == NOW + 1000
    assert desk.model.history.breaks(NOW + 1001) == []


def test_a_short_life_leaves_its_gap_too() -> None:
    desk = Desk()
    for life in range(3):
        desk.begin(NOW + life * 1000)
        desk.note(entity("c1", "shop/web"))
        for second in range(0, 200, 5):
            desk.note(readings("c1", NOW + life * 1000 + second, cpu__mean=1.0))
            desk.write(NOW + life * 1000 + second)
    assert len(desk.model.history.breaks()) == 2
    assert all(NOW + (life + 1) * 1000 == back for life, (_, back) in enumerate(desk.model.history.breaks()))


def test_chunks_are_bounded_in_rows_and_bytes() -> None:
    desk = Desk()
    desk.note(entity("c1", "shop/web"))
    for chunk in range(CHUNKS + 20):
        at = NOW + chunk * (CHUNK + 1)
        desk.note(readings("c1", at, cpu__mean=1.0))
        desk.write(at)
    rows = [body for (kind, _), body in desk.rows.items() if kind == HISTORY]
    assert len(rows) <= CHUNKS and sum(map(len, rows)) < BYTES


def test_a_refused_chunk_is_written_with_the_next() -> None:
    desk = Desk()
    desk.note(entity("c1", "shop/web"), readings("c1", NOW, cpu__mean=1.0))
    desk.write(NOW + CHUNK, refused=True)
    assert not desk.kept(HISTORY)
    desk.write(NOW + CHUNK + 1)
    assert len(desk.kept(HISTORY)) == 1
