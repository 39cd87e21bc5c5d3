"""Do affinity rules mean what they say, each by itself?"""

import pytest

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import table
from tests.placement.samples import CAUSE, host, index_of, placed, refused, strategy

ZONES = ("a", "a", "b", "b", "")


def member(
    name: str, kind: str = "tomcat:8", rules: str = "", *, app: str = "shop", cluster: str = "", generation: int = 1
) -> PlacementRequest:
    """A request of the member at this path below `app`; the uid is the path with dots."""
    path = f"{app}/{name}"
    return PlacementRequest(
        Uid(path.replace("/", ".")),
        generation,
        Uid(f"uid-{app}"),
        Uid(cluster),
        path,
        CAUSE,
        type=kind,
        affinity=rules_of(rules),
    )


def yard(*there: tuple[int, PlacementRequest], hosts: tuple[HostView, ...] = ()) -> HostIndex:
    """Five hosts in two zones and none, with these on the numbered ones."""
    index = index_of(*(hosts or (host(number, zone=zone, labels={"rack": f"r{number % 2}"}) for number, zone in enumerate(ZONES))))
    for number, who in there:
        index.occupy(who, Uid(f"h{number}"), {})
    return index


def fitting(wanted: PlacementRequest, index: HostIndex, pool: str = "") -> list[int]:
    """Numbers of the hosts that take it."""
    return sorted(int(each.host[1:]) for each in table(wanted, index, rules=rules_of(pool)) if each.accepted)


TOMCAT, SOLR, OTHER = member("tom"), member("sol", "library/solr:5"), member("tom", app="other")
CASES = {
    "TYPE": [0, 3, 4],
    "SAME": [0, 3, 4],
    "SAME TYPE": [0, 3, 4],
    "TYPE tomcat": [0, 3, 4],
    "TYPE tomcat:8": [0, 3, 4],
    "TYPE tomcat:9": [4],
    "TYPE solr": [1, 4],
    "type Library/Solr": [1, 4],
    "NOT TYPE": [1, 4],
    "NOT SAME TYPE": [1, 4],
    "NOT TYPE solr": [0, 3, 4],
    "NOT TYPE, NOT TYPE solr": [4],
    "NAME o": [0, 1, 2, 3, 4],
    "NAME SO": [1, 4],
    "NOT NAME sol": [0, 3, 4],
    "NAME shop": [4],
    "APPLICATION": [0, 1, 2, 4],
    "NOT APPLICATION": [3, 4],
    "APPLICATION other": [3, 4],
    "APPLICATION uid-other": [3, 4],
    "ID shop/sol": [1, 4],
    "ID shop.sol": [1, 4],
    "ID shop": [0, 1, 2, 4],
    "NOT ID": [0, 1, 2, 3, 4],
    "EMPTY": [0, 1, 2, 3, 4],
    "NOT EMPTY": [0, 1, 2, 3],
    "NOT EMPTY, TYPE": [0, 3],
    "TYPE, NOT TYPE": [4],
    "REQUIRE TYPE solr": [1, 2],
    "REQUIRE TYPE solr, REQUIRE TYPE tomcat": [2],
    "REQUIRE ANY": [0, 1, 2, 3],
    "AT LEAST 2 ANY": [2],
    "REQUIRE TYPE solr PER ZONE": [0, 1, 2, 3],
    "NOT TYPE solr PER ZONE": [4],
    "NOT APPLICATION other PER ZONE": [0, 1, 4],
    "AT MOST 1 TYPE": [1, 4],
    "AT MOST 2 TYPE": [0, 1, 2, 3, 4],
    "AT MOST 1 TYPE solr": [0, 1, 2, 3, 4],
    "AT MOST 2 TYPE PER ZONE": [0, 1, 4],
    "NOT TYPE PER LABEL rack": [],
    "NOT TYPE solr PER LABEL rack": [],
}


@pytest.mark.parametrize("rules", CASES)
def test_a_rule_leaves_these_hosts(rules: str) -> None:
    index = yard((0, TOMCAT), (1, SOLR), (2, member("tom2")), (2, member("sol2", "solr:6")), (3, OTHER))
    assert fitting(member("new", rules=rules), index) == CASES[rules]
    assert fitting(member("new"), index, pool=rules) == POOL.get(rules, CASES[rules])


