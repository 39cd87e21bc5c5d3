"""Volumes of one engine: removed with their application, at once where the engine answers, else when it is back.

They carry their application in their name, so that those of an application without a record can be told from others.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from clocker_actors.entities.outside import Outside
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.identity import LABEL_APPLICATION, LABEL_PLANE, EntityKind, Uid
from clocker_actors.model.messages import RemoveVolumes, VolumesRemoved
from clocker_actors.ports.engine import Engine

log = logging.getLogger(__name__)

LIMIT = 60.0
STALE = "volumes"


class Owner(Protocol):
    """What the volumes need of their host."""

    uid: Uid
    outside: Outside

    def tell(self, target_id: str, message: object) -> None: ...
    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def working(self, name: str) -> bool: ...


class Volumes:
    """Removals under way, and whether the engine must be looked through for what deleted applications have left."""

    __slots__ = ("_asked", "_engine", "_host", "due")

    def __init__(self, host: Owner, engine: Engine) -> None:
        self._host = host
        self._engine = engine
        self._asked: dict[str, RemoveVolumes] = {}
        self.due = False

    def remove(self, message: RemoveVolumes) -> None:
        """Remove those of one application; its asker hears when that is done."""
        name = f"{STALE}:{message.application}"
        self._asked[name] = message
        if not self._host.working(name):
            labels = {LABEL_PLANE: self._host.outside.plane, LABEL_APPLICATION: message.application}
            self._host.work(name, self._remove_all, labels, timeout=LIMIT)

    def look(self) -> None:
        """Remove what deleted applications have left, if the engine was away since the last time."""
        if self.due and not self._host.working(STALE):
            self._host.work(STALE, self._remove_stale, timeout=LIMIT)

    def ended(self, message: WorkDone | WorkFailed) -> bool:
        """A work has ended; whether it was one of these."""
        if message.name == STALE:
            self.due = isinstance(message, WorkFailed)  # then the next listing tries again
            return True
        asked = self._asked.pop(message.name, None)
        if asked is None:
            return False
        if isinstance(message, WorkFailed):
            log.warning("volumes not removed", extra={"host": self._host.uid, "failure": message.failure.message})
            self.due = True
        self._host.tell(asked.reply_to, VolumesRemoved(asked.application, self._host.uid))
        return True

    # Works, not handlers: they touch nothing of the actor.

    async def _remove_all(self, labels: Mapping[str, str]) -> None:
        for volume in await self._engine.volumes(labels):
            await self._engine.remove_volume(volume)

    async def _remove_stale(self) -> None:
        outside = self._host.outside
        prefix = f"clocker.{outside.plane}."
        for volume in await self._engine.volumes({LABEL_PLANE: outside.plane}):
            application = volume.removeprefix(prefix).partition(".")[0]
            if volume.startswith(prefix) and outside.store.read(EntityKind.APPLICATION, application) is None:
                await self._engine.remove_volume(volume)
