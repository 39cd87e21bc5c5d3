"""Is the exposition valid, complete and given in pieces, and are its labels bounded?"""

import asyncio
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from clocker_actors.kernel import Actor, Kernel
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import RECORDER, Uid
from clocker_actors.model.noted import EntityGone, SensorsNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.telemetry.calls import Calls
from clocker_actors.telemetry.exposition import Family, Sample, lines, metric_name
from clocker_actors.telemetry.lag import LoopLag
from clocker_actors.telemetry.metrics import SLICE, Metrics
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.recorder import Recorder
from tests.telemetry.samples import NOW, activity, decision, entity, readings, shop


async def scrape(metrics: Metrics) -> dict[str, Metric]:
    text = b"".join([piece async for piece in metrics.render()]).decode()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families), "a family is given twice"
    return {family.name: family for family in families}


def value(families: dict[str, Metric], sample: str, **labels: str) -> float:
    found = [item.value for family in families.values() for item in family.samples if item.name == sample and item.labels == labels]
    assert len(found) == 1, (sample, labels, found)
    return float(found[0])


@dataclass
class Written:
    commits: int = 3
    batches: int = 7
    records: int = 9
    seconds: float = 0.25
    failures: int = 0


async def test_the_manager_shows_itself(kernel: Kernel) -> None:
    model = shop()
    kernel.spawn(RECORDER, lambda: Recorder(model))
    for fact in (activity(1, "c2", ActivityState.DONE), activity(2, "c2"), decision(1, "c2", "resize"), decision(2, "c2")):
        kernel.tell(RECORDER, fact)
    kernel.tell("nobody", "lost")
    await kernel.settle()
    metrics = Metrics(model, kernel=kernel, store=Written(), lag=LoopLag())
    metrics.calls.record("unix:///run/docker.sock", "start", "ok", 0.5)
    families = await scrape(metrics)
    assert value(families, "clocker_actors") == 1
    assert value(families, "clocker_dead_letters_total") == 1
    assert value(families, "clocker_messages_handled_total") >= 4
    assert value(families, "clocker_handler_seconds_count", **{"class": "Recorder"}) >= 4
    assert value(families, "clocker_handler_seconds_bucket", **{"class": "Recorder", "le": "+Inf"}) >= 4
    assert value(families, "clocker_effectors_total", effector="resize", result="done") == 1
    assert value(families, "clocker_effector_seconds_total", effector="resize", result="done") == 2
    assert value(families, "clocker_activities_running") == 1
    assert value(families, "clocker_decisions_total", kind="autoscale", acted="true") == 1
    assert value(families, "clocker_engine_calls_total", target="unix", operation="start", result="ok") == 1
    assert value(families, "clocker_store_writes_total") == 7
    assert value(families, "clocker_entities", kind="container") == 2
    assert value(families, "process_resident_memory_bytes") > 0


async def test_buckets_cumulate(kernel: Kernel) -> None:
    class Slow(Actor):
        def on_receive(self, message: object) -> None:
            self._cell.times.add_slow(0.3) if self._cell.times else None

    kernel.spawn("slow", Slow)
    kernel.tell("slow", "go")
    await kernel.settle()
    families = await scrape(Metrics(ReadModel(), kernel=kernel))
    counts = [
        item.value
        for item in families["clocker_handler_seconds"].samples
        if item.name.endswith("_bucket") and item.labels["class"] == "Slow"
    ]
    assert counts == sorted(counts)


async def test_entities_show_their_numbers_in_base_units() -> None:
    model = shop()
    model.note(readings("k7", cpu__mean=50.0, memory__bytes=1024, container__state="running"), NOW)
    model.note(readings("c2", cpu__mean__average=75.0, service__isUp=True), NOW)
    families = await scrape(Metrics(model))
    labels = {"uid": "k7", "path": "local/here/shop.web.1.g1", "kind": "container"}
    assert value(families, "clocker_entity_cpu_mean_ratio", **labels) == 0.5
    assert value(families, "clocker_entity_memory_bytes", **labels) == 1024
    assert value(families, "clocker_entity_service_is_up", uid="c2", path="shop/web", kind="cluster") == 1
    assert not any("container_state" in name for name in families)


async def test_what_is_unavailable_or_gone_has_no_number() -> None:
    model = shop()
    model.note(SensorsNoted(Uid("h6"), (Reading("host.cpu", 5.0, NOW, unavailable="no answer"),)), NOW)
    model.note(readings("k7", pids=3), NOW)
    model.note(EntityGone(Uid("k7"), NOW), NOW)
    families = await scrape(Metrics(model))
    assert families["clocker_entity_host_cpu_ratio"].samples == []
    assert "clocker_entity_pids" not in families


