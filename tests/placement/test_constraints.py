"""Do the strategies that keep hosts out keep out the right ones, and say why with numbers? (docs/placement.md has one example of each.)"""

import pytest

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.selectors import selector
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.pipeline import table
from tests.placement.samples import GB, host, index_of, placed, refused, request, strategy

SSD = host(1, labels={"disk": "ssd", "rack": ""})
HDD = host(2, labels={"disk": "hdd"})
BARE = host(3)
CONDITIONS = {
    "disk": [1, 2],
    "!disk": [3],
    "disk=ssd": [1],
    "disk == ssd": [1],
    "disk!=ssd": [2, 3],
    "disk in (ssd, nvme)": [1],
    "disk notin (ssd)": [2, 3],
    "disk not in (ssd, hdd)": [3],
    "rack": [1],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_label_conditions(condition: str) -> None:
    found = table(request(), index_of(SSD, HDD, BARE), (strategy("Label", labels=[condition]),))
    assert sorted(int(each.host[1:]) for each in found if each.accepted) == CONDITIONS[condition]
    assert selector(condition).text == condition


def test_the_ancestors_label_key_wants_all_of_them() -> None:
    chosen = StrategySpec("LabelPlacementStrategy", {"docker.constraint.labels": ["disk", "rack"]})
    assert placed(request(), index_of(BARE, HDD, SSD), chosen).host == "h1"
    assert placed(request(), index_of(BARE), StrategySpec("Label", {"labels": []})).host == "h3"


BIG = host(1, cores=8, memory=16 * GB)
CASES: dict[str, tuple[HostView, PlacementRequest, tuple[StrategySpec, ...], str, str]] = {
    "Label": (
        HDD,
        request(),
        (strategy("Label", labels=["disk=ssd"]),),
        "host-2 has disk=hdd; Label wants disk=ssd",
        "labels of host-2 that meet disk=ssd",
    ),
    "Hostname": (
        BARE,
        request(),
        (strategy("Hostname", hostname="host"),),
        "host-3 does not match host, which Hostname wants",
        "a host whose name matches host",
    ),
    "ProvisioningFlags": (
        BIG,
        request(),
        (strategy("ProvisioningFlags", minRam=17 * GB, minCores=9),),
        "host-1 has 16,000 MB memory and 8 processors unclaimed; ProvisioningFlags wants minRam 17,000 MB, minCores 9",
        "1,000 MB memory and 1 processors more unclaimed on host-1",
    ),
    "Group": (
        host(1, foreign=2),
        request(),
        (strategy("Group", exclusive=True),),
        "host-1 holds 2 containers, and an exclusive Group takes an empty host",
        "host-1 without containers, or one more host",
    ),
    "disk": (
        host(1, disk=3 * GB),
        request(disk=4 * GB),
        (),
        "host-1 has 3,000 MB of 3,000 MB free disk space unreserved; 4,000 MB wanted",
        "1,000 MB more disk space on host-1, or a diskRequest of that much less",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_refusal_says_why_and_what_would_change_it(rule: str) -> None:
    view, wanted, strategies, reason, change = CASES[rule]
    answer = refused(wanted, index_of(view), *strategies)
    assert answer.decision.placement is not None
    assert answer.decision.placement.refused == {rule: 1}
    assert reason in answer.decision.reason
    assert answer.decision.would_change == (change,)


def test_hostname_is_a_full_match_and_several_have_to_hold() -> None:
    index = index_of(*(host(number) for number in range(1, 13)))
    chosen = (strategy("Hostname", hostname="host-1.?"), strategy("Hostname", hostname=".*[12]"))
    found = [each.name for each in table(request(), index, chosen) if each.accepted]
    assert found == ["host-1", "host-11", "host-12"]


def test_a_group_stays_together_and_apart_from_others() -> None:
    index = index_of(host(1), host(2), host(3))
    web = [placed(request(number, cluster="web"), index, strategy("Group")).host for number in range(3)]
    database = [placed(request(10 + number, cluster="db"), index, strategy("Group")).host for number in range(2)]
    assert (set(web), set(database)) == ({"h1"}, {"h2"})
    index.cordon(Uid("h1"), True)
    assert (
        "host-2 holds none of this cluster, and Group keeps it on one host"
        in refused(request(5, cluster="web"), index, strategy("Group")).decision.reason
    )


def test_disk_is_reserved_and_given_back() -> None:
    index = index_of(host(1, disk=10 * GB))
    placed(request(1, disk=6 * GB), index)
    refused(request(2, disk=6 * GB), index)
    assert index.host(Uid("h1")).disk_reserved == 6 * GB
    index.release(Uid("m1"), 1)
    placed(request(2, disk=6 * GB), index)


def test_what_uses_a_volume_goes_where_it_is() -> None:
    index = index_of(host(1, volumes=frozenset({"a1.old"})), host(2), host(3))
    assert placed(request(1, cluster="", volumes=("a1.old",)), index, strategy("LeastContainers")).host == "h1"
    assert placed(request(2, cluster="", volumes=("a1.new",)), index, strategy("LeastContainers")).host == "h2"
    assert placed(request(3, cluster="", volumes=("a1.new",)), index, strategy("LeastContainers")).host == "h2"
    index.release(Uid("m2"), 1)
    index.release(Uid("m3"), 1)
    assert placed(request(4, cluster="", volumes=("a1.new",)), index, strategy("LeastContainers")).host == "h2"
    answer = refused(request(5, cluster="", volumes=("a1.old", "a1.new")), index)
    assert "volume new is on host-2, not on host-1: what uses it has to go there" in answer.decision.reason
    index.forget_volumes(Uid("a1"))
    assert placed(request(5, cluster="", volumes=("a1.new",)), index, strategy("DepthFirst")).host == "h1"


def test_which_volumes_are_on_a_host_is_known_by_host() -> None:
    index = index_of(host(1), host(2))
    for number, names in enumerate((("a1.pages", "a1.cache"), ("a2.pages",)), 1):
        placed(request(number, cluster="", volumes=names), index, strategy("DepthFirst"))
        index.release(Uid(f"m{number}"), 1)
    assert index.volumes_on(Uid("h1")) == ("a1.pages", "a1.cache", "a2.pages") and not index.volumes_on(Uid("h2"))
    index.forget_volumes(Uid("a1"))
    assert index.volumes_on(Uid("h1")) == ("a2.pages",)


def test_the_image_being_there_breaks_ties_or_dominates() -> None:
    index = index_of(host(1), host(2, images=frozenset({"web:1"}), foreign=1))
    ask = request(image="web:1")
    assert placed(ask, index, strategy("LeastContainers"), strategy("ImagePresent")).host == "h2"
    assert placed(ask, index, strategy("ImagePresent"), strategy("LeastContainers")).host == "h1"


def test_the_whole_table_says_of_every_host_what_became_of_it() -> None:
    index = index_of(host(1, up=False), host(2, zone="a"), host(3, zone="b"), host(4, zone="b", labels={"x": ""}), host(5, zone="c"))
    index.occupy(request(9, type="db"), Uid("h3"), {})
    wanted = request(1, avoid=(Uid("h5"),), type="web", affinity=rules_of("NOT TYPE db PER ZONE"))
    found = [(each.name, each.accepted, each.rule, each.rank) for each in table(wanted, index)]
    assert found == [
        ("host-2", True, "", 1),
        ("host-1", False, "up", 0),
        ("host-3", False, "affinity: NOT TYPE db PER ZONE", 0),
        ("host-4", False, "affinity: NOT TYPE db PER ZONE", 0),
        ("host-5", False, "avoid", 0),
    ]
    assert index.reservation(Uid("m1"), 1) is None
