"""Volumes of one engine: removed with their application, at once where the engine answers, else when it is back.

They carry their application in their name, so that those of an application without a record can be told from others.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from clocker_actors.entities.outside import Outside
from clocker_actors.errors import ClockerError
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.generations import RemoveVolumes, VolumesRemoved
from clocker_actors.model.identity import LABEL_APPLICATION, EntityKind, Uid, keeper_name
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
            labels = {**self._host.outside.ours, LABEL_APPLICATION: message.application}
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
        await self._remove(await self._engine.volumes(labels))

    async def _remove_stale(self) -> None:
        outside = self._host.outside
        prefix = f"clocker.{outside.plane}."

        def is_stale(volume: str) -> bool:
            application = volume.removeprefix(prefix).partition(".")[0]
            unknown = volume.startswith(prefix) and outside.store.read(EntityKind.APPLICATION, application) is None
            return unknown and volume != keeper_name(outside.plane) and not outside.store.lost(application)

        await self._remove(filter(is_stale, await self._engine.volumes(outside.ours)))

    async def _remove(self, volumes: Iterable[str]) -> None:
        """Raises what was said of the first that could not be removed, once all were tried."""
        refused: ClockerError | None = None
        for volume in volumes:
            try:
                await self._engine.remove_volume(volume)
            except ClockerError as error:
                refused = refused or error
        if refused is not None:
            raise refused
