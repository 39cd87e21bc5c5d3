"""What every report on real engines stands on: a loop, hosts with the image, a bystander who sees what runs, and the clock.

The bystander hears each engine's events over a connection of its own and counts the containers that run, so that what is said of us and of a
peer was seen in the same way.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import uvloop
from aiodocker import Docker

from tests.bed import Bed, BedHost
from tests.bed.image import build_web_image

T = TypeVar("T")
LABEL = "clocker-bench"
"""Label of what bare scripts start; its value says which script."""


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run on the loop the daemon uses."""
    return uvloop.run(story)


def percentile(figures: Sequence[float], share: float) -> float:
    """The value that this share of the figures does not exceed."""
    ordered = sorted(figures)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


async def until(true: Callable[[], bool], within: float, what: str) -> float:
    """Wait until it is true, looking every 4 ms; the time it was (perf_counter). TimeoutError says what did not come."""
    deadline = time.perf_counter() + within
    while not true():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {within:g} s: {what}")
        await asyncio.sleep(0.004)
    return time.perf_counter()


class Eye:
    """One engine as a bystander sees it: `running` maps ids to labels, `docker` is an aiodocker client for whoever needs one."""

    def __init__(self, host: BedHost) -> None:
        self.host = host
        connector = aiohttp.UnixConnector(str(host.socket), limit=64)
        self.docker = Docker("http://docker", connector=connector, api_version="v1.41")
        self.running: dict[str, Mapping[str, str]] = {}
        self.died: asyncio.Queue[tuple[str, Mapping[str, str]]] = asyncio.Queue()
        self._listening = asyncio.Event()
        self._listener = asyncio.create_task(self._listen())

    async def ready(self) -> None:
        """Wait until the engine has begun to tell what happens."""
        await self._listening.wait()

    def count(self, label: str, value: str) -> int:
        """Running containers with this label."""
        return sum(1 for labels in self.running.values() if labels.get(label) == value)

    def first(self, label: str, value: str) -> str:
        """Id of some running container with this label."""
        return next(identity for identity, labels in self.running.items() if labels.get(label) == value)

    async def kill(self, container: str) -> float:
        """Kill a container; when that was asked."""
        asked = time.perf_counter()
        await self.docker.containers.container(container).kill()
        return asked

    async def close(self) -> None:
        """Hear no more."""
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        connector = self.docker.connector
        await self.docker.close()
        await connector.close()

    async def _listen(self) -> None:
        filters = json.dumps({"type": ["container"], "event": ["start", "die"]})
        forever = aiohttp.ClientTimeout(total=None)
        address = "http://docker/v1.41/events"
        async with self.docker.session.get(address, params={"filters": filters}, timeout=forever) as answer:
            self._listening.set()
            async for line in answer.content:
                event = json.loads(line)
                identity, labels = event["Actor"]["ID"], event["Actor"]["Attributes"]
                if event["Action"] == "start":
                    self.running[identity] = labels
                else:
                    self.running.pop(identity, None)
                    self.died.put_nowait((identity, labels))


class Stand:
    """Hosts with the image, each with an eye on it."""

    def __init__(self, bed: Bed, eyes: Sequence[Eye]) -> None:
        self.bed = bed
        self.eyes = eyes

    def count(self, label: str, value: str) -> int:
        """Running containers with this label on all engines."""
        return sum(eye.count(label, value) for eye in self.eyes)


@asynccontextmanager
async def stand(hosts: int) -> AsyncIterator[Stand]:
    """A bed of that many hosts, and nothing of it afterwards."""
    async with Bed(hosts=hosts) as bed, AsyncExitStack() as stack:
        await asyncio.gather(*(build_web_image(host) for host in bed.hosts))
        eyes = []
        for host in bed.hosts:
            eye = Eye(host)
            stack.push_async_callback(eye.close)
            await eye.ready()
            eyes.append(eye)
        yield Stand(bed, eyes)
