"""Images: looked up, pulled, built, copied. Pull, build and load answer 200 at once and tell their faults inside the stream."""

import base64
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

import aiohttp

from clocker_actors.drivers.docker import wire
from clocker_actors.drivers.docker.faults import fault
from clocker_actors.drivers.docker.link import Call, Link, Sent
from clocker_actors.drivers.docker.requests import reference as split
from clocker_actors.drivers.docker.steps import Steps
from clocker_actors.drivers.docker.streams import lines
from clocker_actors.errors import ClockerError, EngineFault, EngineUnavailable, ImageNotFound
from clocker_actors.model.containers import ImageInfo, Login, NamedImage
from clocker_actors.model.specs import BuildSpec

LONGEST = 1800.0
QUIET = 600.0
"""Seconds without a word of progress after which a pull or build counts as lost."""

LAST_LINES = 12
NAMELESS = "<none>:<none>"
DEFAULT_INTERVAL = 30.0
STEP_LIMIT = 10.0
PIECE = 128 * 1024
"""Most bytes of an image that is being copied which are handed on at once."""


async def look_up(link: Link, reference: str) -> ImageInfo | None:
    """What the engine knows of an image, None when it has none such."""
    try:
        found = await link.ask(Call("image", "GET", f"images/{reference}/json", 5.0), wire.Image)
    except ImageNotFound:
        return None
    check = found.config.healthcheck if found.config else None
    if check is None or not check.test or check.test[0] == "NONE":
        return ImageInfo(found.id)
    return ImageInfo(found.id, check.interval / 1e9 or DEFAULT_INTERVAL)


def named(line: wire.ListedImage) -> NamedImage:
    """A line of the list in our words."""
    return NamedImage(line.id, tuple(name for name in line.repo_tags or () if name != NAMELESS))


async def pull(link: Link, reference: str, login: Login | None = None) -> None:
    """Fetch an image. Raises ImageNotFound, PullDenied, OutOfDisk."""
    name, tag = split(reference)
    query, headers = {"fromImage": name, "tag": tag}, _shown(login) if login else None
    call = Call("pull", "POST", "images/create", LONGEST, query=query, quiet=QUIET, about=reference, headers=headers)
    async with link.stream(call) as response:
        await _follow(link, call.operation, response, reference)


async def push(link: Link, reference: str, login: Login | None = None) -> None:
    """Send an image to its registry. Engines want the header even if it says nothing."""
    name, tag = split(reference)
    call = Call("push", "POST", f"images/{name}/push", LONGEST, query={"tag": tag}, quiet=QUIET, about=reference, headers=_shown(login))
    async with link.stream(call) as response:
        await _follow(link, call.operation, response, reference)


def _shown(login: Login | None) -> Mapping[str, str]:
    """The header by which an engine logs in to a registry."""
    told = {} if login is None else {"username": login.user, "password": login.password, "serveraddress": login.server}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(told).encode()).decode()}


async def save(link: Link, name: str) -> AsyncGenerator[bytes, None]:
    """The image as a tar, piece by piece; the engine makes no more of it than is taken."""
    call = Call("save_image", "GET", f"images/{name}/get", LONGEST, quiet=QUIET, about=name, reading=True)
    async with link.stream(call) as response:
        async for piece in response.content.iter_chunked(PIECE):
            yield piece


async def load(link: Link, content: AsyncIterator[bytes]) -> None:
    """Send a tar of an image as it comes. What ends it on our side ends the connection, so the engine has no half of it under a name."""
    sent = Sent(content)
    call = Call("load_image", "POST", "images/load", LONGEST, query={"quiet": "1"}, body=sent)
    try:
        async with link.stream(call) as response:
            await _follow(link, call.operation, response, "an image from another engine")
    except ClockerError:
        if sent.failure is not None:
            raise sent.failure from None
        raise


class Builder:
    """Builds images on one engine, and removes what the builds leave besides them once none is under way: one may use the steps of another."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._under_way = 0
        self._left: list[str] = []

    async def build(self, reference: str, spec: BuildSpec, context: bytes, labels: Mapping[str, str]) -> None:
        """Build an image from a tar; the error of a failed step has the last lines of output."""
        query = {
            "t": reference,
            "dockerfile": spec.dockerfile,
            "buildargs": json.dumps(dict(spec.arguments)),
            "labels": json.dumps(dict(labels)),
            "rm": "1",
            "forcerm": "1",
        }
        call = Call("build", "POST", "build", LONGEST, query=query, body=context, quiet=QUIET, about=reference)
        steps, failed = Steps(), True
        self._under_way += 1
        try:
            async with self._link.stream(call) as response:
                await _follow(self._link, call.operation, response, reference, steps)
            failed = False
        except ClockerError as error:
            refusal: ClockerError | None = error
        else:
            refusal = None
        finally:  # one that was cancelled has no time to clear up: the next one does
            self._under_way -= 1
            self._left += steps.left(failed=failed)
        await self._clear()
        if refusal is not None:
            raise refusal

    async def _clear(self) -> None:
        """As well as it goes: what is used after all is left alone, and what cannot be done now is done after the next build."""
        while self._left and not self._under_way:
            image = self._left.pop(0)
            try:
                if await self._is_nameless(image):
                    call = Call("remove_image", "DELETE", f"images/{image}", STEP_LIMIT, query={"noprune": "1"}, fine=(404, 409))
                    await self._link.tell(call)
            except (EngineUnavailable, EngineFault):
                self._left.append(image)
                return

    async def _is_nameless(self, image: str) -> bool:
        """What a command of the build prints may look like one of the build's own messages, and name an image of somebody else."""
        try:
            found = await self._link.ask(Call("image", "GET", f"images/{image}/json", STEP_LIMIT), wire.Image)
        except ImageNotFound:
            return False
        return not found.repo_tags and not found.repo_digests


async def _follow(link: Link, operation: str, response: aiohttp.ClientResponse, reference: str, steps: Steps | None = None) -> None:
    said: deque[str] = deque(maxlen=LAST_LINES)
    async for line in lines(response.content):
        if not line.strip():
            continue
        progress = wire.decode(line, wire.Progress)
        if progress.error:
            heard = "".join(said).strip()
            words = f"{reference}: {progress.error}" + (f"\nthe last it said:\n{heard}\n" if heard else "")
            raise fault(link.where, operation, 0, words)
        if progress.stream:
            said.append(progress.stream)
            if steps is not None:
                steps.heard(progress.stream)
