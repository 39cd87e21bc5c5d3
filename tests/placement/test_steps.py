"""Is what a first placement needs found out in steps, each bounded by what it looks at, and is the choice then that of looking at everybody at once?"""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.types import TypeTable
from clocker_actors.placement.batch import place_batch
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.placement.preparing import STEP, prepare
from clocker_actors.placement.ranked import RankedHosts
from clocker_actors.placement.residents import Facet
from tests.placement.samples import host, index_of, placed, request, strategy
from tests.placement.test_affinity_any import Plain, hosts, members, rules

HOSTS = 1_000


class Looks:
    """How often hosts were judged and residents looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._made = 0
        judge, values = RankedHosts._judge, Facet.values

        def judged(ranked: RankedHosts, row: HostRow) -> object:
            self._made += 1
            return judge(ranked, row)

        def counted(facet: Facet, who: object) -> tuple[str, ...]:
            self._made += 1
            return values(facet, who)  # type: ignore[arg-type]

        monkeypatch.setattr(RankedHosts, "_judge", judged)
        monkeypatch.setattr(Facet, "values", counted)

    def since(self) -> int:
        """Since this was last asked."""
        made, self._made = self._made, 0
        return made


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


def large(hosts: int = HOSTS, each: int = 2) -> HostIndex:
    """A pool with some containers on each host."""
    index, member = index_of(*(host(number, zone=f"z{number % 5}", memory=0) for number in range(hosts))), count(1_000_000)
    for uid in index:
        for _ in range(each):
            index.occupy(request(next(member), cluster="old", type="cache"), uid, {})
    return index


def steps(wanted: PlacementRequest, index: HostIndex, looks: Looks, **more: object) -> list[int]:
    """What each step looked at, until nothing was left."""
    made = []
    looks.since()
    while True:
        done = prepare(wanted, index, **more)  # type: ignore[arg-type]
        made.append(looks.since())
        if done:
            return made


@pytest.mark.parametrize("affinity", ["", "NOT TYPE db, SPREAD OVER ZONE, PREFER TYPE cache PER ZONE", "REQUIRE TYPE cache"])
def test_no_step_looks_at_more_than_it_may_and_then_placing_looks_at_nothing(affinity: str, looks: Looks) -> None:
    index, wanted = large(), request(1, type="web", affinity=rules_of(affinity))
    made = steps(wanted, index, looks)
    assert sum(made) >= HOSTS, "all hosts were judged"
    assert max(made) <= STEP + 4, "as much as a step may, and the last host of its counting whole"
    assert isinstance(place(wanted, index, decision_id="d1", at=1.0), Placement)
    assert looks.since() <= 4
    (again,) = steps(request(2, type="web", affinity=rules_of(affinity)), index, looks)
    assert again <= 2, "for the second, one host has changed: the first's"


def test_a_ranking_that_was_not_used_for_long_is_caught_up_in_steps(looks: Looks) -> None:
    index = large(each=0)
    steps(request(1), index, looks)
    for number in range(HOSTS - 1):
        index.cordon(Uid(f"h{number}"), True)
    made = steps(request(2), index, looks)
    assert sum(made) == HOSTS - 1
    assert max(made) <= STEP
    for number in range(3 * HOSTS):
        index.cordon(Uid(f"h{number % HOSTS}"), False)
    made = steps(request(3), index, looks)
    assert (sum(made), max(made)) == (HOSTS, STEP), "begun anew"


def test_steps_go_on_while_hosts_change_all_the_time(looks: Looks) -> None:
    index, wanted, taken = large(each=0), request(1), 0
    while not prepare(wanted, index):
        taken += 1
        for number in range(100):
            index.cordon(Uid(f"h{(taken * 100 + number) % 300}"), number % 3 > 0)
    assert taken < 5 * HOSTS / STEP
    plain = placed(wanted, index.sketch())
    assert placed(wanted, index).host == plain.host


class Counting:
    """A strategy of somebody's own that counts how often it is asked."""

    asked = 0

    def refuses(self, host: HostView, request: PlacementRequest) -> str:
        Counting.asked += 1
        return "" if int(host.uid[1:]) > 700 else "too low"


class Breaking(Counting):
    """One that breaks late."""

    def refuses(self, host: HostView, request: PlacementRequest) -> str:
        super().refuses(host, request)
        return "" if int(host.uid[1:]) < 700 else 1 / 0  # type: ignore[return-value]


