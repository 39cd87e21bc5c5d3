"""What enrichers have in common that make one sensor of a few others of one entity.

Such an enricher hears its sources, works out a value from the newest readings of them, and gives it as its target. A result has the time of the oldest reading
in it. A source that becomes unavailable makes the target so, with the same reason, once. What it is worked out of is always a fixed few readings,
however often they come.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model.dependencies import Found, Said, SayReadings, Where
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType
from clocker_actors.model.values import Value

PRODUCER = KeyType(
    "producer",
    "string",
    "",
    "whose sensors are heard: the id of a service of the file, self, parent, root, or $brooklyn:component(…); default: its own entity's",
)
ASK_LIMIT = 10.0
ASK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Whom it is to hear was not there yet."""


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
        self.asked = 0
        written = self.config.get("producer")
        self.producer = "" if written and written != "self" else str(self.entity)
        if self.producer:
            self._listen()
        else:
            self._ask_who()

    def _listen(self) -> None:
        for source in self.sources():
            self.subscribe(self.producer, source)

    def _ask_who(self) -> None:
        self.asked = self.request(self.entity, Where((str(self.config["producer"]),)), ASK_LIMIT)

    def _answered(self, message: object) -> None:
        """Who is meant is known, or what it said before it was heard; somebody who is not there yet is asked for again."""
        value = message.value if isinstance(message, Answered) else None
        written = str(self.config.get("producer"))
        if isinstance(value, Found) and written in value.uids:
            self.producer = str(value.uids[written])
            self._listen()
            self.asked = self.request(self.producer, SayReadings(self.sources()), ASK_LIMIT)
        elif isinstance(value, Said):
            for reading in value.readings:
                if reading.sensor not in self.latest:
                    self.take(SensorChanged(value.entity, reading))
        elif not self.producer:
            self.after("who", ASK_AGAIN, AskAgain())

    def sources(self) -> tuple[str, ...]:
        """The sensors it hears."""
        return (self.text_of("sourceSensor"),)

    def heard(self, reading: Reading) -> None:
        """A source has a new reading, which is in `latest` already."""
        raise NotImplementedError(f"{type(self).__name__} must say what it makes of a reading")

    def take(self, message: object) -> object:
        match message:
            case Answered() | RequestFailed() | TimedOut():
                if message.request == self.asked:
                    self._answered(message)
                return None
            case AskAgain():
                self._ask_who()
                return None
            case SensorChanged():
                reading = message.reading
            case _:
                return super().take(message)
        if str(message.entity) == self.producer and reading.sensor in self.sources():
            self.latest[reading.sensor] = reading
            if not self.suspended:
                self.heard(reading)
        return None

    def renewed(self, old: Mapping[str, Value]) -> None:
        """Other sources may be heard now; what is known of those that stay is worked out again."""
        known = dict(self.latest) if old.get("producer") == self.config.get("producer") else {}
        self._unsubscribe(old)
        self.cancel_timer("who")
        self.begin()
        self.latest = {name: known[name] for name in self.sources() if name in known}
        for reading in tuple(self.latest.values()):
            if not self.suspended:
                self.heard(reading)

    def _unsubscribe(self, old: Mapping[str, Value]) -> None:
        now, self.config = self.config, dict(old)
        for source in self.sources() if self.producer else ():
            self.unsubscribe(self.producer, source)
        self.config = now

    def on_stop(self) -> None:
        """Removed: nobody keeps what it gave true any more."""
        for target in tuple(self.given):
            self.give_nothing(target, "its enricher is gone")

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