async def test_ports_are_no_metrics() -> None:
    model = shop()
    model.note(SensorsNoted(Uid("k7"), (Reading("docker.port.8080", 20_001, NOW), Reading("own.number", 1, NOW))), NOW)
    families = await scrape(Metrics(model))
    assert "clocker_entity_own_number" in families
    assert not any("port" in name for name in families)


async def test_entities_can_be_turned_off() -> None:
    model = shop()
    model.note(readings("k7", cpu__mean=50.0), NOW)
    assert not any(name.startswith("clocker_entity_") for name in await scrape(Metrics(model, entities=False)))


async def test_one_name_for_two_sensors_is_given_once() -> None:
    model = shop()
    model.note(SensorsNoted(Uid("k7"), (Reading("my.queue", 1, NOW), Reading("my queue", 2, NOW))), NOW)
    families = await scrape(Metrics(model))
    assert len(families["clocker_entity_my_queue"].samples) == 1


def many(containers: int) -> ReadModel:
    model = ReadModel()
    for number in range(containers):
        model.note(entity(f"k{number}", f"local/host/web.{number}", "h1"), NOW)
        model.note(readings(f"k{number}", cpu__percent=1.5, cpu__mean=2.5, memory__bytes=number, pids=2), NOW)
    return model


@pytest.mark.real_loop
async def test_a_scrape_lets_the_loop_turn() -> None:
    """Ten thousand samples; what is bounded is the work between two turns, counted here in processor time so that a busy machine does not matter."""
    pieces, longest = 0, 0.0
    metrics = Metrics(many(2_500))
    began = time.thread_time()
    async for piece in metrics.render():
        longest = max(longest, time.thread_time() - began)
        pieces += 1
        assert piece.count(b"\n") <= 3 * SLICE
        began = time.thread_time()
    assert pieces >= 20
    assert longest < 0.010


async def test_entities_may_come_and_go_during_a_scrape() -> None:
    model = many(2_000)
    text = b""
    async for piece in Metrics(model).render():
        text += piece
        for entry in model.all():
            model.note(EntityGone(entry.uid, NOW), NOW)
            break
        model.note(entity(f"k-{len(text)}", "new", "h1"), NOW)
    assert list(text_string_to_metric_families(text.decode()))


def test_labels_of_calls_are_bounded() -> None:
    calls = Calls()
    for number in range(1000):
        calls.record(f"tcp://10.0.0.{number}:2375", f"operation{number}", f"Error{number}", 0.1)
    counts = next(calls.families())
    assert len(counts.samples) <= 65
    assert sum(sample.value for sample in counts.samples) == 1000
    assert {sample.labels["target"] for sample in counts.samples} == {"tcp"}


@pytest.mark.parametrize(
    ("sensor", "unit", "name"),
    [
        ("cpu.percent.average", "percent", "cpu_average_ratio"),
        ("cpu.mean", "percent", "cpu_mean_ratio"),
        ("memory.bytes", "bytes", "memory_bytes"),
        ("engine.ping", "seconds", "engine_ping_seconds"),
        ("service.isUp", "", "service_is_up"),
        ("Größe #1", "", "gr_e_1"),
        ("???", "", "sensor"),
    ],
)
def test_names_end_in_their_base_unit(sensor: str, unit: str, name: str) -> None:
    assert metric_name(sensor, unit) == name


@given(st.text(), st.floats(allow_nan=False))
def test_any_label_and_number_is_read_back(label: str, figure: float) -> None:
    label = label.replace("\r", "")  # the parser splits lines there, the format does not
    text = "".join(lines(Family("clocker_x", "gauge", "any\nhelp \\", [Sample(figure, {"label": label})])))
    (family,) = text_string_to_metric_families(text)
    assert [(item.labels["label"], item.value) for item in family.samples] == [(label, figure)]


async def test_lag_is_none_on_a_loop_that_is_never_late() -> None:
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(3)
    lag.stop()
    lag.stop()
    assert (lag.longest, lag.stalls) == (0.0, 0)


@pytest.mark.real_loop
async def test_lag_sees_a_held_loop() -> None:
    lag = LoopLag()
    lag.start()
    time.sleep(0.35)  # noqa: ASYNC251 - holding the loop is what is tested
    for _ in range(3):
        await asyncio.sleep(0)
    lag.stop()
    assert lag.longest > 0.05
    assert lag.stalls == 1
