"""Images that are built: by one engine of all, and copied to the others that want them.

    another engine has it ──▶ copied from there, in pieces that nobody keeps       (at most three at a time)
    another builds it now ──▶ waited for, then copied
    nobody has it         ──▶ built here, and sent to the pool's registry, if it names one
    the registry has it   ──▶ fetched from there, before anything else
    it cannot be copied   ──▶ the next engine that has it; if none is left it is built here after all

Hosts say which engines answer. Who has what is not kept over a restart: engines are asked. All this is the work of hosts, not their state: one that is
cancelled takes its turn with it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from clocker_actors.errors import ClockerError, EngineUnavailable, OutOfDisk
from clocker_actors.model.containers import ImageInfo
from clocker_actors.ports.engine import Engine

log = logging.getLogger(__name__)

COPIES = 3
"""Copies at one time: each goes through the manager."""
ASKED = 16
"""Engines asked at once who has an image."""
ASK_LIMIT = 5.0


@dataclass(frozen=True, slots=True)
class Known:
    """An engine that answers. Only engines of one architecture can use each other's images."""

    url: str
    architecture: str
    engine: Engine


class Counted:
    """What flows through, counted; `failure` is the source's."""

    __slots__ = ("failure", "size")

    def __init__(self) -> None:
        self.size = 0
        self.failure: ClockerError | None = None

    async def through(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The content as it comes."""
        try:
            async for piece in content:
                self.size += len(piece)
                yield piece
        except ClockerError as error:
            self.failure = error
            raise


class Registry(Protocol):
    """What is asked of a pool's registry."""

    async def fetch(self, image: str) -> bool: ...
    async def keep(self, image: str) -> None: ...


@dataclass(slots=True)
class Sharing:
    """One for all hosts of a manager. `making` are images that are being built, with an event that is set when that has ended, well or not."""

    engines: dict[str, Known] = field(default_factory=dict)
    making: dict[tuple[str, str], asyncio.Event] = field(default_factory=dict)
    _kept: set[tuple[str, str]] = field(default_factory=set)  # what a registry should have
    _giving: Counter[str] = field(default_factory=Counter)
    _copies: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(COPIES))

    def joined(self, url: str, architecture: str, engine: Engine) -> None:
        """This engine answers."""
        self.engines[url] = Known(url, architecture, engine)

    def left(self, url: str) -> None:
        """This engine does not answer any more."""
        self.engines.pop(url, None)

    async def have(self, here: Known, image: str, build: Callable[[], Awaitable[None]], registry: Registry | None = None) -> None:
        """Have the image on this engine, which has not: fetched, copied, or made by `build`. Raises what these raise, EngineUnavailable, OutOfDisk."""
        useless: set[str] = {here.url}
        turn = (image, here.architecture)
        fetched = registry is None
        while True:
            if registry is not None and not fetched and turn in self._kept:
                fetched = True  # all at once: they do not wait for each other
                if await registry.fetch(image):
                    return
                self._kept.discard(turn)
            if (under_way := self.making.get(turn)) is not None:
                await under_way.wait()
                if await here.engine.image(image) is not None:
                    return  # another host is of the same engine
                continue
            self.making[turn] = ended = asyncio.Event()
            try:
                if registry is not None and not fetched:
                    fetched = True
                    if await registry.fetch(image):
                        self._kept.add(turn)
                        return
                source = await self._who_has(here, image, useless)
                if source is None:
                    await build()
                    if registry is not None:
                        await registry.keep(image)
                        self._kept.add(turn)
                    return
            finally:
                del self.making[turn]
                ended.set()
            if await self._copied(source, here, image):
                return
            useless.add(source.url)

    async def _who_has(self, here: Known, image: str, useless: set[str]) -> Known | None:
        asked = [each for each in self.engines.values() if each.url not in useless and each.architecture == here.architecture]
        for first in range(0, len(asked), ASKED):
            some = asked[first : first + ASKED]
            answers = await asyncio.gather(*(_has(each.engine, image) for each in some))
            found = []
            for each, info in zip(some, answers, strict=True):
                if info is not None:
                    found.append(each)
            if found:
                return min(found, key=lambda each: self._giving[each.url])
        return None

    async def _copied(self, source: Known, here: Known, image: str) -> bool:
        """Whether it could be copied from there. Raises EngineUnavailable and OutOfDisk of the engine that wants it."""
        clock, counted = asyncio.get_running_loop().time, Counted()
        self._giving[source.url] += 1
        try:
            async with self._copies, aclosing(source.engine.save_image(image)) as content:
                began = clock()
                await here.engine.load_image(counted.through(content))
        except ClockerError as error:
            if counted.failure is None and isinstance(error, EngineUnavailable | OutOfDisk):
                raise
            log.warning("image not copied", extra={"image": image, "source": source.url, "host": here.url, "failure": str(error)})
            return False
        finally:
            self._giving[source.url] -= 1
        about = {"image": image, "source": source.url, "host": here.url, "bytes": counted.size, "seconds": round(clock() - began, 2)}
        log.info("image copied", extra=about)
        return True


async def _has(engine: Engine, image: str) -> ImageInfo | None:
    """None, too, for one that does not answer in time."""
    try:
        async with asyncio.timeout(ASK_LIMIT):
            return await engine.image(image)
    except (ClockerError, TimeoutError):
        return None
