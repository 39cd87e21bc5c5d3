"""Does an account tell the whole chain, with numbers and times, for a size, a member, a container, a host and a non-action?"""

from dataclasses import replace

import pytest

from clocker_actors.errors import NotFound
from clocker_actors.model.activities import Activity, ActivityState, Step
from clocker_actors.model.decisions import Decision, HostVerdict, PlacementTrace
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import Notified
from clocker_actors.model.noted import ActivityNoted, DecisionNoted, EntityGone, NotificationNoted, PolicyNoted, SensorsNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.telemetry.explain import Explanation, explain
from clocker_actors.telemetry.readmodel import ReadModel
from tests.telemetry.samples import NOW, activity, decision, readings, shop

# NOW is 2027-01-15 08:00:00 UTC


def grown() -> ReadModel:
    """The shop after load came: a reading, the scaler's decision, the resize, a new member, its placement."""
    model = shop()
    model.note(readings("c2", NOW, group__members__count=2, cluster__size__desired=2, group__members__up=2, service__isUp=True), NOW)
    hot = Reading("cpu.mean.average", 83.25, NOW, count=1, of=1)
    model.note(SensorsNoted(Uid("c2"), (hot,)), NOW)
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "running", {"metricUpperBound": 70}, {"high": 2}), NOW)
    grow = Decision(
        "d1",
        Uid("c2"),
        "c2:scaler",
        "autoscale",
        NOW + 1,
        "resize to 2",
        "83.25 % is above 70 %",
        Cause(hot.id, "c2:scaler"),
        inputs={"size": 1, "cpu.mean.average": 83.25},
        steps=("1 x 83.25 / 70 = 1.19, rounded up to 2",),
        clamped=("maxPoolSize 2 allowed no more",),
        would_change=("would stay at 1 below 70 %",),
    )
    model.note(DecisionNoted(grow), NOW)
    resize = Activity("t1", Uid("c2"), "resize", Cause("d1", "c2:scaler"), NOW + 1, {"size": 2}, state=ActivityState.DONE, ended=NOW + 3)
    model.note(ActivityNoted(resize), NOW)
    steps = (Step("place", NOW + 1, NOW + 1.01), Step("run", NOW + 1.01, NOW + 2.5, "started in 0.4 s"))
    start = Activity(
        "t2",
        Uid("m4"),
        "start",
        Cause("t1", "c2:scaler"),
        NOW + 1,
        parent="t1",
        steps=steps,
        state=ActivityState.DONE,
        ended=NOW + 2.5,
    )
    model.note(ActivityNoted(start), NOW)
    trace = PlacementTrace(
        Uid("h6"),
        (HostVerdict(Uid("h6"), "here", True, reason="fewest containers (1)", rank=1),),
        {"MaxContainers": 2},
        (HostVerdict(Uid("h9"), "there", False, "MaxContainers", "has 10 of 10"),),
        considered=3,
        index_version=7,
        strategies=("BreadthFirst",),
    )
    place = Decision("d2", Uid("m4"), "p5", "place", NOW + 1, "run on here", "spread", Cause("t2", "c2:scaler"), placement=trace)
    model.note(DecisionNoted(place), NOW)
    return model


def told(model: ReadModel, asked: str, now: float = NOW + 10) -> str:
    return as_text(explain(model, asked, now))


def as_text(explanation: Explanation) -> str:
    return "\n".join("  " * depth + line.text for depth, line in explanation.flat())


def in_order(text: str, *parts: str) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing (or too early) in:\n{text}"
        at = found


def test_a_size_is_told_from_the_reading_to_the_last_step() -> None:
    in_order(
        told(grown(), "shop/web"),
        "shop/web (cluster c2) is up with 2 members of 2 wanted, 2 of them up",
        "policy scaler (autoscaler) is running",
        "08:00:01 UTC: policy scaler of shop/web ordered resize to 2",
        "83.25 % is above 70 % [d1]",
        "because of the reading cpu.mean.average = 83.25 %, read at 08:00:00 UTC",
        "size = 1, cpu.mean.average = 83.25 %",
        "1 x 83.25 / 70",
        "maxPoolSize 2",
        "would stay at 1 below 70 %",
        "activity t1: resize(size=2) of shop/web done in 2 s, 08:00:01 UTC to 08:00:03 UTC",
        "activity t2: start() of shop/web/2 done in 1.5 s",
        "08:00:01 UTC: run, took 1.5 s: started in 0.4 s",
    )


def test_a_container_is_told_by_its_member_placement_and_resize() -> None:
    text = told(grown(), "local/here/shop.web.2.g1")
    in_order(
        text,
        "container k8",
        "it is generation 1 of member shop/web/2 (m4)",
        "pool local ordered run on here (place of shop/web/2)",
        "because activity t2: start()",
        "activity t1: resize(size=2)",
        "because 08:00:01 UTC: policy scaler",
        "83.25 % is above 70 %",
        "local/here was chosen of 3 hosts by BreadthFirst",
        "chosen: 1. here (h6): fewest containers (1)",
        "MaxContainers refused 2 of 3 hosts, e.g. there (h9): has 10 of 10",
        "its number is decided by cluster shop/web (c2)",
    )
    assert text.count("1 x 83.25 / 70") == 1, "no story is told twice"


def test_a_non_action_says_what_would_have_changed_it() -> None:
    model = grown()
    idle = Decision(
        "d3",
        Uid("c2"),
        "c2:scaler",
        "autoscale",
        NOW + 8,
        "",
        "90 % is above 70 %, but not for long enough",
        Cause("cpu.mean.average@1800000008.000", "c2:scaler"),
        would_change=("grows if still above 70 % at 08:00:38 UTC",),
    )
    model.note(DecisionNoted(idle), NOW)
    in_order(
        told(model, "shop/web"),
        "08:00:08 UTC: policy scaler of shop/web did nothing (autoscale of shop/web): 90 %",
        "grows if still above 70 % at 08:00:38 UTC",
        "ordered resize to 2",
    )


