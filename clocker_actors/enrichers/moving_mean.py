"""The mean over a time window of any sensor of an entity, as a sensor of its own."""

from collections.abc import Mapping

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.rolling_mean import MEAN_WINDOW, RollingMean
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

MOVING_MEAN = PolicyType(
    "rolling-mean",
    "enricher",
    (
        KeyType("sourceSensor", "sensor", None, "sensor to take the mean of", required=True),
        KeyType("targetSensor", "sensor", None, "sensor to give", required=True),
        KeyType("timePeriod", "duration", MEAN_WINDOW, "window of the mean", least=0.1),
        KeyType(
            "confidenceRequiredToPublish", "number", 0.0, "give nothing until readings speak of this part of the window", least=0, most=1
        ),
    ),
    ("RollingTimeWindowMeanEnricher", "org.apache.brooklyn.policy.enricher.RollingTimeWindowMeanEnricher"),
    "gives the mean of a sensor over a time window",
    hears=("sourceSensor",),
    gives=("targetSensor",),
)


class MovingMean(EnricherActor):
    """Gives a reading for each reading. Keeps nothing durable."""

    type = MOVING_MEAN

    def begin(self) -> None:
        self.mean = RollingMean(self.seconds_of("timePeriod"))
        self.subscribe(self.entity, str(self.config["sourceSensor"]))

    def take(self, message: object) -> object:
        if not isinstance(message, SensorChanged):
            return super().take(message)
        reading = message.reading
        if reading.sensor == self.config["sourceSensor"] and not self.suspended:
            value, target = as_number(reading.value), str(self.config["targetSensor"])
            if reading.unavailable or value is None:
                self.mean.clear()
                self.give(Reading(target, None, reading.at, reading.unavailable or f"{reading.sensor} is no number"))
            else:
                mean = self.mean.add(value, reading.at)
                if self.mean.covered >= (self.number_of("confidenceRequiredToPublish") or 0.0):
                    self.give(Reading(target, mean, reading.at, "", reading.count, reading.of))
        return None

    def renewed(self, old: Mapping[str, Value]) -> None:
        self.unsubscribe(self.entity, str(old["sourceSensor"]))
        self.begin()