POOL: dict[str, list[int]] = {  # rules of a pool that name somebody bind the newcomer too
    "TYPE tomcat:9": [],
    "TYPE solr": [],
    "type Library/Solr": [],
    "NAME o": [],
    "NAME SO": [],
    "NAME shop": [],
    "APPLICATION other": [],
    "APPLICATION uid-other": [],
    "ID shop/sol": [],
    "ID shop.sol": [],
}


def test_a_rule_of_a_host_says_who_may_be_there() -> None:
    only = host(1, affinity=rules_of("TYPE redis"))
    index = index_of(only, host(2))
    assert placed(member("cache", "redis:7"), index).host == "h1"
    answer = refused(member("web"), index_of(only))
    assert "affinity of the host keeps it out: TYPE redis, and this is of type tomcat in shop" in answer.decision.reason
    assert fitting(member("web"), index) == [2]


def test_rules_of_service_host_and_pool_are_combined() -> None:
    hosts = (host(0, affinity=rules_of("AT MOST 1 TYPE tomcat")), host(1), host(2))
    index = yard((0, TOMCAT), (1, SOLR), hosts=hosts)
    assert fitting(member("new"), index) == [1, 2]
    assert fitting(member("new", rules="NOT TYPE solr"), index) == [2]
    assert fitting(member("new", rules="NOT TYPE solr"), index, pool="NOT EMPTY") == []


def test_a_refusal_names_the_rule_with_numbers() -> None:
    index = yard((0, TOMCAT), hosts=(host(0, zone="a"),))
    cases = {
        "NOT TYPE": ("affinity: NOT TYPE", "host-0 has 1 of those; NOT TYPE wants none there"),
        "TYPE solr": ("affinity: TYPE solr", "host-0 has 1 of 1 that are none of those; TYPE solr lets only those be there"),
        "AT LEAST 2 APPLICATION x": (
            "affinity: AT LEAST 2 APPLICATION x",
            "host-0 has 0 of those; AT LEAST 2 APPLICATION x wants at least 2",
        ),
        "NOT TYPE PER ZONE": ("affinity: NOT TYPE PER ZONE", "zone a has 1 of those; NOT TYPE PER ZONE wants none there"),
    }
    for rules, (rule, reason) in cases.items():
        answer = refused(member("new", rules=rules), index)
        trace = answer.decision.placement
        assert trace is not None
        assert trace.refused == {rule: 1}
        assert [each.reason for each in trace.examples] == [reason]
        assert len(answer.decision.would_change) == 1


def test_rules_of_service_and_pool_that_contradict_each_other_are_named() -> None:
    answer = refused(member("new", rules="REQUIRE TYPE solr"), yard((1, SOLR)), pool="NOT TYPE solr")
    assert answer.decision.reason.startswith(
        "no host fits: NOT TYPE solr contradicts REQUIRE TYPE solr: what has to be on the host may not be on its host; "
        "remove one of them; 5 of 5 hosts refused"
    )


def test_at_most_n_per_host_spreads_a_cluster() -> None:
    index = index_of(host(1), host(2))
    asked = [member(f"web/{number}", rules="AT MOST 2 PER HOST", cluster="c1") for number in range(5)]
    assert [placed(each, index, strategy("DepthFirst")).host for each in asked[:4]] == ["h1", "h1", "h2", "h2"]
    assert "AT MOST 2 PER HOST allows 2" in refused(asked[4], index).decision.reason


def test_the_first_of_those_that_want_to_be_together_is_let_in() -> None:
    index = index_of(host(1), host(2), host(3))
    asked = [member(f"web/{number}", rules="REQUIRE CLUSTER", cluster="c1") for number in range(3)]
    assert {placed(each, index).host for each in asked} == {"h1"}
    refused(member("other", rules="REQUIRE CLUSTER shop/db"), index)


