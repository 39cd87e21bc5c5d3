"""What enrichers have in common that make one sensor of a few others of one entity.

Such an enricher hears its sources, works out a value from the newest readings of them, and gives it as its target. A result has the time of the oldest reading
in it. A source that becomes unavailable makes the target so, with the same reason, once. What it is worked out of is always a fixed few readings,
however often they come.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType
from clocker_actors.model.values import Value

PRODUCER = KeyType("producer", "string", "", "uid of the entity whose sensors are heard; without it, the enricher's own")
SUPPRESS = KeyType("suppressDuplicates", "boolean", False, "give a value only when it is another one than the last")
TARGET = KeyType("targetSensor", "sensor", None, "sensor to give", required=True)
SOURCE = KeyType("sourceSensor", "sensor", None, "sensor it is made of", required=True)


def own_target(config: Mapping[str, Value], *sources: str) -> tuple[str, str] | None:
    """That an enricher would hear what it gives itself, for ever."""
    target = config.get("targetSensor")
    if target in sources and not config.get("producer"):
        return "targetSensor", f"targetSensor {target!r} is its own source, so it would hear itself for ever; give it another name"
    return None


class Derived(EnricherActor):
    """Subclasses say what they hear (`sources`) and what comes of it (`work_out`). Keeps nothing durable unless they do."""

    def begin(self) -> None:
        self.latest: dict[str, Reading] = {}
        self.given: dict[str, Reading] = {}
        for source in self.sources():
            self.subscribe(self.producer, source)

    @property
    def producer(self) -> str:
        """Uid of the entity it hears."""
        found = self.config.get("producer")
        return found if isinstance(found, str) and found else str(self.entity)

    def sources(self) -> tuple[str, ...]:
        """The sensors it hears."""
        return (self.text_of("sourceSensor"),)

    def heard(self, reading: Reading) -> None:
        """A source has a new reading, which is in `latest` already."""
        raise NotImplementedError(f"{type(self).__name__} must say what it makes of a reading")

    def take(self, message: object) -> object:
        if not isinstance(message, SensorChanged):
            return super().take(message)
        reading = message.reading
        if str(message.entity) == self.producer and reading.sensor in self.sources():
            self.latest[reading.sensor] = reading
            if not self.suspended:
                self.heard(reading)
        return None

    def renewed(self, old: Mapping[str, Value]) -> None:
        """Other sources may be heard now; what is known of those that stay is worked out again."""
        known = dict(self.latest) if old.get("producer") == self.config.get("producer") else {}
        self._unsubscribe(old)
        self.begin()
        self.latest = {name: known[name] for name in self.sources() if name in known}
        for reading in tuple(self.latest.values()):
            if not self.suspended:
                self.heard(reading)

    def _unsubscribe(self, old: Mapping[str, Value]) -> None:
        now, self.config = self.config, dict(old)
        for source in self.sources():
            self.unsubscribe(self.producer, source)
        self.config = now

    def give_value(self, target: str, value: Value, of: Iterable[Reading]) -> None:
        """Give a value made of these readings."""
        readings = tuple(of)
        at = min((each.at for each in readings), default=self.now)
        one = readings[0] if len(readings) == 1 else None
        self._give(Reading(target, value, at, "", one.count if one else 1, one.of if one else 1))

    def give_nothing(self, target: str, why: str) -> None:
        """There is no value, because."""
        before = self.given.get(target)
        if before is None:
            self._give(Reading(target, None, self.now, why))
        elif not before.unavailable:
            self._give(replace(before, unavailable=why))

    def _give(self, reading: Reading) -> None:
        before = self.given.get(reading.sensor)
        self.given[reading.sensor] = reading
        same = before is not None and before.value == reading.value and before.unavailable == reading.unavailable
        if not (same and self.config.get("suppressDuplicates") is True):
            self.give(reading)
