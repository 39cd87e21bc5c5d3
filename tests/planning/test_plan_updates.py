"""Does a plan say what a changed file does to what runs: changed in place, replaced (how, in which turn, where), made, removed, kept as somebody else set it?"""

from dataclasses import replace

import pytest

from clocker_actors.model.expressions import Dependency
from clocker_actors.model.identity import NOBODY, Cause, Uid
from clocker_actors.model.ownership import AdjunctState, Lease, Owner, OwnerKind
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import (
    ApplicationSpec,
    ClusterSpec,
    ContainerSpec,
    Duplicate,
    ImageSpec,
    PolicySpec,
    PortKind,
    PortSpec,
    Resources,
    ServiceSpec,
    VolumeKind,
    VolumeSpec,
)
from clocker_actors.model.updating import StartedAs
from clocker_actors.planning.members import MemberView
from clocker_actors.planning.merging import Services, Sized
from clocker_actors.planning.plan import plan
from clocker_actors.planning.values import Action, Measured, Plan, PlanStep, PoolView, RunningApplication, RunningService, Runs
from tests.placement.samples import GB, host, index_of

AT = 1_800_000_000.0
ONE, TWO = ContainerSpec(ImageSpec("web:1")), ContainerSpec(ImageSpec("web:2"))


def single(container: ContainerSpec = ONE, name: str = "db", **more: object) -> ServiceSpec:
    return ServiceSpec(name, name, "container", container, **more)  # type: ignore[arg-type]


def cluster(container: ContainerSpec = ONE, size: int = 3, **more: object) -> ServiceSpec:
    member = single(container, "web", **{name: more.pop(name) for name in ("duplicate",) if name in more})
    policies = {name: more.pop(name) for name in ("policies",) if name in more}
    return ServiceSpec("web", "web", "cluster", cluster=ClusterSpec(member, size, **more), **policies)  # type: ignore[arg-type]


def shop(*services: ServiceSpec) -> ApplicationSpec:
    return ApplicationSpec("shop", "shop", "local", services)


def pool(**more: object) -> PoolView:
    return PoolView("local", tuple(host(number) for number in (1, 2, 3)), **more)  # type: ignore[arg-type]


def runs(count: int, was: StartedAs | None = None) -> dict[Uid, Runs]:
    return {Uid(f"m{n}"): Runs(n, Uid(f"h{n}"), f"host-{n}", was) for n in range(1, count + 1)}


def there(spec: ServiceSpec, *, count: int = 3, **more: object) -> RunningService:
    members = tuple(MemberView(Uid(f"m{n}"), name=str(n)) for n in range(1, count + 1))
    known: dict[str, object] = {"members": members, "next_index": count + 1, "runs": runs(count), **more}
    return RunningService(Uid("c1"), spec, **known)  # type: ignore[arg-type]


def alone(spec: ServiceSpec, uid: str = "m1", **more: object) -> RunningService:
    return RunningService(Uid(uid), spec, **{"runs": {Uid(uid): Runs(1, Uid("h1"), "host-1")}, **more})  # type: ignore[arg-type]


def planned(new: ServiceSpec, old: RunningService, **of_pool: object) -> Plan:
    return plan(shop(new), pool(**of_pool), RunningApplication(Uid("a1"), (old,), shop(old.spec)))


def told(found: Plan, *fields: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(step, name) for name in ("action", "path", *fields)) for step in found.steps]


def step(found: Plan, path: str) -> PlanStep:
    return next(each for each in found.steps if each.path == path)


def test_a_new_image_replaces_the_members_of_a_cluster_in_turns() -> None:
    found = planned(cluster(TWO), there(cluster()), starts={"web:2": Measured(12, 2.5)})
    assert told(found, "wave", "turn", "manner", "seconds") == [
        (Action.KEEP, "shop", 0, 0, "", 0.0),
        (Action.UPDATE, "shop/web", 1, 0, "", 0.0),
        (Action.REPLACE, "shop/web/1", 1, 1, "start-first", 2.5),
        (Action.REPLACE, "shop/web/2", 1, 2, "start-first", 2.5),
        (Action.REPLACE, "shop/web/3", 1, 3, "start-first", 2.5),
    ]
    assert step(found, "shop/web").reason == "changed: memberSpec.image: web:1 -> web:2; 3 members renewed, one after the other"
    first = step(found, "shop/web/1")
    assert (first.changes, first.origin, first.host, first.manner_reason) == (
        ("image: web:1 -> web:2",),
        "host-1",
        "host-1",
        "nothing of it forbids that two run for a moment",
    )
    assert (found.seconds, found.measured) == (7.5, "12 starts measured, median 2.5 s")


