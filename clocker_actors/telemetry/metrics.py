"""Everything Prometheus scrapes: the manager itself, and (unless turned off) every entity's numbers.

Rendering is an asynchronous generator of pieces of text with a turn for the loop after each, so that a scrape of a hundred thousand containers never
holds it for long; nothing is kept between scrapes but the totals. Units are base units: percent sensors come out as ratios (0.5 is 50 %).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector

from clocker_actors.kernel import HandlerTime, Kernel
from clocker_actors.kernel.counters import BOUNDS
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.sensors import ALL, PORT, unit_of
from clocker_actors.telemetry.calls import Calls
from clocker_actors.telemetry.exposition import Family, Sample, counter, gauge, head, lines, metric_name, number, quoted
from clocker_actors.telemetry.readmodel import ReadModel

SLICE = 200
"""Lines, or entities looked at, between two turns for the loop: about a millisecond."""
MOST_SENSORS = 500
"""Entity metrics by name; sensors of people's own beyond that are left out."""

_COUNTERS = (
    ("handled", "clocker_messages_handled_total", "Messages handled by actors"),
    (
        "admitted",
        "clocker_messages_admitted_total",
        "Messages that came in through the door: outcomes, timers, readings, people's commands",
    ),
    ("dead_letters", "clocker_dead_letters_total", "Messages to actors that are not there"),
    ("superseded", "clocker_messages_superseded_total", "Waiting messages that a newer one replaced"),
    ("crashes", "clocker_actor_crashes_total", "Handlers that raised something unforeseen"),
    ("restarts", "clocker_actor_restarts_total", "Actors restarted after a crash"),
    ("escalations", "clocker_actor_escalations_total", "Crashes that went to the parent because the restart budget was used up"),
    ("works_started", "clocker_works_started_total", "Slow things begun for actors"),
    ("works_failed", "clocker_works_failed_total", "Slow things that failed"),
    ("works_timed_out", "clocker_works_timed_out_total", "Slow things that came to their bound in time"),
    ("requests", "clocker_requests_total", "Questions between actors"),
    ("requests_timed_out", "clocker_requests_timed_out_total", "Questions not answered in time"),
    ("timers_fired", "clocker_timers_fired_total", "Timers of actors that fired"),
)


