"""The autoscaler as an actor: what it orders, when, and what it says of it."""

import pytest

from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Kernel
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.generations import WatchClosely
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import Decided, Emit, Reconfigure, Resume, StillOpen, Suspend
from clocker_actors.model.specs import PolicySpec
from clocker_actors.policies import catalogue
from tests.policies.stage import ENTITY, PERSON, Stage

CPU = "cpu.mean.average"
CONFIG = {"metric": CPU, "metricLowerBound": 30, "metricUpperBound": 60, "maxPoolSize": 20}


async def scaler(kernel: Kernel, size: int = 3, **config: object) -> Stage:
    """An autoscaler that knows the size of its cluster."""
    stage = Stage(kernel, "autoscaler")
    await stage.begin({**CONFIG, **config})
    await stage.read("service.state.expected", "running")
    await stage.read("cluster.size.desired", size)
    return stage


async def test_load_above_the_bound_orders_growth_with_its_reason(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read(CPU, 90.0, count=3, of=3)
    (invoke,) = stage.invokes
    assert (invoke.effector, invoke.arguments) == ("resize", {"size": 5})
    decision = stage.decisions[-1]
    assert decision.cause.id.startswith(f"{CPU}@")
    assert (invoke.cause.id, invoke.cause.principal) == (decision.id, f"{ENTITY}:autoscaler")
    assert decision.action == "resize to 5"
    assert "cpu.mean.average 90 % is above 60 %" in decision.reason
    assert "90 % x 3 members = 270 %; ceil(/ 60 %) = 5" in decision.steps
    assert stage.all(Decided)[-1].acted


async def test_the_same_load_is_not_counted_twice_while_members_come_up(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    for _ in range(5):
        await stage.read(CPU, 90.0, count=3, of=5)
        await stage.sleep(1)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5]
    assert "the size asked for, 5, suffices" in stage.decisions[-1].reason


async def test_more_load_while_a_resize_runs_supersedes_it(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.sleep(1)
    await stage.read(CPU, 150.0, count=3, of=5)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5, 8]
    await stage.read("cluster.size.desired", 5)
    await stage.sleep(1)
    await stage.read(CPU, 150.0, count=3, of=5)
    assert len(stage.invokes) == 2, "the echo of the older order is not a new size"


async def test_nothing_to_do_is_said_once_in_ten_seconds(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    for _ in range(25):
        await stage.read(CPU, 45.0, count=3, of=3)
        await stage.sleep(1)
    assert not stage.invokes
    assert len(stage.decisions) == 3
    assert stage.decisions[0].would_change == ("would grow above 60 %", "would shrink below 30 %")
    assert not stage.all(Decided)[0].acted


async def test_a_window_holds_and_acts_without_a_new_reading(kernel: Kernel) -> None:
    stage = await scaler(kernel, resizeUpStabilizationDelay="2s")
    await stage.read(CPU, 45.0, count=3, of=3)
    await stage.sleep(1)
    await stage.read(CPU, 90.0, count=3, of=3)
    assert not stage.invokes
    assert "held by the 2 s window until" in stage.decisions[-1].reason
    assert stage.status.status["phase"] == "waiting"
    await stage.sleep(2.01)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5]


async def test_a_window_does_not_run_out_on_a_stale_reading(kernel: Kernel) -> None:
    stage = await scaler(kernel, resizeUpStabilizationDelay=10)
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.sleep(20)
    assert not stage.invokes
    assert "must be younger than 3 s" in stage.decisions[-1].reason


async def test_two_resizes_are_at_least_the_pause_apart(kernel: Kernel) -> None:
    stage = await scaler(kernel, minPeriodBetweenExecs="500ms")
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.read(CPU, 150.0, count=3, of=3)
    assert len(stage.invokes) == 1
    assert "minPeriodBetweenExecs" in stage.decisions[-1].reason
    await stage.sleep(0.51)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5, 8]


