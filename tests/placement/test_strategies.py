"""Where does each strategy put one container after the other?"""

from collections import Counter

import pytest

from clocker_actors.model.placements import HostView
from clocker_actors.placement.catalogue import STRATEGIES
from clocker_actors.placement.index import HostIndex
from tests.placement.samples import host, index_of, placed, request, strategy


def where(index: HostIndex, count: int, *names: str, cluster: str = "c1", first: int = 1) -> list[str]:
    chosen = tuple(strategy(name) for name in names)
    return [placed(request(first + n, cluster=cluster), index, *chosen).host for n in range(count)]


def three(**facts: object) -> tuple[HostView, ...]:
    return tuple(host(number, **facts) for number in (1, 2, 3))


@pytest.mark.parametrize("names", [(), ("BreadthFirst",), ("clocker.docker.location.strategy.basic.BreadthFirstPlacementStrategy",)])
def test_spread_goes_round_the_hosts(names: tuple[str, ...]) -> None:
    assert where(index_of(*three()), 6, *names) == ["h1", "h2", "h3", "h1", "h2", "h3"]


def test_spread_looks_at_the_own_cluster_first() -> None:
    index = index_of(*three())
    where(index, 1, cluster="c1")
    index.update(host(2, foreign=5))
    assert where(index, 3, cluster="c1", first=2) == ["h3", "h2", "h1"]


def test_a_service_without_cluster_goes_where_least_is() -> None:
    index = index_of(*three())
    assert where(index, 4, cluster="") == ["h1", "h2", "h3", "h1"]
    assert where(index, 2, cluster="c1", first=9) == ["h2", "h3"]


def test_pack_fills_one_host_until_a_rule_refuses_it() -> None:
    index = index_of(*three())
    chosen = (strategy("DepthFirst"), strategy("MaxContainers", maxContainers=2))
    assert [placed(request(n), index, *chosen).host for n in range(5)] == ["h1", "h1", "h2", "h2", "h3"]


def test_least_containers_counts_foreign_ones() -> None:
    assert where(index_of(host(1, foreign=2), host(2, foreign=1), host(3)), 4, "LeastContainers") == ["h3", "h2", "h3", "h1"]


def test_lowest_cpu_puts_the_unknown_last_and_spreads_a_burst() -> None:
    index = index_of(host(1, cpu=30.0, foreign=3), host(2, cpu=25.0, foreign=2), host(3, cpu=None, foreign=1))
    assert where(index, 4, "LowestCpuUsage") == ["h2", "h1", "h2", "h1"]


def test_random_reaches_every_host_and_repeats_itself() -> None:
    first = where(index_of(*three()), 300, "Random")
    assert where(index_of(*three()), 300, "Random") == first
    assert all(70 < count < 130 for count in Counter(first).values())
    decision = placed(request(), index_of(*three()), strategy("Random")).decision
    assert decision.reason == "best of 3 fitting hosts by Random: drawn by a hash of the member"


def test_the_last_ranking_dominates_and_earlier_ones_break_its_ties() -> None:
    index = index_of(host(1, foreign=1, cpu=10.0), host(2, cpu=20.0), host(3, cpu=5.0, foreign=1))
    chosen = (strategy("LowestCpuUsage"), strategy("LeastContainers"))
    assert [placed(request(n), index, *chosen).host for n in range(2)] == ["h2", "h3"]


def test_the_entitys_strategies_follow_the_pools() -> None:
    index = index_of(*three(foreign=1))
    assert placed(request(1, strategies=(strategy("DepthFirst"),)), index, strategy("BreadthFirst")).host == "h1"
    assert placed(request(2, strategies=(strategy("DepthFirst"),)), index, strategy("BreadthFirst")).host == "h1"


def test_all_of_the_ancestors_names_are_known() -> None:
    names = {"BreadthFirst", "DepthFirst", "LeastContainers", "LowestCpuUsage", "Random", "MaxContainers", "MaxCpuUsage"}
    names |= {"Label", "Hostname", "Group", "ProvisioningFlags"}
    assert set(STRATEGIES) == names | {"ImagePresent", "Spread"}
    assert all(f"{name}PlacementStrategy" in STRATEGIES[name].aliases for name in names)
