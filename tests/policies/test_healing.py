"""The restarter and the replacer as actors."""

from clocker_actors.kernel import Kernel
from clocker_actors.model.activities import Activity, ActivityState, Step
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import ActivityEnded, Emit, Resume, SetProblem, StillOpen, Suspend
from tests.policies.stage import PERSON, Stage

FAILED, RESTART_FAILED, REPLACE_FAILED = "ha.entityFailed", "ha.entityFailed.restart", "ha.entityFailed.replacement"


async def restarter(kernel: Kernel, **config: object) -> Stage:
    stage = Stage(kernel, "service-restarter")
    await stage.begin(config)
    return stage


async def test_a_failed_service_is_restarted(kernel: Kernel) -> None:
    stage = await restarter(kernel)
    await stage.notify(FAILED, "exited with 137")
    (invoke,) = stage.invokes
    assert invoke.effector == "restart"
    assert "exited with 137" in stage.decisions[0].reason
    await stage.end(invoke)
    assert not stage.all(Emit)


async def test_a_second_failure_within_the_window_gives_up(kernel: Kernel) -> None:
    stage = await restarter(kernel)
    await stage.read("service.state.expected", "running")
    await stage.notify(FAILED, "died")
    await stage.end(stage.invokes[0])
    await stage.sleep(170)
    await stage.notify(FAILED, "died")
    assert len(stage.invokes) == 1
    assert stage.all(Emit)[0].sensor == RESTART_FAILED
    assert "170 s after the last time" in stage.all(SetProblem)[0].problem
    assert stage.decisions[-1].would_change[0].startswith("would restart a failure after 08:03:00 UTC")
    await stage.read("service.state.expected", "starting")
    assert stage.all(SetProblem)[-1].problem == "", "somebody tries anew"


async def test_failures_far_apart_are_restarted_each_time(kernel: Kernel) -> None:
    stage = await restarter(kernel, failOnRecurringFailuresInThisDuration="1m")
    for _ in range(3):
        await stage.notify(FAILED, "died")
        await stage.end(stage.invokes[-1])
        await stage.sleep(61)
    assert len(stage.invokes) == 3


async def test_a_restart_that_fails_gives_up_but_a_cancelled_one_does_not(kernel: Kernel) -> None:
    stage = await restarter(kernel, setOnFireOnFailure=False)
    await stage.notify(FAILED, "died")
    await stage.end(stage.invokes[-1], ActivityState.CANCELLED)
    assert not stage.all(Emit)
    await stage.sleep(200)
    await stage.notify(FAILED, "died")
    await stage.end(stage.invokes[-1], ActivityState.FAILED, problem="image not found")
    assert stage.all(Emit)[0].value == "restarting did not help: image not found"
    assert not stage.all(SetProblem)


async def test_the_time_of_the_last_failure_survives_a_restart_of_the_manager(kernel: Kernel) -> None:
    stage = Stage(kernel, "service-restarter")
    await stage.begin(state={"failed_at": kernel.now() - 10, "given_up": False})
    await stage.notify(FAILED, "died")
    assert not stage.invokes
    assert stage.all(Emit)


async def test_a_restart_that_the_manager_may_not_have_done_is_done_after_its_own_restart(kernel: Kernel) -> None:
    stage = await restarter(kernel)
    await stage.notify(FAILED, "died")
    await stage.sleep(2)
    again = Stage(other := Kernel(), "service-restarter")
    await again.begin(state=stage.kept)
    await again.tell(StillOpen(()))
    await again.notify(FAILED, "died")
    assert [invoke.effector for invoke in again.invokes] == ["restart"]
    await other.stop(deadline=1)


async def test_a_restart_that_is_still_under_way_after_a_restart_of_the_manager_is_waited_for(kernel: Kernel) -> None:
    stage = await restarter(kernel)
    await stage.notify(FAILED, "died")
    ordered = stage.invokes[0]
    again = Stage(other := Kernel(), "service-restarter")
    await again.begin(state=stage.kept)
    await again.tell(StillOpen((ordered.cause.id,)))
    await again.notify(FAILED, "died")
    assert not again.invokes and again.decisions[-1].reason.endswith("a restart is under way already")
    await again.end(ordered, ActivityState.FAILED, problem="image not found")
    assert again.all(Emit)[0].value == "restarting did not help: image not found"
    await other.stop(deadline=1)


async def test_a_replacement_that_ended_while_no_manager_ran_counts_once(kernel: Kernel) -> None:
    stage = Stage(kernel, "service-replacer")
    await stage.begin()
    stage.other("m1")
    await stage.members("m1", "m2")
    await stage.notify(RESTART_FAILED, "died", "m1")
    (ordered,) = stage.invokes
    again = Stage(other := Kernel(), "service-replacer")
    await again.begin(state=stage.kept)
    again.other("m1")
    await again.members("m1", "m2", "m3")
    failed = Activity(
        "t1", Uid("c1"), "replaceMember", ordered.cause, 1.0, state=ActivityState.FAILED, problem="no room", steps=(Step("replace", 1.0),)
    )
    await again.tell(ActivityEnded(failed))
    await again.tell(ActivityEnded(failed))
    await again.tell(StillOpen(()))
    assert again.status.status["failed_in_a_row"] == 1 and again.status.status["replacing"] == []
    await again.notify(RESTART_FAILED, "died", "m1")
    assert [invoke.effector for invoke in again.invokes] == ["replaceMember"], "it is not taken for one that is under way"
    await other.stop(deadline=1)