async def test_after_a_shrink_only_a_newer_reading_shrinks_again(kernel: Kernel) -> None:
    stage = await scaler(kernel, size=8)
    await stage.read(CPU, 20.0, count=8, of=8)
    assert stage.invokes[-1].arguments["size"] == 5
    await stage.sleep(1)
    await stage.read(CPU, 20.0, count=5, of=5)
    assert "a shrink is still under way" in stage.decisions[-1].reason
    await stage.end(stage.invokes[-1])
    await stage.read(CPU, 20.0, count=5, of=5, age=0.5)
    assert len(stage.invokes) == 1, "it was measured before the last shrink had ended"
    await stage.sleep(1)
    await stage.read(CPU, 20.0, count=5, of=5)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5, 3]


async def test_too_few_members_report(kernel: Kernel) -> None:
    stage = await scaler(kernel, size=6)
    await stage.read(CPU, 90.0, count=2, of=6)
    assert not stage.invokes
    assert "only 2 of 6 members" in stage.decisions[-1].reason


async def test_a_size_set_by_hand_outside_the_bounds_is_corrected_and_said(kernel: Kernel) -> None:
    stage = await scaler(kernel, maxPoolSize=5)
    await stage.read("cluster.size.desired", 9)
    assert stage.invokes[-1].arguments == {"size": 5}
    assert stage.decisions[-1].kind == "bounds"
    assert stage.decisions[-1].clamped == ("maxPoolSize 5 (was 9)",)


async def test_changing_the_bounds_resizes_at_once(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    answer = await kernel.ask(stage.actor, Reconfigure({"minPoolSize": "4"}, PERSON), timeout=1)
    await kernel.settle()
    assert isinstance(answer, dict)
    assert answer["minPoolSize"] == 4
    assert answer["metric"] == CPU
    assert stage.invokes[-1].arguments == {"size": 4}
    assert stage.decisions[-1].cause == PERSON


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"minPoolSize": 30}, ["minPoolSize=30", "maxPoolSize=20", "at most 20"]),
        ({"minPoolSize": -1}, ["minPoolSize=-1", "0 to"]),
        ({"resizeUpStabilizationDelay": "soon"}, ["resizeUpStabilizationDelay='soon'", "duration such as 30s"]),
        ({"metricLowerBound": 70}, ["metricLowerBound=70", "metricUpperBound=60"]),
        ({"maxPoolsize": 3}, ["'maxPoolsize'", "maxPoolSize"]),
        ({"maxPoolSize": "many"}, ["maxPoolSize='many'", "a whole number, 0 to 1000000"]),
    ],
)
async def test_a_wrong_configuration_is_refused_and_changes_nothing(kernel: Kernel, config: dict[str, object], words: list[str]) -> None:
    stage = await scaler(kernel)
    with pytest.raises(BadRequest) as refused:
        await kernel.ask(stage.actor, Reconfigure(config, PERSON), timeout=1)
    for word in words:
        assert word in str(refused.value)
    assert stage.status.config["maxPoolSize"] == 20
    with pytest.raises(BadRequest):
        catalogue.make(PolicySpec("autoscaler", "a", {**CONFIG, **config}), ENTITY, ids=None)  # type: ignore[arg-type]


async def test_suspended_it_does_nothing_and_resumed_it_waits_for_the_next_event(kernel: Kernel) -> None:
    stage = await scaler(kernel, resizeUpStabilizationDelay=2)
    await stage.read(CPU, 45.0, count=3, of=3)
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.tell(Suspend(PERSON))
    assert stage.status.state == "suspended"
    await stage.sleep(3)
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.tell(Resume(PERSON))
    await stage.sleep(3)
    assert not stage.invokes
    assert stage.status.state == "running"
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.sleep(1.5)
    await stage.read(CPU, 90.0, count=3, of=3)
    assert not stage.invokes, "the window began anew"
    await stage.sleep(1)
    assert stage.invokes


