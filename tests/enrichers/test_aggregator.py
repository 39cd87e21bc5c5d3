"""The aggregators as actors: members that come, go, fall silent or become unavailable; how often they give, and how many messages that takes."""

from collections.abc import Mapping

import pytest

from clocker_actors.enrichers import catalogue
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.messages import MembersChanged, Reconfigure, SensorChanged, SetReading
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from tests.policies.stage import ENTITY, PERSON, Stage


async def staged(kernel: Kernel, type_name: str, config: Mapping[str, Value], *members: str) -> Stage:
    stage = Stage(kernel, type_name, catalogue.make)
    for member in members:
        stage.other(member)
    await stage.begin(config)
    await stage.members(*members)
    await stage.sleep(1)
    return stage


def given(stage: Stage) -> list[Reading]:
    return [message.reading for message in stage.all(SetReading)]


async def test_the_average_says_of_how_many_and_how_old(kernel: Kernel) -> None:
    stage = await staged(kernel, "aggregator", {"sourceSensor": "requests", "targetSensor": "requests.average"}, "m1", "m2", "m3")
    await stage.read("requests", 10, entity="m1", age=3)
    await stage.read("requests", 20, entity="m2")
    await stage.sleep(0.3)
    last = given(stage)[-1]
    assert (last.sensor, last.value, last.count, last.of) == ("requests.average", 15.0, 2, 3)
    assert last.at == stage.now - 3.3


async def test_one_that_leaves_or_becomes_unavailable_leaves_the_value(kernel: Kernel) -> None:
    config = {"sourceSensor": "requests", "targetSensor": "all", "transformation": "sum"}
    stage = await staged(kernel, "aggregator", config, "m1", "m2", "m3")
    for number, member in enumerate(("m1", "m2", "m3"), 1):
        await stage.read("requests", 10**number, entity=member)
    await stage.sleep(1)
    await stage.read("requests", 10, entity="m1", why="its host is silent")
    await stage.sleep(1)
    await stage.members("m1", "m2")
    await stage.sleep(1)
    await stage.read("requests", 5000, entity="m3")
    await stage.sleep(1)
    assert [reading.value for reading in given(stage)][-3:] == [1110, 1100, 100]
    await stage.members()
    await stage.sleep(1)
    assert (given(stage)[-1].value, given(stage)[-1].unavailable) == (None, "no member reports it")


async def test_one_that_falls_silent_leaves_the_value_in_time_though_nobody_speaks(kernel: Kernel) -> None:
    config = {"sourceSensor": "requests", "targetSensor": "all", "transformation": "sum", "staleAfter": "10s"}
    stage = await staged(kernel, "aggregator", config, "m1", "m2")
    await stage.read("requests", 1, entity="m1")
    await stage.sleep(4)
    await stage.read("requests", 2, entity="m2")
    await stage.sleep(5.5)
    assert given(stage)[-1].value == 3
    await stage.sleep(1)
    assert (given(stage)[-1].value, given(stage)[-1].count) == (2, 1)
    await stage.sleep(4)
    assert given(stage)[-1].unavailable == "no member reports it"


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ({"transformation": "first"}, "b"),
        ({"transformation": "list"}, ["b", "c"]),
        ({"transformation": "list", "excludeBlank": False}, ["", "b", "c"]),
        ({"transformation": "list", "valueFilter": "value != 'b'"}, ["c"]),
        ({"transformation": "list", "valueFilter": {"glob": "[c-z]*"}}, ["c"]),
        ({"transformation": "isQuorate", "quorumCheck": "atLeastOne"}, False),
        ({"transformation": "sum", "valueToReportIfNoSensors": "0"}, 0.0),
        ({"transformation": "max", "defaultValueForUnreportedSensors": 4}, 4.0),
    ],
)
async def test_other_ways(kernel: Kernel, config: dict[str, Value], value: Value) -> None:
    stage = await staged(kernel, "aggregator", {"sourceSensor": "s", "targetSensor": "t", **config}, "m1", "m2", "m3")
    for member, text in (("m3", "c"), ("m1", ""), ("m2", "b")):
        await stage.read("s", text, entity=member)
    await stage.sleep(1)
    assert given(stage)[-1].value == value


