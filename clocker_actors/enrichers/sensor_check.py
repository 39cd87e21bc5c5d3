"""The sensor check: a service is not up while one of its sensors is not as a predicate says.

What a probe asks from outside, this hears from a sensor that something else gives: `health: {sensor: queue.length, less-than: 1000}` is one. A reading
that is unavailable is tested as what is not there, which fails, unless the predicate says `when`. A new generation begins with a clean slate.
"""

from collections.abc import Mapping

from clocker_actors.enrichers.derived import SOURCE, Derived
from clocker_actors.errors import BadRequest
from clocker_actors.expressions import as_text, holds
from clocker_actors.expressions.predicates import ABSENT
from clocker_actors.expressions.predicates import check as check_predicate
from clocker_actors.model import sensors
from clocker_actors.model.identity import Cause, EntityKind
from clocker_actors.model.messages import SetIndicator
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, counted

MOST_SHOWN = 80


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    try:
        check_predicate(config["predicate"])
    except BadRequest as fault:
        return "predicate", str(fault)
    return None


SENSOR_CHECK = PolicyType(
    "sensor-check",
    "enricher",
    (
        SOURCE,
        KeyType("predicate", "any", None, "what the sensor is to be, as {less-than: 90}, or the value it is to equal", required=True),
        KeyType("failures", "integer", 3, "readings in a row that are not so, after which the service is not up", 1, 1000),
    ),
    (),
    "says that a service is not up while a sensor is not as a predicate says; `health` with a `sensor` makes one",
    kinds=(EntityKind.MEMBER,),
    hears=("sourceSensor",),
    check=_check,
)


class SensorCheck(Derived):
    """Puts a reason into `service.notUp.indicators` under its own name, and takes it away with the first reading that is right."""

    type = SENSOR_CHECK

    def begin(self) -> None:
        super().begin()
        self.failed = 0
        self.reason = ""
        self.generation: Value = None

    def sources(self) -> tuple[str, ...]:
        return self.text_of("sourceSensor"), sensors.GENERATION.name

    def heard(self, reading: Reading) -> None:
        if reading.sensor == sensors.GENERATION.name:
            if reading.value != self.generation:
                self.generation, self.failed = reading.value, 0
                self._say("", reading.id)
            return
        self.failed = 0 if self._well(reading) else self.failed + 1
        if self.failed == 0:
            self._say("", reading.id)
        elif self.failed >= (self.number_of("failures") or 1):
            self._say(self._words(reading), reading.id)

    def renewed(self, old: Mapping[str, Value]) -> None:
        self._say("", "reconfigured")
        super().renewed(old)

    def on_stop(self) -> None:
        """Removed: what it said does not hold any more."""
        self._say("", "stop")

    def _rest(self, *, suspended: bool) -> None:
        if suspended:
            self._say("", "suspended")
        super()._rest(suspended=suspended)

    def _well(self, reading: Reading) -> bool:
        try:
            return holds(ABSENT if reading.unavailable else reading.value, self.config["predicate"])
        except BadRequest:  # an `assert` inside does not hold
            return False

    def _words(self, reading: Reading) -> str:
        found = f"unavailable, {reading.unavailable}" if reading.unavailable else as_text(reading.value)[:MOST_SHOWN]
        wanted = as_text(self.config["predicate"])[:MOST_SHOWN]
        return f"{reading.sensor} is {found}, and should be {wanted} ({counted(int(self.number_of('failures') or 1), 'reading')} in a row)"

    def _say(self, reason: str, because: str) -> None:
        if bool(reason) != bool(self.reason):
            self.tell(self.entity, SetIndicator(self.spec.name, reason, Cause(because, self.id)))
            self.reason = reason
