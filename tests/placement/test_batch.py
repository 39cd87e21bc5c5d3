"""Is a batch placed exactly as its requests would be one by one, and does it give the loop back?"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.specs import PortSpec, StrategySpec
from clocker_actors.placement.batch import Slice, place_batch
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place
from tests.placement.samples import GB, fixed, host, index_of, request, second_opinion, strategy

PIPELINES = (
    (),
    (strategy("DepthFirst"), strategy("MaxContainers", maxContainers=3)),
    (strategy("MaxContainers", maxContainers=4),),
    (strategy("LeastContainers"), strategy("LowestCpuUsage"), strategy("MaxCpuUsage", maxCpu=0.9)),
    (strategy("Random"),),
    (strategy("Group"), strategy("MaxContainers", maxContainers=5)),
    (strategy("Spread"), strategy("BreadthFirst")),
    (strategy("ImagePresent"), strategy("Label", labels=["disk=ssd"])),
)
RULES = ("", "", "", "AT MOST 2 PER HOST", "NOT TYPE", "REQUIRE CLUSTER", "AT MOST 3 PER ZONE", "PREFER TYPE x, NOT ID", "NOT NAME 7")
views = st.lists(
    st.fixed_dictionaries(
        {
            "up": st.sampled_from([True, True, True, False]),
            "cpu": st.sampled_from([None, 10.0, 60.0]),
            "foreign": st.integers(0, 2),
            "memory": st.sampled_from([GB, 4 * GB]),
            "zone": st.sampled_from(["a", "b"]),
            "labels": st.sampled_from([{}, {"disk": "ssd"}]),
            "images": st.sampled_from([frozenset(), frozenset({"x"})]),
        }
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def runs(draw: st.DrawFn) -> list[PlacementRequest]:
    """Some requests of one shape, some of them of members that have room already or avoid a host."""
    shape: dict[str, object] = {
        "memory": draw(st.sampled_from([0, GB // 4])),
        "cpus": draw(st.sampled_from([0.0, 0.7])),
        "ports": draw(st.sampled_from([(), (PortSpec(80),), (fixed(8080, 82),)])),
        "cluster": draw(st.sampled_from(["c1", "c1", "c2", ""])),
        "strategies": draw(st.sampled_from([(), (), (strategy("LeastContainers"),)])),
        "affinity": rules_of(draw(st.sampled_from(RULES))),
        "type": draw(st.sampled_from(["x", "y"])),
        "image": "x",
        "avoid": draw(st.sampled_from([(), (), (), (Uid("h0"),)])),
    }
    first, many = draw(st.integers(0, 40)), draw(st.integers(1, 12))
    return [request(number, generation=draw(st.sampled_from([1, 1, 1, 2])), **shape) for number in range(first, first + many)]  # type: ignore[arg-type]


def batched(
    requests: Sequence[PlacementRequest], index: HostIndex, strategies: tuple[StrategySpec, ...], limit: float = 1.0
) -> list[Slice]:
    """All slices of a batch, on a clock that goes on by a second at each look."""
    ids = count()
    clock = count()
    return list(place_batch(requests, index, strategies, ids=lambda: f"d{next(ids)}", at=1.0, now=lambda: float(next(clock)), limit=limit))


@settings(max_examples=200, deadline=None)
@given(
    seen=views,
    chosen=st.sampled_from(PIPELINES),
    asked=st.lists(runs(), max_size=5),
    shared=st.sampled_from([0.0, 0.5]),
    limit=st.integers(1, 9),
)
def test_a_batch_equals_its_requests_one_by_one(
    seen: list[dict[str, object]], chosen: tuple[StrategySpec, ...], asked: list[list[PlacementRequest]], shared: float, limit: int
) -> None:
    hosts = [host(number, **known) for number, known in enumerate(seen)]
    one, many = index_of(*hosts, shared=shared), index_of(*hosts, shared=shared)
    requests = [each for run in asked for each in run]
    slices = batched(requests, many, chosen, limit)
    known = {decision.id for part in slices for decision in part.decisions}
    got = {(spot.member, spot.generation): (spot.host, dict(spot.ports)) for part in slices for spot in part.spots}
    assert all(spot.decision in known for part in slices for spot in part.spots)
    expected = {}
    for each in requests:
        answer = place(each, one, chosen, decision_id="d1", at=1.0)
        if isinstance(answer, Placement):
            expected[each.member, each.generation] = (answer.host, dict(answer.ports))
        else:
            expected.pop((each.member, each.generation), None)
    assert {key: where for key, where in got.items() if many.reservation(Uid(key[0]), key[1])} == expected
    assert many.hosts() == one.hosts()


@settings(max_examples=60, deadline=None)
@given(seen=views, chosen=st.sampled_from(PIPELINES[:4]), many=st.integers(1, 40), cluster=st.sampled_from(["c1", ""]))
def test_a_batch_equals_brute_force(seen: list[dict[str, object]], chosen: tuple[StrategySpec, ...], many: int, cluster: str) -> None:
    hosts = [host(number, **known) for number, known in enumerate(seen)]
    index, plain = index_of(*hosts), index_of(*hosts)
    requests = [request(number, cluster=cluster, memory=GB // 5) for number in range(many)]
    spots = [spot.host for part in batched(requests, index, chosen) for spot in part.spots]
    brute = []
    for each in requests:
        best = second_opinion(tuple(plain.rows.values()), each, chosen)
        if best:
            plain.reserve(each, best[0])
            brute.append(best[0])
    assert spots == brute


def test_a_slice_ends_when_its_time_is_over_and_facts_between_slices_count() -> None:
    index = index_of(host(1), host(2))
    requests = [request(number) for number in range(64)]
    ids, clock = count(), count()
    slices = place_batch(requests, index, ids=lambda: f"d{next(ids)}", at=1.0, now=lambda: float(next(clock)), limit=0.5)
    first = next(slices)
    assert len(first.spots) == 16
    index.cordon(Uid("h1"), True)
    rest = [spot.host for part in slices for spot in part.spots]
    assert rest == ["h2"] * 48
    assert first.decisions[0].action == "place 16 containers on 2 hosts"
    assert first.decisions[0].would_change == ("host-1 is next (8 of this cluster, 8 containers)",)


def test_a_full_pool_refuses_the_rest_with_reasons() -> None:
    index = index_of(host(1), host(2))
    (part,) = batched([request(number) for number in range(5)], index, (strategy("MaxContainers", maxContainers=2),), 100.0)
    assert (len(part.spots), len(part.refusals)) == (4, 1)
    assert "MaxContainers allows 2" in part.refusals[0].decision.reason
    assert part.decisions[0].placement is not None
    assert part.decisions[0].placement.refused == {"MaxContainers": 2}


def test_the_same_generation_asked_twice_moves() -> None:
    index = index_of(host(1), host(2))
    twice = [request(1), replace(request(1), avoid=(Uid("h1"),))]
    (part,) = batched(twice, index, (), 100.0)
    assert [spot.host for spot in part.spots] == ["h1", "h2"]
    assert [_containers(view) for view in index.hosts()] == [0, 1]


def _containers(view: HostView) -> int:
    return view.containers
