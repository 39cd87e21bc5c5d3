"""The failure detector: fires `ha.entityFailed` when a service that should run does not, and `ha.entityRecovered` when it does again.

It hears the service model of its entity and waits out the delays; `failure_math` says what follows. Restarter and replacer start from what it fires.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.failure_math import GRAIN, Delays, Said, Seen, decoded, encoded, judge
from clocker_actors.kernel import past
from clocker_actors.model import sensors
from clocker_actors.model.identity import Cause, EntityKind
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map, as_number

FAILURE_DETECTOR = PolicyType(
    "service-failure-detector",
    "enricher",
    (
        KeyType("entityFailed.stabilizationDelay", "duration", 0.0, "how long it must be bad before it is said to have failed", least=0),
        KeyType(
            "entityRecovered.stabilizationDelay", "duration", 0.0, "how long it must be well before it is said to have recovered", least=0
        ),
        KeyType("serviceOnFire.stabilizationDelay", "duration", 0.0, "how long it must be bad before service.state says on-fire", least=0),
        KeyType("entityFailed.republishTime", "duration", None, "say so again after this time while it lasts; never if not set", least=0.1),
        KeyType("onlyReportIfPreviouslyUp", "boolean", True, "whether a service that never was up cannot fail"),
        KeyType("monitorServiceProblems", "boolean", True, "whether a problem counts as failure although the service is up"),
    ),
    ("ServiceFailureDetector", "org.apache.brooklyn.policy.ha.ServiceFailureDetector", "brooklyn.policy.ha.ServiceFailureDetector"),
    "says when a service has failed and when it has recovered",
    kinds=(EntityKind.MEMBER, EntityKind.CLUSTER, EntityKind.APPLICATION),
    emits=(sensors.ENTITY_FAILED.name, sensors.ENTITY_RECOVERED.name),
)
_HEARD = (sensors.SERVICE_EXPECTED, sensors.SERVICE_NOT_UP, sensors.SERVICE_PROBLEMS, sensors.SERVICE_UP)


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A delay is over, or everything that changed together has been heard."""


class FailureDetector(EnricherActor):
    """Durable: what was said last, and whether the service was ever up."""

    type = FAILURE_DETECTOR

    def begin(self) -> None:
        memory = decoded(self.kept)
        self.memory = replace(memory, said_at=past(memory.said_at, self.now) or 0.0)
        self.seen = Seen()
        self.looking = False
        self.cause = Cause("start", self.id)
        for sensor in _HEARD:
            self.subscribe(self.entity, sensor.name)

    def take(self, message: object) -> object:
        match message:
            case SensorChanged() if message.entity == self.entity:
                self._heard(message.reading)
            case SensorChanged():
                pass
            case LookAgain():
                self._look()
            case _:
                return super().take(message)
        return None

    @property
    def delays(self) -> Delays:
        """The configuration as the arithmetic needs it."""
        return Delays(
            self.seconds_of("entityFailed.stabilizationDelay"),
            self.seconds_of("entityRecovered.stabilizationDelay"),
            self.seconds_of("serviceOnFire.stabilizationDelay"),
            as_number(self.config["entityFailed.republishTime"]),
            bool(self.config["onlyReportIfPreviouslyUp"]),
            bool(self.config["monitorServiceProblems"]),
        )

    def _heard(self, reading: Reading) -> None:
        seen = self.seen
        match reading.sensor:
            case sensors.SERVICE_EXPECTED.name:
                self.seen = replace(seen, expected=str(reading.value or ""))
            case sensors.SERVICE_UP.name:
                self.seen = replace(seen, up=None if reading.unavailable or reading.value is None else reading.value is True)
            case sensors.SERVICE_PROBLEMS.name:
                self.seen = replace(seen, problems=_words(reading.value))
            case sensors.SERVICE_NOT_UP.name:
                self.seen = replace(seen, indicators=_words(reading.value))
            case _:
                return
        self.cause = Cause(reading.id, self.id)
        if not self.looking:
            # An entity publishes what changed together in one go, one sensor after the other. Looking between two of them would see a state that never was.
            self.looking = True
            self.tell(self.id, LookAgain())

    def _look(self) -> None:
        self.looking = False
        if self.suspended:
            return
        verdict = judge(self.memory, self.seen, delays := self.delays, self.now)
        self.memory = verdict.memory
        if verdict.again is None:
            self.cancel_timer("again")
        else:
            self.after("again", max(verdict.again - self.now, GRAIN), LookAgain())
        if verdict.say is Said.FAILED:
            self.emit(sensors.ENTITY_FAILED.name, self.seen.why(), self.cause)
        elif verdict.say is Said.RECOVERED:
            self.emit(sensors.ENTITY_RECOVERED.name, "the service is up again", self.cause)
        if delays.on_fire and verdict.on_fire and not self.memory.on_fire_said:
            self.memory = replace(self.memory, on_fire_said=True)
            self.give(Reading(sensors.SERVICE_STATE.name, str(Lifecycle.ON_FIRE), self.now))
        self.keep(encoded(self.memory))
        if verdict.say:
            self.note()

    def renewed(self, old: Mapping[str, Value]) -> None:
        if old == self.config:
            self.memory = replace(self.memory, since=None, bad=None)
        self._look()

    def status(self) -> Mapping[str, Value]:
        return {"said": str(self.memory.said), "was_up": self.memory.was_up}


def _words(value: Value) -> dict[str, str]:
    return {name: str(text) for name, text in as_map(value).items()}
