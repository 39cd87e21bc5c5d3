"""Where all members of a cluster are: what software that forms a cluster of its own tells each of its members about the others.

    cluster ──members──▶ each is heard: `service.place` ──▶ list of {id, index, host, address, ports, served}, oldest member first

Every member is in the list from when it is planted until it is no member any more; one that has no place yet has no address. Who is down, silent, or between
two containers stays as he was known last, since a cluster must not be told to forget a member that comes back. So what was known is durable. The first of the
list is the same for all who read it: the one to begin, where somebody has to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.derived import TARGET
from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model import sensors
from clocker_actors.model.dependencies import Said, SayReadings
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import TOPIC_MEMBERS, MembersChanged, SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map

ASK_LIMIT = 10.0
ASK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A member did not say what it is called."""


@dataclass(frozen=True, slots=True)
class GiveList:
    """Everything that changed together has been heard, or the time between two lists is over."""


class MemberPlaces(EnricherActor):
    """Hears the members of its cluster."""

    type: ClassVar[PolicyType] = PolicyType(
        "member-places",
        "enricher",
        (TARGET, KeyType("publishPeriod", "duration", 0.5, "shortest time between two lists", least=0.01)),
        (),
        "gives where all members are, up or not, as a list of {id, index, host, address, ports, served}, the oldest first: what a cluster tells its members",
        kinds=(EntityKind.CLUSTER,),
        gives=("targetSensor",),
    )

    def begin(self) -> None:
        self.places: dict[str, dict[str, Value]] = {uid: dict(as_map(each)) for uid, each in as_map(self.kept.get("places")).items()}
        self.members: tuple[str, ...] = ()
        self.asked: dict[int, str] = {}
        self.last: list[Value] | None = None
        self.waiting = False
        self.subscribe(self.entity, TOPIC_MEMBERS)

    def renewed(self, old: Mapping[str, Value]) -> None:  # noqa: ARG002 - whatever it was
        """It gives another sensor, or works again."""
        self.last = None
        self._give_soon()

    def on_stop(self) -> None:
        """Removed: nobody keeps the list true any more."""
        if self.last is not None:
            self.give(Reading(self.text_of("targetSensor"), self.last, self.now, "its enricher is gone"))

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                self._hear(str(message.entity), message.reading)
            case MembersChanged():
                self._members_are(tuple(map(str, message.members)))
            case Answered() | RequestFailed() | TimedOut() if message.request in self.asked:
                self._answered(message)
            case AskAgain():
                self._ask()
            case GiveList():
                self.waiting = False
                self._give_list()
            case _:
                return super().take(message)
        return None

    def _members_are(self, members: tuple[str, ...]) -> None:
        for gone in self.members:
            if gone not in members:
                self.unsubscribe(gone, sensors.PLACE.name)
        for member in members:
            if member not in self.members:
                self.subscribe(member, sensors.PLACE.name)
        self.members = members
        self.places = {uid: each for uid, each in self.places.items() if uid in members}
        self._ask()
        self._give_soon()

    def _ask(self) -> None:
        for member in self.members:
            if "index" not in self.places.get(member, {}) and member not in self.asked.values():
                self.asked[self.request(Uid(member), SayReadings((sensors.PLACE.name,)), ASK_LIMIT)] = member

    def _answered(self, message: Answered | RequestFailed | TimedOut) -> None:
        member = self.asked.pop(message.request)
        match message:
            case Answered(value=Said() as said) if member in self.members:
                self.places.setdefault(member, {})["index"] = said.path.rpartition("/")[2]
                for reading in said.readings:
                    self._hear(member, reading)
                self._give_soon()
            case _:
                self.after("again", ASK_AGAIN, AskAgain())

    def _hear(self, member: str, reading: Reading) -> None:
        if member not in self.members or reading.sensor != sensors.PLACE.name or not as_map(reading.value):
            return
        known = self.places.setdefault(member, {})
        served = known.get("served") is True
        known |= as_map(reading.value)
        known["served"] = served or known.get("served") is True
        self._give_soon()

    def _give_soon(self) -> None:
        if not self.waiting:
            self.waiting = True
            self.tell(self.id, GiveList())

    def _give_list(self) -> None:
        if self.suspended or not self.members or any("index" not in self.places.get(member, {}) for member in self.members):
            return  # whoever reads the list counts on all members being in it
        nowhere: dict[str, Value] = {"host": "", "address": "", "ports": {}, "served": False}
        listed: list[Value] = [{"id": member, **nowhere, **self.places[member]} for member in self.members]
        if listed == self.last:
            return
        self.last = listed
        self.keep({"places": {uid: dict(each) for uid, each in self.places.items()}})
        self.give(Reading(self.text_of("targetSensor"), listed, self.now, count=len(listed), of=len(listed)))
        self.waiting = True
        self.after("give", self.seconds_of("publishPeriod"), GiveList())
