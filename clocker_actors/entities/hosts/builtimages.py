"""Images that we built on one engine: removed once no service is built as them any more.

    asked (an application goes, or the whole pool), half a minute after the engine came up, every ten minutes:
        list those with our labels ──▶ those that nobody wants, one by one ──▶ removed
                                            └─ in use, or the engine does not do it: said, and tried again after a growing pause

Only names that we give, of images with our labels, are ever taken away: what was pulled stays, and so does what somebody else built on ours or named.
An image without a name is left alone: a person's `docker commit` of one of our containers has our labels, too.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clocker_actors.entities.hosts.link import Link
from clocker_actors.entities.hosts.pace import Pace
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.wanted import wanted_images
from clocker_actors.errors import ClockerError, EngineUnavailable
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.generations import ImagesRemoved, RemoveImages
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import BUILT_IMAGE
from clocker_actors.ports.engine import Engine

log = logging.getLogger(__name__)

SWEEP = "images"
LIMIT = 30.0
FIRST = 30.0
"""Seconds after it came up before an engine is looked through: it has better things to do at first."""
AGAIN = 30.0
USUALLY = 600.0
BUSY = 5.0
PAUSE = 0.1
"""Seconds between two removals, so that a start never waits for more than one."""


class LookAtImages:
    """Timer message: look for images that nobody wants."""


@dataclass(frozen=True, slots=True)
class Swept:
    """Names that were taken away, and why others were not."""

    removed: Sequence[str] = ()
    left: dict[str, str] = field(default_factory=dict)


class Owner(Protocol):
    """What is needed of the host."""

    uid: Uid
    outside: Outside
    link: Link
    pace: Pace

    @property
    def now(self) -> float: ...
    @property
    def name(self) -> str: ...
    @property
    def engine_url(self) -> str: ...
    def tell(self, target_id: str, message: object) -> None: ...
    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def working(self, name: str) -> bool: ...
    def after(self, name: str, delay: float, message: object) -> None: ...


class BuiltImages:
    """One look at a time. Who asked while one was under way waits for the next."""

    __slots__ = ("_asked", "_due", "_engine", "_host", "_pause", "_serving", "_told")

    def __init__(self, host: Owner, engine: Engine) -> None:
        self._host = host
        self._engine = engine
        self._asked: list[RemoveImages] = []
        self._serving: list[RemoveImages] = []
        self._pause = AGAIN
        self._due = 0.0
        self._told: dict[str, str] = {}

    def soon(self) -> None:
        """The engine came up, or something was built that perhaps nobody wants any more."""
        self._pause = AGAIN
        if not self._host.now < self._due <= self._host.now + FIRST:
            self._after(FIRST)

    def look(self) -> None:
        """The time has come; but starts go first."""
        if self._host.link.up and self._host.pace.waiting:
            self._after(BUSY)
        elif self._host.link.up:
            self._sweep()

    def remove(self, message: RemoveImages) -> None:
        """Somebody waits for it."""
        self._asked.append(message)
        self._sweep()

    def ended(self, message: WorkDone | WorkFailed) -> Sequence[str]:
        """It is done, or some of it is tried again; names that were taken away."""
        if isinstance(message, WorkFailed):
            swept, problem = Swept(), message.failure.message
        else:
            swept, problem = self._outcome(message.result), ""
        for asked in self._serving:
            self._answer(asked, swept, problem)
        self._serving = []
        self._say(swept, problem)
        self._after(self._pause if swept.left or problem else USUALLY)
        self._pause = min(2 * self._pause, USUALLY) if swept.left or problem else AGAIN
        if self._asked:
            self._sweep()
        return swept.removed

    def _sweep(self) -> None:
        if self._host.working(SWEEP):
            return
        self._serving, self._asked = self._asked, []
        leaving = any(not asked.images for asked in self._serving)
        self._host.work(SWEEP, self._remove_unwanted, self._host.engine_url if leaving else "", timeout=LIMIT)

    def _after(self, delay: float) -> None:
        self._due = self._host.now + delay
        self._host.after(SWEEP, delay, LookAtImages())

    def _outcome(self, result: object) -> Swept:
        if not isinstance(result, Swept):
            raise TypeError(f"looking for images that nobody wants answers Swept, not {type(result).__name__}")
        return result

    def _answer(self, asked: RemoveImages, swept: Swept, problem: str) -> None:
        words = [problem] if problem else [why for image, why in swept.left.items() if not asked.images or image in asked.images]
        left = tuple(f"{self._host.name}: {why}" for why in words)
        self._host.tell(asked.reply_to, ImagesRemoved(asked.of, self._host.uid, left))

    def _say(self, swept: Swept, problem: str) -> None:
        host = self._host.uid
        if swept.removed:
            log.info("images removed", extra={"host": host, "images": list(swept.removed)})
        for image, why in swept.left.items():
            if self._told.get(image) != why:
                log.warning("image not removed, tried again later", extra={"host": host, "image": image, "failure": why})
        self._told = swept.left
        if problem:
            log.warning("images not looked through, tried again later", extra={"host": host, "failure": problem})

    # A work, not a handler: it touches nothing of the actor.

    async def _remove_unwanted(self, only_at: str) -> Swept:
        """Raises EngineUnavailable."""
        outside = self._host.outside
        listed = await self._engine.images(outside.ours)
        built = {name for image in listed for name in image.names if name.startswith(BUILT_IMAGE)}
        names = built - wanted_images(outside.store, only_at, members=False)
        if names:
            names -= wanted_images(outside.store, only_at)
        removed, left = list[str](), dict[str, str]()
        for name in sorted(names):
            if name in wanted_images(outside.store, only_at, members=False):
                continue  # somebody asked for it meanwhile
            try:
                await self._engine.remove_image(name)
            except EngineUnavailable:
                raise
            except ClockerError as error:
                left[name] = str(error)
            else:
                removed.append(name)
            await asyncio.sleep(PAUSE)
        return Swept(removed, left)
