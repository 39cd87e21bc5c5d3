"""Enrichers that make one sensor of a few others of one entity: what each gives, and what becomes of it without its sources."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from clocker_actors.enrichers import catalogue
from clocker_actors.enrichers.count_mean import LastReadings
from clocker_actors.enrichers.delta_math import Point, delta, rate
from clocker_actors.enrichers.on_network import outside
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.messages import Reconfigure, SetIndicator, SetReading
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from tests.policies.stage import PERSON, Stage


async def staged(kernel: Kernel, type_name: str, config: Mapping[str, Value]) -> Stage:
    stage = Stage(kernel, type_name, catalogue.make)
    await stage.begin(config)
    return stage


def given(stage: Stage) -> list[Reading]:
    return [message.reading for message in stage.all(SetReading)]


def values(stage: Stage) -> list[Value]:
    return [reading.unavailable or reading.value for reading in given(stage)]


async def test_a_transformer_gives_its_formula_with_the_readings_own_time(kernel: Kernel) -> None:
    stage = await staged(kernel, "transformer", {"sourceSensor": "bytes", "targetSensor": "kib", "transformation": "value / 1024"})
    await stage.read("bytes", 2048, age=5, count=2, of=3)
    assert given(stage) == [Reading("kib", 2.0, stage.now - 5, "", 2, 3)]
    await stage.read("bytes", "many")
    await stage.read("bytes", "many", why="gone")
    await stage.notify("bytes", 1024)
    assert values(stage) == [2.0, "value / 1024: 'many' is no number", 1.0]


async def test_the_same_value_twice_can_be_kept_back(kernel: Kernel) -> None:
    stage = await staged(kernel, "transformer", {"sourceSensor": "a", "targetSensor": "b", "suppressDuplicates": True})
    for value in (1, 1, 2, 2, 1):
        await stage.read("a", value)
    assert values(stage) == [1, 2, 1]


async def test_a_propagator_takes_over_what_is_named(kernel: Kernel) -> None:
    stage = Stage(kernel, "propagator", catalogue.make)
    stage.other("m7")
    await stage.begin({"producer": "m7", "propagating": ["load"], "sensorMapping": {"cpu": "their.cpu"}})
    await stage.read("load", 1, entity="m7")
    await stage.read("cpu", 2, entity="m7", count=4, of=5)
    await stage.read("memory", 3, entity="m7")
    assert [(each.sensor, each.value, each.of) for each in given(stage)] == [("load", 1, 1), ("their.cpu", 2, 5)]


async def test_a_propagator_of_everything_leaves_the_service_state_alone(kernel: Kernel) -> None:
    stage = Stage(kernel, "propagator", catalogue.make)
    stage.other("m7")
    await stage.begin({"producer": "m7", "propagatingAllBut": ["secret"]})
    for sensor in ("load", "secret", "service.isUp", "service.state"):
        await stage.read(sensor, 1, entity="m7")
    assert [each.sensor for each in given(stage)] == ["load"]


async def test_whom_it_hears_may_come_later_and_what_he_said_before_is_known(kernel: Kernel) -> None:
    stage = Stage(kernel, "propagator", catalogue.make)
    await stage.begin({"producer": "nobody", "propagating": ["load", "known"]})
    await stage.sleep(5)
    assert given(stage) == []
    stage.other("m7")
    await kernel.ask(stage.actor, Reconfigure({"producer": "m7"}, PERSON), timeout=1)
    await stage.sleep(2)
    await stage.read("load", 1, entity="m7")
    assert [(each.sensor, each.value) for each in given(stage)] == [("known", 0), ("load", 1)]


async def test_a_combiner_waits_for_all_its_sources(kernel: Kernel) -> None:
    stage = await staged(kernel, "combiner", {"sourceSensors": ["a", "b"], "targetSensor": "c", "transformation": "sum"})
    await stage.read("a", 1, age=9)
    assert given(stage) == []
    await stage.read("b", 2)
    assert (given(stage)[0].value, given(stage)[0].at) == (3.0, stage.now - 9)
    await stage.read("b", 2, why="gone")
    assert values(stage) == [3.0, "b: gone"]


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ({"transformation": "list"}, [6, 3]),
        ({"transformation": "average"}, 4.5),
        ({"transformation": "max"}, 6.0),
        ({"transformation": "first"}, 6),
        ({"formula": "a / b"}, 2.0),
        ({"formula": "a / (b - 3)"}, "a / (b - 3): division by zero"),
    ],
)
async def test_ways_to_combine(kernel: Kernel, config: dict[str, Value], value: Value) -> None:
    stage = await staged(kernel, "combiner", {"sourceSensors": ["a", "b"], "targetSensor": "c", **config})
    await stage.read("a", 6)
    await stage.read("b", 3)
    assert values(stage) == [value]


async def test_a_reducer_knows_its_sources_by_short_names(kernel: Kernel) -> None:
    sources = {"up": "group.members.up", "all": "group.members.count"}
    stage = await staged(kernel, "reducer", {"sourceSensors": sources, "targetSensor": "t", "formula": "up / all"})
    await stage.read("group.members.up", 3)
    await stage.read("group.members.count", 4)
    assert values(stage) == [0.75]
    await kernel.ask(stage.actor, Reconfigure({"formula": None, "format": "%d of %s are up (100%%)"}, PERSON), timeout=1)
    assert values(stage)[-1] == "3 of 4 are up (100%)", "what is known is worked out again"


async def test_a_joiner_makes_a_text_of_a_list(kernel: Kernel) -> None:
    stage = await staged(kernel, "joiner", {"sourceSensor": "a", "targetSensor": "b", "separator": ";", "quote": True, "maximum": 2})
    for value in (["x", "", 'y"', "z"], "x"):
        await stage.read("a", value)
    assert values(stage) == ['"x";"y\\""', "a is no list"]


async def test_a_percentage_of_nothing_is_unavailable(kernel: Kernel) -> None:
    config = {"sourceCurrentSensor": "used", "sourceTotalSensor": "total", "targetSensor": "use"}
    stage = await staged(kernel, "percentage", config)
    await stage.read("used", 30)
    await stage.read("total", 120)
    await stage.read("total", 0)
    assert values(stage) == [25.0, "total is 0"]


async def test_an_updating_map_speaks_to_the_service_model(kernel: Kernel) -> None:
    computing = "'the queue has ' + text(value) if value > 9 else null"
    stage = await staged(kernel, "updating-map", {"sourceSensor": "queue", "key": "queue", "computing": computing})
    for value in (5, 12, 12, 3):
        await stage.read("queue", value)
    assert [(each.name, each.reason) for each in stage.all(SetIndicator)] == [("queue", "the queue has 12"), ("queue", "")]


async def test_two_updating_maps_do_not_take_each_others_entries_away(kernel: Kernel) -> None:
    stage = await staged(kernel, "updating-map", {"sourceSensor": "a", "targetSensor": "map"})
    await stage.read("a", 1)
    await stage.read("map", {"b": 2})
    assert values(stage) == [{"a": 1}, {"b": 2, "a": 1}]


ENDPOINTS = [{"host": "10.0.0.7", "port": 20001, "scope": "pool", "container": "8080/tcp"}]


async def test_addresses_are_given_as_others_reach_them_and_follow_the_ports(kernel: Kernel) -> None:
    stage = await staged(kernel, "on-public-network", {"sensors": ["main.uri"]})
    await stage.read("main.uri", "http://localhost:8080/app?x=1")
    assert given(stage) == []
    await stage.read("service.endpoints", ENDPOINTS)
    await stage.read("service.endpoints", [{**ENDPOINTS[0], "port": 20002}])
    await stage.read("service.endpoints", [])
    assert [each.sensor for each in given(stage)] == ["main.uri.mapped.public"] * 3
    assert values(stage)[:2] == ["http://10.0.0.7:20001/app?x=1", "http://10.0.0.7:20002/app?x=1"]
    assert str(values(stage)[2]).endswith("is at no published port")


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        (8080, "10.0.0.7:20001"),
        ("8080", "10.0.0.7:20001"),
        ("db:8080", "10.0.0.7:20001"),
        ("[::1]:8080", "10.0.0.7:20001"),
        ("http://x:8080", "http://10.0.0.7:20001"),
        ("http://x/", None),
        ("http://[x/", None),
        ("", None),
        (True, None),
        (None, None),
        ("x:99999999", None),
    ],
)
def test_addresses_of_all_kinds(address: Value, reached: str | None) -> None:
    assert outside(address, ENDPOINTS) == reached


async def test_differences_per_reading_per_time_and_as_a_fraction(kernel: Kernel) -> None:
    for type_name, more, wanted in (
        ("delta", {}, [10.0, -4.0]),
        ("time-weighted-delta", {"unit": "1m"}, [300.0, -120.0]),
        ("time-fraction-delta", {"durationPerOrigUnit": "100ms"}, [0.5, -0.2]),
        ("delta", {"counter": True}, [10.0, 11.0]),
    ):
        other = Kernel()
        stage = await staged(other, type_name, {"sourceSensor": "a", "targetSensor": "b", **more})
        for value in (5, 15, 11):
            await stage.read("a", value)
            await stage.sleep(2)
        assert values(stage) == pytest.approx(wanted)
        await other.stop(1)


async def test_a_gap_in_the_source_begins_the_difference_anew(kernel: Kernel) -> None:
    stage = await staged(kernel, "delta", {"sourceSensor": "a", "targetSensor": "b"})
    await stage.read("a", 5)
    await stage.read("a", 5, why="restarting")
    await stage.read("a", 7)
    await stage.read("a", 8)
    assert values(stage) == ["restarting", 1.0]


@for_all(st.lists(st.integers(0, 1000), min_size=2, max_size=30))
def test_differences_of_a_counter_add_up_to_what_was_counted(steps: list[int]) -> None:
    total, points = 0, []
    for number, step in enumerate(steps):
        total = step if number % 7 == 6 else total + step  # every now and then the process begins anew
        points.append(Point(total, float(number)))
    found = [delta(before, now, counter=True) for before, now in pairwise(points)]
    assert all(each >= 0 for each in found)
    assert all(each == rate(before, now, 1.0, counter=True) for each, before, now in zip(found, points, points[1:], strict=False))


@for_all(st.integers(1, 20), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_the_mean_of_the_last_readings_is_that_of_brute_force(size: int, numbers: list[float]) -> None:
    last = LastReadings(size)
    for count, number in enumerate(numbers, 1):
        window = numbers[max(0, count - size) : count]
        assert last.add(number) == pytest.approx(sum(window) / len(window), abs=1e-6)


@pytest.mark.parametrize(
    ("type_name", "config", "says"),
    [
        ("transformer", {"sourceSensor": "a", "targetSensor": "a"}, "its own source"),
        ("transformer", {"sourceSensor": "a", "targetSensor": "b", "transformation": "x + 1"}, "names x"),
        ("transformer", {"sourceSensor": "a", "targetSensor": "b", "transformation": "value +"}, "is no formula"),
        ("transformer", {"targetSensor": "b"}, "needs sourceSensor"),
        ("propagator", {}, "names no sensors"),
        ("propagator", {"propagating": ["a"]}, "under its own name"),
        ("propagator", {"propagatingAll": True}, "under their own names"),
        ("combiner", {"sourceSensors": [], "targetSensor": "b"}, "is empty"),
        ("combiner", {"sourceSensors": ["a"], "targetSensor": "b", "formula": "a + c"}, "names c, not in sourceSensors"),
        ("reducer", {"sourceSensors": {"x": "a"}, "targetSensor": "b"}, "either formula"),
        ("reducer", {"sourceSensors": {"x": "a"}, "targetSensor": "b", "format": "%s %s"}, "2 times"),
        ("updating-map", {"sourceSensor": "a", "computing": "other"}, "it knows value"),
        ("percentage", {"sourceCurrentSensor": "a", "sourceTotalSensor": "b", "targetSensor": "b"}, "its own source"),
    ],
)
def test_what_could_never_work_is_refused(type_name: str, config: dict[str, Value], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        catalogue.make(PolicySpec(type_name, "x", config), Uid("c1"), ids=Ids(1, 9))


@pytest.mark.parametrize("row", catalogue.ROWS, ids=lambda row: str(row.type.name))
def test_every_type_is_found_by_its_names_and_says_what_it_does(row: type) -> None:
    kind = catalogue.TYPES[row.type.name]  # type: ignore[attr-defined]
    assert kind.meaning and all(key.meaning for key in kind.keys)
    assert all(catalogue.has(name) for name in (kind.name, *kind.aliases))
