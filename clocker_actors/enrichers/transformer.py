"""The transformer: a function of one sensor, as another sensor."""

from collections.abc import Mapping

from clocker_actors.enrichers.derived import PRODUCER, SOURCE, SUPPRESS, TARGET, Derived, own_target
from clocker_actors.model.formula import formula
from clocker_actors.model.messages import Notified
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    unknown = formula(str(config["transformation"])).names - {"value", "count", "of", "at"}
    if unknown:
        return "transformation", f"transformation names {', '.join(sorted(unknown))}; it knows value, count, of and at"
    return own_target(config, str(config["sourceSensor"]))


TRANSFORMER = PolicyType(
    "transformer",
    "enricher",
    (
        SOURCE,
        TARGET,
        KeyType("transformation", "formula", "value", "what is made of it: a formula of value (and count, of, at), as value * 100"),
        PRODUCER,
        SUPPRESS,
    ),
    ("Transformer", "org.apache.brooklyn.enricher.stock.Transformer", "brooklyn.enricher.basic.Transformer"),
    "gives a function of a sensor as another sensor; also of a notification's value",
    hears=("sourceSensor",),
    elsewhere=("producer",),
    gives=("targetSensor",),
    check=_check,
)


class Transformer(Derived):
    """Gives a reading for each reading."""

    type = TRANSFORMER

    def begin(self) -> None:
        super().begin()
        self.function = formula(self.text_of("transformation"))

    def take(self, message: object) -> object:
        if isinstance(message, Notified) and message.sensor == self.config["sourceSensor"]:
            self.heard(Reading(message.sensor, message.value, message.at))
            return None
        return super().take(message)

    def heard(self, reading: Reading) -> None:
        target = self.text_of("targetSensor")
        if reading.unavailable:
            self.give_nothing(target, reading.unavailable)
            return
        try:
            value = self.function({"value": reading.value, "count": reading.count, "of": reading.of, "at": reading.at})
        except ValueError as why:
            self.give_nothing(target, str(why))
        else:
            self.give_value(target, value, (reading,))
