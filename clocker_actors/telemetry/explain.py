"""Why is it so? The whole chain for an entity, told from what the recorder kept; pure.

    state ── readings ── policies
      └── decision (acted, or did nothing) ── cause ── inputs ── steps ── bounds ── what would have changed it ── hosts considered
            └── activity ── who asked ── steps with times ── parts, problem

Each decision and activity is told in full once; where it turns up again, only named. A member's account goes on with the resize that made it, a
container's with its member, a host's with the placements that chose or refused it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.sensors import (
    CONTAINER_HOST,
    GROUP_DESIRED,
    GROUP_SIZE,
    GROUP_UP,
    SERVICE_NOT_UP,
    SERVICE_PROBLEMS,
    SERVICE_STATE,
    SERVICE_UP,
)
from clocker_actors.model.values import as_map
from clocker_actors.telemetry import words
from clocker_actors.telemetry.chains import Chains, Line
from clocker_actors.telemetry.readmodel import Entry, ReadModel

_RESTS = {
    "suspended": "it neither decides nor acts until `clocker policies` resumes it",
    "failed": "it could not start, and does nothing until `clocker policies` sets, resumes or removes it",
}
ACTED, IDLE = 3, 2
"""How many decisions are told: those that acted, and those that led to nothing."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The account of one entity at a moment (`at`); `event` is the event number it is true at."""

    uid: Uid
    path: str
    kind: EntityKind
    at: float
    event: int
    lines: tuple[Line, ...]

    def flat(self) -> Iterator[tuple[int, Line]]:
        """All lines in reading order with their depth, for printing."""
        return _flat(self.lines, 0)


def explain(model: ReadModel, id_or_path: str, now: float) -> Explanation:
    """The account of an entity, also of one lately gone. Raises NotFound with the nearest names."""
    entry = model.entry(id_or_path, uid_first=True)
    teller = _Teller(model, now)
    return Explanation(entry.uid, entry.path, entry.kind, now, model.events.number, tuple(teller.entity(entry)))


def _flat(lines: tuple[Line, ...], depth: int) -> Iterator[tuple[int, Line]]:
    for line in lines:
        yield depth, line
        yield from _flat(line.lines, depth + 1)


