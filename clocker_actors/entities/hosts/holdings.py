"""What an engine holds beside containers, as far as placement wants to know it: our named volumes, and all images by name.

Listed with each look at the engine, so that a host that comes up is known with them: else what wants its volume back could be placed elsewhere in between.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clocker_actors.errors import ClockerError
from clocker_actors.model.identity import Uid, keeper_name
from clocker_actors.model.placements import HostView
from clocker_actors.ports.engine import Engine

if TYPE_CHECKING:
    from clocker_actors.entities.hosts.host import Host

LIMIT = 5.0
"""Seconds to list them. An engine that cannot is looked at without."""
MOST_IMAGES = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """Names of images, and engine names of volumes that are ours."""

    images: frozenset[str]
    volumes: frozenset[str]


async def held(engine: Engine, ours: Mapping[str, str]) -> Held | None:
    """Work: list them; None if the engine does not answer that."""
    everything: Mapping[str, str] = {}
    try:
        async with asyncio.timeout(LIMIT):
            images = sorted({name for image in await engine.images(everything) for name in image.names})
            return Held(frozenset(images[:MOST_IMAGES]), frozenset(await engine.volumes(ours)))
    except (ClockerError, TimeoutError):
        return None


class Holdings:
    """`volumes` as placement names them (`<application uid>.<name>`), `images` by every name; `listed` says whether they were ever seen."""

    __slots__ = ("_keeper", "_prefix", "images", "listed", "volumes")

    def __init__(self, plane: str) -> None:
        self._prefix = f"clocker.{plane}."
        self._keeper = keeper_name(plane)  # whose volume is nothing that a member comes back to
        self.listed = False
        self.images: frozenset[str] = frozenset()
        self.volumes: frozenset[str] = frozenset()

    def seen(self, found: Held | None) -> None:
        """What a look has found. What could not be listed is taken to be as it was."""
        if found is not None:
            self.listed = True
            ours = (name for name in found.volumes if name.startswith(self._prefix) and name != self._keeper)
            self.images, self.volumes = found.images, frozenset(name.removeprefix(self._prefix) for name in ours)

    def without(self, application: Uid) -> None:
        """The volumes of an application were removed; one that could not be is seen again at the next look."""
        self.volumes = frozenset(volume for volume in self.volumes if volume.partition(".")[0] != application)

    def less(self, images: Iterable[str]) -> None:
        """These images were removed."""
        self.images = self.images.difference(images)


def view_of(host: "Host") -> HostView:
    """What placement knows of a host."""
    spec, info, load = host.state.spec, host.info, host.load
    return HostView(
        host.uid,
        spec.name,
        spec.reached_at,
        up=host.link.up and info is not None,
        zone=spec.zone,
        labels=spec.labels,
        cores=info.cores if info else 0,
        memory=info.memory if info else 0,
        cpu=load.cpu(info.cores) if info else None,
        foreign=host.residents.foreign,
        foreign_idle=host.residents.foreigners.count - host.residents.foreign,
        images=host.holdings.images.union(host.images.known),
        volumes=host.holdings.volumes,
        listed=host.holdings.listed,
        order=host.state.order,
        affinity=spec.affinity,
        disk=load.disk(host),
        cordoned=host.state.cordoned,
    )
