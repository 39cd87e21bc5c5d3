"""Where the members of a cluster are reached that others are to use now: what a load balancer sends requests to.

    cluster ──members──▶ each is heard: `service.isServing`, `service.endpoints`, `host.subnet.address` ──▶ list of {name, host, port, member}, oldest member first

Who serves is taken from what members say of themselves and never from silence: a member stays in the list until it says that it serves no more, or is no member
any more. So that a manager that begins anew does not empty the list before its members have spoken, what was known is durable. The list is given at once when
it changes, and then at most every `publishPeriod`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.derived import PRODUCER, TARGET
from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model import sensors
from clocker_actors.model.dependencies import Found, Said, SayMembers, SayReadings, Where
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import TOPIC_MEMBERS, MembersChanged, SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map

SOURCES = (sensors.SERVING.name, sensors.ENDPOINTS.name, sensors.HOST_SUBNET.name)
ASK_LIMIT = 10.0
ASK_AGAIN = 1.0
LOOK_AGAIN = 10.0
"""Seconds after which it is asked again who is meant, while nobody serves for that one: it may have been deleted, and made anew."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Whom it is to hear was not there, or did not answer."""


@dataclass(frozen=True, slots=True)
class GiveList:
    """Everything that changed together has been heard, or the time between two lists is over."""


def server(name: str, member: str, known: Mapping[str, Reading], port: int | None) -> Mapping[str, Value] | None:
    """Where a member is reached: at its published port `port`, or its first; None if it has none, or that is not known."""
    endpoints, subnet = known.get(sensors.ENDPOINTS.name), known.get(sensors.HOST_SUBNET.name)
    listed = endpoints.value if endpoints is not None and not endpoints.unavailable else None
    for each in map(as_map, listed) if isinstance(listed, list | tuple) else ():
        inner = str(each.get("container")).partition("/")
        if isinstance(each.get("port"), int) and inner[2] != "udp" and port in (None, int(inner[0] or 0)):
            host = subnet.value if subnet is not None and not subnet.unavailable else each.get("host")
            return {"name": name, "host": host, "port": each.get("port"), "member": member}
    return None


def server_name(path: str) -> str:
    """A member's path without its application, as load balancers take names: `web-3`."""
    return re.sub(r"[^A-Za-z0-9_.:-]", "-", path.partition("/")[2] or path)