class _Teller:
    """One telling of one entity; its chains remember what was told already."""

    def __init__(self, model: ReadModel, now: float) -> None:
        self.model = model
        self.now = now
        self.chains = Chains(model, now)

    def entity(self, entry: Entry) -> Iterator[Line]:
        yield self.state(entry)
        yield from self.policies(entry)
        yield from self.conclusions(entry)
        if entry.kind is EntityKind.HOST:
            yield from self.placements_on(entry)
        if entry.kind is EntityKind.CONTAINER:
            yield from self.member_of(entry)
        if entry.kind is EntityKind.MEMBER:
            yield from self.cluster_of(entry)

    def state(self, entry: Entry) -> Line:
        """What it is now, with everything that is wrong with it below."""
        if entry.gone is not None:
            text = f"{entry.path} ({entry.kind} {entry.uid}) is gone since {words.clock(entry.gone, self.now)}"
            return Line("state", text, entry.gone)
        parts = [f"{entry.path or entry.uid} ({entry.kind} {entry.uid})"]
        state, up = entry.value(SERVICE_STATE.name), entry.value(SERVICE_UP.name)
        if state is not None:
            parts.append(f"is {state}")
        if up is not None:
            parts.append(f"{'is' if state is None else 'and'} {'up' if up else 'not up'}")
        size, desired, ups = (entry.value(sensor.name) for sensor in (GROUP_SIZE, GROUP_DESIRED, GROUP_UP))
        if size is not None:
            parts.append(f"with {size} members of {desired} wanted, {ups or 0} of them up")
        if "min" in entry.facts and "max" in entry.facts:
            parts.append(f"(its blueprint allows {entry.facts['min']} to {entry.facts['max']})")
        host = entry.value(CONTAINER_HOST.name)
        if isinstance(host, str):
            parts.append(f"on {self.model.path(host)}")
        latest = max((reading.at for reading in entry.sensors.values()), default=entry.since)
        figures = {"size": size, "desired": desired, "up": ups} if size is not None else {}
        return Line("state", " ".join(parts), latest, figures, tuple(self.troubles(entry)))

    def troubles(self, entry: Entry) -> Iterator[Line]:
        for sensor, kind in ((SERVICE_PROBLEMS, "problem"), (SERVICE_NOT_UP, "problem")):
            for name, why in as_map(entry.value(sensor.name)).items():
                label = "problem" if sensor is SERVICE_PROBLEMS else "not up because of"
                yield Line(kind, f"{label} {name}: {why}", entry.sensors[sensor.name].at)
        for reading in entry.sensors.values():
            if reading.unavailable:
                yield Line("reading", words.reading(reading, self.now), reading.at, {reading.sensor: reading.value})

    def policies(self, entry: Entry) -> Iterator[Line]:
        for policy in entry.policies.values():
            if policy.role != "policy":
                continue
            text = f"policy {policy.name} ({policy.type}) is {policy.state}"
            if policy.state in _RESTS:
                text += f": {_RESTS[policy.state]}"
            status = f"its state: {words.pairs(policy.status, self.now)}" if policy.status else ""
            lines = (Line("reading", status, None, policy.status),) if status else ()
            yield Line("policy", text, None, policy.config, lines)
        if entry.kind is EntityKind.CLUSTER and not any(policy.role == "policy" for policy in entry.policies.values()):
            yield Line("gap", "no policy looks after this cluster; its size changes only when somebody asks (`clocker resize`)")

    def conclusions(self, entry: Entry) -> Iterator[Line]:
        """What was decided about it, newest first, each policy's last doing of nothing included; then what was done to it without a decision."""
        idle = self.model.decisions.of_subject(entry.uid, acted=False)
        acted = self.model.decisions.of_subject(entry.uid, acted=True)
        latest = {decision.by: decision for decision in idle}
        nothing = sorted(latest.values(), key=lambda found: -found.at)[:IDLE]
        for decision in sorted([*nothing, *acted[-ACTED:]], key=lambda found: -found.at):
            yield self.chains.decision(decision)
        rest = [activity for activity in self.model.activities.of_entity(entry.uid) if activity.id not in self.chains.told]
        for activity in reversed(rest[-ACTED:]):
            if activity.id not in self.chains.told:
                yield self.chains.activity(activity, up=True, down=True)
        if not (idle or acted or rest) and entry.kind is not EntityKind.CONTAINER:
            yield Line("gap", f"nothing was decided about {entry.path or entry.uid} and nothing done to it since the manager started")

    def member_of(self, container: Entry) -> Iterator[Line]:
        member = self.model.get(str(container.facts.get("member", "")))
        if member is not None:
            generation = container.facts.get("generation")
            lead = Line("member", f"it is generation {generation} of member {member.path} ({member.uid})")
            yield Line(lead.kind, lead.text, None, {"generation": generation}, tuple(self.entity(member)))

    def cluster_of(self, member: Entry) -> Iterator[Line]:
        cluster = self.model.get(member.parent) if member.parent else None
        if cluster is not None and cluster.kind is EntityKind.CLUSTER:
            story = (self.state(cluster), *self.conclusions(cluster))
            yield Line("cluster", f"its number is decided by cluster {cluster.path} ({cluster.uid})", None, {}, story)

    def placements_on(self, host: Entry) -> Iterator[Line]:
        chosen, refused = [], []
        for decision in self.model.decisions.all():
            trace = decision.placement
            if trace is not None and trace.chosen == host.uid:
                chosen.append(decision)
            elif trace is not None and any(verdict.host == host.uid for verdict in trace.examples):
                refused.append(decision)
        for decision in reversed(chosen[-ACTED:] + refused[-ACTED:]):
            if decision.id not in self.chains.told:
                yield self.chains.decision(decision)