def test_limits_are_changed_where_it_runs_and_only_taken_away_by_a_new_container() -> None:
    old = replace(ONE, resources=Resources(memory=64 << 20))
    found = planned(single(replace(ONE, resources=Resources(memory=128 << 20))), alone(single(old)))
    assert told(found, "changes", "host", "turn") == [
        (Action.KEEP, "shop", (), "", 0),
        (Action.UPDATE, "shop/db", ("memory: 64m -> 128m",), "host-1", 0),
    ]
    taken_away = planned(single(ONE), alone(single(old)))
    assert (step(taken_away, "shop/db").action, step(taken_away, "shop/db").changes) == (Action.REPLACE, ("memory: 64m -> nothing",))


@pytest.mark.parametrize(
    ("container", "duplicate", "why"),
    [
        (replace(TWO, volumes=(VolumeSpec(VolumeKind.VOLUME, "data", "/data"),)), Duplicate.OK, "keeps data in volume data"),
        (TWO, Duplicate.NEVER, "`duplicate: never`"),
    ],
    ids=["volume", "duplicate"],
)
def test_what_may_not_run_twice_stops_first(container: ContainerSpec, duplicate: Duplicate, why: str) -> None:
    old = single(replace(container, image=ONE.image), duplicate=duplicate)
    found = step(planned(single(container, duplicate=duplicate), alone(old)), "shop/db")
    assert (found.action, found.manner) == (Action.REPLACE, "stop-first")
    assert why in found.manner_reason


def test_a_fixed_port_does_not_hold_a_replacement_up_where_another_host_has_it() -> None:
    bound = replace(ONE, ports=(PortSpec(80, PortKind.BOUND, 8080),))
    index = index_of(host(1), host(2))
    mine = PlacementRequest(Uid("m1"), 1, Uid("a1"), NOBODY, "shop/db", Cause("plan"), ports=bound.ports)
    index.occupy(mine, Uid("h1"), {"80/tcp": 8080})
    found = step(planned(single(replace(bound, image=TWO.image)), alone(single(bound)), index=index), "shop/db")
    assert (found.host, found.manner) == ("host-2", "start-first")


def test_the_old_one_gives_its_room_back_before_the_next_is_placed() -> None:
    large = replace(ONE, resources=Resources(memory=3 * GB))
    index = index_of(host(1), host(2))  # 8 GB each: two of three fit, so one at a time has room for a second one
    for n, where in ((1, 1), (2, 1), (3, 2)):
        mine = PlacementRequest(Uid(f"m{n}"), n, Uid("a1"), Uid("c1"), f"shop/web/{n}", Cause("plan"), memory=3 * GB)
        index.occupy(mine, Uid(f"h{where}"), {})
    found = planned(cluster(replace(large, image=TWO.image)), there(cluster(large)), index=index)
    assert found.possible, found.refusals
    assert [each.host for each in found.steps if each.turn] == ["host-2", "host-1", "host-1"]


def test_without_room_for_a_second_one_it_is_refused() -> None:
    large = replace(ONE, resources=Resources(memory=8 * GB))
    index = index_of(host(1))
    index.occupy(PlacementRequest(Uid("m1"), 1, Uid("a1"), NOBODY, "shop/db", Cause("plan"), memory=8 * GB), Uid("h1"), {})
    found = planned(single(replace(large, image=TWO.image)), alone(single(large)), index=index)
    assert [refusal.path for refusal in found.refusals] == ["shop/db"]


def test_members_that_do_not_run_as_asked_yet_are_renewed_even_if_the_file_is_the_same() -> None:
    behind = {**runs(3), Uid("m2"): Runs(2, Uid("h2"), "host-2", StartedAs(ONE))}
    found = planned(cluster(TWO), there(cluster(TWO), runs=behind))
    assert told(found)[1:] == [(Action.UPDATE, "shop/web"), (Action.REPLACE, "shop/web/2")]
    assert step(found, "shop/web").reason == "not all of it runs as asked yet; 1 member renewed, one after the other"


def test_policies_and_sizes_take_no_new_container() -> None:
    found = planned(cluster(max_size=9, policies=(PolicySpec("autoscaler", "autoscaler"),)), there(cluster(max_size=8)))
    assert told(found, "changes")[1:] == [
        (
            Action.UPDATE,
            "shop/web",
            ("maxSize: 8 -> 9", "policies[autoscaler]: added"),
        )
    ]


