"""Short words for the tests of the simulated engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.containers import ContainerRequest, EngineEvent
from clocker_actors.model.specs import ContainerSpec, ImageSpec


def request(name: str, image: str = "web", *, port: int | None = None, service: str = "s", **spec: object) -> ContainerRequest:
    """A request for one container; `port` publishes 80."""
    made = ContainerSpec(ImageSpec(image), **spec)  # type: ignore[arg-type]
    return ContainerRequest(name, image, made, {"service": service}, {} if port is None else {"80/tcp": port})


async def running(engine: SimulatedEngine, name: str, image: str = "web", **options: object) -> str:
    """Create and start; the id."""
    identity = await engine.create(request(name, image, **options))  # type: ignore[arg-type]
    await engine.start(identity)
    return identity


@asynccontextmanager
async def listening(engine: SimulatedEngine, since: str = "") -> AsyncIterator[list[EngineEvent]]:
    """Events as they come, subscription first; a stream that breaks ends with an event of action `broken`."""
    heard: list[EngineEvent] = []

    async def listen() -> None:
        try:
            async for event in engine.events(since):
                heard.append(event)  # noqa: PERF401 - an extend would show them only when all is over
        except EngineUnavailable:
            heard.append(EngineEvent("", "", "broken", engine.now(), ""))

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.01)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def actions(events: list[EngineEvent]) -> list[tuple[str, str]]:
    """(action, name) of container events."""
    return [(event.action, event.name) for event in events if event.id]
