"""Does a plan say what a deploy would do, where, and what could not be done?"""

from dataclasses import replace

import msgspec

from clocker_actors.model.containers import ImageInfo
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import (
    MAX_MEMBERS,
    ApplicationSpec,
    ClusterSpec,
    ContainerSpec,
    ImageSpec,
    PortKind,
    PortSpec,
    Resources,
    ServiceSpec,
    StrategySpec,
    VolumeKind,
    VolumeSpec,
)
from clocker_actors.model.updating import StartedAs
from clocker_actors.planning.differences import differing
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.plan import plan
from clocker_actors.planning.values import Plan, PoolView, RunningApplication, RunningService, Runs
from tests.placement.samples import GB, host

WEB = ContainerSpec(ImageSpec("web:1"), ports=(PortSpec(80),), resources=Resources(memory=GB))


def single(container: ContainerSpec = WEB, name: str = "db", **more: object) -> ServiceSpec:
    return ServiceSpec(name, name, "docker:web:1", container, **more)  # type: ignore[arg-type]


def cluster(size: int, container: ContainerSpec = WEB, *, least: int = 0, most: int = MAX_MEMBERS) -> ServiceSpec:
    return ServiceSpec("web", "web", "cluster", cluster=ClusterSpec(single(container, "web"), size, least, most))


def shop(*services: ServiceSpec) -> ApplicationSpec:
    return ApplicationSpec("shop", "shop", "local", services)


def pool(hosts: int = 3, **more: object) -> PoolView:
    return PoolView("local", tuple(host(number) for number in range(1, hosts + 1)), **more)  # type: ignore[arg-type]


def told(outcome: Plan) -> list[tuple[str, str, str]]:
    return [(step.action.value, step.path, step.host) for step in outcome.steps]


def test_a_new_application_is_made_top_down_and_spread() -> None:
    outcome = plan(shop(cluster(4), single()), pool())
    assert told(outcome) == [
        ("create", "shop", ""),
        ("create", "shop/web", ""),
        ("create", "shop/web/1", "host-1"),
        ("create", "shop/web/2", "host-2"),
        ("create", "shop/web/3", "host-3"),
        ("create", "shop/web/4", "host-1"),
        ("create", "shop/db", "host-2"),
    ]
    assert (outcome.changes, outcome.possible, outcome.warnings) == (True, True, ())
    assert outcome.steps[2].ports == {"80/tcp": 0}
    assert "BreadthFirst" in outcome.steps[2].reason
    assert outcome.steps[2].address == "10.0.0.1"


def test_the_pools_strategies_hold_in_the_plan_too() -> None:
    outcome = plan(shop(cluster(3)), pool(strategies=(StrategySpec("DepthFirst"),)))
    assert {step.host for step in outcome.steps if step.host} == {"host-1"}


def test_nothing_is_changed_by_planning() -> None:
    application, there = shop(cluster(4)), pool()
    assert plan(application, there) == plan(application, there)


def test_what_finds_no_host_is_refused_with_reasons() -> None:
    large = replace(WEB, resources=Resources(memory=5 * GB))
    outcome = plan(shop(cluster(4, large)), pool())
    assert not outcome.possible
    assert [refusal.path for refusal in outcome.refusals] == ["shop/web/4"]
    assert "3 of 3 hosts refused: 3 by memory" in outcome.refusals[0].reason
    assert outcome.refusals[0].would_change == ("2,000 MB more memory free on host-1, or a limit of that much less",)


def test_a_fixed_port_with_more_members_than_hosts_is_warned_of() -> None:
    bound = replace(WEB, ports=(PortSpec(80, PortKind.BOUND, 8080),))
    outcome = plan(shop(cluster(4, bound)), pool())
    assert [warning.message for warning in outcome.warnings] == [
        "port 8080 can be had once per host: 3 hosts can run 3 of 4 members; use random ports"
    ]
    assert len(outcome.refusals) == 1
    later = plan(shop(cluster(2, bound, most=6)), pool())
    assert "it cannot grow beyond 3 members (maximum 6)" in later.warnings[0].message


def test_slow_healthchecks_host_paths_and_privileges_are_warned_of() -> None:
    risky = replace(WEB, privileged=True, volumes=(VolumeSpec(VolumeKind.BIND, "/srv/data", "/data"),))
    messages = [warning.message for warning in plan(shop(single(risky)), pool(images={"web:1": ImageInfo("i", 30.0)})).warnings]
    assert len(messages) == 3
    assert "first verdict after 30 s" in messages[0]
    assert "/srv/data is a path of whichever of the 3 hosts" in messages[1]
    assert "privileged" in messages[2]