async def test_insufficient_capacity_sets_the_high_water_mark_until_somebody_takes_it_away(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read("group.members.up", 4)
    await stage.read(CPU, 150.0, count=3, of=3)
    await stage.read("cluster.size.desired", 8)
    await stage.end(stage.invokes[-1], ActivityState.FAILED, problem="insufficient capacity: no host fits m9")
    assert stage.decisions[-1].reason == "there is room for 4 of 8 members: insufficient capacity: no host fits m9"
    assert stage.kept["mark"] == 4
    assert stage.status.status["high_water_mark"] == 4
    await stage.read("cluster.size.desired", 4)
    await stage.end(stage.invokes[-1])
    await stage.sleep(11)
    await stage.read(CPU, 150.0, count=3, of=3)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [8, 4]
    assert "insufficientCapacityHighWaterMark 4 (wanted 8)" in stage.decisions[-1].clamped
    await kernel.ask(stage.actor, Reconfigure({"insufficientCapacityHighWaterMark": None}, PERSON), timeout=1)
    await stage.sleep(1)
    await stage.read(CPU, 150.0, count=3, of=3)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [8, 4, 8]


async def test_hosts_that_do_not_answer_are_no_lack_of_capacity(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.end(stage.invokes[-1], ActivityState.FAILED, problem="no host answers: 3 of 3 hosts refused: 3 by up")
    assert stage.status.status["high_water_mark"] is None
    assert len(stage.invokes) == 1


async def test_a_mark_that_the_policy_set_lapses_and_one_of_a_person_does_not(kernel: Kernel) -> None:
    for own in (True, False):
        stage = Stage(inner := Kernel(), "autoscaler")
        await stage.begin(CONFIG, state={"mark": 4, "marked_at": inner.now() if own else None})
        await stage.read("service.state.expected", "running")
        await stage.read("cluster.size.desired", 4)
        for _ in range(2):
            await stage.read(CPU, 150.0, count=4, of=4)
            await stage.sleep(301)
        assert [invoke.arguments["size"] for invoke in stage.invokes] == ([10] if own else [])
        await inner.stop(deadline=1)


async def test_a_metric_that_never_comes_is_told(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.sleep(35)
    reasons = [decision.reason for decision in stage.decisions]
    assert reasons == [f"there is no reading of {CPU} yet, in {waited} s" for waited in (10, 20, 30)]
    assert not any(decision.action for decision in stage.decisions)


async def test_a_metric_that_stays_away_is_told_with_its_age(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read(CPU, 45.0, count=3, of=3)
    await stage.sleep(14)
    reasons = [decision.reason for decision in stage.decisions]
    assert reasons[1:] == [f"{CPU} is {age} s old; a reading must be younger than 3 s" for age in (3, 13)]


async def test_a_cluster_that_does_not_run_is_told_once(kernel: Kernel) -> None:
    stage = Stage(kernel, "autoscaler")
    await stage.begin(CONFIG)
    await stage.read("service.state.expected", "starting")
    await stage.read("cluster.size.desired", 3)
    await stage.sleep(60)
    assert [decision.reason for decision in stage.decisions] == ["the cluster is starting; its size is left alone until it runs"]


async def test_a_suspended_one_says_nothing_about_silence(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.tell(Suspend(PERSON))
    await stage.sleep(60)
    assert not stage.decisions


async def test_a_size_that_was_refused_is_not_ordered_again_at_once(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    for second in range(15):
        await stage.read(CPU, 90.0, count=3, of=3)
        if second == 0:
            await stage.end(stage.invokes[-1], ActivityState.FAILED, problem="takes 1 to 4 members")
        await stage.sleep(1)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5, 5]
    assert any("but that failed: takes 1 to 4 members" in decision.reason for decision in stage.decisions)


async def test_max_reached_is_fired_once_after_its_delay(kernel: Kernel) -> None:
    stage = await scaler(kernel, size=20, maxSizeReachedSensor="resizablepool.maxSizeReached", maxReachedNotificationDelay=2)
    for _ in range(6):
        await stage.read(CPU, 90.0, count=20, of=20)
        await stage.sleep(1)
    (emit,) = stage.all(Emit)
    assert emit.sensor == "resizablepool.maxSizeReached"
    assert isinstance(emit.value, dict)
    assert (emit.value["pool.max.size"], emit.value["wanted"]) == (20, 30)


async def test_pool_events_bring_their_own_numbers(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    event = {"pool.current.size": 3, "pool.current.workrate": 90, "pool.low.threshold": 10, "pool.high.threshold": 50}
    await stage.notify("resizablepool.ok", event)
    await stage.notify("resizablepool.cold", event)
    assert not stage.invokes
    await stage.notify("resizablepool.hot", event)
    assert stage.invokes[-1].arguments == {"size": 6}


async def test_it_does_not_resize_what_is_stopping(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read("service.state.expected", "stopping")
    await stage.read(CPU, 90.0, count=3, of=3)
    await stage.read("cluster.size.desired", 0)
    assert not stage.invokes


async def test_the_metric_of_another_entity(kernel: Kernel) -> None:
    stage = await scaler(kernel, entityWithMetric="b1", metric="requests.per.second")
    stage.other("b1")
    await stage.read("group.members.up", 3)
    await stage.read("requests.per.second", 90.0)
    assert not stage.invokes
    await stage.read("requests.per.second", 90.0, entity="b1")
    assert stage.invokes[-1].arguments == {"size": 5}, "not rolled up: the mean of the three that are up"


async def test_members_are_read_as_often_as_the_metric_is_needed(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    heard = stage.other("m1")
    await stage.members("m1")
    await stage.tell(Reconfigure({"metricPeriod": 5}, PERSON))
    kernel.stop_actor(stage.actor)
    await kernel.settle()
    assert heard == [WatchClosely(Uid("m1"), period, f"{ENTITY}:autoscaler") for period in (1.0, 5.0, None)]


async def test_windows_survive_a_restart_and_future_times_count_from_now(kernel: Kernel, caplog: pytest.LogCaptureFixture) -> None:
    stage = await scaler(kernel, resizeDownStabilizationDelay=60)
    await stage.read(CPU, 10.0, count=3, of=3)
    kept = dict(stage.kept)
    again = Stage(kernel2 := Kernel(), "autoscaler")
    await again.begin({**CONFIG, "resizeDownStabilizationDelay": 60}, {**kept, "last_order": again.now + 1000})
    await again.sleep(59)
    await again.read("cluster.size.desired", 3)
    await again.read(CPU, 10.0, count=3, of=3)
    assert not again.invokes
    await again.sleep(1.1)
    assert again.invokes
    assert "in the future" in caplog.text
    await kernel2.stop(deadline=1)


@pytest.mark.parametrize(("away", "orders"), [(3.0, True), (600.0, False)])
async def test_what_nobody_looked_at_while_no_manager_ran_was_not_wished_for(kernel: Kernel, away: float, orders: bool) -> None:
    stage = await scaler(kernel, resizeDownStabilizationDelay=60)
    for _ in range(58):
        await stage.read(CPU, 10.0, count=3, of=3)
        await stage.sleep(1)
    kept = dict(stage.kept)
    await stage.sleep(away)
    again = Stage(other := Kernel(), "autoscaler")
    await again.begin({**CONFIG, "resizeDownStabilizationDelay": 60}, kept)
    await again.read("cluster.size.desired", 3)
    for _ in range(5):
        await again.read(CPU, 10.0, count=3, of=3)
        await again.sleep(1)
    assert bool(again.invokes) is orders
    await other.stop(deadline=1)


async def test_an_order_of_before_a_restart_is_waited_for(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read(CPU, 90.0, count=3, of=3)
    (ordered,) = stage.invokes
    for known in (True, False):
        again = Stage(other := Kernel(), "autoscaler")
        await again.begin(CONFIG, dict(stage.kept))
        await again.tell(StillOpen((ordered.cause.id,) if known else ()))
        await again.read("cluster.size.desired", 5)
        assert (again.status.status["phase"] == "acting") is known
        if known:
            await again.end(ordered, ActivityState.FAILED, problem="insufficient capacity: no room for 1 of 5")
            assert again.status.status["high_water_mark"] == 3, "what it comes to is not lost"
        await other.stop(deadline=1)


async def test_a_size_set_by_a_person_is_not_undone_by_wishes_of_before(kernel: Kernel) -> None:
    stage = await scaler(kernel, resizeDownStabilizationDelay="10s", minPoolSize=1)
    for _ in range(9):
        await stage.read(CPU, 10.0, count=3, of=3)
        await stage.sleep(1)
    await stage.read("cluster.size.desired", 6)
    said = stage.decisions[-1]
    assert "set to 6 by somebody else, it was 3" in said.reason and not said.action
    assert any("shrink" in change and "10 s window" in change for change in said.would_change)
    for _ in range(9):
        await stage.read(CPU, 10.0, count=6, of=6)
        await stage.sleep(1)
    assert not stage.invokes, "its window has to be full of wishes about the new size"
    await stage.read(CPU, 10.0, count=6, of=6)
    await stage.sleep(1)
    await stage.read(CPU, 10.0, count=6, of=6)
    assert stage.invokes, "then it counts again"


async def test_the_echo_of_its_own_order_begins_no_window_anew(kernel: Kernel) -> None:
    stage = await scaler(kernel, resizeUpStabilizationDelay="2s")
    for _ in range(3):
        await stage.read(CPU, 90.0, count=3, of=3)
        await stage.sleep(1)
    assert [invoke.arguments["size"] for invoke in stage.invokes] == [5]
    await stage.read("cluster.size.desired", 5)
    assert not any("somebody else" in decision.reason for decision in stage.decisions)


async def test_what_the_cluster_itself_takes_bounds_every_order(kernel: Kernel) -> None:
    stage = Stage(kernel, "autoscaler")
    await stage.begin({"metric": CPU, "metricLowerBound": 10, "metricUpperBound": 60})
    await stage.read("cluster.size.min", 2)
    await stage.read("cluster.size.max", 8)
    await stage.read("cluster.size.desired", 3)
    await stage.read(CPU, 0.4833, count=3, of=3)
    assert stage.invokes[-1].arguments == {"size": 2}
    assert "the cluster's minSize 2 (wanted 0)" in stage.decisions[-1].clamped
    await stage.end(stage.invokes[-1])
    await stage.read("cluster.size.desired", 2)
    await stage.sleep(11)
    await stage.read(CPU, 0.4833, count=2, of=2)
    held = stage.decisions[-1]
    assert not held.action and "but the cluster's minSize 2 (wanted 0) allows no fewer than 2" in held.reason
    assert any("if the cluster's minSize 2 allowed fewer than 2" in change for change in held.would_change)
    await stage.read(CPU, 900.0, count=2, of=2)
    assert stage.invokes[-1].arguments == {"size": 8}
    assert "the cluster's maxSize 8 (wanted 30)" in stage.decisions[-1].clamped


async def test_new_bounds_of_the_cluster_and_of_the_policy_are_both_kept(kernel: Kernel) -> None:
    stage = await scaler(kernel)
    await stage.read("cluster.size.max", 8)
    await stage.read("cluster.size.min", 4)
    assert stage.invokes[-1].arguments == {"size": 4} and stage.decisions[-1].clamped == ("the cluster's minSize 4 (was 3)",)
    await stage.read("cluster.size.desired", 4)
    await kernel.ask(stage.actor, Reconfigure({"minPoolSize": 6, "maxPoolSize": 7}, PERSON), timeout=1)
    await kernel.settle()
    assert stage.invokes[-1].arguments == {"size": 6} and stage.decisions[-1].clamped == ("minPoolSize 6 (was 4)",)
    await stage.read("cluster.size.desired", 6)
    await kernel.ask(stage.actor, Reconfigure({"minPoolSize": 12, "maxPoolSize": 20}, PERSON), timeout=1)
    await kernel.settle()
    assert stage.invokes[-1].arguments == {"size": 8}, "no size suits both: the cluster would refuse any other"
    assert stage.decisions[-1].clamped == ("minPoolSize 12 above the cluster's maxSize 8 (was 6)",)


async def test_an_effector_of_another_kind_is_not_held_to_the_sizes_of_the_cluster(kernel: Kernel) -> None:
    stage = await scaler(kernel, resizeOperator="shards")
    await stage.read("cluster.size.max", 4)
    await stage.read(CPU, 150.0, count=3, of=3)
    assert stage.invokes[-1].arguments == {"size": 8}
