"""The bare scripts we are measured against: aiodocker and nothing else. They remember nothing, decide nothing, and watch nothing but one event.

What they ask of the engine for a container is what our driver asks, so that the engine has the same work.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

from aiodocker.types import JSONObject

from clocker_actors.drivers.docker import requests
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.bed.image import WEB_TAG
from tests.benchmarks.stand import LABEL, Eye

SCRIPT = "script"


def _body() -> JSONObject:
    return cast("JSONObject", requests.container(ContainerRequest("", WEB_TAG, ContainerSpec(ImageSpec(WEB_TAG)), {LABEL: SCRIPT})))


async def start_one(eye: Eye) -> str:
    """Create and start; the id."""
    container = await eye.docker.containers.create(_body())
    await container.start()
    return container.id


async def deploy(eyes: Sequence[Eye], count: int, at_once: int) -> float:
    """Start so many containers, spread over the engines, `at_once` in flight on each; the seconds it took."""
    shares = [[eye] * len(range(place, count, len(eyes))) for place, eye in enumerate(eyes)]
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for share in shares:
            slots = asyncio.Semaphore(at_once)
            for eye in share:
                group.create_task(_bounded(eye, slots))
    return time.perf_counter() - began


async def _bounded(eye: Eye, slots: asyncio.Semaphore) -> None:
    async with slots:
        await start_one(eye)


async def heal(eye: Eye) -> float:
    """Kill one of the script's containers, hear the engine say so, start another; seconds from the kill to the answer of `start`."""
    victim = eye.first(LABEL, SCRIPT)
    while not eye.died.empty():
        eye.died.get_nowait()
    killing = asyncio.create_task(eye.kill(victim))
    while (await eye.died.get())[0] != victim:
        pass
    await start_one(eye)
    ended = time.perf_counter()
    return ended - await killing


async def clear(eyes: Sequence[Eye]) -> None:
    """Remove all the scripts made, two at a time on each engine."""
    await asyncio.gather(*(_clear(eye) for eye in eyes))


async def _clear(eye: Eye) -> None:
    made = await eye.docker.containers.list(all=True, filters={"label": [f"{LABEL}={SCRIPT}"]})
    slots = asyncio.Semaphore(2)

    async def remove(identity: str) -> None:
        async with slots:
            await eye.docker.containers.container(identity).delete(force=True)

    await asyncio.gather(*(remove(container.id) for container in made))
