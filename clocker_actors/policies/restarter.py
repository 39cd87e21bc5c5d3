"""The restarter: a failed service is restarted once; one that fails again soon, or does not come up, is given up.

    ┌──────┐ failed, first in the window ┌────────────┐ restart failed ┌───────────────────────────────────┐
    │ IDLE │ ──────────────────────────▶ │ RESTARTING │ ─────────────▶ │ GIVEN UP: on fire, and              │
    └──────┘ ◀────────────────────────── └────────────┘                │ ha.entityFailed.restart was fired   │
        │  ▲       restart done                                        └───────────────────────────────────┘
        │  └───────────── the service is started again by somebody ────────────┘   ▲
        └──────────────────── failed again within the window ──────────────────────┘

Whoever listens to `ha.entityFailed.restart`, usually the replacer of the cluster, takes over from there.
"""

from collections.abc import Mapping

from clocker_actors.kernel import past
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Cause, EntityKind
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import ActivityEnded, Notified, SensorChanged
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value
from clocker_actors.policies.base import PolicyActor
from clocker_actors.policies.conclusion import Conclusion, clock_time, seconds

RESTARTER = PolicyType(
    "service-restarter",
    "policy",
    (
        KeyType("failureSensorToMonitor", "sensor", sensors.ENTITY_FAILED.name, "notification that says the service has failed"),
        KeyType("failOnRecurringFailuresInThisDuration", "duration", 180.0, "a second failure within this time is not restarted", least=0),
        KeyType("setOnFireOnFailure", "boolean", True, "whether a service that is given up is set on fire"),
    ),
    ("ServiceRestarter", "org.apache.brooklyn.policy.ha.ServiceRestarter", "brooklyn.policy.ha.ServiceRestarter"),
    "restarts a failed service once",
    kinds=(EntityKind.MEMBER, EntityKind.CLUSTER, EntityKind.APPLICATION),
    hears=("failureSensorToMonitor",),
    emits=(sensors.RESTART_FAILED.name,),
)
_FAILED = frozenset({ActivityState.FAILED})


def conclude(failed_at: float | None, now: float, window: float, why: str) -> Conclusion:
    """Restart or not, `failed_at` being the time of the failure before."""
    inputs: dict[str, Value] = {"failure": why, "previous_failure": failed_at, "window": window}
    if failed_at is None or now - failed_at >= window:
        before = "no failure before" if failed_at is None else f"the failure before was at {clock_time(failed_at)}"
        return Conclusion("restart", f"the service failed ({why}); {before}", "restart", inputs=inputs)
    ago = seconds(round(now - failed_at, 1))
    return Conclusion(
        "recurring",
        f"the service failed again ({why}), {ago} after the last time: restarting does not help",
        inputs=inputs,
        would_change=(f"would restart a failure after {clock_time(failed_at + window)} ({seconds(window)} after the last)",),
    )


class Restarter(PolicyActor):
    """See the drawing. Durable: the time of the last failure, whether it gave up, and the decision whose restart is under way."""

    type = RESTARTER

    def begin(self) -> None:
        self.failed_at = past(self.kept.get("failed_at"), self.now)
        self.given_up = bool(self.kept.get("given_up"))
        self.doubtful = self.given_up
        self.restarting = str(self.kept.get("restarting") or "")
        self.expected = ""
        self._subscribe()

    def _subscribe(self) -> None:
        self.subscribe(self.entity, self.text_of("failureSensorToMonitor"))
        self.subscribe(self.entity, sensors.SERVICE_EXPECTED.name)
        self.subscribe(self.entity, sensors.SERVICE_UP.name)

    def take(self, message: object) -> object:
        match message:
            case Notified() if message.sensor == self.config["failureSensorToMonitor"] and message.entity == self.entity:
                self._failed(message)
            case ActivityEnded():
                self._ended(message.activity)
            case SensorChanged() if message.reading.sensor == sensors.SERVICE_EXPECTED.name:
                self._expected(str(message.reading.value), Cause(message.reading.id))
            case SensorChanged() if message.reading.sensor == sensors.SERVICE_UP.name:
                if message.reading.value is True and self.doubtful:
                    self._take_up(Cause(message.reading.id))
            case SensorChanged() | Notified():
                pass
            case _:
                return super().take(message)
        return None

    def waits_for(self, decisions: frozenset[str]) -> None:
        """A restart that was ordered and never began, or nobody knows of any more, was none: the failure is then taken as the first."""
        if self.restarting and self.restarting not in decisions:
            self.restarting, self.failed_at = "", None
            self._keep_all()

    def _failed(self, event: Notified) -> None:
        if self.suspended:
            return
        cause = Cause(event.id, event.cause.principal)
        why = str(event.value)
        if self.restarting:
            self.decide("restart", Conclusion("busy", f"the service failed ({why}), and a restart is under way already"), cause)
            return
        concluded = conclude(self.failed_at, self.now, self.seconds_of("failOnRecurringFailuresInThisDuration"), why)
        self.failed_at = self.now
        decision = self.decide("restart", concluded, cause)
        if concluded.action and decision is not None:
            self.restarting = decision.id
            self.invoke("restart", {}, decision)
        else:
            self._give_up(concluded.reason, Cause(decision.id if decision else cause.id, self.id))
        self._keep_all()

    def _ended(self, activity: Activity) -> None:
        if not self.restarting or activity.cause.id != self.restarting:
            return
        cause = Cause(activity.id, self.id)
        self.restarting = ""
        if activity.state in _FAILED:
            self._give_up(f"restarting did not help: {activity.problem}", cause)
        elif activity.state is ActivityState.INTERRUPTED:
            # Nobody knows how far it came, and the failure that led to it is not said a second time.
            again = Conclusion("again", f"the restart was interrupted ({activity.problem}); it is done again", "restart")
            decision = self.decide("restart", again, cause)
            if decision is not None:
                self.restarting = decision.id
                self.invoke("restart", {}, decision)
        self._keep_all()

    def _give_up(self, why: str, cause: Cause) -> None:
        self.given_up, self.doubtful = True, False
        if self.config["setOnFireOnFailure"]:
            self.set_problem(why, cause)
        self.emit(sensors.RESTART_FAILED.name, why, cause)

    def _expected(self, expected: str, cause: Cause) -> None:
        """Somebody starts the service again: what was given up is tried anew. With a manager that starts, all begin so, which says nothing."""
        before, self.expected = self.expected, expected
        if expected == Lifecycle.STARTING and before not in {"", Lifecycle.STARTING} and self.given_up:
            self._take_up(cause)

    def _take_up(self, cause: Cause) -> None:
        """It is not given up any more."""
        self.given_up = self.doubtful = False
        self.set_problem("", cause)
        self._keep_all()

    def reconfigured(self, old: Mapping[str, Value], cause: Cause) -> None:  # noqa: ARG002 - the hook's signature
        if old["failureSensorToMonitor"] != self.config["failureSensorToMonitor"]:
            self.unsubscribe(self.entity, str(old["failureSensorToMonitor"]))
            self._subscribe()

    def resumed(self, cause: Cause) -> None:
        self.failed_at = None
        if self.given_up:
            self._take_up(cause)
        self._keep_all()

    def _keep_all(self) -> None:
        self.keep({"failed_at": self.failed_at, "given_up": self.given_up, "restarting": self.restarting})
        self.note()

    def status(self) -> Mapping[str, Value]:
        phase = "given-up" if self.given_up else "restarting" if self.restarting else "idle"
        return {"phase": phase, "failed_at": self.failed_at}