def test_a_strategy_of_ones_own_is_asked_in_steps_too(looks: Looks) -> None:
    index, wanted = HostIndex(types=TypeTable(makers={"x:Own": Counting, "x:Bad": Breaking})), request(1)
    for number in range(HOSTS):
        index.add(host(number, affinity=rules_of("NOT TYPE db") if number == 7 else ()))
    Counting.asked = 0
    assert max(steps(wanted, index, looks, strategies=(strategy("x:Own"),))) <= STEP + 1, "binding its rules looks at the newcomer"
    assert Counting.asked == HOSTS
    answer = place(wanted, index, (strategy("x:Own"),), decision_id="d1", at=1.0)
    assert isinstance(answer, Placement)
    assert (answer.host, Counting.asked) == ("h701", HOSTS), "not asked again"
    Counting.asked = 0
    assert max(steps(wanted, index, looks, strategies=(strategy("x:Bad"),))) <= STEP + 1
    refusal = place(wanted, index, (strategy("x:Bad"),), decision_id="d1", at=1.0)
    assert isinstance(refusal, Refusal)
    assert "x:Bad failed on host-700: ZeroDivisionError" in refusal.decision.reason
    assert Counting.asked == 701


def test_what_was_prepared_is_not_used_when_it_would_be_made_otherwise_by_then(looks: Looks) -> None:
    index, wanted = HostIndex(types=TypeTable(makers={"x:Own": Counting})), request(1)
    for number in range(690, 710):
        index.add(host(number))
    both = (strategy("x:Own"), strategy("Group"))
    while not prepare(wanted, index, both, most=5):
        pass
    index.occupy(request(2), Uid("h705"), {})
    answer = place(wanted, index, both, decision_id="d1", at=1.0)
    assert isinstance(answer, Placement)
    assert answer.host == "h705", "where the rest of its cluster has come meanwhile"


def test_a_batch_gives_the_loop_back_while_it_finds_out(looks: Looks) -> None:
    index, ids = large(), count()
    wanted = [request(number, cluster=f"c{number // 20}", type="web", affinity=rules_of("NOT TYPE db")) for number in range(60)]
    seen, spots = [], 0
    for part in place_batch(wanted, index, ids=lambda: f"d{next(ids)}", at=1.0, now=lambda: 0.0, limit=1.0):
        seen.append(looks.since())
        spots += len(part.spots)
    assert spots == 60
    assert max(seen[:-1]) <= STEP + 4


changes = st.sampled_from(["prepare", "prepare", "prepare", "place", "release", "occupy", "zone", "forget"])


@settings(max_examples=200, deadline=None)
@given(
    seen=hosts,
    pool=st.lists(rules(), max_size=2).map(tuple),
    asked=st.lists(st.tuples(members(), changes), min_size=1, max_size=25),
    most=st.integers(1, 3),
)
def test_whatever_happens_between_steps_the_choice_is_that_of_the_plain_reading(
    seen: list[dict[str, object]], pool: tuple[AffinityRule, ...], asked: list[tuple[PlacementRequest, str]], most: int
) -> None:
    views = [host(number, **known) for number, known in enumerate(seen)]
    index, plain = index_of(*views), Plain(views)
    where: dict[tuple[Uid, int], tuple[PlacementRequest, Uid]] = {}
    for who, what in asked:
        if what == "prepare":
            prepare(who, index, rules=pool, most=most)
            continue
        if what == "zone":
            _move(index, plain, who)
            continue
        if what == "forget":
            index.crowd._forget()
            continue
        old = where.pop((who.member, who.generation), None)
        if old is not None:
            plain.there[old[1]].remove(old[0])
        index.release(who.member, who.generation)
        chosen = _chosen(who, what, index, plain, pool)
        if chosen is not None:
            where[who.member, who.generation] = (who, chosen)
            plain.there[chosen].append(who)


def _move(index: HostIndex, plain: Plain, who: PlacementRequest) -> None:
    place = who.generation % len(plain.views)
    moved = replace(plain.views[place], zone="b" if plain.views[place].zone == "a" else "a")
    plain.views[place] = moved
    index.update(moved)


def _chosen(who: PlacementRequest, what: str, index: HostIndex, plain: Plain, pool: tuple[AffinityRule, ...]) -> Uid | None:
    if what == "release":
        return None
    if what == "occupy":
        index.occupy(who, plain.views[-1].uid, {})
        return plain.views[-1].uid
    fitting = plain.fits(who, pool)
    while not prepare(who, index, rules=pool, most=2):
        pass
    answer = place(who, index, (), rules=pool, decision_id="d1", at=1.0)
    assert (isinstance(answer, Placement) and answer.host) == (bool(fitting) and f"h{fitting[0][1]}")
    return answer.host if isinstance(answer, Placement) else None