def running(*services: RunningService) -> RunningApplication:
    return RunningApplication(Uid("a1"), services)


def runs(uid: str, host: int = 1, was: StartedAs | None = None) -> dict[Uid, Runs]:
    return {Uid(uid): Runs(1, Uid(f"h{host}"), f"host-{host}", was)}


def members(count: int) -> tuple[MemberView, ...]:
    return tuple(MemberView(Uid(f"m{number}"), name=str(number)) for number in range(1, count + 1))


def test_what_runs_as_asked_is_kept_at_its_size() -> None:
    there = running(RunningService(Uid("c1"), cluster(2), members(5), 6))
    outcome = plan(shop(cluster(2)), pool(), there)
    assert told(outcome) == [("keep", "shop", ""), ("keep", "shop/web", "")]
    assert not outcome.changes


def test_new_bounds_grow_or_shrink_what_runs() -> None:
    there = running(RunningService(Uid("c1"), cluster(2), members(2), 8))
    grown = plan(shop(cluster(2, least=3)), pool(), there)
    assert told(grown)[1:] == [("update", "shop/web", ""), ("create", "shop/web/8", "host-1")]
    assert grown.steps[1].reason == "changed: minSize: 0 -> 3; 2 members become 3"
    shrunk = plan(shop(cluster(1, most=1)), pool(), there)
    assert told(shrunk)[1:] == [("update", "shop/web", ""), ("remove", "shop/web/2", "")]
    assert shrunk.steps[-1].reason == "2 is above the maximum of 1; it is the newest of those that are up"
    fewer = plan(shop(cluster(1)), pool(), there)
    assert fewer.steps[1].reason == "changed: initialSize: 2 -> 1; 2 members become 1"
    assert fewer.steps[-1].reason == "1 are wanted; it is the newest of those that are up"


def test_services_come_go_and_change_by_their_id() -> None:
    there = running(RunningService(Uid("m1"), single(), runs=runs("m1")), RunningService(Uid("m2"), single(name="old")))
    outcome = plan(shop(single(replace(WEB, user="web")), single(name="new")), pool(), there)
    assert told(outcome) == [
        ("keep", "shop", ""),
        ("replace", "shop/db", "host-1"),
        ("create", "shop/new", "host-2"),
        ("remove", "shop/old", ""),
    ]
    assert outcome.steps[1].changes == ("user: nothing -> web",)


def test_differences_are_told_field_by_field() -> None:
    old = single(replace(WEB, env={"A": "1", "B": "2"}, command=("run", "it")), start_timeout=300.0)
    new = single(
        replace(WEB, env={"A": "1", "B": "3", "C": "4"}, ports=(PortSpec(80), PortSpec(81)), image=ImageSpec("web:2"), privileged=True),
        start_timeout=60.0,
    )
    assert differing(old, new) == (
        "image: web:1 -> web:2",
        "command: [run, it] -> nothing",
        "env.B: 2 -> 3",
        "env.C: nothing -> 4",
        "ports[2]: nothing -> {container: 81, kind: random, protocol: tcp}",
        "privileged: false -> true",
        "startTimeout: 300 -> 60",
    )
    assert differing(old, old) == ()


def test_children_are_followed_on_both_sides() -> None:
    group = ServiceSpec("group", "group", "group", children=(single(name="one"), single(name="two")))
    assert told(plan(shop(group), pool()))[1:] == [
        ("create", "shop/group", ""),
        ("create", "shop/group/one", "host-1"),
        ("create", "shop/group/two", "host-2"),
    ]
    there = running(RunningService(Uid("a2"), group, children=(RunningService(Uid("m1"), single(name="one")),)))
    assert told(plan(shop(group), pool(), there))[1:] == [
        ("keep", "shop/group", ""),
        ("keep", "shop/group/one", ""),
        ("keep", "shop/group/two", ""),
    ]
    assert plan(shop(group), pool(), there).steps[-1].reason == "somebody deleted it, and the file says of it what it said before"


def test_a_plan_survives_encoding() -> None:
    outcome = plan(shop(cluster(9), single()), pool(2))
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Plan) == outcome
