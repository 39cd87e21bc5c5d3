"""Feeds as actors, on virtual time: what they give, what becomes of a sensor whose source fails, and whom they ask."""

from collections.abc import Mapping
from functools import partial

import pytest

from clocker_actors.drivers.simulated.http import SimulatedHttp
from clocker_actors.drivers.simulated.suppliers import SimulatedSuppliers
from clocker_actors.errors import NotFound
from clocker_actors.externals import Externals
from clocker_actors.feeds import catalogue
from clocker_actors.kernel import Actor, Kernel
from clocker_actors.model.commands import CommandRan, RunCommand, RunTask
from clocker_actors.model.http import HttpAnswer
from clocker_actors.model.identity import RECORDER, Uid, policy_id
from clocker_actors.model.messages import KeepState, MembersChanged, Reconfigure, Resume, SensorChanged, SetReading, Suspend
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from clocker_actors.passwords import PROVIDER, Passwords, key_in
from tests.policies.stage import PERSON, Listener, Say, Stage

MEMBER = Uid("m1")
ENDPOINTS = [{"host": "10.0.0.7", "port": 20001, "scope": "pool", "container": "8080/tcp"}]
AT = "http://10.0.0.7:20001"


class Entity(Actor):
    """A member that answers commands as it is told."""

    def __init__(self, stage: "FeedStage") -> None:
        super().__init__()
        self.stage = stage

    def on_receive(self, message: object) -> object:
        if isinstance(message, RunCommand | RunTask):
            self.stage.commands.append(message)
            ran = self.stage.answers[min(len(self.stage.commands), len(self.stage.answers)) - 1]
            if isinstance(ran, Exception):
                raise ran
            return ran
        if isinstance(message, Say):
            self.publish(message.topic, message.message)
            return None
        if message == "stop":
            self.stop_child(self.stage.actor)
        elif message == "spawn":
            self.spawn(self.stage.actor, self.stage.make_feed)
        else:
            self.stage.heard.append(message)
        return None


class FeedStage(Stage):
    """One member, the recorder, and one feed."""

    def __init__(self, kernel: Kernel, type_name: str) -> None:
        self.http = SimulatedHttp()
        self.commands: list[RunCommand | RunTask] = []
        self.answers: list[CommandRan | Exception] = []
        self.kernel, self.type_name, self.actor = kernel, type_name, policy_id(MEMBER, type_name)
        self.heard, self.recorded, self.others = [], [], {}
        kernel.spawn(MEMBER, lambda: Entity(self))
        kernel.spawn(RECORDER, lambda: Listener(self.recorded))

    async def begin(  # type: ignore[override]
        self, config: Mapping[str, Value], state: Mapping[str, Value] | None = None, *, endpoints: Value = ENDPOINTS
    ) -> None:
        spec = PolicySpec(self.type_name, self.type_name, config)
        self.make_feed = catalogue.make(spec, MEMBER, http=self.http, state=state)
        self.kernel.tell(MEMBER, "spawn")
        await self.kernel.settle()
        await self.runs(endpoints)
        await self.sleep(0.1)

    async def runs(self, endpoints: Value = ENDPOINTS, why: str = "") -> None:
        reading = Reading("service.endpoints", endpoints, self.now, why)
        await self.say(MEMBER, "service.endpoints", SensorChanged(MEMBER, reading))

    async def stop_feed(self) -> None:
        self.kernel.tell(MEMBER, "stop")
        await self.sleep(1)

    @property
    def given(self) -> list[Reading]:
        return [message.reading for message in self.all(SetReading)]

    @property
    def values(self) -> list[Value]:
        """Values, or why there is none, but for the time before the service ran."""
        return [reading.unavailable or reading.value for reading in self.given if reading.unavailable != "the service does not run"]

    @property
    def said(self) -> list[Mapping[str, Value]]:
        """What people were told of how it is."""
        return [message.status for message in self.recorded if isinstance(message, PolicyNoted)]


QUEUE: Mapping[str, Value] = {"port": 8080, "path": "/status", "sensors": {"queue": "$.queue", "names": "$.names"}, "period": "5s"}


