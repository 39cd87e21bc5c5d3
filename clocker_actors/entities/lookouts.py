"""What an entity knows of others because its configuration depends on them: who they are, and the readings that were asked for.

    asked for a sensor of a target ──Where──▶ application ──Found──▶ uid: subscribed, then ──SayReadings──▶ target ──Said──▶ known
                                                                       └──SensorChanged, whenever it changes

What is asked for is found out by asking: whoever resolves an expression looks here, and what was missing is followed from then on. A target that is not
there yet, or does not answer, is asked for again each second. Nothing here is durable: after a restart it is found out anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import Identity
from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model import sensors
from clocker_actors.model.dependencies import Found, Said, SayReadings, Where
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value, as_map
from clocker_actors.store.codec import decode

SELF, PARENT, ROOT, MEMBER = "self", "parent", "root", "member"
ASK_LIMIT = 10.0
ASK_AGAIN = 1.0
STATUS = tuple(
    sensor.name
    for sensor in (
        sensors.SERVICE_UP,
        sensors.SERVICE_STATE,
        sensors.SERVICE_PROBLEMS,
        sensors.SERVICE_NOT_UP,
        sensors.PROCESS_RUNNING,
    )
)
"""What is followed of every target, whatever else was asked for."""


_SERVICES = (EntityKind.MEMBER, EntityKind.CLUSTER, EntityKind.APPLICATION)


@dataclass(frozen=True, slots=True)
class _Having:
    """Of the record of any entity."""

    identity: Identity


class AskAgain:
    """Timer message: somebody is not known yet, or did not answer."""


class Owner(Protocol):
    """What lookouts need of their entity."""

    uid: Uid
    readings: dict[str, Reading]
    outside: Outside

    @property
    def identity(self) -> Identity: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def request(self, target_id: str, message: object, timeout: float) -> int: ...
    def subscribe(self, publisher_id: str, topic: str) -> None: ...


class Lookouts:
    """Of one entity. `changed` is called when something new is known."""

    __slots__ = ("_asked", "_changed", "_followed", "_owner", "_pausing", "_readings", "_uids", "_wanted", "location", "paths")

    def __init__(self, owner: Owner, changed: Callable[[], None]) -> None:
        self._owner = owner
        self._changed = changed
        self._uids: dict[str, Uid] = {}
        self._wanted: dict[str, dict[str, None]] = {}  # target → sensors
        self._followed: dict[tuple[Uid, str], None] = {}
        self._readings: dict[Uid, dict[str, Reading]] = {}
        self._asked: dict[int, tuple[Uid, tuple[str, ...]] | None] = {}  # question → whom, and what; None: who is who
        self._pausing = False  # somebody was not there; he is asked for in a while
        self.paths: dict[str, str] = {}  # of targets, for people
        self.location = ""

    # --- looking

    def uid(self, target: str) -> Uid | None:
        """Who that is, None if it is not known yet."""
        identity = self._owner.identity
        own = {SELF: self._owner.uid, PARENT: identity.parent, ROOT: identity.application}
        self._wanted.setdefault(target, {})
        return own.get(target) or self._uids.get(target)

    def reading(self, target: str, sensor: str) -> Reading | None:
        """The last reading of a sensor, None if there is none or it is not known yet."""
        uid = self.uid(target)
        self._wanted[target][sensor] = None
        if uid == self._owner.uid:
            return self._owner.readings.get(sensor)
        return self._readings.get(uid, {}).get(sensor) if uid is not None else None

    def of_the_same(self, target: str, uid: Uid) -> bool:
        """Whether an entity is of our own application, or of the one that the target is."""
        body = next((found for kind in _SERVICES if (found := self._owner.outside.store.read(kind, uid)) is not None), None)
        application = decode(_Having, body).identity.application if body is not None else None
        return application is not None and application in (self._owner.identity.application, self._uids.get(target))

    def path(self, target: str) -> str:
        """What people call the target."""
        return self.paths.get(target, target)

    def follow(self) -> None:
        """Ask for what was looked for and is not known yet, and hear of what changes."""
        self._follow_services()
        unknown = () if self._pausing else tuple(target for target in self._wanted if self.uid(target) is None)
        if unknown and None not in self._asked.values():
            self._asked[self._owner.request(self._owner.identity.application, Where(unknown), ASK_LIMIT)] = None
        for target, names in tuple(self._wanted.items()):
            uid = self.uid(target)
            if uid is not None:
                self._follow(uid, tuple(names) if uid == self._owner.uid else (*names, *STATUS))

    def _follow_services(self) -> None:
        """An id of a file can come to mean another entity: one that was deleted, and planted anew."""
        application = self._owner.identity.application
        if self._wanted.keys() - {SELF, PARENT, ROOT} and (application, sensors.SERVICES.name) not in self._followed:
            self._followed[application, sensors.SERVICES.name] = None
            self._owner.subscribe(application, sensors.SERVICES.name)

    def _services(self, there: Mapping[str, Value]) -> None:
        for target, uid in tuple(self._uids.items()):
            scope, _, name = target.rpartition(":")
            if scope in {"", MEMBER} and name in there and uid != there[name]:
                # Of a cluster it is not known here whether that is another one; asking does no harm.
                del self._uids[target]
        self.follow()

    def _follow(self, uid: Uid, names: tuple[str, ...]) -> None:
        fresh = tuple(dict.fromkeys(name for name in names if (uid, name) not in self._followed))
        if not fresh:
            return
        for name in fresh:
            self._followed[uid, name] = None
            self._owner.subscribe(uid, name)
        if uid != self._owner.uid:
            self._asked[self._owner.request(uid, SayReadings(fresh), ASK_LIMIT)] = (uid, fresh)

    def again(self) -> None:
        """The pause is over: ask once more."""
        self._pausing = False
        self.follow()

    def _pause(self) -> None:
        self._pausing = True
        self._owner.after("lookouts", ASK_AGAIN, AskAgain())

    # --- hearing

    def takes(self, message: object) -> bool:
        """Somebody's reading, an answer, or the end of a pause; whether it is for us."""
        match message:
            case SensorChanged():
                return self.heard(message)
            case Answered() | RequestFailed() | TimedOut():
                return self.answered(message)
            case AskAgain():
                self.again()
                return True
        return False

    def answered(self, message: Answered | RequestFailed | TimedOut) -> bool:
        """An answer has come; whether it was to a question of ours."""
        if message.request not in self._asked:
            return False
        asked = self._asked.pop(message.request)
        match message:
            case Answered(value=Found() as found):
                self._found(found)
            case Answered(value=Said() as said):
                self._said(said)
            case _:
                for name in asked[1] if asked else ():
                    self._followed.pop((asked[0], name), None)  # type: ignore[index]
                self._pause()
        return True

    def _found(self, found: Found) -> None:
        self.location = found.location
        self._uids.update(found.uids)
        if any(self.uid(target) is None for target in tuple(self._wanted)):
            self._pause()
        self.follow()
        if found.uids:
            self._changed()

    def _said(self, said: Said) -> None:
        for target, uid in self._targets().items():
            if uid == said.entity:
                self.paths[target] = said.path
        for reading in said.readings:
            self._take(said.entity, reading)
        self._changed()

    def heard(self, message: SensorChanged) -> bool:
        """Somebody's reading changed; whether it is one that is followed here."""
        if (message.entity, message.reading.sensor) not in self._followed:
            return False
        if message.reading.sensor == sensors.SERVICES.name:
            self._services(as_map(message.reading.value))
        elif message.entity != self._owner.uid:
            self._take(message.entity, message.reading)
        self._changed()
        return True

    def _take(self, uid: Uid, reading: Reading) -> None:
        known = self._readings.setdefault(uid, {})
        before = known.get(reading.sensor)
        if before is None or before.at <= reading.at:
            known[reading.sensor] = reading

    def _targets(self) -> Mapping[str, Uid]:
        return {target: uid for target in tuple(self._wanted) if (uid := self.uid(target)) is not None}
