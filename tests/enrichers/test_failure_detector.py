"""When a service is said to have failed, and when to have recovered."""

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.enrichers import catalogue
from clocker_actors.enrichers.failure_math import Delays, Memory, Said, Seen, decoded, encoded, judge
from clocker_actors.kernel import Kernel
from clocker_actors.model.messages import Emit, Resume, SensorChanged, SetReading, Suspend
from clocker_actors.model.sensors import Reading
from tests.policies.stage import ENTITY, PERSON, Stage

FAILED, RECOVERED = "ha.entityFailed", "ha.entityRecovered"


async def detector(kernel: Kernel, *, up: bool = True, **config: object) -> Stage:
    """A detector of a service that runs."""
    stage = Stage(kernel, "service-failure-detector", catalogue.make)
    await stage.begin({key.replace("_", "."): value for key, value in config.items()})
    if up:
        await stage.read("service.isUp", True)
    await stage.read("service.state.expected", "running")
    return stage


def said(stage: Stage) -> list[str]:
    return [emit.sensor for emit in stage.all(Emit)]


async def test_down_is_failure_and_up_is_recovery_each_said_once(kernel: Kernel) -> None:
    stage = await detector(kernel)
    await stage.read("service.notUp.indicators", {"container": "exited with 137"})
    for _ in range(3):
        await stage.read("service.isUp", False)
    assert said(stage) == [FAILED]
    assert stage.all(Emit)[0].value == "container: exited with 137"
    assert stage.all(Emit)[0].cause.id.startswith("service.isUp@")
    for _ in range(3):
        await stage.read("service.isUp", True)
    assert said(stage) == [FAILED, RECOVERED]


async def test_a_problem_is_failure_unless_problems_are_not_monitored(kernel: Kernel) -> None:
    stage = await detector(kernel)
    await stage.read("service.problems", {"disk": "full"})
    assert said(stage) == [FAILED]
    other = Stage(kernel2 := Kernel(), "service-failure-detector", catalogue.make)
    await other.begin({"monitorServiceProblems": False})
    await other.read("service.isUp", True)
    await other.read("service.state.expected", "running")
    await other.read("service.problems", {"disk": "full"})
    assert said(other) == []
    await kernel2.stop(deadline=1)


async def test_nothing_is_said_while_it_starts_or_stops(kernel: Kernel) -> None:
    stage = await detector(kernel)
    for expected in ("stopping", "stopped", "starting", "on-fire"):
        await stage.read("service.state.expected", expected)
        await stage.read("service.isUp", False)
    assert said(stage) == []


async def test_what_changes_together_is_seen_together(kernel: Kernel) -> None:
    stage = await detector(kernel)
    await stage.read("service.state.expected", "starting")
    await stage.read("service.isUp", False)
    for sensor, value in (("service.state.expected", "running"), ("service.isUp", True)):
        kernel.tell(stage.actor, SensorChanged(ENTITY, Reading(sensor, value, kernel.now())))
    await kernel.settle()
    assert said(stage) == []


async def test_one_that_never_was_up_fails_only_if_asked_to_say_so(kernel: Kernel) -> None:
    stage = await detector(kernel, up=False)
    await stage.read("service.isUp", False)
    assert said(stage) == []
    other = Stage(kernel2 := Kernel(), "service-failure-detector", catalogue.make)
    await other.begin({"onlyReportIfPreviouslyUp": "false"})
    await other.read("service.state.expected", "running")
    await other.read("service.isUp", False)
    assert said(other) == [FAILED]
    await kernel2.stop(deadline=1)


async def test_a_failure_shorter_than_its_delay_is_not_said(kernel: Kernel) -> None:
    stage = await detector(kernel, entityFailed_stabilizationDelay="5s")
    await stage.read("service.isUp", False)
    await stage.sleep(4)
    await stage.read("service.isUp", True)
    await stage.sleep(10)
    await stage.read("service.isUp", False)
    await stage.sleep(4.9)
    assert said(stage) == []
    await stage.sleep(0.2)
    assert said(stage) == [FAILED]


async def test_a_recovery_waits_for_its_delay(kernel: Kernel) -> None:
    stage = await detector(kernel, entityRecovered_stabilizationDelay=5)
    await stage.read("service.isUp", False)
    await stage.read("service.isUp", True)
    await stage.sleep(4.9)
    assert said(stage) == [FAILED]
    await stage.sleep(0.2)
    assert said(stage) == [FAILED, RECOVERED]


