"""Decisions, activities and causes as lines of an account, each followed as far as it goes.

Upwards from an effect to what led to it, downwards from a decision to what it led to. What was told once is afterwards only named, so no chain goes
round and no story is told twice.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.decisions import Decision, PlacementTrace
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.sensors import Reading, unit_of
from clocker_actors.model.values import Value, as_number, counted
from clocker_actors.telemetry import words
from clocker_actors.telemetry.readmodel import Entry, ReadModel

PARTS, DEPTH = 10, 12
"""How many parts of an activity are told, and how many links of a chain of causes."""
INSTANT = 0.01
"""Seconds under which a step of somebody else's activity is not worth a word."""
_READ = ("metric", "value", "members", "of", "at")
"""Inputs that together are the reading a decision was made on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an account and what belongs under it.

    `kind` is state, problem, reading, policy, decision, nothing, cause, input, step, bound, would-change, placement, host, refusal, activity,
    member, cluster or gap; `at` the time it is about; `figures` the numbers in the text, for programs.
    """

    kind: str
    text: str
    at: float | None = None
    figures: Mapping[str, Value] = field(default_factory=dict)
    lines: tuple["Line", ...] = ()


class Chains:
    """One telling at the moment `now` (epoch seconds). What others than `about` (uids) did is told without the times of each step."""

    def __init__(self, model: ReadModel, now: float, about: frozenset[Uid] = frozenset()) -> None:
        self.model = model
        self.now = now
        self.about = about
        self.told: set[str] = set()

    def decision(self, decision: Decision, depth: int = DEPTH) -> Line:
        """One decision with all that went in and came of it."""
        kind, text = "decision" if decision.action else "nothing", self.headline(decision)
        if decision.id in self.told:
            return Line(kind, f"{text} [{decision.id}, told above]", decision.at)
        self.told.add(decision.id)
        read = self.read_for(decision)
        lines = [read] if read is not None else [*self.cause(decision.cause, decision.subject, depth - 1)]
        rest = {name: value for name, value in decision.inputs.items() if read is None or name not in _READ}
        if rest:
            lines.append(Line("input", words.pairs(rest, self.now, str(decision.inputs.get("metric", ""))), decision.at, decision.inputs))
        lines += self.arithmetic(decision)
        if decision.placement is not None:
            lines.append(self.placement(decision.placement))
        for activity in self.model.activities.caused_by(decision.id):
            if activity.id not in self.told:
                lines.append(self.activity(activity, down=True, depth=depth - 1))
        return Line(kind, f"{text} [{decision.id}]", decision.at, decision.inputs, tuple(lines))

    def headline(self, decision: Decision) -> str:
        """Who concluded what, when and why, in one sentence."""
        if decision.kind == "place" and not decision.action:
            return f"{self.clock(decision.at)}: {self.by(decision.by)} found no host for {self.model.path(decision.subject)}: {decision.reason}"
        verb = f"ordered {decision.action}" if decision.action else "did nothing"
        own = decision.by.startswith(f"{decision.subject}:")  # then the policy's name says already whom it is about
        about = "" if own else f" of {self.model.path(decision.subject)}"
        return f"{self.clock(decision.at)}: {self.by(decision.by)} {verb} ({decision.kind}{about}): {decision.reason}"

    def read_for(self, decision: Decision) -> Line | None:
        """The reading that a decision was made on, as it was then: its time alone does not name it, since that of a roll-up is that of its oldest part,
        and several roll-ups can share it."""
        moment, inputs = words.moment_named(decision.cause.id), decision.inputs
        at, value = as_number(inputs.get("at")), as_number(inputs.get("value"))
        if moment is None or at is None or value is None or inputs.get("metric") != moment[0] or abs(moment[1] - at) >= 0.001:
            return None
        count, of = (int(as_number(inputs.get(name)) or 1) for name in ("members", "of"))
        read = Reading(moment[0], value, at, count=count, of=of)
        return Line("cause", f"because of the reading {words.reading(read, self.now)}", at, {read.sensor: value})

    def arithmetic(self, decision: Decision) -> Iterator[Line]:
        """Steps, bounds and what would have changed it, each said once: a step that names a bound is the line of that bound, and what the reason
        says already is not said again."""
        told = [decision.reason, *decision.steps]
        for step in decision.steps:
            yield Line("bound" if any(bound in step for bound in decision.clamped) else "step", step)
        for kind, texts in (("bound", decision.clamped), ("would-change", decision.would_change)):
            for text in texts:
                if not any(text in line for line in told):
                    told.append(text)
                    nowhere = decision.kind == "place" and not decision.action
                    yield Line(kind, f"what would help: {text}" if nowhere and kind == "would-change" else text)

    def placement(self, trace: PlacementTrace) -> Line:
        """The hosts considered: the chosen one and the next best, then one example per rule that refused."""
        lines = []
        for verdict in trace.best:
            mark = "chosen: " if verdict.host == trace.chosen else ""
            lines.append(Line("host", f"{mark}{verdict.rank}. {verdict.name} ({verdict.host}): {verdict.reason or 'fits'}"))
        for rule, count in trace.refused.items():
            example = next((verdict for verdict in trace.examples if verdict.rule == rule), None)
            such = f", e.g. {example.name} ({example.host}): {example.reason}" if example else ""
            lines.append(Line("refusal", f"{rule} refused {count} of {counted(trace.considered, 'host')}{such}", None, {"refused": count}))
        outcome = f"{self.model.path(trace.chosen)} was chosen" if trace.chosen else "no host would do"
        by = f" by {', '.join(trace.strategies)}" if trace.strategies else ""
        figures = {"considered": trace.considered, "index_version": trace.index_version}
        return Line("placement", f"{outcome} of {counted(trace.considered, 'host')}{by}", None, figures, tuple(lines))

    # --- activities

    def activity(self, activity: Activity, *, up: bool = False, down: bool = False, depth: int = DEPTH) -> Line:
        """One run of an effector; `up` tells who asked for it as well, `down` which parts it has."""
        about = self.model.path(activity.entity)
        arguments = ", ".join(
            f"{name}={words.figure(value)}" for name, value in activity.arguments.items() if not isinstance(value, Mapping)
        )
        text = f"activity {activity.id}: {activity.effector}({arguments}) of {about} {self.progress(activity)}"
        if activity.id in self.told:
            return Line("activity", f"{text} [told above]", activity.began)
        self.told.add(activity.id)
        lines = list(self.asked(activity, depth)) if up else []
        if activity.note and not activity.problem and all(activity.note != step.note for step in activity.steps):
            lines.append(Line("step", activity.note))
        lines += self.steps(activity)
        if activity.problem:
            lines.append(Line("problem", activity.problem, activity.ended))
        if down and depth > 0:
            lines += self.parts(activity, depth)
        return Line("activity", text, activity.began, {"done": activity.done, "total": activity.total}, tuple(lines))

    def steps(self, activity: Activity) -> Iterator[Line]:
        """Each step with its times; of an entity that the account is not about, and all went well, only what took how long."""
        if activity.state is ActivityState.DONE and activity.entity not in self.about and self.about:
            slow = [step for step in activity.steps if step.ended is not None and step.ended - step.began >= INSTANT]
            if slow:
                told = (
                    f"{step.name} {words.span((step.ended or 0.0) - step.began)}{f' ({step.note})' if step.note else ''}" for step in slow
                )
                yield Line("step", f"of which {', '.join(told)}", slow[0].began)
            return
        for step in activity.steps:
            took = f"took {words.span(step.ended - step.began)}" if step.ended is not None else "still going on"
            yield Line("step", f"{self.clock(step.began)}: {step.name}, {took}{': ' if step.note else ''}{step.note}", step.began)

    def asked(self, activity: Activity, depth: int) -> Iterator[Line]:
        parent = self.model.activities.get(activity.parent) if activity.parent else None
        if parent is not None and parent.id not in self.told and depth > 0:
            yield self.activity(parent, up=True, depth=depth - 1)
        if activity.cause.id != activity.parent:
            yield from self.cause(activity.cause, activity.entity, depth - 1)

    def parts(self, activity: Activity, depth: int) -> list[Line]:
        parts = [part for part in self.model.activities.parts_of(activity.id) if part.id not in self.told]
        tried = Counter(_attempt(part) for part in parts)
        told = list({_attempt(part): part for part in parts}.values())  # of the same tried in vain again and again, the last
        lines = []
        for part in told[:PARTS]:
            line, times = self.activity(part, down=True, depth=depth - 1), tried[_attempt(part)]
            lines.append(line if times == 1 else replace(line, text=f"{line.text}; {times} times in all, each in vain for the same reason"))
        if len(told) > PARTS:
            lines.append(Line("gap", f"and {len(told) - PARTS} more parts (`clocker activities` lists them)"))
        return lines

    def progress(self, activity: Activity) -> str:
        so_far = f" ({activity.done} of {activity.total})" if activity.total else ""
        if activity.ended is None:
            return f"is {activity.state}{so_far} for {words.span(self.now - activity.began)}, since {self.clock(activity.began)}"
        took = words.span(activity.ended - activity.began)
        return f"{activity.state}{so_far} in {took}, {self.clock(activity.began)} to {self.clock(activity.ended)}"

    # --- causes

    def cause(self, cause: Cause, subject: Uid, depth: int) -> Iterator[Line]:
        """What led to it: a decision, an activity, a reading, the start of the manager, or a person's request."""
        decision, activity = self.model.decisions.get(cause.id), self.model.activities.get(cause.id)
        if depth <= 0:
            yield Line("gap", f"the chain of causes goes on from {cause.id}; explain that entity for the rest")
        elif decision is not None:
            yield _because(self.decision(decision, depth))
        elif activity is not None:
            yield _because(self.activity(activity, up=True, depth=depth))
        else:
            yield self.outside(cause, subject, depth)

    def outside(self, cause: Cause, subject: Uid, depth: int) -> Line:
        """A cause that is not itself something decided or done."""
        notified, moment, about = self.model.notified(cause.id), words.moment_named(cause.id), self.model.get(cause.id)
        if notified is not None:
            below = tuple(self.cause(notified.cause, notified.entity, depth - 1)) if notified.cause.id != cause.id else ()
            text = f"because {notified.sensor} of {self.model.path(notified.entity)} fired at {self.clock(notified.at)}"
            return Line("cause", text, notified.at, {notified.sensor: notified.value}, below)
        if moment is not None and cause.principal in {"engine", "probe"}:
            return Line("cause", f"because {words.principal(cause.principal)} said {moment[0]} at {self.clock(moment[1])}", moment[1])
        if moment is not None:
            return self.reading(moment[0], moment[1], subject)
        if about is not None:
            return Line("cause", f"because of {about.kind} {about.path} ({about.uid})", None, {}, tuple(self.last_failure(about)))
        if cause.id == "start":
            return Line("cause", "because the manager started and looked after what it knows")
        if self.is_person(cause.principal):
            return Line("cause", f"because {words.principal(cause.principal)} asked for it ({cause.id})")
        return Line("cause", f"because of {cause.id}, for {self.by(cause.principal)}")

    def last_failure(self, entry: Entry) -> Iterator[Line]:
        failed = [activity for activity in self.model.activities.of_entity(entry.uid) if activity.problem]
        if failed:
            yield self.activity(failed[-1])

    def reading(self, sensor: str, at: float, subject: Uid) -> Line:
        """The reading of that time, with its value if that is known beyond doubt."""
        entry = self.model.get(subject)
        current = entry.sensors.get(sensor) if entry else None
        values = self.model.history.values_at(subject, sensor, at)
        if current is not None and abs(current.at - at) < 0.001 and values <= {as_number(current.value)}:
            return Line("cause", f"because of the reading {words.reading(current, self.now)}", at, {sensor: current.value})
        value = next(iter(values)) if len(values) == 1 else None
        known = f" = {words.figure(value, unit_of(sensor))}" if value is not None else ""
        figures: dict[str, Value] = {} if value is None else {sensor: value}
        return Line("cause", f"because of the reading {sensor}{known}, read at {self.clock(at)}", at, figures)

    # --- names

    def is_person(self, principal: str) -> bool:
        """Anybody who is neither the manager nor a policy of an entity we know."""
        return principal not in words.OURS and self.model.get(principal.partition(":")[0]) is None

    def clock(self, at: float) -> str:
        return words.clock(at, self.now)

    def by(self, actor: str) -> str:
        """`c2:scaler` as `policy scaler of shop/web`; an entity by its path."""
        uid, mark, name = actor.partition(":")
        if mark and self.model.get(uid) is not None:
            return f"policy {name} of {self.model.path(uid)}"
        entry = self.model.get(actor)
        return f"{entry.kind} {entry.path or entry.uid}" if entry is not None else words.principal(actor)


def _attempt(activity: Activity) -> tuple[str, ...]:
    """Equal for runs of one effector on one entity that failed for the same reason."""
    return (activity.entity, activity.effector, activity.problem) if activity.problem else (activity.id,)


def _because(line: Line) -> Line:
    return replace(line, kind="cause", text=f"because {line.text}")
