"""The replacer: a member of a cluster that restarting could not help is replaced by a new one.

    ┌──────┐  a member has failed    ┌───────────┐  failures recur (see `breaker`)  ┌───────────────────────────────────────┐
    │ IDLE │ ──────────────────────▶ │ REPLACING │ ───────────────────────────────▶ │ OPEN: nothing is replaced any more;      │
    └──────┘ ◀────────────────────── └───────────┘                                  │ ha.entityFailed.replacement was fired    │
       ▲ ▲     all replaced                                                         └───────────────────────────────────────┘
       │ └───────────────── the window has passed, or somebody resumes the policy ──────────────────────┘

Several members may be in replacement at once. The new one is started before the old one is stopped; that is the cluster's doing.
"""

from collections.abc import Mapping

from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Cause, EntityKind
from clocker_actors.model.messages import TOPIC_MEMBERS, ActivityEnded, MembersChanged, Notified, SensorChanged
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map, as_number
from clocker_actors.policies.base import PolicyActor
from clocker_actors.policies.breaker import Breaker
from clocker_actors.policies.conclusion import Conclusion, clock_time

REPLACER = PolicyType(
    "service-replacer",
    "policy",
    (
        KeyType(
            "failureSensorToMonitor", "sensor", sensors.RESTART_FAILED.name, "notification of a member that says it should be replaced"
        ),
        KeyType("failOnRecurringFailuresInThisDuration", "duration", 300.0, "window in which recurring failures are counted", least=0),
        KeyType("failOnNumRecurringFailures", "integer", 5, "this many recurring failures stop the replacing", least=1),
        KeyType("setOnFireOnFailure", "boolean", True, "whether the cluster is set on fire when replacing has stopped"),
    ),
    ("ServiceReplacer", "org.apache.brooklyn.policy.ha.ServiceReplacer", "brooklyn.policy.ha.ServiceReplacer"),
    "replaces members that restarting could not help",
    kinds=(EntityKind.CLUSTER,),
    emits=(sensors.REPLACE_FAILED.name,),
)


