"""The updating map: a computed value under a key of a map sensor, as one reason of several why a service is not up.

For `service.notUp.indicators` and `service.problems` it speaks to the service model itself: a text under a key is a reason, none takes it away.
"""

from collections.abc import Mapping

from clocker_actors.enrichers.derived import PRODUCER, SOURCE, Derived
from clocker_actors.model import sensors
from clocker_actors.model.formula import formula
from clocker_actors.model.identity import Cause
from clocker_actors.model.messages import SetIndicator, SetProblem
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    unknown = formula(str(config["computing"])).names - {"value"}
    if unknown:
        return "computing", f"computing names {', '.join(sorted(unknown))}; it knows value"
    if config["targetSensor"] == config["sourceSensor"] and not config["producer"]:
        return (
            "targetSensor",
            f"targetSensor {config['targetSensor']!r} is its own source, so it would hear itself for ever; give it another name",
        )
    return None


UPDATING_MAP = PolicyType(
    "updating-map",
    "enricher",
    (
        SOURCE,
        KeyType("targetSensor", "sensor", sensors.SERVICE_NOT_UP.name, "map sensor that gets the value under a key"),
        KeyType("key", "string", "", "the key; without it, the name of the source"),
        KeyType(
            "computing",
            "formula",
            "value",
            "what is put there: a formula of value; null takes the key away, as: 'too many' if value > 9 else null",
        ),
        PRODUCER,
    ),
    ("UpdatingMap", "org.apache.brooklyn.enricher.stock.UpdatingMap"),
    "puts a value made of a sensor under a key of a map sensor, as into service.notUp.indicators",
    hears=("sourceSensor",),
    elsewhere=("producer",),
    check=_check,
)


class UpdatingMap(Derived):
    """Gives the map when what is under its key changes. The map of a sensor of its own has what all of one name have put there."""

    type = UPDATING_MAP

    def begin(self) -> None:
        super().begin()
        self.put: Value = None
        self.entries: dict[str, Value] = {}
        self.function = formula(self.text_of("computing"))
        if self.text_of("targetSensor") not in _SERVICE:
            self.subscribe(self.entity, self.text_of("targetSensor"))

    @property
    def key(self) -> str:
        """The key it puts values under."""
        return self.text_of("key") or self.text_of("sourceSensor")

    def heard(self, reading: Reading) -> None:
        try:
            value = None if reading.unavailable else self.function({"value": reading.value})
        except ValueError as why:
            value = str(why)
        if value == self.put:
            return
        self.put = value
        target = self.text_of("targetSensor")
        if target in _SERVICE:
            text = "" if value is None or value is False else str(value)
            self.tell(self.entity, _SERVICE[target](self.key, text, Cause(reading.id, self.id)))
            return
        if value is None:
            self.entries.pop(self.key, None)
        else:
            self.entries[self.key] = value
        self.give(Reading(target, dict(self.entries), self.now))

    def take(self, message: object) -> object:
        reading = getattr(message, "reading", None)
        if isinstance(reading, Reading) and reading.sensor == self.text_of("targetSensor") and isinstance(reading.value, Mapping):
            self._others(reading.value)
        return super().take(message)

    def _others(self, now: Mapping[str, Value]) -> None:
        """Others put theirs into the same map; one who had not heard of ours yet has left it out."""
        self.entries = dict(now)
        if self.put is not None and self.key not in self.entries:
            self.entries[self.key] = self.put
            self.give(Reading(self.text_of("targetSensor"), dict(self.entries), self.now))

    def on_stop(self) -> None:
        """Removed: what it said does not hold any more."""
        target = self.text_of("targetSensor")
        if target in _SERVICE and self.put:
            self.tell(self.entity, _SERVICE[target](self.key, "", Cause("stop", self.id)))


_SERVICE: Mapping[str, type[SetIndicator] | type[SetProblem]] = {
    sensors.SERVICE_NOT_UP.name: SetIndicator,
    sensors.SERVICE_PROBLEMS.name: SetProblem,
}
