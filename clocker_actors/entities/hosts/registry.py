"""The registry that a pool names for what is built: the engine that builds sends it there, the others fetch it, and nothing goes through the manager.

An image has its own name on engines; the registry's is given only while it is sent or fetched. What the registry refuses is said in the log and is no fault of the
service: the image is copied from engine to engine, or built, as without one.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from clocker_actors.entities.records import Identity
from clocker_actors.errors import ClockerError, EngineUnavailable, OutOfDisk
from clocker_actors.model.containers import Login
from clocker_actors.model.identity import EntityKind
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Named:
    registry: str = ""


@dataclass(frozen=True, slots=True)
class _Pool:
    """The part of a pool's record that names its registry."""

    spec: _Named


def registry_named(store: Store, host: Identity) -> str:
    """The registry of a host's pool, "" if it names none."""
    kept = store.read(EntityKind.POOL, host.parent)
    return decode(_Pool, kept).spec.registry if kept else ""


@dataclass(frozen=True, slots=True)
class PoolRegistry:
    """One engine's way to its pool's registry. `address` is host:port, perhaps with a path below it."""

    engine: Engine
    address: str
    login: Callable[[str], Login | None]

    async def fetch(self, image: str) -> bool:
        """Whether it was there and is on the engine now. Raises EngineUnavailable, OutOfDisk, SettingsError."""
        name = f"{self.address}/{image}"
        try:
            await self.engine.pull(name, self.login(name))
            await self.engine.tag(name, image)
            await self.engine.remove_image(name)
        except (EngineUnavailable, OutOfDisk):
            raise
        except ClockerError as error:
            log.info("image not fetched", extra={"image": name, "failure": str(error)})
            return False
        return True

    async def keep(self, image: str) -> None:
        """Send what was built here. Raises EngineUnavailable, SettingsError."""
        name = f"{self.address}/{image}"
        login = self.login(name)
        try:
            await self.engine.tag(image, name)
            await self.engine.push(name, login)
        except EngineUnavailable:
            raise
        except ClockerError as error:
            log.warning("image not sent to its registry", extra={"image": name, "failure": str(error)})
        await self.engine.remove_image(name)
