"""Is each thing that moved between a plan and its deploy told in a line of its own, and nothing that did not?"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.model.identity import Uid
from clocker_actors.model.ownership import BLUEPRINT, AdjunctState, Owner, OwnerKind
from clocker_actors.model.specs import ApplicationSpec, Blueprint, ClusterSpec, ContainerSpec, ImageSpec, PolicySpec, PoolSpec, ServiceSpec
from clocker_actors.planning import moved as module
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.merging import Sized
from clocker_actors.planning.moved import World, moved, rewritten, world
from clocker_actors.planning.values import RunningApplication, RunningService, Runs
from tests.placement.samples import host

ANNA = Owner(OwnerKind.PERSON, "anna", 0.0)
WEB = ServiceSpec("web", "web", "cluster", cluster=ClusterSpec(ServiceSpec("m", "m", "container", ContainerSpec(ImageSpec("web:1"))), 2))
SHOP = ApplicationSpec("shop", "shop", "local", (WEB,))
POLICY = PolicySpec("autoscaler", "scaler", {"minPoolSize": 2})


def running(
    size: int = 2, owner: Owner = BLUEPRINT, web: ServiceSpec = WEB, generation: int = 1, *, rests: bool = False
) -> RunningApplication:
    members = tuple(MemberView(Uid(f"m{n}"), name=str(n)) for n in range(1, size + 1))
    runs = {each.uid: Runs(generation, Uid("h1"), "host-1") for each in members}
    adjunct = AdjunctState(POLICY, suspended=rests, owners={"minPoolSize": ANNA} if rests else {})
    service = RunningService(Uid("c1"), web, members, size + 1, runs=runs, sized=Sized(size, owner), adjuncts=(adjunct,))
    return RunningApplication(Uid("a1"), (service,), SHOP)


def seen(there: RunningApplication | None, *hosts: int) -> World:
    return world({"shop": there}, {"local": [host(number) for number in hosts or (1, 2)]})


def test_what_came_went_and_changed_is_told() -> None:
    before = seen(running())
    assert moved(before, seen(running())) == ()
    assert moved(before, seen(running(3, ANNA))) == (
        "size of shop/web: 2 -> 3 (set by anna)",
        "shop/web/3 is new",
        "container of shop/web/3: nothing -> generation 1 on host-1",
    )
    assert moved(before, seen(running(generation=2))) == (
        "container of shop/web/1: generation 1 on host-1 -> generation 2 on host-1",
        "container of shop/web/2: generation 1 on host-1 -> generation 2 on host-1",
    )
    assert moved(before, seen(running(rests=True))) == (
        "policy scaler of shop/web: working -> suspended",
        "minPoolSize of policy scaler of shop/web: nothing -> 2 (set by anna)",
    )
    assert "shop is gone" in moved(before, seen(None))
    assert moved(seen(None), before)[0] == "shop is new"


def test_another_deploy_is_told_field_by_field_and_hosts_by_name() -> None:
    assert WEB.cluster is not None
    other = replace(WEB, cluster=replace(WEB.cluster, max_size=9))
    assert moved(seen(running()), seen(running(web=other))) == ("shop/web: maxSize: 10000 -> 9",)
    assert moved(seen(running()), seen(running(), 1)) == ("host local/host-2 is gone",)
    down = world({"shop": running()}, {"local": [host(1), host(2, up=False, cordoned=True)]})
    assert moved(seen(running()), down) == ("host local/host-2: up -> not up, cordoned",)
    known = world({}, {}, [PoolSpec("local", ())])
    assert moved(known, world({}, {}, [PoolSpec("local", (), headroom=2)])) == ("local: headroom: 0 -> 2",)


def test_what_only_load_changes_is_no_fact() -> None:
    busy = world({"shop": running()}, {"local": [host(1, cpu=99.0, containers=7), host(2)]})
    assert moved(seen(running()), busy) == ()


def test_a_file_that_changed_is_told_service_by_service() -> None:
    was = Blueprint((SHOP,), (PoolSpec("yard", ()),))
    assert rewritten(was, was) == ()
    new = replace(SHOP, name="Shop", services=(replace(WEB, start_timeout=60.0), ServiceSpec("db", "db", "container")))
    assert rewritten(was, Blueprint((new,), (PoolSpec("yard", (), min_size=1), PoolSpec("more", ())))) == (
        "shop: name: shop -> Shop",
        "shop/web: startTimeout: 300 -> 60",
        "shop/db is new in the file",
        "yard: minSize: 0 -> 1",
        "more is new in the file",
    )
    assert rewritten(was, Blueprint((replace(SHOP, services=()),))) == (
        "yard is no longer in the file",
        "shop/web is no longer in the file",
    )


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3)), st.dictionaries(st.text(max_size=3), st.text(max_size=3)))
def test_nothing_moved_exactly_when_worlds_are_equal(before: dict[str, str], now: dict[str, str]) -> None:
    assert (moved(World(before), World(now)) == ()) == (before == now)
    assert len(moved(World(before), World(now))) <= module.LINES + 1


def test_lines_are_bounded() -> None:
    lines = moved(World(), World({f"shop/web/{n}": "exists" for n in range(100)}))
    assert (len(lines), lines[-1]) == (module.LINES + 1, "and 60 lines more")


def test_a_policy_that_went_with_what_was_set_of_it_is_one_line() -> None:
    there = World(
        {"shop/web": "exists", "policy scaler of shop/web": "working", "maxPoolSize of policy scaler of shop/web": "8 (set by ada)"}
    )
    gone = World({"shop/web": "exists"})
    assert moved(there, gone) == ("policy scaler of shop/web is gone",)
    assert len(moved(gone, there)) == 1
    changed = World({**there.facts, "maxPoolSize of policy scaler of shop/web": "9 (set by ada)"})
    assert len(moved(there, changed)) == 1
