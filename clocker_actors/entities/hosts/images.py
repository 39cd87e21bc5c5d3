"""Images of one engine: each is looked for, pulled or built once, however many containers wait for it."""

from collections.abc import Iterable
from typing import Protocol

from clocker_actors.entities.hosts.hostwords import ImageFailed, ImageReady, WantImage
from clocker_actors.entities.hosts.registry import PoolRegistry, registry_named
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import Identity
from clocker_actors.entities.sharing import Known
from clocker_actors.errors import Failure, ImageNotFound
from clocker_actors.model.containers import ImageInfo
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import BuildSpec, ImageSpec
from clocker_actors.ports.engine import Engine

IMAGE_LIMIT = 900.0
WORK = "image:"
MOST_KNOWN = 500


class Owner(Protocol):
    """What the images need of their host."""

    def tell(self, target_id: str, message: object) -> None: ...
    def begin_image(self, name: str, image: ImageSpec, limit: float) -> None: ...


class Images:
    """What is known to be on the engine, and who waits for what is not."""

    __slots__ = ("_host", "_waiting", "known")

    def __init__(self, host: Owner) -> None:
        self._host = host
        self._waiting: dict[str, list[Uid]] = {}
        self.known: dict[str, ImageInfo] = {}

    def want(self, message: WantImage) -> None:
        """Answer at once if the image is known to be there, else once it is."""
        reference = message.image.reference
        if message.fresh:
            self.known.pop(reference, None)
        info = self.known.get(reference)
        if info is not None:
            self._host.tell(message.container, ImageReady(info))
        elif reference in self._waiting:
            self._waiting[reference].append(message.container)
        else:
            self._waiting[reference] = [message.container]
            self._host.begin_image(WORK + reference, message.image, IMAGE_LIMIT)

    def came(self, work: str, result: object) -> None:
        """The image is there."""
        reference = work.removeprefix(WORK)
        if not isinstance(result, ImageInfo):
            raise TypeError(f"looking for an image answers ImageInfo, not {type(result).__name__}")
        self.known[reference] = result
        if len(self.known) > MOST_KNOWN:  # the oldest is looked for again when it is wanted
            self.known.pop(next(iter(self.known)))
        self._answer(reference, ImageReady(result))

    def failed(self, work: str, failure: Failure) -> None:
        """The image cannot be had."""
        self._answer(work.removeprefix(WORK), ImageFailed(failure))

    def removed(self, references: Iterable[str]) -> None:
        """These are not there any more."""
        for reference in references:
            self.known.pop(reference, None)

    def forget_all(self) -> None:
        """The engine was away: what it has now is not known."""
        self.known.clear()

    def _answer(self, reference: str, message: ImageReady | ImageFailed) -> None:
        waiting: Iterable[Uid] = self._waiting.pop(reference, ())
        for container in waiting:
            self._host.tell(container, message)


async def ensure(here: Known, outside: Outside, host: Identity, image: ImageSpec) -> ImageInfo:
    """Have the image on the engine: what is there is never pulled again; what is built is built on one engine of all, and carries our labels.
    Raises ImageNotFound, PullDenied, EngineFault."""
    engine = here.engine
    found = await engine.image(image.reference)
    if found is None:
        build = image.build
        if build is None:
            await engine.pull(image.reference, outside.login(image.reference))
        else:
            address = registry_named(outside.store, host)
            registry = PoolRegistry(engine, address, outside.login) if address else None
            await outside.sharing.have(here, image.reference, lambda: _build(engine, outside, image.reference, build), registry)
        found = await engine.image(image.reference)
    if found is None:
        raise ImageNotFound(f"{image.reference} was fetched but is not on the engine: something removes images there; look for a prune job")
    return found


async def _build(engine: Engine, outside: Outside, reference: str, build: BuildSpec) -> None:
    await engine.build(reference, build, await outside.blobs.get(build.context), outside.ours)
