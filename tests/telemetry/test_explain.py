"""Does an account tell the whole chain, with numbers and times, for a size, a member, a container, a host and a non-action?"""

from dataclasses import replace

import pytest

from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.activities import Activity, ActivityState, Step
from clocker_actors.model.decisions import Decision, HostVerdict, PlacementTrace
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import Notified
from clocker_actors.model.noted import ActivityNoted, DecisionNoted, EntityGone, NotificationNoted, PolicyNoted, SensorsNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.telemetry.explain import Explanation, explain
from clocker_actors.telemetry.readmodel import ReadModel
from tests.telemetry.samples import NOW, activity, decision, entity, readings, shop

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
        "of which run 1.5 s (started in 0.4 s)",
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
        "08:00:08 UTC: policy scaler of shop/web did nothing (autoscale): 90 %",
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


def test_what_was_tried_in_vain_again_and_again_is_told_once() -> None:
    model = shop()
    model.note(activity(1, "c2"), NOW)
    for number in range(2, 9):
        failed = activity(number, "m3", ActivityState.FAILED, parent="t1", effector="move").activity
        model.note(ActivityNoted(replace(failed, problem="no room" if number < 8 else "no answer")), NOW)
    text = told(model, "c2")
    assert "activity t7: move() of shop/web/1 failed" in text and "6 times in all, each in vain for the same reason" in text
    assert text.count("move()") == 2, text


def test_the_management_plane_has_its_name() -> None:
    model = shop()
    model.note(activity(1, "root", effector="deploy"), NOW)
    assert "deploy() of clocker" in told(model, "t1")


def test_nobody_is_not_found() -> None:
    with pytest.raises(NotFound, match="shop/web"):
        explain(shop(), "shop/weeb", NOW)


def test_a_bound_is_told_once() -> None:
    model = shop()
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "running"), NOW)
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


def test_a_member_is_told_what_its_cluster_did_about_it_and_no_more() -> None:
    model = grown()
    other = decision(7, "c2", "resize to 9", kind="bounds").decision
    model.note(DecisionNoted(other), NOW)
    text = told(model, "shop/web/2")
    in_order(text, "activity t1: resize(size=2)", "[d1]", "its number is decided by cluster shop/web (c2), which has 2 members of 2 wanted")
    assert "resize to 9" not in text


def test_a_members_account_never_says_that_nothing_was_decided_about_its_cluster() -> None:
    model = shop()
    model.note(activity(1, "c2", ActivityState.DONE), NOW)
    model.note(activity(2, "m3", ActivityState.DONE, parent="t1", cause="t1", effector="start"), NOW)
    text = told(model, "shop/web/1")
    assert "activity t1: resize() of shop/web done" in text
    assert "nothing was decided" not in text


def test_a_replaced_member_is_told_the_replacement() -> None:
    model = shop()
    again = replace(decision(3, "c2", "replaceMember m3", kind="replace").decision, inputs={"member": "m3"})
    model.note(DecisionNoted(again), NOW)
    in_order(told(model, "m3"), "its number is decided by cluster shop/web", "ordered replaceMember m3")
    assert "replaceMember m3" not in told(model, "m4")


def test_the_reading_named_is_the_one_that_was_reckoned_with() -> None:
    """A roll-up has the time of its oldest part, so several share one."""
    model = shop()
    for value, count in ((83.25, 3), (61.5, 4)):
        model.note(SensorsNoted(Uid("c2"), (Reading("cpu.mean.average", value, NOW, count=count, of=5),)), NOW)
    inputs = {"metric": "cpu.mean.average", "value": 61.5, "members": 4, "of": 5, "at": NOW, "size": 5, "upper": 50.0}
    grow = replace(decision(1, "c2", "resize to 6", cause=f"cpu.mean.average@{NOW:.3f}").decision, inputs=inputs)
    model.note(DecisionNoted(grow), NOW)
    text = told(model, "shop/web")
    in_order(text, "because of the reading cpu.mean.average = 61.5 %, from 4 of 5 members, the oldest of them read at 08:00:00 UTC")
    in_order(text, "size = 5, upper = 50 %")
    assert "83.25" not in text


def test_a_reading_of_which_several_may_be_meant_is_told_without_a_value() -> None:
    model = shop()
    for value in (83.25, 61.5, 50.0):
        model.note(SensorsNoted(Uid("c2"), (Reading("cpu.mean.average", value, NOW),)), NOW)
    model.note(decision(1, "c2", "resize", cause=f"cpu.mean.average@{NOW:.3f}"), NOW)
    assert "because of the reading cpu.mean.average, read at 08:00:00 UTC" in told(model, "shop/web")


def test_an_activity_is_told_by_its_id() -> None:
    in_order(
        told(grown(), "t2"),
        "activity t2: start() of shop/web/2 done",
        "activity t1: resize(size=2)",
        "83.25 % is above 70 %",
        "08:00:01 UTC: run, took 1.5 s: started in 0.4 s",
        "shop/web/2 (member m4)",
    )


def test_a_decision_is_told_by_its_id() -> None:
    explanation = explain(grown(), "d1", NOW)
    assert (explanation.path, explanation.about) == ("shop/web", "d1")
    in_order(as_text(explanation), "83.25 % is above 70 %", "1 x 83.25 / 70", "activity t1", "shop/web (cluster c2) is up")


