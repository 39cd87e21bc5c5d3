"""Does the index follow the facts?"""

from collections.abc import Iterator
from itertools import count, islice

import msgspec
import pytest

from clocker_actors.errors import Conflict, NotFound, Refused
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place_all
from tests.placement.samples import GB, fixed, host, index_of, placed, refused, request


def test_a_host_says_what_it_knows_and_the_rest_stays() -> None:
    index = index_of(host(1))
    placed(request(memory=GB, cpus=0.5), index)
    index.cordon(Uid("h1"), True)
    index.update(host(1, up=False, cpu=12.0, foreign=3, memory=16 * GB, order=7))
    view = index.host(Uid("h1"))
    assert (view.up, view.cpu, view.foreign, view.memory) == (False, 12.0, 3, 16 * GB)
    assert (view.cordoned, view.order, view.containers, view.memory_reserved, view.cpus_reserved) == (True, 1, 1, GB, 0.5)


def test_every_fact_raises_the_version() -> None:
    index = index_of(host(1))
    versions = [index.version]
    for change in (
        lambda: index.update(host(1)),
        lambda: index.cordon(Uid("h1"), False),
        lambda: index.reserve(request(), Uid("h1")),
        lambda: index.release(Uid("m1"), 1),
        lambda: index.remove(Uid("h1")),
    ):
        change()
        versions.append(index.version)
    assert versions == sorted(set(versions))


def test_a_removed_host_returns_what_was_reserved_on_it() -> None:
    index = index_of(host(1))
    placed(request(1), index)
    placed(request(2), index)
    assert [lost.member for lost in index.remove(Uid("h1"))] == ["m1", "m2"]
    assert not index.release(Uid("m1"), 1)
    index.add(host(1))
    assert index.host(Uid("h1")).containers == 0


def test_faults_of_the_caller_are_named() -> None:
    index = index_of(host(1, ports=frozenset({8080})))
    with pytest.raises(Conflict, match=r"host-1 \(h1\) is in this pool already: update it instead"):
        index.add(host(1))
    with pytest.raises(NotFound, match="no host h9 in this pool: add it first"):
        index.update(host(9))
    with pytest.raises(Refused, match="port 8080 of host-1 is taken"):
        index.reserve(request(ports=(fixed(8080),)), Uid("h1"))
    assert index.host(Uid("h1")).containers == 0


def test_asking_again_moves_the_reservation() -> None:
    index = index_of(host(1), host(2))
    assert placed(request(1), index).host == "h1"
    assert placed(request(1, avoid=(Uid("h1"),)), index).host == "h2"
    assert [index.host(uid).containers for uid in index] == [0, 1]


def test_two_generations_of_a_member_both_take_room() -> None:
    index = index_of(host(1), host(2))
    assert [placed(request(1, generation=n), index).host for n in (1, 2)] == ["h1", "h2"]
    assert index.release(Uid("m1"), 1)
    assert [index.host(uid).containers for uid in index] == [0, 1]


def test_what_is_found_running_takes_room_beyond_the_bounds() -> None:
    index = index_of(host(1, memory=GB))
    for number in (1, 2):
        index.occupy(request(number, memory=GB), Uid("h1"), {"80/tcp": 8080})
        index.occupy(request(number, memory=GB), Uid("h1"), {"80/tcp": 8080})
    assert index.host(Uid("h1")).memory_reserved == 2 * GB
    index.release(Uid("m1"), 1)
    assert index.host(Uid("h1")).ports == {8080}
    index.release(Uid("m2"), 1)
    assert index.host(Uid("h1")).ports == frozenset()


def test_an_index_made_from_views_starts_with_their_sums() -> None:
    index = index_of(host(1), host(2))
    placed(request(1, memory=GB), index)
    copy = HostIndex.of(index.hosts())
    assert copy.hosts() == index.hosts()
    assert placed(request(2, memory=GB), copy).host == "h2"
    assert placed(request(3, memory=GB), copy).host == placed(request(3, memory=GB), copy).host


def test_many_are_placed_in_slices_between_which_facts_may_come() -> None:
    index = index_of(host(1), host(2))
    answers = place_all([(request(number), f"d{number}") for number in range(4)], index, at=1.0)
    first = hosts(islice(answers, 2))
    index.update(host(1, up=False))
    assert (first, hosts(answers)) == (["h1", "h2"], ["h2", "h2"])


def hosts(answers: Iterator[object]) -> list[str]:
    return [answer.host for answer in answers if isinstance(answer, Placement)]


def test_decisions_survive_encoding() -> None:
    index = index_of(host(1), host(2, up=False))
    for decision in (placed(request(ports=(fixed(80),)), index).decision, refused(request(2, memory=99 * GB), index).decision):
        assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


def test_a_decision_names_choice_best_five_and_reasons() -> None:
    index = index_of(*(host(number) for number in range(8)), host(8, up=False), host(9, up=False))
    decision = placed(request(), index).decision
    trace = decision.placement
    assert trace is not None
    assert (decision.id, decision.subject, decision.by, decision.kind, decision.at) == ("d9", "m1", "placement", "place", 100.0)
    assert decision.action == "place on host-0"
    assert decision.reason == "best of 8 fitting hosts by BreadthFirst: 0 of this cluster, 0 containers"
    assert decision.steps == ("2 of 10 hosts refused: 2 by up",)
    assert decision.would_change == ("host-1 is next (0 of this cluster, 0 containers): chosen if host-0 were refused or ranked after it",)
    assert [(verdict.name, verdict.rank) for verdict in trace.best] == [(f"host-{number}", number + 1) for number in range(5)]
    assert (trace.chosen, trace.refused, trace.considered, trace.index_version) == ("h0", {"up": 2}, 10, 10)


def test_old_rankings_are_let_go() -> None:
    index = index_of(*(host(number) for number in range(3)))
    sizes: Iterator[int] = count(1)
    for number in range(1_000):
        wanted: PlacementRequest = request(number, memory=next(sizes))
        placed(wanted, index)
    assert len(index.rankings) <= 256
