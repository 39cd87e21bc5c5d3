"""The rollup: a cluster's numbers from its members' numbers.

`cpu.mean` of the members becomes `cpu.mean.average`, `.sum`, `.min` and `.max` of the cluster. Each says how many members are in it and how old the oldest of
their readings is, because whoever scales on it must know. Readings come in bursts, one per member and tick, so results are given at
most every `publishPeriod`: what came first at once, the rest together. What a member read in one go is heard before anything is given.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.enrichers.aggregate import Aggregate, Rolling
from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import TOPIC_MEMBERS, MembersChanged, SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

ROLLUP = PolicyType(
    "rollup",
    "enricher",
    (
        KeyType("sensors", "list", tuple(sensor.name for sensor in sensors.ROLLED_UP), "members' sensors to roll up"),
        KeyType("publishPeriod", "duration", 0.2, "shortest time between two results", least=0.01),
    ),
    (),
    "gives mean, sum, least and greatest of the members' numbers",
    kinds=(EntityKind.CLUSTER,),
    rolls_up="sensors",
    gathers=("sensors",),
)


@dataclass(frozen=True, slots=True)
class GiveResults:
    """Everything that changed together has been heard, or the time between two results is over."""


class Rollup(EnricherActor):
    """Hears its members' sensors, gives the cluster its own. Keeps nothing durable: after a restart the members speak again."""

    type = ROLLUP

    def begin(self) -> None:
        self.members: dict[str, None] = {}
        self.rolling = {name: Rolling() for name in self.names_of("sensors")}
        self.changed: dict[str, None] = {}
        self.given: set[str] = set()
        self.waiting = False
        self.subscribe(self.entity, TOPIC_MEMBERS)

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                self._heard(str(message.entity), message.reading)
            case MembersChanged():
                self._members_changed(tuple(str(member) for member in message.members))
            case GiveResults():
                self.waiting = False
                self._give()
            case _:
                return super().take(message)
        return None

    def _heard(self, member: str, reading: Reading) -> None:
        rolling = self.rolling.get(reading.sensor)
        if rolling is None or member not in self.members:
            return
        value = None if reading.unavailable else as_number(reading.value)
        if value is not None and not math.isfinite(value):
            value = None
        if value is not None:
            rolling.set(member, value, reading.at)
        elif not rolling.remove(member):
            return
        self.changed[reading.sensor] = None
        self._give_soon()

    def _members_changed(self, members: tuple[str, ...]) -> None:
        there = dict.fromkeys(members)
        for gone in [member for member in self.members if member not in there]:
            for name, rolling in self.rolling.items():
                self.unsubscribe(gone, name)
                rolling.remove(gone)
        for new in members:
            if new not in self.members:
                self._listen(new)
        self.members = there
        self.changed.update(dict.fromkeys(self.rolling))
        self._give_soon()

    def _listen(self, member: str) -> None:
        for name in self.rolling:
            self.subscribe(member, name)

    def _give_soon(self) -> None:
        """A reading brings several sensors, one message each: giving at the first would make the others wait for the whole period."""
        if not self.waiting:
            self.waiting = True
            self.tell(self.id, GiveResults())

    def _give(self) -> None:
        if not self.changed or self.suspended:
            return
        for name in self.changed:
            rolling = self.rolling[name]
            rolling.drop_stale(self.now)
            self._give_one(name, rolling.aggregate())
        self.changed.clear()
        self.waiting = True
        self.after("give", self.seconds_of("publishPeriod"), GiveResults())

    def _give_one(self, name: str, aggregate: Aggregate | None) -> None:
        of = len(self.members)
        if aggregate is not None:
            self.given.add(name)
            for how in sensors.ROLLUPS:
                value: float = getattr(aggregate, how)
                self.give(Reading(f"{name}.{how}", value, aggregate.oldest, "", aggregate.count, of))
        elif name in self.given:
            self.given.discard(name)
            for how in sensors.ROLLUPS:
                self.give(Reading(f"{name}.{how}", None, self.now, "no member reports it", 0, of))

    def renewed(self, old: Mapping[str, Value]) -> None:
        names = self.names_of("sensors")
        for name in [name for name in self.rolling if name not in names]:
            del self.rolling[name]
            self.changed.pop(name, None)
            for member in self.members:
                self.unsubscribe(member, name)
        for name in names:
            self.rolling.setdefault(name, Rolling())
        for member in self.members:
            self._listen(member)
        if old == self.config:
            self.changed.update(dict.fromkeys(self.rolling))
            self._give_soon()