async def test_one_question_feeds_many_sensors_each_period(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(f"{AT}/status", '{"queue": 7, "names": ["a"]}')
    await stage.begin(QUEUE)
    await stage.sleep(10)
    assert len(stage.http.asked) == 3
    assert {reading.sensor: reading.value for reading in stage.given} == {"queue": 7, "names": ["a"]}
    assert stage.given[-1].at == pytest.approx(stage.now, abs=0.2)


async def test_it_follows_the_port_to_another_host_and_rests_while_nothing_runs(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(AT, '{"queue": 1, "names": []}')
    stage.http.say("http://10.0.0.8:20009", '{"queue": 2, "names": []}')
    await stage.begin({**QUEUE, "sensors": {"queue": "$.queue"}})
    await stage.runs([])
    await stage.sleep(60)
    asked = len(stage.http.asked)
    await stage.runs([{"host": "10.0.0.8", "port": 20009, "scope": "pool", "container": "8080/tcp"}])
    await stage.sleep(0.1)
    assert asked == 1, "nothing is asked of what does not run"
    assert [each.unavailable or each.value for each in stage.given][-3:] == [1, "the service does not run", 2]


async def test_a_port_that_is_not_published_is_said(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    await stage.begin({**QUEUE, "port": 9090})
    await stage.sleep(60)
    assert stage.given[-1].unavailable == "port 9090 of the container is not published; add it to openPorts"
    assert len(stage.given) <= 2 and stage.http.asked == []


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ("<html><body>Sorry</body></html>", 200, "the answer is no JSON but HTML"),
        ('{"queue": 1}', 500, "answered 500"),
        ("", 200, "the answer is no JSON but nothing"),
        ("[" * 100_000, 200, "nested too deep"),
    ],
)
async def test_what_is_no_good_answer_makes_the_sensor_unavailable_in_time(kernel: Kernel, body: str, status: int, why: str) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(AT, '{"queue": 1, "names": []}')
    await stage.begin({**QUEUE, "sensors": {"queue": "$.queue"}, "staleAfter": "12s"})
    stage.http.say(AT, body, status=status)
    await stage.sleep(10)
    assert stage.values == [1], "the last value stays for a while"
    await stage.sleep(5)
    assert [str(value)[:3] for value in stage.values] == ["1", "not"] and why in str(stage.values[-1])


async def test_failing_is_said_once_and_asked_less_and_less(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    await stage.begin({**QUEUE, "period": "1s"})
    await stage.sleep(600)
    assert 55 < len(stage.http.asked) < 75, "a poll every ten periods at last"
    assert [bool(status) for status in stage.said] == [False, True]
    stage.http.say(AT, '{"queue": 1, "names": []}')
    await stage.sleep(11)
    assert [bool(status) for status in stage.said] == [False, True, False]
    assert stage.given[-1].unavailable == ""


async def test_a_failure_can_have_a_value_of_its_own(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    config = {"uri": AT, "targetSensor": "up", "onSuccess": "status == 200", "onFailure": "false", "check": "status < 600", "period": "1s"}
    await stage.begin(config)
    stage.http.say(AT, "anything", kind="text/plain")
    await stage.sleep(2)
    assert stage.values[0] is False and stage.values[-1] is True


async def test_one_value_that_is_not_there_does_not_take_the_others_away(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(AT, '{"queue": 7}')
    await stage.begin(QUEUE)
    assert {each.sensor: each.unavailable or each.value for each in stage.given} == {"queue": 7, "names": "nothing is at $.names"}


PAGE = """# HELP http_requests_total Requests
# TYPE http_requests_total counter
http_requests_total{code="200",path="/"} 100
http_requests_total{code="500",path="/"} 3
http_requests_total{code="200",path="/x \\"y\\""} 5 1700000000
# TYPE latency histogram
latency_bucket{le="+Inf"} 9
latency_sum 4.5
latency_count 9
go_gc NaN
other_metric{this is no metric
"""


async def test_prometheus_metrics_become_sensors(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "prometheus-feed")
    stage.http.say(f"{AT}/metrics", PAGE, kind="text/plain; version=0.0.4")
    metrics = {
        "requests": "http_requests_total",
        "errors": 'http_requests_total{code="500"}',
        "worst": {"metric": "http_requests_total", "how": "max"},
        "paths": {"metric": "http_requests_total", "how": "count"},
        "total.ms": {"metric": "latency_sum", "onSuccess": "value * 1000"},
        "gc": "go_gc",
        "nosuch": "nosuch_metric",
    }
    await stage.begin({"port": 8080, "metrics": metrics})
    found = {each.sensor: each.unavailable or each.value for each in stage.given if each.unavailable != "the service does not run"}
    assert found == {
        "requests": 108.0,
        "errors": 3.0,
        "worst": 100.0,
        "paths": 3,
        "total.ms": 4500.0,
        "gc": "the page has no go_gc with these labels",
        "nosuch": "the page has no nosuch_metric with these labels",
    }


@pytest.mark.parametrize(
    ("body", "why"), [("<html>", "no Prometheus metrics"), ("", "nothing"), ("requests{ 1\n", "no page of Prometheus")]
)
async def test_a_page_that_is_no_metrics_is_said(kernel: Kernel, body: str, why: str) -> None:
    stage = FeedStage(kernel, "prometheus-feed")
    stage.http.say(AT, body)
    await stage.begin({"port": 8080, "metrics": {"requests": "requests"}, "period": "1s"})
    await stage.sleep(2)
    assert why in str(stage.said[-1])


async def test_latency_last_and_over_a_window(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-latency-detector")
    seconds = iter((0.1, 0.2, 0.3, 0.4, 0.5))
    stage.http.said[AT] = lambda _: HttpAnswer(200, b"", "", next(seconds))
    await stage.begin({"port": 8080, "rollup": "3s"})
    await stage.sleep(4)
    last = [each.value for each in stage.given if each.sensor == "web.request.latency.last" and not each.unavailable]
    mean = [each.value for each in stage.given if each.sensor == "web.request.latency.windowed" and not each.unavailable]
    assert last == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert mean[:2] == pytest.approx([0.1, 0.15]) and mean[-1] == pytest.approx(0.35, abs=0.06)


async def test_a_command_inside_gives_what_it_writes(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "exec-feed")
    stage.answers = [CommandRan(0, "  42 \n", 0.1), CommandRan(3, "no such\nfile", 0.1), NotFound("m1 has no container now")]
    await stage.begin({"command": "wc -l < /x", "targetSensor": "lines", "targetType": "integer", "period": "1s", "timeout": "2s"})
    await stage.sleep(5)
    assert stage.commands[0] == RunCommand(("/bin/sh", "-c", "wc -l < /x"), 2.0)
    assert stage.values[0] == 42
    assert stage.said[1] == {"failing": "the command ended with 3: file"}
    await stage.sleep(20)
    assert "m1 has no container now" in str(stage.values[-1])


async def test_a_container_of_its_own_gives_what_it_writes(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "container-feed")
    stage.answers = [CommandRan(0, '{"a": [1, 2]}', 0.1)]
    await stage.begin({"image": "tool:1", "env": {"A": 1}, "sensors": {"a": "$.a[1]"}}, endpoints=[])
    await stage.sleep(61)
    assert stage.commands == [RunTask("tool:1", (), {"A": "1"}, 60.0)] * 2
    assert stage.values == [2, 2]


async def test_a_static_sensor_and_one_that_names_a_password(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "static-sensor")
    await stage.begin({"targetSensor": "team", "value": {"name": "shop"}})
    assert stage.values == [{"name": "shop"}]
    other = Kernel()
    second = FeedStage(other, "create-password-sensor")
    await second.begin({"targetSensor": "password", "length": 20})
    key = key_in(second.values[0])
    assert key is not None and key.startswith("20:")
    password = await Passwords(b"k" * 32, SimulatedSuppliers(Externals())).open(PROVIDER, key)
    assert len(password) == 20 and password not in str(second.values[0])
    assert second.all(KeepState) == [], "nothing is kept that could be read"
    await other.stop(1)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("static-sensor", {"value": 7}),
        ("create-password-sensor", {}),
        ("http-feed", {"uri": AT}),
        ("container-feed", {"image": "tool:1"}),
    ],
)
async def test_what_each_child_is_told_when_it_begins_is_refused_by_none(
    kernel: Kernel, kind: str, config: dict[str, Value], caplog: pytest.LogCaptureFixture
) -> None:
    stage = FeedStage(kernel, kind)
    stage.answers = [CommandRan(0, "1", 0.1)]
    stage.http.say(AT, "1")
    await stage.begin({"targetSensor": "given", **config})
    await stage.tell(SensorChanged(MEMBER, Reading("service.isUp", True, stage.now)))
    await stage.tell(MembersChanged(MEMBER, (Uid("m2"),)))
    assert not [record for record in caplog.records if record.name.startswith("clocker.kernel")]


async def test_it_rests_and_is_changed_at_run_time(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(AT, '{"queue": 7, "names": [], "more": 8}')
    await stage.begin(QUEUE)
    await stage.tell(Suspend(PERSON))
    await stage.sleep(60)
    assert len(stage.http.asked) == 1
    await stage.tell(Resume(PERSON))
    await kernel.ask(stage.actor, Reconfigure({"sensors": {"more": "$.more"}}, PERSON), timeout=1)
    await stage.sleep(0.1)
    assert (stage.given[-1].sensor, stage.given[-1].value) == ("more", 8)


async def test_a_feed_that_is_removed_leaves_no_value_behind(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(AT, '{"queue": 7, "names": []}')
    await stage.begin(QUEUE)
    await stage.stop_feed()
    assert [(each.sensor, each.unavailable) for each in stage.given][-2:] == [("queue", "its feed is gone"), ("names", "its feed is gone")]


async def test_an_answer_of_a_generation_that_is_no_more_does_not_count(kernel: Kernel) -> None:
    stage = FeedStage(kernel, "http-feed")
    stage.http.say(AT, '{"queue": 1, "names": []}')
    spec = PolicySpec("http-feed", "http-feed", {**QUEUE, "sensors": {"queue": "$.queue"}})
    kernel.spawn(stage.actor, catalogue.make(spec, MEMBER, http=stage.http))
    await kernel.settle()
    await stage.runs()
    await stage.runs([])  # while the question is under way
    await stage.sleep(3)
    assert stage.values == []


@pytest.mark.parametrize("row", catalogue.ROWS, ids=lambda row: str(row.type.name))
def test_every_type_is_found_by_its_names_and_says_what_it_does(row: type) -> None:
    kind = catalogue.TYPES[row.type.name]  # type: ignore[attr-defined]
    assert kind.role == "feed" and kind.meaning and all(key.meaning for key in kind.keys)
    assert all(map(catalogue.has, (kind.name, *kind.aliases)))
    with pytest.raises(NotFound, match="there is no feed type"):
        partial(catalogue.make, http=SimulatedHttp())(PolicySpec(f"{kind.name}x", "x"), MEMBER)
