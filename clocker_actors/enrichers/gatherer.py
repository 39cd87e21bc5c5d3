"""What enrichers have in common that hear one sensor of all members of a cluster, or of all services below an application or service.

Readings come in bursts, so a result is given at most every `publishPeriod`: what came first at once, the rest together. Nothing looks at all of them when one
speaks. Whoever goes, becomes unavailable, or has not spoken for `staleAfter`, leaves the value; a timer sees to the last of these, since nobody else would.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.gathering import Gathering, Rules
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import TOPIC_MEMBERS, MembersChanged, SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType
from clocker_actors.model.values import Value

GROUPS = (EntityKind.CLUSTER, EntityKind.APPLICATION, EntityKind.MEMBER)
GRAIN = 0.01
GATHERED = (
    KeyType("fromMembers", "boolean", True, "hear the members of a cluster; the services below anything else"),
    KeyType("fromChildren", "boolean", False, "the same: members are the children of a cluster"),
    KeyType(
        "staleAfter", "duration", None, "leave out those that have not spoken for so long; else only those gone or unavailable", least=0.1
    ),
    KeyType("publishPeriod", "duration", 0.2, "shortest time between two results", least=0.01),
)


@dataclass(frozen=True, slots=True)
class GiveResult:
    """Everything that changed together has been heard, or the time between two results is over."""


@dataclass(frozen=True, slots=True)
class LookForStale:
    """The oldest reading may not count any more."""


class Gatherer(EnricherActor):
    """Subclasses say which sensors they hear, what is made of a reading, and what the result is. Keeps nothing durable: the members speak again."""

    def begin(self) -> None:
        self.members: dict[str, None] = {}
        self.gathering = Gathering(self.rules())
        self.changed = False
        self.waiting = False
        self.given: dict[str, Reading] = {}
        self.subscribe(self.entity, TOPIC_MEMBERS)

    def rules(self) -> Rules:
        """How values are taken."""
        raise NotImplementedError(f"{type(self).__name__} must say how it takes values")

    def sources(self) -> tuple[str, ...]:
        """The members' sensors it hears."""
        return (self.text_of("sourceSensor"),)

    def heard(self, member: str, reading: Reading) -> bool:
        """A member has a new reading; whether that changes anything."""
        if reading.unavailable:
            return self.gathering.remove(member)
        return self.gathering.set(member, reading.value, reading.at)

    def result(self) -> None:
        """Give what the values come to now."""
        raise NotImplementedError(f"{type(self).__name__} must give a result")

    def member_came(self, member: str) -> None:
        """A member is new."""

    def member_gone(self, member: str) -> None:
        """A member is no more."""
        self.gathering.leave(member)

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                if str(message.entity) in self.members and self.heard(str(message.entity), message.reading):
                    self._give_soon()
            case MembersChanged():
                self._members_changed(tuple(str(member) for member in message.members))
            case GiveResult():
                self.waiting = False
                self._give_result()
            case LookForStale():
                self._drop_stale()
            case _:
                return super().take(message)
        return None

    def _members_changed(self, members: tuple[str, ...]) -> None:
        there = dict.fromkeys(members)
        for gone in [member for member in self.members if member not in there]:
            for name in self.sources():
                self.unsubscribe(gone, name)
            self.member_gone(gone)
        for place, member in enumerate(members):
            self.gathering.place(member, place)
            if member not in self.members:
                for name in self.sources():
                    self.subscribe(member, name)
                self.member_came(member)
        self.members = there
        self._give_soon()

    def _give_soon(self) -> None:
        """What changes together comes one message after the other: giving at the first would make the others wait for the whole period."""
        self.changed = True
        if not self.waiting:
            self.waiting = True
            self.tell(self.id, GiveResult())

    def _give_result(self) -> None:
        if not self.changed or self.suspended:
            return
        self.changed = False
        self._drop_stale(give=False)
        self.result()
        self.waiting = True
        self.after("give", self.seconds_of("publishPeriod"), GiveResult())

    def _drop_stale(self, *, give: bool = True) -> None:
        limit = self.seconds_of("staleAfter")
        if limit:
            while (stale := self.gathering.older_than(self.now - limit)) is not None:
                self.gathering.remove(stale)
                if give:
                    self._give_soon()
            oldest = self.gathering.oldest
            if oldest is not None:
                self.after("stale", max(oldest + limit - self.now, GRAIN), LookForStale())

    def on_stop(self) -> None:
        """Removed: nobody keeps what it gave true any more."""
        for reading in self.given.values():
            if not reading.unavailable:
                self.give(replace(reading, unavailable="its enricher is gone"))

    def give_value(self, target: str, value: Value, why: str) -> None:
        """Give a value of all that is gathered; None is said once, with why."""
        of, oldest = len(self.members), self.gathering.oldest
        at = self.now if oldest is None else oldest
        before = self.given.get(target)
        if value is None and (before is None or before.unavailable):
            return
        reading = Reading(target, value, at, "" if value is not None else why, self.gathering.count, of)
        self.given[target] = reading
        self.give(reading)

    def renewed(self, old: Mapping[str, Value]) -> None:
        """What it hears may be another now: begun anew with the same members, who are heard from their next reading on."""
        if old == self.config:
            self._give_soon()
            return
        members, now, self.config = tuple(self.members), self.config, dict(old)
        for member in members:
            for name in self.sources():
                self.unsubscribe(member, name)
        self.config = now
        self.begin()
        self._members_changed(members)
