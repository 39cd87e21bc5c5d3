"""An engine under test with what a test needs around it: an image, ways to break it, and a second connection."""

import asyncio
import io
import itertools
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.containers import SUBSCRIBED, ContainerRequest, EngineEvent
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.engine import Engine
from tests.bed.image import WEB_PORT

LABEL = "clocker.plane"
FOREVER = ("sleep", "3600")
T = TypeVar("T", bound=Callable[..., object])
SPINNING = ("sh", "-c", "while :; do :; done")


def engine_only(test: T) -> T:
    """Mark a test that says nothing of the simulated engine."""
    test.__dict__["engine_only"] = True
    return test


def live(test: T) -> T:
    """Mark a test that cannot be recorded."""
    test.__dict__["live"] = True
    return test


def is_live(test: object) -> bool:
    """Whether a test is so marked."""
    return bool(getattr(test, "live", False))


def is_engine_only(test: object) -> bool:
    """Whether a test is so marked."""
    return bool(getattr(test, "engine_only", False))


class Weather(Protocol):
    """What can happen to an engine, on purpose."""

    def hang(self) -> None: ...
    def resume(self) -> None: ...
    def cut(self) -> None: ...
    def plug(self) -> None: ...
    async def restart(self) -> None: ...
    def away(self) -> AbstractAsyncContextManager[None]:
        """No engine while in the block, on a host that lives."""

    def work(self, name: str) -> None:
        """Where a container only pretends to run: let it use one core."""


@dataclass(slots=True)
class Calls:
    """A call log to look into."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def record(self, target: str, operation: str, result: str, seconds: float) -> None:
        assert target
        assert seconds >= 0
        self.lines.append((operation, result))


@dataclass(slots=True)
class Lab:
    """`address` is where published ports are reached; `local` says that the connection does not go over the network's cable.

    `gateway` is this machine as the engine's host sees it; when `played`, nothing listens there, since the engine is a recording.
    `ends` is how many files a connection to the engine is in this process: two where the engine's side is in it, too.
    """

    kind: str
    engine: Engine
    image: str
    address: str
    weather: Weather
    calls: Calls
    connect: Callable[[CallLog], Engine]
    local: bool
    ends: int = 1
    gateway: str = ""
    played: bool = False
    _names: "itertools.count[int]" = field(default_factory=itertools.count)

    def request(
        self,
        name: str = "",
        *,
        command: Sequence[str] | None = FOREVER,
        port: int = 0,
        labels: Mapping[str, str] | None = None,
        lease: str = "",
        **spec: object,
    ) -> ContainerRequest:
        """A request for a container of the web image; `port` publishes its web port, `lease` is the one it lives by."""
        made = ContainerSpec(ImageSpec(self.image), command=None if command is None else tuple(command))
        return ContainerRequest(
            name=name or f"clocker.test.m{next(self._names)}.g1",
            image=self.image,
            spec=replace(made, **spec),  # type: ignore[arg-type]
            labels={LABEL: "test", **(labels or {})},
            ports={f"{WEB_PORT}/tcp": port} if port else {},
            lease=lease,
        )

    async def run(self, request: ContainerRequest | None = None) -> str:
        """Create and start; the id."""
        identity = await self.engine.create(request or self.request())
        await self.engine.start(identity)
        return identity

    async def reachable(self) -> None:
        """Wait until the engine answers again."""
        await until(self._answers, 20.0)

    async def _answers(self) -> bool:
        try:
            await self.engine.ping()
        except EngineUnavailable:
            return False
        return True


async def until(true: Callable[[], Awaitable[bool]], limit: float) -> None:
    """Wait until it is true, at most `limit` seconds."""
    async with asyncio.timeout(limit):
        while not await true():  # noqa: ASYNC110 - it is the engine's to know, and it does not tell
            await asyncio.sleep(0.05)


def packed(dockerfile: str, name: str = "Dockerfile") -> bytes:
    """A build context: a Dockerfile, and a file `greeting`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, content in ((name, dockerfile.encode()), ("greeting", b"hello\n")):
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@asynccontextmanager
async def heard(engine: Engine, since: str = "") -> AsyncIterator["asyncio.Queue[EngineEvent | Exception]"]:
    """The engine's events while in the block, from SUBSCRIBED on (which is taken out); an error ends them and is the last."""
    events: asyncio.Queue[EngineEvent | Exception] = asyncio.Queue()

    async def listen() -> None:
        try:
            async for event in engine.events(since):
                events.put_nowait(event)
        except EngineUnavailable as error:
            events.put_nowait(error)

    listener = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(10):
            first = await events.get()
        assert isinstance(first, EngineEvent)
        assert (first.action, first.id) == (SUBSCRIBED, "")
        yield events
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def next_of(events: "asyncio.Queue[EngineEvent | Exception]", identity: str, count: int, limit: float = 10.0) -> list[EngineEvent]:
    """The next `count` events of one container."""
    found: list[EngineEvent] = []
    async with asyncio.timeout(limit):
        while len(found) < count:
            event = await events.get()
            assert isinstance(event, EngineEvent), event
            if event.id == identity:
                found.append(event)
    return found
