"""Containers on a host that are not ours: shown to people by name, image and state, counted by the Pool, and never touched.

They have no actors, no effectors and no policies: a host with a thousand of them costs what twenty cost, for only so many are shown; the host's facts say
how many more there are. Those that run come first.
"""

from collections.abc import Sequence
from typing import Protocol

from clocker_actors.entities.outside import Outside
from clocker_actors.model import sensors
from clocker_actors.model.containers import EngineState, Observed
from clocker_actors.model.identity import RECORDER, EntityKind, Uid
from clocker_actors.model.noted import EntityGone, EntityNoted, SensorsNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value, counted

SHOWN = 20
TYPE = "foreign container"


class Owner(Protocol):
    """What they need of their host."""

    uid: Uid
    outside: Outside

    @property
    def now(self) -> float: ...
    @property
    def path(self) -> str: ...
    def tell(self, target_id: str, message: object) -> None: ...


class Foreigners:
    """Of one host, by engine id. `running` of `count` run."""

    __slots__ = ("_host", "_shown", "count", "running")

    def __init__(self, host: Owner) -> None:
        self._host = host
        self._shown: dict[str, tuple[Uid, Observed]] = {}
        self.count = self.running = 0

    def facts(self) -> dict[str, Value]:
        """How many there are, for people; nothing if there are none."""
        if not self.count:
            return {}
        hidden = self.count - len(self._shown)
        more = f"; and {hidden} more than are shown" if hidden else ""
        return {"foreign": f"{counted(self.count, TYPE)}, {self.running} of them running{more}"}

    def seen(self, found: Sequence[Observed]) -> bool:
        """All that are there, by a look at the engine; whether there is something new to say of the host."""
        before = self.facts()
        self.count = len(found)
        self.running = sum(seen.state is EngineState.RUNNING for seen in found)
        chosen = {seen.id: seen for seen in sorted(found, key=self._order)[:SHOWN]}
        for gone in self._shown.keys() - chosen.keys():
            self._forget(gone)
        for seen in chosen.values():
            self._show(seen)
        return self.facts() != before

    def over(self) -> None:
        """The host goes, or begins anew."""
        for known in tuple(self._shown):
            self._forget(known)
        self.count = self.running = 0

    def unavailable(self, why: str) -> None:
        """The engine does not answer: their states are not known."""
        for uid, seen in self._shown.values():
            self._tell(Reading(sensors.CONTAINER_STATE.name, str(seen.state), self._host.now, unavailable=why), uid=uid)
        self._shown = {
            known: (uid, Observed(seen.id, seen.name, seen.image, EngineState.GONE)) for known, (uid, seen) in self._shown.items()
        }

    def _order(self, seen: Observed) -> tuple[bool, bool, str, str]:
        return (seen.state is not EngineState.RUNNING, seen.id not in self._shown, seen.name, seen.id)

    def _show(self, seen: Observed) -> None:
        host = self._host
        uid, before = self._shown.get(seen.id, (None, None))
        if uid is None or before is None or before.name != seen.name:
            uid = uid or host.outside.ids.entity(EntityKind.CONTAINER)
            facts = {"image": seen.image, "managed": False}
            host.tell(
                RECORDER,
                EntityNoted(uid, EntityKind.CONTAINER, f"{host.path}/{seen.name}", seen.name, host.uid, None, host.now, TYPE, facts),
            )
            self._tell(
                Reading(sensors.CONTAINER_MANAGED.name, False, host.now), Reading(sensors.CONTAINER_ID.name, seen.id, host.now), uid=uid
            )
        if before is None or before.state is not seen.state:
            self._tell(Reading(sensors.CONTAINER_STATE.name, str(seen.state), host.now), uid=uid)
        self._shown[seen.id] = (uid, seen)

    def _tell(self, *readings: Reading, uid: Uid) -> None:
        self._host.tell(RECORDER, SensorsNoted(uid, readings))

    def _forget(self, known: str) -> None:
        uid, _ = self._shown.pop(known)
        self._host.tell(RECORDER, EntityGone(uid, self._host.now))
