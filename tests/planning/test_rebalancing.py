"""Does a rebalancing make hosts more alike, never less, with as few moves as that takes, and by the same rules as any placement?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.model.identity import SYSTEM, Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.emptying import Mover
from clocker_actors.planning.moving import Manner
from clocker_actors.planning.rebalancing import GAIN, rebalance

GIGA = 1 << 30
FREE = Manner(True, "free")


def pool(counts: list[int], *, memory: int = 0, cordoned: int = -1, down: int = -1) -> tuple[HostIndex, dict[Uid, list[Mover]]]:
    """Hosts of 32 GB with so many containers of one cluster on each, each with so many GB."""
    index = HostIndex()
    movers: dict[Uid, list[Mover]] = {}
    number = 0
    for place, count in enumerate(counts):
        host = Uid(f"h{place}")
        index.add(HostView(host, f"host{place}", up=place != down, cordoned=place == cordoned, cores=8, memory=32 * GIGA, order=place))
        for _ in range(count):
            number += 1
            request = PlacementRequest(Uid(f"m{number}"), 2, Uid("a1"), Uid("c1"), f"shop/web/{number}", SYSTEM, memory=memory * GIGA)
            index.occupy(
                PlacementRequest(request.member, 1, request.application, request.cluster, request.name, SYSTEM, memory=request.memory),
                host,
                {},
            )
            movers.setdefault(host, []).append(Mover(request, FREE, 1))
    return index, movers


def loads(index: HostIndex) -> list[int]:
    """Containers by host."""
    return [row.containers for row in index.rows.values()]


def test_a_host_that_joined_gets_its_share() -> None:
    index, movers = pool([3, 3, 0])
    found = rebalance(index, movers)
    assert loads(index) == [2, 2, 2]
    assert [move.to for move in found.moves] == ["host2", "host2"]
    assert found.before == 100 and found.after == 0


def test_what_is_alike_is_left_alone() -> None:
    for counts in ([2, 2, 2], [2, 2, 1], [10, 10, 11], [0, 0], [5], []):
        found = rebalance(*pool(counts))
        assert not found.moves
        assert found.reason


def test_on_full_hosts_several_moves_make_one_step_of_ten_points() -> None:
    index, movers = pool([30, 30, 30, 0], memory=1)
    found = rebalance(index, movers, budget=3)
    assert len(found.moves) == 3
    assert found.before - found.after >= GAIN
    assert not rebalance(*pool([30, 30, 30, 0], memory=1), budget=2).moves, "two moves do not lower it by ten points"


def test_hosts_that_are_down_or_cordoned_do_not_count() -> None:
    assert not rebalance(*pool([3, 3, 0], cordoned=2)).moves
    assert not rebalance(*pool([3, 3, 0], down=2)).moves


def test_rules_hold_and_what_has_to_stop_first_stays() -> None:
    index, movers = pool([4, 0])
    only = {host: [Mover(mover.request, Manner(False, "volume"), 1) for mover in found] for host, found in movers.items()}
    assert not rebalance(index, only).moves


@settings(max_examples=150, deadline=None)
@given(
    counts=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    memory=st.integers(0, 3),
    budget=st.integers(0, 12),
    gain=st.sampled_from([10.0, 25.0]),
)
def test_any_pool_becomes_more_alike(counts: list[int], memory: int, budget: int, gain: float) -> None:
    index, movers = pool(counts, memory=memory)
    total = sum(counts)
    found = rebalance(index, movers, gain=gain, budget=budget)
    assert len(found.moves) <= budget
    assert sum(loads(index)) == total
    assert found.after <= found.before
    if found.moves:
        assert found.before - found.after >= gain
        assert found.after == found.moves[-1].after
    assert len({move.member for move in found.moves}) == len(found.moves), "nobody moves twice"
    settled = found.before
    since = 0
    for move in found.moves:
        since += 1
        if settled - move.after >= gain:
            settled, since = move.after, 0
    assert since == 0, "each group of moves has lowered it by enough"
    again_index, again_movers = pool(counts, memory=memory)
    assert rebalance(again_index, again_movers, gain=gain, budget=budget) == found


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(0, 8), min_size=2, max_size=5))
def test_a_pool_that_was_rebalanced_stays(counts: list[int]) -> None:
    index, movers = pool(counts)
    found = rebalance(index, movers, budget=100)
    after = {f"host{place}": count for place, count in enumerate(counts)}
    for move in found.moves:
        after[move.origin] -= 1
        after[move.to] += 1
    assert not rebalance(*pool(list(after.values())), budget=100).moves
