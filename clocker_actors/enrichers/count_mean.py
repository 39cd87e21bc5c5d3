"""The mean of the last so many readings of a sensor."""

from collections import deque

from clocker_actors.enrichers.derived import PRODUCER, SOURCE, TARGET, Derived, own_target
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import as_number

COUNT_MEAN = PolicyType(
    "rolling-count-mean",
    "enricher",
    (SOURCE, TARGET, KeyType("windowSize", "integer", 10, "readings in the mean", least=1, most=100_000), PRODUCER),
    ("RollingMeanEnricher", "org.apache.brooklyn.policy.enricher.RollingMeanEnricher", "brooklyn.enricher.RollingMeanEnricher"),
    "gives the mean of a sensor's last readings, each counted alike",
    hears=("sourceSensor",),
    elsewhere=("producer",),
    gives=("targetSensor",),
    check=lambda config: own_target(config, str(config["sourceSensor"])),
)


class LastReadings:
    """The last `size` numbers and their mean. The sum is added up anew once per `size` numbers, so that rounding does not pile up."""

    __slots__ = ("_added", "_numbers", "_sum")

    def __init__(self, size: int) -> None:
        self._numbers: deque[float] = deque(maxlen=size)
        self._sum = 0.0
        self._added = 0

    def add(self, value: float) -> float:
        """The mean with this number."""
        numbers = self._numbers
        if len(numbers) == numbers.maxlen:
            self._sum -= numbers[0]
        numbers.append(value)
        self._sum += value
        self._added += 1
        if self._added >= (numbers.maxlen or 1):
            self._sum, self._added = sum(numbers), 0
        return self._sum / len(numbers)


class CountMean(Derived):
    """Gives a reading for each reading."""

    type = COUNT_MEAN

    def begin(self) -> None:
        super().begin()
        self.last = LastReadings(int(self.number_of("windowSize") or 1))

    def heard(self, reading: Reading) -> None:
        target, value = self.text_of("targetSensor"), as_number(reading.value)
        if reading.unavailable or value is None:
            self.last = LastReadings(int(self.number_of("windowSize") or 1))
            self.give_nothing(target, reading.unavailable or f"{reading.sensor} is no number")
        else:
            self.give_value(target, self.last.add(value), (reading,))