class StoreNumbers(Protocol):
    """Totals of a store since it was opened."""

    @property
    def commits(self) -> int: ...
    @property
    def batches(self) -> int: ...
    @property
    def records(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def failures(self) -> int: ...


class Lag(Protocol):
    """How late the loop was."""

    @property
    def longest(self) -> float: ...
    @property
    def stalls(self) -> int: ...


class Metrics:
    """Renders the exposition. Whatever part is not given is left out; `calls` is the CallLog for drivers."""

    def __init__(
        self,
        model: ReadModel,
        *,
        kernel: Kernel | None = None,
        store: StoreNumbers | None = None,
        lag: Lag | None = None,
        entities: bool = True,
    ) -> None:
        self.calls = Calls()
        self._model = model
        self._kernel = kernel
        self._store = store
        self._lag = lag
        self._entities = entities
        self._process = ProcessCollector(registry=CollectorRegistry())

    async def render(self) -> AsyncIterator[bytes]:
        """Pieces of the exposition in UTF-8; its content type is exposition.CONTENT_TYPE."""
        buffer: list[str] = []
        for done, line in enumerate(self._lines(), start=1):
            if line:
                buffer.append(line)
            if done % SLICE == 0:
                if buffer:
                    yield "".join(buffer).encode()
                    buffer.clear()
                await asyncio.sleep(0)
        yield "".join(buffer).encode()

    def _lines(self) -> Iterator[str]:
        for family in self._families():
            yield from lines(family)
        if self._entities:
            yield from self._entity_lines()

    def _families(self) -> Iterator[Family]:
        yield from self._of_process()
        if self._kernel is not None:
            yield from _of_kernel(self._kernel)
        if self._lag is not None:
            yield gauge("clocker_loop_stall_seconds_max", "Longest time the loop was held lately", self._lag.longest)
            yield counter("clocker_loop_stalls_total", "Times the loop was held for more than 50 ms", self._lag.stalls)
        if self._store is not None:
            yield from _of_store(self._store)
        yield from self.calls.families()
        yield from self._of_model()

    def _of_process(self) -> Iterator[Family]:
        for family in self._process.collect():
            if family.samples:
                samples = [Sample(sample.value, sample.labels) for sample in family.samples]
                yield Family(family.samples[0].name, family.type, family.documentation, samples)

    def _of_model(self) -> Iterator[Family]:
        model, activities, decisions = self._model, self._model.activities, self._model.decisions
        ended = sorted(activities.ended_by.items())
        samples = [Sample(count, {"effector": name, "result": result}) for (name, result), count in ended]
        yield Family("clocker_effectors_total", "counter", "Effectors that ended, by name and result", samples)
        took = sorted(activities.seconds_by.items())
        samples = [Sample(seconds, {"effector": name, "result": result}) for (name, result), seconds in took]
        yield Family("clocker_effector_seconds_total", "counter", "Seconds these effectors took together", samples)
        running = sum(not activity.state.ended for activity in activities.all())
        yield gauge("clocker_activities_running", "Activities that have not ended", running)
        made = sorted(decisions.counts.items())
        samples = [Sample(count, {"kind": kind, "acted": str(acted).lower()}) for (kind, acted), count in made]
        yield Family("clocker_decisions_total", "counter", "Decisions by kind, and whether they led to something", samples)
        samples = [Sample(model.count(kind), {"kind": str(kind)}) for kind in EntityKind]
        yield Family("clocker_entities", "gauge", "Entities by kind", samples)
        yield gauge("clocker_event_listeners", "People and programs who follow events", len(model.events.listeners))

    def _entity_lines(self) -> Iterator[str]:
        """One family per sensor name; an empty line for each entity looked at in vain, so that looking counts too."""
        by_name: dict[str, str] = {}
        kinds: dict[str, list[EntityKind]] = {}
        for kind, sensor in sorted(each for each in self._model.numeric if not each[1].startswith(PORT)):
            by_name.setdefault(metric_name(sensor, unit_of(sensor)), sensor)
            kinds.setdefault(sensor, []).append(kind)
        for name, sensor in list(by_name.items())[:MOST_SENSORS]:
            percent = unit_of(sensor) == "percent"
            meaning = ALL[sensor].meaning if sensor in ALL else f"sensor {sensor}"
            yield head(f"clocker_entity_{name}", "gauge", f"{meaning} (here 1 stands for 100 percent)" if percent else meaning)
            scale = 0.01 if percent else 1
            for kind in kinds[sensor]:
                for entry in self._model.of_kind(kind):
                    reading = entry.sensors.get(sensor)
                    if (
                        reading is None
                        or reading.unavailable
                        or not isinstance(reading.value, bool | int | float)
                        or entry.gone is not None
                    ):
                        yield ""
                        continue
                    labels = f'uid="{entry.uid}",path="{quoted(entry.path)}",kind="{kind.value}"'
                    yield f"clocker_entity_{name}{{{labels}}} {number(reading.value * scale)}\n"


def _of_kernel(kernel: Kernel) -> Iterator[Family]:
    counters = kernel.counters
    yield gauge("clocker_actors", "Actors that are alive", len(kernel.queue.cells))
    yield gauge("clocker_actors_on_fire", "Root actors that are kept stopped until their next try", len(kernel.on_fire))
    yield gauge("clocker_messages_waiting", "Messages that wait in all inboxes together", len(kernel.queue))
    yield gauge(
        "clocker_inbox_depth_max",
        "Most messages that ever waited in one inbox (of those deep enough to be watched)",
        counters.deepest_inbox,
    )
    for field, name, meaning in _COUNTERS:
        yield counter(name, meaning, getattr(counters, field))
    samples = [sample for actor, times in sorted(counters.handler_time.items()) for sample in _buckets(actor, times)]
    yield Family("clocker_handler_seconds", "histogram", "Time that handlers took, by class of actor", samples)


def _buckets(actor: str, times: HandlerTime) -> Iterator[Sample]:
    so_far = 0
    for bound, count in zip((*BOUNDS, float("inf")), times.buckets, strict=True):
        so_far += count
        yield Sample(so_far, {"class": actor, "le": number(bound)}, "_bucket")
    yield Sample(times.seconds, {"class": actor}, "_sum")
    yield Sample(times.count, {"class": actor}, "_count")


def _of_store(store: StoreNumbers) -> Iterator[Family]:
    yield counter("clocker_store_commits_total", "Commits (each one sync of the disk)", store.commits)
    yield counter("clocker_store_writes_total", "Batches written; several may share a commit", store.batches)
    yield counter("clocker_store_records_total", "Records written or removed", store.records)
    yield counter("clocker_store_commit_seconds_total", "Seconds all commits took, waiting for the disk included", store.seconds)
    yield counter("clocker_store_failures_total", "Commits that failed", store.failures)
