"""The other way round: sensors of a cluster, given to each of its members."""

from collections.abc import Mapping

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.gatherer import GROUPS
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import TOPIC_MEMBERS, MembersChanged, SensorChanged, SetReading
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value

PROPAGATE_TO_MEMBERS = PolicyType(
    "propagate-to-members",
    "enricher",
    (KeyType("propagating", "list", None, "sensors of its entity that members get under the same names", required=True),),
    ("PropagateToMembers", "org.apache.brooklyn.enricher.stock.PropagateToMembers"),
    "gives sensors of its entity to all members, also to those that come later",
    kinds=GROUPS,
    hears=("propagating",),
    hands_down=("propagating",),
)


class PropagateToMembers(EnricherActor):
    """One message per member for each reading: that is what it is for. Keeps nothing durable."""

    type = PROPAGATE_TO_MEMBERS

    def begin(self) -> None:
        self.members: dict[Uid, None] = {}
        self.latest: dict[str, Reading] = {}
        self.subscribe(self.entity, TOPIC_MEMBERS)
        for name in self.names_of("propagating"):
            self.subscribe(self.entity, name)

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                reading = message.reading
                if reading.sensor in self.names_of("propagating"):
                    self.latest[reading.sensor] = reading
                    self._tell(tuple(self.members), reading)
            case MembersChanged():
                new = [member for member in message.members if member not in self.members]
                self.members = dict.fromkeys(message.members)
                for reading in self.latest.values():
                    self._tell(new, reading)
            case _:
                return super().take(message)
        return None

    def _tell(self, members: list[Uid] | tuple[Uid, ...], reading: Reading) -> None:
        if not self.suspended:
            for member in members:
                self.tell(member, SetReading(reading))

    def renewed(self, old: Mapping[str, Value]) -> None:
        for name in old["propagating"] if isinstance(old["propagating"], list | tuple) else ():
            self.unsubscribe(self.entity, str(name))
        for name in self.names_of("propagating"):
            self.subscribe(self.entity, name)
        self.latest = {name: reading for name, reading in self.latest.items() if name in self.names_of("propagating")}
        for reading in self.latest.values():
            self._tell(tuple(self.members), reading)
