"""The percentage of one sensor in another, as use in a total."""

from clocker_actors.enrichers.derived import PRODUCER, SUPPRESS, TARGET, Derived, own_target
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import as_number

PERCENTAGE = PolicyType(
    "percentage",
    "enricher",
    (
        KeyType("sourceCurrentSensor", "sensor", None, "sensor with the part", required=True),
        KeyType("sourceTotalSensor", "sensor", None, "sensor with the whole", required=True),
        TARGET,
        KeyType("scale", "number", 100.0, "what the whole is called: 100 for percent, 1 for a share"),
        PRODUCER,
        SUPPRESS,
    ),
    ("PercentageEnricher", "org.apache.brooklyn.enricher.stock.PercentageEnricher"),
    "gives one sensor as a percentage of another",
    hears=("sourceCurrentSensor", "sourceTotalSensor"),
    elsewhere=("producer",),
    gives=("targetSensor",),
    check=lambda config: own_target(config, str(config["sourceCurrentSensor"]), str(config["sourceTotalSensor"])),
)


def share(current: float, total: float, scale: float = 100.0) -> float | None:
    """The part as a share of the whole; None where there is no whole. Not bounded: a part may be more than its whole."""
    return current * scale / total if total else None


class Percentage(Derived):
    """Gives a reading for each reading of either, once both have one."""

    type = PERCENTAGE

    def sources(self) -> tuple[str, ...]:
        return self.text_of("sourceCurrentSensor"), self.text_of("sourceTotalSensor")

    def heard(self, _: Reading) -> None:
        target = self.text_of("targetSensor")
        current, total = (self.latest.get(name) for name in self.sources())
        if current is None or total is None:
            return
        part, whole = as_number(current.value), as_number(total.value)
        gone = current.unavailable or total.unavailable
        if gone or part is None or whole is None:
            self.give_nothing(target, gone or f"{current.sensor if part is None else total.sensor} is no number")
            return
        found = share(part, whole, self.number_of("scale") or 100.0)
        if found is None:
            self.give_nothing(target, f"{total.sensor} is 0")
        else:
            self.give_value(target, found, (current, total))
