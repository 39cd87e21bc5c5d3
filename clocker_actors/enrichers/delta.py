"""Differences: of a number from one reading to the next, per unit of time, and as a fraction of the time.

Three types with one actor: they differ in the arithmetic alone. The first reading gives nothing, for there is nothing to compare it with.
"""

from collections.abc import Mapping
from typing import ClassVar

from clocker_actors.enrichers.delta_math import Point, delta, fraction, rate
from clocker_actors.enrichers.derived import PRODUCER, SOURCE, TARGET, Derived, own_target
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

_COUNTER = KeyType("counter", "boolean", False, "it only grows: one that is smaller than it was has begun anew, at 0")


def _type(name: str, java: str, meaning: str, *keys: KeyType) -> PolicyType:
    aliases = (java, f"org.apache.brooklyn.policy.enricher.{java}", f"brooklyn.enricher.{java}")
    return PolicyType(
        name,
        "enricher",
        (SOURCE, TARGET, *keys, _COUNTER, PRODUCER),
        aliases,
        meaning,
        hears=("sourceSensor",),
        elsewhere=("producer",),
        gives=("targetSensor",),
        check=lambda config: own_target(config, str(config["sourceSensor"])),
    )


class Delta(Derived):
    """Gives a reading for each but the first."""

    type = _type("delta", "DeltaEnricher", "gives the difference of a number to its last reading")

    def begin(self) -> None:
        super().begin()
        self.before: Point | None = None

    def heard(self, reading: Reading) -> None:
        target, value = self.text_of("targetSensor"), as_number(reading.value)
        if reading.unavailable or value is None:
            self.before = None
            self.give_nothing(target, reading.unavailable or f"{reading.sensor} is no number")
            return
        now, before = Point(value, reading.at), self.before
        if before is not None and now.at < before.at:
            return
        self.before = now
        found = None if before is None else self.made_of(before, now)
        if found is not None:
            self.give_value(target, found, (reading,))

    def made_of(self, before: Point, now: Point) -> float | None:
        """What two points are made into."""
        return delta(before, now, counter=self.is_counter)

    @property
    def is_counter(self) -> bool:
        """Whether a smaller number means a new beginning."""
        return self.config["counter"] is True

    def renewed(self, old: Mapping[str, Value]) -> None:
        """What was before a rest is not what was just before."""
        before, stays = self.before, old != self.config and old["sourceSensor"] == self.config["sourceSensor"]
        super().renewed(old)
        self.before = before if stays else None


class TimeWeightedDelta(Delta):
    """The difference per unit of time."""

    type: ClassVar[PolicyType] = _type(
        "time-weighted-delta",
        "TimeWeightedDeltaEnricher",
        "gives how fast a number changes",
        KeyType("unit", "duration", 1.0, "the time it is given per", least=0.001),
    )

    def made_of(self, before: Point, now: Point) -> float | None:
        return rate(before, now, self.seconds_of("unit"), counter=self.is_counter)


class TimeFractionDelta(Delta):
    """The fraction of the time that passed."""

    type: ClassVar[PolicyType] = _type(
        "time-fraction-delta",
        "TimeFractionDeltaEnricher",
        "gives which fraction of the time was spent, from a sum of times, as of processor time in milliseconds",
        KeyType("durationPerOrigUnit", "duration", 0.001, "the time that 1 in the source means", least=1e-9),
    )

    def made_of(self, before: Point, now: Point) -> float | None:
        return fraction(before, now, self.seconds_of("durationPerOrigUnit"), counter=self.is_counter)