def test_preferences_add_up_and_give_way() -> None:
    index = yard((0, TOMCAT), (1, SOLR), (2, member("tom2")), (2, member("sol2", "solr:6")))
    wish = "PREFER TYPE solr WEIGHT 3, PREFER NOT TYPE tomcat WEIGHT 2"
    assert [each.host for each in table(member("new", "x", rules=wish), index)] == ["h1", "h2", "h3", "h4", "h0"]
    assert placed(member("new", "x", rules=wish), index).decision.reason.endswith("+3 for PREFER TYPE solr WEIGHT 3; 1 container")
    assert placed(member("lone", "x", rules="PREFER TYPE nobody"), index).host == "h3"


def test_spread_over_zones_goes_before_load() -> None:
    zones = tuple(host(number, zone="a" if number < 3 else "b") for number in range(4))
    index = yard(hosts=zones)
    asked = [member(f"web/{number}", rules="SPREAD OVER ZONE", cluster="c1") for number in range(5)]
    assert [placed(each, index).host for each in asked] == ["h0", "h3", "h1", "h3", "h2"]
    by_name = yard(hosts=zones)
    plain = [member(f"web/{number}", cluster="c1") for number in range(5)]
    assert [placed(each, by_name, strategy("Spread")).host for each in plain] == ["h0", "h3", "h1", "h3", "h2"]


def test_a_member_may_follow_itself() -> None:
    index = index_of(host(1))
    rules = "NOT TYPE, AT MOST 1 CLUSTER"
    placed(member("web/1", rules=rules, cluster="c1"), index)
    refused(member("web/2", rules=rules, cluster="c1"), index)
    assert placed(member("web/1", rules=rules, cluster="c1", generation=2), index).host == "h1"
    refused(member("web/2", rules=rules, cluster="c1"), index)
    index.release(Uid("shop.web.1"), 1)
    index.release(Uid("shop.web.1"), 2)
    placed(member("web/2", rules=rules, cluster="c1"), index)


def test_nobody_counts_twice_where_uid_and_path_are_one_as_in_a_plan() -> None:
    index = index_of(host(1), host(2))
    asked = [member(f"web/{number}", rules="AT MOST 2 PER HOST", cluster="shop/web") for number in range(4)]
    assert [placed(each, index).host for each in asked] == ["h1", "h2", "h1", "h2"]


def test_rules_of_others_do_not_disturb_what_is_remembered() -> None:
    index = yard((0, TOMCAT), (2, SOLR))
    zoned, named = member("a", rules="NOT TYPE PER ZONE"), member("b", rules="NOT NAME tom")
    for _ in range(2):
        assert fitting(zoned, index) == [2, 3, 4]
        assert fitting(named, index) == [1, 2, 3, 4]
    for number in range(250):
        assert fitting(member("c", rules=f"NOT NAME x{number}, NOT EMPTY"), index) == [0, 2]
        if number % 50 == 0:
            index.occupy(member(f"d{number}"), Uid("h3"), {})
            assert fitting(zoned, index) == [4]
            assert fitting(named, index) == [1, 2, 3, 4]
            index.release(Uid(f"shop.d{number}"), 1)
    assert fitting(zoned, index) == [2, 3, 4]


def test_not_id_goes_away_from_where_it_is() -> None:
    index = index_of(host(1), host(2))
    placed(member("web"), index, strategy("DepthFirst"))
    assert placed(member("web", rules="NOT ID", generation=2), index, strategy("DepthFirst")).host == "h2"


def test_a_plans_index_made_from_views_knows_who_is_there() -> None:
    index = yard((0, TOMCAT), (1, SOLR), (3, OTHER))
    copy = HostIndex.of(index.hosts())
    for rules in ("NOT TYPE", "NOT TYPE PER ZONE", "REQUIRE APPLICATION other", "NOT EMPTY"):
        assert fitting(member("new", rules=rules), copy) == fitting(member("new", rules=rules), index)


def test_a_host_that_moves_to_another_zone_takes_its_residents_along() -> None:
    index = yard((0, TOMCAT))
    wanted = member("new", rules="NOT TYPE PER ZONE")
    assert fitting(wanted, index) == [2, 3, 4]
    index.update(host(0, zone="b"))
    assert fitting(wanted, index) == [1, 4]
