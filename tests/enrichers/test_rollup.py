"""The rollup of a cluster as an actor: what it gives, of how many members, and how often."""

from clocker_actors.enrichers import catalogue
from clocker_actors.kernel import Kernel
from clocker_actors.model.messages import Reconfigure, SetReading
from clocker_actors.model.sensors import Reading
from tests.policies.stage import PERSON, Stage


async def rollup(kernel: Kernel, *members: str) -> Stage:
    stage = Stage(kernel, "rollup", catalogue.make)
    for member in members:
        stage.other(member)
    await stage.begin({"sensors": ["cpu.mean"]})
    await stage.members(*members)
    await stage.sleep(1)
    return stage


def given(stage: Stage, sensor: str = "cpu.mean.average") -> list[Reading]:
    return [message.reading for message in stage.all(SetReading) if message.reading.sensor == sensor]


async def test_mean_sum_least_and_greatest_with_how_many_and_how_old(kernel: Kernel) -> None:
    stage = await rollup(kernel, "m1", "m2", "m3")
    await stage.read("cpu.mean", 30.0, entity="m1", age=1)
    await stage.read("cpu.mean", 90.0, entity="m2")
    await stage.sleep(0.3)
    latest = {message.reading.sensor: message.reading for message in stage.all(SetReading)}
    assert {name: reading.value for name, reading in latest.items()} == {
        "cpu.mean.average": 60.0,
        "cpu.mean.sum": 120.0,
        "cpu.mean.min": 30.0,
        "cpu.mean.max": 90.0,
    }
    assert all((reading.count, reading.of) == (2, 3) for reading in latest.values())
    assert latest["cpu.mean.average"].at == stage.now - 1.3


async def test_a_burst_gives_the_first_at_once_and_the_rest_together(kernel: Kernel) -> None:
    members = [f"m{number}" for number in range(50)]
    stage = await rollup(kernel, *members)
    for member in members:
        await stage.read("cpu.mean", 10.0, entity=member)
    assert [reading.count for reading in given(stage)] == [1]
    await stage.sleep(0.3)
    assert [reading.count for reading in given(stage)] == [1, 50]


async def test_members_that_are_gone_unavailable_or_strange_do_not_count(kernel: Kernel) -> None:
    stage = await rollup(kernel, "m1", "m2", "m3", "m4")
    for member in ("m1", "m2", "m3"):
        await stage.read("cpu.mean", 10.0, entity=member)
    await stage.read("cpu.mean", float("nan"), entity="m4")
    await stage.read("cpu.mean", 10.0, entity="m2", why="engine silent")
    await stage.members("m1", "m2", "m4")
    await stage.sleep(0.3)
    assert (given(stage)[-1].count, given(stage)[-1].of) == (1, 3)
    await stage.read("cpu.mean", 99.0, entity="m3")
    await stage.sleep(0.3)
    assert given(stage)[-1].value == 10.0, "m3 is not listened to any more"


async def test_when_nobody_reports_it_says_so_once(kernel: Kernel) -> None:
    stage = await rollup(kernel, "m1")
    await stage.read("cpu.mean", 10.0, entity="m1")
    await stage.sleep(1)
    for _ in range(3):
        await stage.read("cpu.mean", 10.0, entity="m1", why="engine silent")
        await stage.sleep(1)
    assert [reading.unavailable for reading in given(stage)] == ["", "no member reports it"]
    assert given(stage)[-1].count == 0


async def test_sensors_can_be_changed_at_run_time(kernel: Kernel) -> None:
    stage = await rollup(kernel, "m1")
    await kernel.ask(stage.actor, Reconfigure({"sensors": "memory.bytes, requests"}, PERSON), timeout=1)
    await stage.read("requests", 7, entity="m1")
    await stage.read("cpu.mean", 10.0, entity="m1")
    await stage.sleep(1)
    assert {message.reading.sensor for message in stage.all(SetReading)} == {
        "requests.average",
        "requests.sum",
        "requests.min",
        "requests.max",
    }