def test_a_size_that_a_policy_or_a_person_set_stays() -> None:
    by = Owner(OwnerKind.POLICY, "autoscaler", AT)
    grown = there(cluster(size=3), count=5, sized=Sized(5, by))
    found = planned(cluster(size=4), grown)
    assert [each.action for each in found.steps] == [Action.KEEP, Action.UPDATE]
    assert [warning.message for warning in found.warnings] == [
        "size stays 5: policy autoscaler set it at 2027-01-15 08:00 UTC; `clocker resize shop/web 4` sets it"
    ]
    leased = there(cluster(size=3), count=5, sized=Sized(5, Owner(OwnerKind.PERSON, "anna", AT), Lease(AT + 3600, 3)))
    assert "size stays 5 until 2027-01-15 09:00 UTC: anna set it" in planned(cluster(size=4), leased).warnings[0].message
    assert told(planned(cluster(size=4), there(cluster(size=3))))[2:] == [(Action.CREATE, "shop/web/4")]


def test_a_suspended_policy_stays_so() -> None:
    policy = PolicySpec("autoscaler", "autoscaler", {"minPoolSize": 1})
    anna = Owner(OwnerKind.PERSON, "anna", AT)
    rests = there(cluster(policies=(policy,)), adjuncts=(AdjunctState(policy, suspended=True, rested=anna),))
    found = planned(cluster(policies=(replace(policy, config={"minPoolSize": 2}),)), rests)
    assert "policy autoscaler stays suspended: anna suspended it" in found.warnings[0].message


def test_what_is_stopped_stays_stopped_and_begins_with_the_new_spec() -> None:
    found = planned(single(TWO), alone(single(), runs={}, stopped=True))
    assert told(found)[1:] == [(Action.UPDATE, "shop/db")]
    assert "it stays stopped, and begins with this when it is started" in step(found, "shop/db").reason
    several = planned(cluster(TWO, size=5), there(cluster(), runs={}, stopped=True))
    assert told(several)[1:] == [(Action.UPDATE, "shop/web")]


def test_new_services_wait_for_those_that_are_made_with_them() -> None:
    front = single(ONE, "front", depends=(Dependency("web"),))
    old = alone(single())
    found = plan(
        shop(single(), replace(cluster(size=1), depends=(Dependency("cache"), Dependency("db"))), single(name="cache"), front),
        pool(starts={"web:1": Measured(3, 2.0)}),
        RunningApplication(Uid("a1"), (old,), shop(old.spec)),
    )
    assert {each.path: each.wave for each in found.steps} == {
        "shop": 0,
        "shop/db": 0,
        "shop/cache": 1,
        "shop/web": 2,
        "shop/web/1": 2,
        "shop/front": 3,
    }
    assert found.seconds == 6.0


def test_what_goes_waits_for_those_who_used_it() -> None:
    front = single(ONE, "front", depends=(Dependency("db"),))
    was = (alone(single()), alone(front, "m2"))
    new = single(ONE, "front")
    found = plan(shop(new), pool(), RunningApplication(Uid("a1"), was, shop(single(), front)))
    gone = step(found, "shop/db")
    assert (gone.action, gone.wave, gone.reason) == (Action.REMOVE, 2, "the blueprint no longer names it, after front, which used it")


def test_a_cluster_in_the_place_of_a_container_is_another_service() -> None:
    found = planned(replace(cluster(size=1), id="db", name="db"), alone(single()))
    assert told(found)[1:] == [(Action.REMOVE, "shop/db"), (Action.CREATE, "shop/db"), (Action.CREATE, "shop/db/1")]


def test_what_an_update_before_left_to_be_done_is_in_the_plan() -> None:
    old = alone(single())
    left = RunningApplication(Uid("a1"), (old,), shop(single(), single(name="new")), left=Services(("new",)))
    assert told(plan(shop(single(), single(name="new")), pool(), left))[2:] == [(Action.CREATE, "shop/new")]


def test_how_long_is_unknown_where_nobody_measured() -> None:
    found = planned(single(TWO), alone(single()))
    assert (found.seconds, found.measured) == (None, "no start of web:2 was measured yet")
    as_before = planned(single(TWO), alone(single()), starts={"web:1": Measured(4, 1.5)})
    assert (as_before.seconds, as_before.measured) == (1.5, "4 starts of web:1 measured, median 1.5 s")
    nothing = planned(single(), alone(single()))
    assert (nothing.seconds, nothing.measured, nothing.changes) == (None, "", False)