async def test_a_quorum_follows_what_members_say(kernel: Kernel) -> None:
    config = {"sourceSensor": "service.isUp", "targetSensor": "quorate", "transformation": "isQuorate", "quorumCheck": "60%"}
    stage = await staged(kernel, "aggregator", config, "m1", "m2", "m3")
    for value in (True, False):
        for member in ("m1", "m2", "m3"):
            await stage.read("service.isUp", value, entity=member)
            await stage.sleep(0.5)
    assert [reading.value for reading in given(stage)] == [False, False, True, True, True, False, False]


async def test_a_map_of_two_sensors(kernel: Kernel) -> None:
    config = {"keySensor": "host.address", "valueSensor": "load", "targetSensor": "loads"}
    stage = await staged(kernel, "map-aggregator", config, "m1", "m2")
    await stage.read("load", 3, entity="m1")
    await stage.read("load", 4, entity="m2")
    await stage.read("host.address", "10.0.0.1", entity="m1")
    await stage.sleep(1)
    await stage.read("host.address", "10.0.0.2", entity="m2")
    await stage.sleep(1)
    await stage.members("m2")
    await stage.sleep(1)
    assert [reading.value for reading in given(stage)][-3:] == [{"10.0.0.1": 3}, {"10.0.0.1": 3, "10.0.0.2": 4}, {"10.0.0.2": 4}]


async def test_members_get_what_their_cluster_has_and_those_that_come_later_too(kernel: Kernel) -> None:
    stage = Stage(kernel, "propagate-to-members", catalogue.make)
    first, second = stage.other("m1"), stage.other("m2")
    await stage.begin({"propagating": ["leader"]})
    await stage.members("m1")
    await stage.read("leader", "m1")
    await stage.read("other", 1)
    await stage.members("m1", "m2")
    assert [message.reading.value for message in first] == [message.reading.value for message in second] == ["m1"]


async def test_ten_thousand_members_cost_one_message_and_one_result_per_period(kernel: Kernel) -> None:
    config = {"sourceSensor": "requests", "targetSensor": "requests.average"}
    stage = Stage(kernel, "aggregator", catalogue.make)
    await stage.begin(config)
    members = tuple(Uid(f"m{number}") for number in range(10_000))
    kernel.tell(stage.actor, MembersChanged(ENTITY, members))
    await stage.sleep(1)
    before = kernel.counters.handled
    for number, member in enumerate(members):
        kernel.tell(stage.actor, SensorChanged(member, Reading("requests", number, stage.now)))
    await stage.sleep(1)
    assert given(stage)[-1].value == 4999.5 and given(stage)[-1].count == 10_000
    assert len(given(stage)) <= 4
    assert kernel.counters.handled - before < 10_100


async def test_it_can_be_changed_at_run_time(kernel: Kernel) -> None:
    stage = await staged(kernel, "aggregator", {"sourceSensor": "a", "targetSensor": "t"}, "m1")
    await kernel.ask(stage.actor, Reconfigure({"sourceSensor": "b", "transformation": "max"}, PERSON), timeout=1)
    await stage.read("a", 1, entity="m1")
    await stage.read("b", 2, entity="m1")
    await stage.sleep(1)
    assert [reading.value for reading in given(stage)] == [2]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"quorumCheck": "most"}, "is no quorum"),
        ({"valueFilter": "values > 3"}, "it knows value"),
        ({"valueFilter": "value >"}, "is no formula"),
        ({"valueFilter": {"globb": "a"}}, "is not a test of a predicate; write glob"),
        ({"defaultValueForUnreportedSensors": "many"}, "is not a number"),
        ({"transformation": "median"}, "give average or sum"),
        ({"transfomation": "sum"}, "try transformation"),
    ],
)
def test_what_cannot_be_is_refused(config: dict[str, Value], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        catalogue.make(PolicySpec("aggregator", "a", {"sourceSensor": "a", "targetSensor": "b", **config}), Uid("c1"), ids=Ids(1, 9))
