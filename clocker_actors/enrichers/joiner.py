"""The joiner: a list sensor as one text."""

import json
from collections.abc import Mapping, Sequence

from clocker_actors.enrichers.derived import PRODUCER, SOURCE, SUPPRESS, TARGET, Derived, own_target
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value

JOINER = PolicyType(
    "joiner",
    "enricher",
    (
        SOURCE,
        TARGET,
        KeyType("separator", "string", ",", "what stands between two items"),
        KeyType("quote", "boolean", False, "put each item in double quotes"),
        KeyType("minimum", "integer", 0, "give nothing with fewer items than this", least=0),
        KeyType("maximum", "integer", None, "join no more items than this", least=0),
        KeyType("excludeBlank", "boolean", True, "leave out empty items"),
        PRODUCER,
        SUPPRESS,
    ),
    ("Joiner", "org.apache.brooklyn.enricher.stock.Joiner"),
    "gives the items of a list sensor as one text",
    hears=("sourceSensor",),
    elsewhere=("producer",),
    gives=("targetSensor",),
    check=lambda config: own_target(config, str(config["sourceSensor"])),
)


def joined(items: Sequence[Value], config: Mapping[str, Value]) -> str | None:
    """The items as one text; None if they are too few."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in items if each is not None]
    if config["excludeBlank"] is True:
        texts = [each for each in texts if each.strip()]
    least, most = config["minimum"], config["maximum"]
    if isinstance(least, int) and len(texts) < least:
        return None
    chosen = texts[:most] if isinstance(most, int) else texts
    return str(config["separator"]).join(json.dumps(each) if config["quote"] is True else each for each in chosen)


class Joiner(Derived):
    """Gives a reading for each reading."""

    type = JOINER

    def heard(self, reading: Reading) -> None:
        target, value = self.text_of("targetSensor"), reading.value
        if reading.unavailable or not isinstance(value, list | tuple):
            self.give_nothing(target, reading.unavailable or f"{reading.sensor} is no list")
            return
        text = joined(value, self.config)
        if text is None:
            self.give_nothing(target, f"{reading.sensor} has {len(value)} items, fewer than the {self.config['minimum']} wanted")
        else:
            self.give_value(target, text, (reading,))