def test_a_host_is_told_by_the_placements_on_it() -> None:
    model = grown()
    model.note(SensorsNoted(Uid("h6"), (Reading("host.cpu", 12.5, NOW, unavailable="the engine does not answer"),)), NOW)
    in_order(
        told(model, "h6"),
        "local/here (host h6)",
        "host.cpu = 12.5 %, read at 08:00:00 UTC; unavailable now, because the engine does not answer",
        "pool local ordered run on here (place of shop/web/2)",
    )


def test_a_person_is_named() -> None:
    model = shop()
    asked = Activity("t9", Uid("c2"), "resize", Cause("request-4", "uid:1000"), NOW, {"size": 5}, done=1, total=3)
    model.note(ActivityNoted(asked), NOW)
    in_order(
        told(model, "shop/web"),
        "no policy looks after this cluster",
        "resize(size=5) of shop/web is running (1 of 3) for 10 s, since 08:00:00 UTC",
        "because user 1000 asked for it (request-4)",
    )


def test_problems_and_missing_readings_stand_first() -> None:
    model = shop()
    model.note(readings("m3", service__state="on-fire", service__problems={"start": "image not found"}), NOW)
    in_order(told(model, "m3"), "shop/web/1 (member m3) is on-fire", "problem start: image not found")


def test_a_replacement_is_told_back_to_what_the_engine_said() -> None:
    model = shop()
    failed = Notified(Uid("m4"), "ha.entityFailed", "it exited with 137", NOW + 2, Cause(f"die@{NOW + 1:.3f}", "engine"))
    model.note(NotificationNoted(failed), NOW)
    again = Decision("d1", Uid("m4"), "m4:restarter", "restart", NOW + 2, "restart", "it failed", Cause(failed.id, "engine"))
    model.note(DecisionNoted(again), NOW)
    in_order(
        told(model, "m4"),
        "policy restarter of shop/web/2 ordered restart",
        "because ha.entityFailed of shop/web/2 fired at 08:00:02 UTC",
        "because the engine said die at 08:00:01 UTC",
    )


def test_a_quarantine_is_told_by_the_start_that_failed() -> None:
    model = shop()
    start = activity(1, "m4", ActivityState.FAILED, effector="start").activity
    model.note(ActivityNoted(replace(start, problem="no such image: web:9; build or pull it")), NOW)
    model.note(decision(2, "c2", "set m4 aside", cause="m4", kind="quarantine"), NOW)
    in_order(told(model, "c2"), "ordered set m4 aside", "because of member shop/web/2 (m4)", "no such image: web:9")


def test_what_is_gone_still_has_a_story() -> None:
    model = grown()
    model.note(EntityGone(Uid("m4"), NOW + 9), NOW)
    in_order(told(model, "m4", NOW + 90_000), "is gone since 2027-01-15 08:00:09 UTC", "2027-01-15 08:00:01 UTC: pool local ordered run")


def test_silence_is_told_too() -> None:
    assert "nothing was decided about shop/web/1" in told(shop(), "shop/web/1")


def test_a_suspended_policy_is_a_reason() -> None:
    model = shop()
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "suspended"), NOW)
    assert "is suspended: it neither decides nor acts" in told(model, "c2")


def test_a_policy_that_could_not_start_is_a_reason() -> None:
    model = shop()
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "failed", {}, {"problem": "out of this world"}), NOW)
    in_order(told(model, "shop/web"), "policy scaler (autoscaler) is failed: it could not start", "problem = out of this world")


def test_causes_that_go_round_end() -> None:
    model = shop()
    model.note(decision(1, "c2", "resize", cause="t1"), NOW)
    model.note(activity(1, "c2", cause="d1"), NOW)
    assert told(model, "c2").count("told above") == 1


def test_a_very_long_chain_is_cut_with_a_word() -> None:
    model = shop()
    for number in range(40):
        model.note(decision(number, "c2" if number == 39 else "a1", "go", cause=f"d{number - 1}"), NOW)
    text = told(model, "c2")
    assert "the chain of causes goes on" in text
    assert len(text.splitlines()) < 60


def test_a_large_tree_names_ten_parts_and_counts_the_rest() -> None:
    model = shop()
    model.note(activity(1, "c2"), NOW)
    for number in range(2, 40):
        model.note(activity(number, "m3", parent="t1", effector="start"), NOW)
    assert "and 28 more parts" in told(model, "c2")


def test_nobody_is_not_found() -> None:
    with pytest.raises(NotFound, match="shop/web"):
        explain(shop(), "shop/weeb", NOW)


def test_a_bound_is_told_once() -> None:
    model = shop()
    bound = "maxPoolSize 8 (wanted 9)"
    held = "held by the 30 s window until 08:00:38 UTC (would grow to 8)"
    steps = ("90 % x 6 members = 540 %; ceil(/ 60 %) = 9", f"clamped to 8 by {bound}")
    reason = f"90 % is above 60 %; {held}"
    clamped = Decision(
        "d1",
        Uid("c2"),
        "c2:scaler",
        "autoscale",
        NOW,
        "",
        reason,
        Cause("start"),
        {},
        steps,
        (bound, bound),
        ("would rest below 60 %", held),
    )
    model.note(DecisionNoted(clamped), NOW)
    text = told(model, "shop/web")
    assert [text.count(part) for part in (bound, held, "would rest below 60 %")] == [1, 1, 1]
    kinds = [line.kind for _, line in explain(model, "shop/web", NOW).flat() if bound in line.text]
    assert kinds == ["bound"]