@pytest.mark.parametrize(("asked", "what"), [("t1", "activity t1"), ("d1", "decision d1")])
def test_what_was_and_is_forgotten_is_told_apart_from_what_never_was(asked: str, what: str) -> None:
    model = shop()
    model.note(decision(40, "c2", "resize"), NOW)
    with pytest.raises(NotFound, match=f"{what} is not remembered any more: .*only the latest"):
        explain(model, asked, NOW)
    with pytest.raises(NotFound, match=f"no entity '{asked[0]}zzzz'"):
        explain(model, f"{asked[0]}zzzz", NOW)


def test_an_entity_named_as_an_id_is_goes_before_the_id() -> None:
    model = grown()
    model.note(entity("a99", "t1", "root"), NOW)
    assert explain(model, "t1", NOW).uid == "a99"


def test_a_policy_is_told_with_its_configuration_and_its_own_decisions() -> None:
    model = grown()
    model.note(PolicyNoted(Uid("c2"), "replacer", "service-replacer", "policy", "running"), NOW)
    in_order(told(model, "shop/web:scaler"), "policy scaler (autoscaler) is running", "metricUpperBound=70", "ordered resize to 2")
    in_order(told(model, "c2:replacer"), "configured with nothing", "it has concluded nothing since the manager started")
    with pytest.raises(NotFound, match="shop/web has no policy 'skaler'; it has scaler"):
        explain(model, "shop/web:skaler", NOW)


def test_decisions_too_old_to_be_told_are_named() -> None:
    model = shop()
    for number in range(1, 15):
        model.note(decision(number, "c2", f"resize to {number}"), NOW)
        model.note(activity(number, "c2", ActivityState.DONE, cause=f"d{number}"), NOW)
    text = told(model, "c2")
    in_order(text, "ordered resize to 14", "ordered resize to 12", "earlier: 08:00:11 UTC resize to 11 [d11], ", "and 3 before them")
    assert text.count("activity t") == 3


def test_readings_missing_for_one_reason_are_told_in_one_line() -> None:
    model = shop()
    why = "neither SSH nor the local /proc is open"
    model.note(SensorsNoted(Uid("h6"), tuple(Reading(name, None, NOW, why) for name in ("host.load", "host.uptime"))), NOW)
    assert f"unavailable now: host.load, host.uptime, because {why}" in told(model, "h6")


def test_a_pool_and_a_host_with_placements_are_not_said_to_have_none() -> None:
    for asked in ("local", "h6"):
        text = told(grown(), asked)
        assert "ordered run on here" in text
        assert "nothing was decided" not in text


def test_a_pool_tells_what_found_no_host() -> None:
    model = shop()
    trace = PlacementTrace(None, (), {"MaxContainers": 1}, (HostVerdict(Uid("h6"), "here", False, "MaxContainers", "has 10 of 10"),), 1)
    for number in (1, 2):
        again = replace(decision(number, "m4", kind="place").decision, by="placement", placement=trace)
        model.note(DecisionNoted(again), NOW)
    assert told(model, "local").count("found no host") == 1, "each time it is asked again is no news"
    assert told(model, "clocker").count("found no host") == 1
    in_order(
        told(model, "local"),
        "the placement found no host for shop/web/2: because",
        "no host would do of 1 host",
        "MaxContainers refused 1 of 1 host",
    )


def test_the_plane_tells_what_it_manages_what_is_unwell_and_what_it_did_last() -> None:
    model = grown()
    model.note(readings("m3", service__state="on-fire", service__isUp=False, service__problems={"start": "image not found"}), NOW)
    for asked in ("clocker", "root", "/"):
        in_order(
            told(model, asked),
            "it manages 1 application, 1 cluster (1 up), 2 members",
            "not well: shop/web/1 (member m3): it is on-fire and not up; start: image not found; `clocker explain shop/web/1`",
            "policy scaler of shop/web ordered resize to 2",
        )


def test_a_plane_with_nothing_says_how_to_begin() -> None:
    model = ReadModel()
    model.note(entity("root", ""), NOW)
    in_order(told(model, "clocker"), "nothing yet; `clocker deploy FILE` begins", "everything it manages is well")


def test_several_that_may_be_meant_are_named() -> None:
    model = shop()
    model.note(entity("m9", "shop/db/1", "a1"), NOW)
    with pytest.raises(BadRequest, match=r"'1' may be one of 2: shop/web/1 \(member m3\), shop/db/1 \(member m9\); write"):
        explain(model, "1", NOW)


def test_a_removed_policy_s_doing_nothing_is_no_reason_any_more() -> None:
    model = shop()
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "running"), NOW)
    model.note(decision(1, "c2"), NOW)
    assert "did nothing" in told(model, "shop/web")
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "removed"), NOW)
    assert "did nothing" not in told(model, "shop/web")


def test_what_a_policy_waited_for_before_it_acted_is_no_reason_any_more() -> None:
    model = grown()
    model.note(DecisionNoted(replace(decision(0, "c2").decision, id="d0", reason="held back")), NOW)
    assert "held back" not in told(model, "shop/web")


def test_a_container_that_is_gone_says_how_it_ended() -> None:
    model = shop()
    model.note(readings("k8", container__exit=137), NOW)
    model.note(EntityGone(Uid("k8"), NOW), NOW)
    assert "is gone since 08:00:00 UTC; it had ended with exit code 137" in told(model, "shop.web.2.g1")