class MemberEndpoints(EnricherActor):
    """Hears the members of one cluster, those of a group, or one service alone."""

    type: ClassVar[PolicyType] = PolicyType(
        "member-endpoints",
        "enricher",
        (
            PRODUCER,
            KeyType("port", "integer", None, "port of the members' containers; default: the first that they publish", least=1, most=65535),
            TARGET,
            KeyType("publishPeriod", "duration", 0.5, "shortest time between two lists", least=0.01),
        ),
        (),
        "gives where the members are reached that serve now, as a list of {name, host, port, member}: what a load balancer needs",
        gives=("targetSensor",),
    )

    def begin(self) -> None:
        kept = as_map(self.kept.get("servers")) if self.kept.get("of") == self.config["producer"] else {}
        self.servers: dict[str, Mapping[str, Value]] = {uid: as_map(each) for uid, each in kept.items()}
        self.members: tuple[str, ...] | None = None
        self.known: dict[str, dict[str, Reading]] = {}
        self.names: dict[str, str] = {}
        self.producer = ""
        self.asked: dict[int, str] = {}  # question → member, "" for those about the producer
        self.tried: set[str] = set()  # members who have answered once, or have not in time
        self.last: list[Value] | None = None
        self.waiting = False
        self._ask_who()

    def on_stop(self) -> None:
        """Removed: nobody keeps the list true any more."""
        if self.last is not None:
            self.give(Reading(self.text_of("targetSensor"), self.last, self.now, "its enricher is gone"))

    def renewed(self, old: Mapping[str, Value]) -> None:  # noqa: ARG002 - whatever it was
        """What it hears, or makes of that, may be another now."""
        for member in self.members or ():
            self._unhear(member)
        if self.producer:
            self.unsubscribe(self.producer, TOPIC_MEMBERS)
        self.begin()

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                if message.entity in self.known:
                    self._hear(str(message.entity), message.reading)
            case MembersChanged():
                if message.cluster == self.producer and self.members != (self.producer,):
                    self._members_are(tuple(map(str, message.members)))
            case Answered() | RequestFailed() | TimedOut():
                self._answered(message)
            case AskAgain():
                self._ask_again()
            case GiveList():
                self.waiting = False
                self._give_list()
            case _:
                return super().take(message)
        return None

    # --- who is meant, and what they say

    def _ask_who(self) -> None:
        written = str(self.config["producer"] or "self")
        self.asked[self.request(self.entity, Where((written,)), ASK_LIMIT)] = ""

    def _ask_again(self) -> None:
        for member in self.known:
            if member not in self.names:
                self._ask(member)
        if not self.members:
            self._ask_who()

    def _ask(self, member: str) -> None:
        if member not in self.asked.values():
            self.asked[self.request(Uid(member), SayReadings(SOURCES), ASK_LIMIT)] = member

    def _answered(self, message: Answered | RequestFailed | TimedOut) -> None:
        if message.request not in self.asked:
            return
        member = self.asked.pop(message.request)
        self.tried.add(member)
        match message.value if isinstance(message, Answered) else None:
            case Found(uids=uids) if uids:
                self._listen(str(next(iter(uids.values()))))
            case MembersChanged(members=members):
                self._members_are(tuple(map(str, members)))
            case Said() as said if member in self.known:
                self.names[member] = server_name(said.path)
                for reading in said.readings:
                    self._hear(member, reading)
                self._give_soon()
            case _:
                self.after("again", ASK_AGAIN, AskAgain())
                self._give_soon()

    def _listen(self, producer: str) -> None:
        if producer != self.producer:
            if self.producer:
                self.unsubscribe(self.producer, TOPIC_MEMBERS)
            self.producer = producer
            self.subscribe(producer, TOPIC_MEMBERS)
        self.asked[self.request(Uid(producer), SayMembers(), ASK_LIMIT)] = ""

    def _members_are(self, members: tuple[str, ...]) -> None:
        for gone in [member for member in self.known if member not in members]:
            self._unhear(gone)
        self.members = members
        for member in members:
            if member not in self.known:
                self.known[member] = {}
                for name in SOURCES:
                    self.subscribe(member, name)
                self._ask(member)
        self.servers = {uid: each for uid, each in self.servers.items() if uid in self.known}
        if not members:
            self.after("again", LOOK_AGAIN, AskAgain())
        self._give_soon()

    def _unhear(self, member: str) -> None:
        for name in SOURCES:
            self.unsubscribe(member, name)
        self.known.pop(member, None)
        self.names.pop(member, None)

    def _hear(self, member: str, reading: Reading) -> None:
        known = self.known[member]
        before = known.get(reading.sensor)
        if before is not None and before.at > reading.at:
            return
        known[reading.sensor] = reading
        serving = known.get(sensors.SERVING.name)
        if serving is None or member not in self.names:
            return
        port = self.config["port"]
        found = server(self.names[member], member, known, port if isinstance(port, int) else None) if serving.value is True else None
        if found is not None:
            self.servers[member] = found
        elif serving.value is not True:
            self.servers.pop(member, None)
        self._give_soon()

    # --- what it gives

    def _give_soon(self) -> None:
        """What changes together comes one message after the other: giving at the first would make the others wait for the whole period."""
        if not self.waiting:
            self.waiting = True
            self.tell(self.id, GiveList())

    def _give_list(self) -> None:
        if self.members is None or self.suspended or (self.last is None and not self.tried.issuperset(self.members)):
            return  # a first list of only those who were heard first would be acted upon
        listed: list[Value] = [dict(self.servers[member]) for member in self.members if member in self.servers]
        if listed == self.last:
            return
        self.last = listed
        self.keep({"of": self.config["producer"], "servers": {str(uid): dict(each) for uid, each in self.servers.items()}})
        self.give(Reading(self.text_of("targetSensor"), listed, self.now, count=len(listed), of=len(self.members)))
        self.waiting = True
        self.after("give", self.seconds_of("publishPeriod"), GiveList())