async def test_what_was_given_up_stays_so_when_the_manager_starts_until_it_is_up(kernel: Kernel) -> None:
    stage = Stage(kernel, "service-restarter")
    await stage.begin(state={"failed_at": kernel.now() - 10, "given_up": True})
    for _ in range(2):
        await stage.read("service.state.expected", "starting")
    await stage.read("service.isUp", False)
    phases = [stage.status.status["phase"]]
    await stage.read("service.isUp", True)
    assert [*phases, stage.status.status["phase"]] == ["given-up", "idle"]
    assert stage.kept["given_up"] is False


async def replacer(kernel: Kernel, *members: str, **config: object) -> Stage:
    stage = Stage(kernel, "service-replacer")
    for member in members:
        stage.other(member)
    await stage.begin(config)
    await stage.members(*members)
    return stage


async def test_members_that_restarting_could_not_help_are_replaced_at_once_and_together(kernel: Kernel) -> None:
    stage = await replacer(kernel, "m1", "m2", "m3")
    await stage.notify(RESTART_FAILED, "still dead", entity="m1")
    await stage.notify(RESTART_FAILED, "still dead", entity="m2")
    await stage.notify(RESTART_FAILED, "still dead", entity="m2")
    assert [(invoke.effector, invoke.arguments) for invoke in stage.invokes] == [
        ("replaceMember", {"member": "m1"}),
        ("replaceMember", {"member": "m2"}),
    ]
    assert stage.status.status["replacing"] == ["m1", "m2"]


async def test_a_member_that_is_gone_is_not_listened_to(kernel: Kernel) -> None:
    stage = await replacer(kernel, "m1", "m2")
    await stage.members("m2")
    await stage.notify(RESTART_FAILED, "still dead", entity="m1")
    assert not stage.invokes


async def test_failing_replacements_open_the_breaker_and_a_person_closes_it(kernel: Kernel) -> None:
    stage = await replacer(kernel, "m1", failOnNumRecurringFailures=2)
    for _ in range(2):
        await stage.notify(RESTART_FAILED, "dead", entity="m1")
        await stage.end(stage.invokes[-1], ActivityState.FAILED, problem="no host has room")
    assert [emit.sensor for emit in stage.all(Emit)] == [REPLACE_FAILED]
    problem = stage.all(SetProblem)[-1].problem
    assert "2 replacements in a row have failed" in problem
    assert "no host has room" in problem
    assert "resume policy service-replacer" in problem
    await stage.notify(RESTART_FAILED, "dead", entity="m1")
    assert len(stage.invokes) == 2
    assert "the circuit breaker is open" in stage.decisions[-1].reason
    assert stage.status.status["phase"] == "open"
    await stage.tell(Suspend(PERSON))
    await stage.tell(Resume(PERSON))
    assert stage.all(SetProblem)[-1].problem == ""
    await stage.notify(RESTART_FAILED, "dead", entity="m1")
    assert len(stage.invokes) == 3


async def test_a_refused_replacement_is_no_failed_one(kernel: Kernel) -> None:
    stage = await replacer(kernel, "m1", failOnNumRecurringFailures=1)
    await stage.notify(RESTART_FAILED, "dead", entity="m1")
    await stage.end(stage.invokes[-1], ActivityState.FAILED, problem="shop/web has no member m1", tried=False)
    assert not stage.all(Emit)
    assert stage.status.status["phase"] == "idle"


async def test_a_start_then_die_loop_stops(kernel: Kernel) -> None:
    stage = await replacer(kernel, "m0")
    for number in range(30):
        ordered = len(stage.invokes)
        await stage.notify(RESTART_FAILED, "dies again", entity=f"m{number}")
        if len(stage.invokes) == ordered:
            break
        stage.other(f"m{number + 1}")
        await stage.members(f"m{number}", f"m{number + 1}")
        await stage.members(f"m{number + 1}")
        await stage.end(stage.invokes[-1])
        await stage.sleep(120)
    assert len(stage.invokes) == 5
    assert stage.all(Emit)[-1].sensor == REPLACE_FAILED
    assert "dies soon after its start" in stage.all(SetProblem)[-1].problem


async def test_the_breaker_survives_a_restart_of_the_manager(kernel: Kernel) -> None:
    first = await replacer(kernel, "m1", failOnNumRecurringFailures=1)
    await first.notify(RESTART_FAILED, "dead", entity="m1")
    await first.end(first.invokes[-1], ActivityState.FAILED, problem="no")
    again = Stage(other := Kernel(), "service-replacer")
    again.other("m1")
    await again.begin({"failOnNumRecurringFailures": 1}, first.kept)
    await again.members("m1")
    await again.notify(RESTART_FAILED, "dead", entity="m1")
    assert not again.invokes
    await other.stop(deadline=1)


async def test_a_restart_that_a_crash_interrupted_is_done_again(kernel: Kernel) -> None:
    stage = await restarter(kernel)
    await stage.notify("ha.entityFailed", "it died")
    await stage.end(stage.invokes[-1], ActivityState.INTERRUPTED, problem="m1 had an internal error")
    assert [invoke.effector for invoke in stage.invokes] == ["restart", "restart"]
    assert "m1 had an internal error" in stage.decisions[-1].reason and "done again" in stage.decisions[-1].reason
    await stage.end(stage.invokes[-1])
    assert len(stage.invokes) == 2