class Replacer(PolicyActor):
    """See the drawing. Durable: the breaker, and which members are being replaced by which decisions."""

    type = REPLACER

    def begin(self) -> None:
        self.breaker = Breaker.of(self.kept, self.now)
        self.members: tuple[str, ...] = ()
        self.replacing = {decision: str(member) for decision, member in as_map(self.kept.get("replacing")).items()}  # member that goes
        self.arrived: list[str] = []  # members that came while a replacement was under way
        self.subscribe(self.entity, TOPIC_MEMBERS)

    def take(self, message: object) -> object:
        match message:
            case MembersChanged():
                self._members_changed(message)
            case Notified():
                if message.sensor == self.config["failureSensorToMonitor"] and not self.suspended:
                    self._failed(message)
            case ActivityEnded():
                self._ended(message.activity)
            case SensorChanged():
                pass
            case _:
                return super().take(message)
        return None

    @property
    def window(self) -> float:
        """Seconds in which recurring failures are counted."""
        return self.seconds_of("failOnRecurringFailuresInThisDuration")

    @property
    def limit(self) -> int:
        """How many recurring failures are too many."""
        return int(as_number(self.config["failOnNumRecurringFailures"]) or 1)

    def waits_for(self, decisions: frozenset[str]) -> None:
        """Replacements of which nobody knows any more came to nothing, and count for nothing."""
        left = {decision: member for decision, member in self.replacing.items() if decision in decisions}
        if left != self.replacing:
            self.replacing = left
            self._keep_all()

    def _members_changed(self, changed: MembersChanged) -> None:
        sensor, before, now_there = self.text_of("failureSensorToMonitor"), set(self.members), set(changed.members)
        for member in changed.members:
            if member not in before:
                self.subscribe(member, sensor)
                if self.replacing and before:
                    self.arrived.append(member)
        for gone in self.members:
            if gone not in now_there:
                self.unsubscribe(gone, sensor)
                if gone not in self.replacing.values():
                    self.breaker.gone(gone)
        self.members = changed.members

    def _failed(self, event: Notified) -> None:
        member, cause = str(event.entity), Cause(event.id, event.cause.principal)
        if member in self.replacing.values() or member not in self.members:
            return
        why = self.breaker.member_failed(member, self.now, self.window, self.limit)
        inputs = {"member": member, "failure": str(event.value), **self._counts()}
        if why:
            self._stay(member, why, inputs, cause)
        else:
            reason = f"{member} has failed, and restarting did not help: {event.value}"
            decision = self.decide("replace", Conclusion("replace", reason, f"replaceMember {member}", inputs=inputs), cause)
            if decision is not None:
                self.replacing[decision.id] = member
                self.invoke("replaceMember", {"member": member}, decision)
        self._keep_all()

    def _stay(self, member: str, why: str, inputs: Mapping[str, Value], cause: Cause) -> None:
        until = clock_time((self.breaker.opened_at or self.now) + self.window)
        changes = (f"would replace again after {until}, or once somebody resumes this policy",)
        reason = f"{member} has failed and is not replaced: the circuit breaker is open, because {why}"
        decision = self.decide("replace", Conclusion(f"open-{member}", reason, inputs=inputs, would_change=changes), cause)
        if self.breaker.opened_at == self.now:
            self._say_open(why, Cause(decision.id if decision else cause.id, self.id))

    def _say_open(self, why: str, cause: Cause) -> None:
        text = f"replacing has stopped: {why}; look at the members, then resume policy {self.spec.name}"
        if self.config["setOnFireOnFailure"]:
            self.set_problem(text, cause)
        self.emit(sensors.REPLACE_FAILED.name, text, cause)

    def _ended(self, activity: Activity) -> None:
        member = self.replacing.pop(activity.cause.id, None)
        if member is None:
            return
        cause = Cause(activity.id, self.id)
        if activity.state is ActivityState.DONE:
            self.breaker.replaced(member, self._new_member(activity), self.now)
            if self.breaker.opened_at is None:
                self.set_problem("", cause)
        elif activity.state is ActivityState.FAILED and activity.steps:  # one without a step was refused (the member is gone), not tried
            why = self.breaker.failed_to_replace(self.now, self.window, self.limit)
            if why:
                self._say_open(f"{why}, the last one by: {activity.problem}", cause)
        if not self.replacing:
            self.arrived.clear()
        self._keep_all()

    def _new_member(self, activity: Activity) -> str | None:
        """The member that came: the cluster's word (its uid, or a map with `member`), else the first that arrived meanwhile."""
        result = activity.result
        named = result if isinstance(result, str) else as_map(result).get("member")
        if isinstance(named, str) and named in self.members:
            if named in self.arrived:
                self.arrived.remove(named)
            return named
        return self.arrived.pop(0) if self.arrived else None

    def resumed(self, cause: Cause) -> None:
        self.breaker.close()
        self.set_problem("", cause)
        self._keep_all()

    def reconfigured(self, old: Mapping[str, Value], cause: Cause) -> None:  # noqa: ARG002 - the hook's signature
        sensor, before = self.text_of("failureSensorToMonitor"), str(old["failureSensorToMonitor"])
        if sensor != before:
            for member in self.members:
                self.unsubscribe(member, before)
                self.subscribe(member, sensor)

    def _counts(self) -> dict[str, Value]:
        return {
            "failed_in_a_row": len(self.breaker.failed),
            "died_again": len(self.breaker.died),
            "limit": self.limit,
            "window": self.window,
        }

    def _keep_all(self) -> None:
        self.keep({**self.breaker.state, "replacing": dict(self.replacing)})
        self.note()

    def status(self) -> Mapping[str, Value]:
        opened = self.breaker.opened_at
        phase = "open" if opened is not None else "replacing" if self.replacing else "idle"
        until = None if opened is None else opened + self.window
        return {"phase": phase, "replacing": sorted(self.replacing.values()), "open_until": until, **self._counts()}
