"""What the REST application answers with, as values made from the read model in one step, without awaiting: so each is one consistent moment.

Times are epoch seconds (UTC); ids are uids, and every entity comes with its path. Fields are only ever added.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from clocker_actors.masking import masked
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.effectors import Effector, Parameter
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.sensors import Reading, unit_of
from clocker_actors.model.values import Value, as_map
from clocker_actors.telemetry.readmodel import Entry, ReadModel


@dataclass(frozen=True, slots=True)
class EntityView:
    """One entity in short. `gone` is when it ended, None while it exists; sizes are a cluster's, None elsewhere."""

    uid: str
    kind: str
    path: str
    name: str
    parent: str | None
    application: str | None
    type: str
    facts: Mapping[str, Value]
    since: float
    gone: float | None
    state: str | None
    up: bool | None
    problems: Mapping[str, str]
    members: int | None
    members_up: int | None
    members_wanted: int | None


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One sensor's last reading, with unit and meaning."""

    sensor: str
    value: Value
    unit: str
    at: float
    unavailable: str
    count: int
    of: int
    meaning: str


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy, enricher or feed of an entity. `set_by` says who, beside the blueprint, set which key of its configuration; under "" who suspended, resumed or
    added it."""

    name: str
    type: str
    role: str
    state: str
    config: Mapping[str, Value]
    status: Mapping[str, Value]
    set_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectorView:
    """An operation of an entity."""

    name: str
    meaning: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class EntityDetail:
    """One entity with its children in short, its readings and policies."""

    event: int
    entity: EntityView
    children: tuple[EntityView, ...]
    sensors: tuple[ReadingView, ...]
    policies: tuple[PolicyView, ...]


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """An application in short; members of all its services together."""

    uid: str
    path: str
    name: str
    location: str
    state: str | None
    up: bool | None
    services: int
    members: int
    members_up: int
    since: float
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HostView:
    """A host in short; None where nothing is known."""

    uid: str
    path: str
    name: str
    pool: str
    up: bool | None
    state: str | None
    since: float | None  # when it came up, or went down
    engine: Value
    cores: Value
    memory: Value
    cpu_percent: Value
    memory_percent: Value
    containers: Value
    ours: int
    start_limit: Value
    start_waiting: Value
    problems: Mapping[str, str]
    cordoned: bool = False
    draining: bool = False
    phase: str = (
        ""  # of a machine that is being made, has failed or is given back: intended, creating, booting, installing, failed, returning
    )
    step: str = ""  # what is being done with it, or why it failed


@dataclass(frozen=True, slots=True)
class ActivityView:
    """An activity, the path of its entity, and the activities it asked for."""

    activity: Activity
    path: str
    parts: tuple["ActivityView", ...] = ()


def entity_view(entry: Entry) -> EntityView:
    """An entity in short."""
    return EntityView(
        uid=entry.uid,
        kind=str(entry.kind),
        path=entry.path,
        name=entry.name,
        parent=entry.parent,
        application=entry.application,
        type=entry.type,
        facts=entry.facts,
        since=entry.since,
        gone=entry.gone,
        state=_text(entry.value(sensors.SERVICE_STATE.name)),
        up=_truth(entry.value(sensors.SERVICE_UP.name)),
        problems=_problems(entry),
        members=_count(entry, sensors.GROUP_SIZE),
        members_up=_count(entry, sensors.GROUP_UP),
        members_wanted=_count(entry, sensors.GROUP_DESIRED),
    )


def entity_detail(model: ReadModel, entry: Entry, owners: Mapping[str, Mapping[str, str]]) -> EntityDetail:
    """An entity with all that belongs to it; `owners` by policy."""
    children = tuple(entity_view(child) for child in model.children(entry.uid))
    readings = tuple(reading_view(reading) for reading in readings_of(entry))
    return EntityDetail(model.events.number, entity_view(entry), children, readings, tuple(policy_views(entry, owners)))


def policy_views(entry: Entry, owners: Mapping[str, Mapping[str, str]]) -> list[PolicyView]:
    """Its policies, enrichers and feeds, with who set what of them; `owners` by policy."""
    return [replace(policy_view(noted), set_by=owners.get(noted.name, {})) for noted in entry.policies.values()]


def readings_of(entry: Entry) -> list[Reading]:
    """All readings of an entity, by sensor name."""
    return [entry.sensors[name] for name in sorted(entry.sensors)]


def reading_view(reading: Reading) -> ReadingView:
    """One reading with its unit."""
    known = sensors.ALL.get(reading.sensor)
    meaning = known.meaning if known else ""
    unit = unit_of(reading.sensor)
    return ReadingView(reading.sensor, reading.value, unit, reading.at, reading.unavailable, reading.count, reading.of, meaning)


def policy_view(noted: PolicyNoted) -> PolicyView:
    """One policy, enricher or feed."""
    return PolicyView(noted.name, noted.type, noted.role, noted.state, cast("Mapping[str, Value]", masked(noted.config)), noted.status)


def effector_view(effector: Effector) -> EffectorView:
    """One effector."""
    return EffectorView(effector.name, effector.meaning, effector.parameters)


def application_views(model: ReadModel) -> list[ApplicationView]:
    """All applications. One pass over the members serves them all."""
    members: dict[Uid, list[Entry]] = {}
    for member in model.of_kind(EntityKind.MEMBER):
        if member.application is not None and member.type != "group":  # which has no container of its own
            members.setdefault(member.application, []).append(member)
    return [_application(model, entry, members.get(entry.uid, [])) for entry in model.of_kind(EntityKind.APPLICATION)]


def _application(model: ReadModel, entry: Entry, members: list[Entry]) -> ApplicationView:
    return ApplicationView(
        uid=entry.uid,
        path=entry.path,
        name=entry.name,
        location=str(entry.facts.get("location", "")),
        state=_text(entry.value(sensors.SERVICE_STATE.name)),
        up=_truth(entry.value(sensors.SERVICE_UP.name)),
        services=len(model.children(entry.uid)),
        members=len(members),
        members_up=sum(member.value(sensors.SERVICE_UP.name) is True for member in members),
        since=entry.since,
        problems=_problems(entry) | ({"update": str(entry.facts["update_failed"])} if "update_failed" in entry.facts else {}),
    )


def host_view(model: ReadModel, entry: Entry) -> HostView:
    """One host."""
    return HostView(
        uid=entry.uid,
        path=entry.path,
        name=entry.name,
        pool=model.path(entry.parent) if entry.parent else "",
        up=_truth(entry.value(sensors.SERVICE_UP.name)),
        state=_text(entry.value(sensors.SERVICE_STATE.name)),
        since=_read_at(entry, sensors.SERVICE_UP),
        engine=entry.value(sensors.ENGINE_VERSION.name),
        cores=entry.value(sensors.HOST_CORES.name),
        memory=entry.value(sensors.HOST_MEMORY_TOTAL.name),
        cpu_percent=entry.value(sensors.HOST_CPU.name),
        memory_percent=entry.value(sensors.HOST_MEMORY.name),
        containers=entry.value(sensors.HOST_CONTAINERS.name),
        ours=len(model.children(entry.uid)),
        start_limit=entry.value(sensors.ENGINE_LIMIT.name),
        start_waiting=entry.value(sensors.ENGINE_WAITING.name),
        problems=_problems(entry),
        cordoned=entry.facts.get("cordoned") is True,
        draining=entry.facts.get("draining") is True,
        phase=_text(entry.facts.get("phase")) or "",
        step=_text(entry.facts.get("step")) or "",
    )


def activity_view(model: ReadModel, activity: Activity, depth: int = 0) -> ActivityView:
    """An activity with `depth` levels of its parts."""
    parts = [activity_view(model, part, depth - 1) for part in model.activities.parts_of(activity.id)] if depth else []
    return ActivityView(activity, model.path(activity.entity), tuple(parts))


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _truth(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _read_at(entry: Entry, sensor: sensors.Sensor) -> float | None:
    reading = entry.sensors.get(sensor.name)
    return reading.at if reading is not None else None


def _count(entry: Entry, sensor: sensors.Sensor) -> int | None:
    value = entry.value(sensor.name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _problems(entry: Entry) -> dict[str, str]:
    found = {**as_map(entry.value(sensors.SERVICE_NOT_UP.name)), **as_map(entry.value(sensors.SERVICE_PROBLEMS.name))}
    return {name: str(why) for name, why in found.items()}