async def test_a_lasting_failure_is_said_again_if_wanted(kernel: Kernel) -> None:
    stage = await detector(kernel, entityFailed_republishTime=10)
    await stage.read("service.isUp", False)
    await stage.sleep(25)
    assert said(stage) == [FAILED] * 3


async def test_on_fire_is_given_after_its_own_delay(kernel: Kernel) -> None:
    stage = await detector(kernel, serviceOnFire_stabilizationDelay=3)
    await stage.read("service.isUp", False)
    assert said(stage) == [FAILED]
    assert not stage.all(SetReading)
    await stage.sleep(3.1)
    assert [(given_.reading.sensor, given_.reading.value) for given_ in stage.all(SetReading)] == [("service.state", "on-fire")]


async def test_a_failure_that_outlasts_the_manager_is_said_once_more(kernel: Kernel) -> None:
    stage = await detector(kernel)
    await stage.read("service.isUp", False)
    again = Stage(kernel2 := Kernel(), "service-failure-detector", catalogue.make)
    await again.begin(state=stage.kept)
    await again.read("service.state.expected", "running")
    for _ in range(3):
        await again.read("service.isUp", False)
    assert said(again) == [FAILED], "whoever was to mend it may not have heard"
    await again.read("service.isUp", True)
    assert said(again) == [FAILED, RECOVERED]
    await kernel2.stop(deadline=1)


async def test_a_service_that_a_new_manager_still_looks_for_has_not_failed(kernel: Kernel) -> None:
    stage = Stage(kernel, "service-failure-detector", catalogue.make)
    await stage.begin(state={"said": "", "said_at": 0.0, "was_up": True})
    await stage.read("service.isUp", False)
    await stage.read("service.state.expected", "starting")
    await stage.sleep(60)
    assert said(stage) == []
    await stage.read("service.state.expected", "running")  # its host has answered: it is dead
    assert said(stage) == [FAILED]


async def test_suspended_it_is_silent_and_resumed_it_looks(kernel: Kernel) -> None:
    stage = await detector(kernel)
    await stage.tell(Suspend(PERSON))
    await stage.read("service.isUp", False)
    assert said(stage) == []
    await stage.tell(Resume(PERSON))
    assert said(stage) == [FAILED]


SEEN = st.builds(
    Seen,
    st.sampled_from(["running", "running", "starting", "stopping", ""]),
    st.sampled_from([True, False, None]),
    st.sampled_from([{}, {"disk": "full"}]),
)
DELAYS = st.builds(
    Delays, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.none() | st.integers(1, 9), st.booleans(), st.booleans()
)


@given(st.lists(st.tuples(SEEN, st.integers(0, 4)), max_size=40), DELAYS)
def test_failures_and_recoveries_alternate_and_each_is_true(steps: list[tuple[Seen, int]], delays: Delays) -> None:
    memory, now, last = Memory(), 0.0, Said.NOTHING
    for seen, pause in steps:
        now += pause
        verdict = judge(memory, seen, delays, now)
        if verdict.say is Said.FAILED:
            assert seen.bad(delays)
            assert last is not Said.FAILED or delays.republish is not None
        if verdict.say is Said.RECOVERED:
            assert seen.bad(delays) is False
            assert last is Said.FAILED
        assert verdict.again is None or verdict.again > now
        last, memory = verdict.say or last, verdict.memory
        assert decoded(encoded(memory)).said is memory.said


async def test_a_failure_said_before_a_restart_may_be_over_after_it(kernel: Kernel) -> None:
    stage = Stage(kernel, "service-failure-detector", catalogue.make)
    await stage.begin(state={"said": "failed", "said_at": kernel.now() - 5, "was_up": True})
    await stage.read("service.state.expected", "running")
    await stage.read("service.isUp", True)
    assert said(stage) == [RECOVERED]


async def test_one_that_served_before_its_start_was_written_was_up(kernel: Kernel) -> None:
    """Found by a story of the simulation: it died while the disk was full, and nobody mended it."""
    stage = await detector(kernel, up=False)
    await stage.read("service.state.expected", "starting")
    await stage.read("service.isUp", True)
    await stage.read("service.isUp", False)
    await stage.read("service.state.expected", "running")
    assert said(stage) == [FAILED]
