"""The map aggregator: a map of two sensors of each member, as of its address to its load."""

from clocker_actors.enrichers.derived import TARGET
from clocker_actors.enrichers.gatherer import GATHERED, GROUPS, Gatherer
from clocker_actors.enrichers.gathering import Rules
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType

MAP_AGGREGATOR = PolicyType(
    "map-aggregator",
    "enricher",
    (
        KeyType("keySensor", "sensor", None, "members' sensor whose value is the key; without it, their uid"),
        KeyType("valueSensor", "sensor", None, "members' sensor whose value is put under it", required=True),
        TARGET,
        *GATHERED,
    ),
    ("MapAggregator", "org.apache.brooklyn.enricher.stock.MapAggregator", "AggregatingMap"),
    "gives a map with an entry for each member, made of two of its sensors",
    kinds=GROUPS,
    gives=("targetSensor",),
    gathers=("keySensor", "valueSensor"),
)


class MapAggregator(Gatherer):
    """Gives a map at most every `publishPeriod`. A member whose key is not known is not in it."""

    type = MAP_AGGREGATOR

    def begin(self) -> None:
        self.keys: dict[str, str] = {}
        super().begin()

    def rules(self) -> Rules:
        return Rules("list", exclude_blank=False)

    def sources(self) -> tuple[str, ...]:
        key = self.text_of("keySensor")
        return (key, self.text_of("valueSensor")) if key else (self.text_of("valueSensor"),)

    def heard(self, member: str, reading: Reading) -> bool:
        changed = False
        if reading.sensor == self.config["keySensor"]:
            known = self.keys.get(member)
            if reading.unavailable or reading.value is None:
                self.keys.pop(member, None)
            else:
                self.keys[member] = str(reading.value)
            changed = known != self.keys.get(member)
        if reading.sensor == self.config["valueSensor"]:
            changed = super().heard(member, reading) or changed
        return changed

    def member_gone(self, member: str) -> None:
        self.keys.pop(member, None)
        super().member_gone(member)

    def result(self) -> None:
        values = self.gathering.named({})
        if self.text_of("keySensor"):
            values = {self.keys[member]: value for member, value in values.items() if member in self.keys}
        self.give_value(self.text_of("targetSensor"), values if self.members else None, "there are no members")
