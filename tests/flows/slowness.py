"""A store that takes its time: what is said between a decision and its being durable is where races are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from clocker_actors.ports.store import Record
from tests.flows.support import Driven

LATENCY = 0.2


@asynccontextmanager
async def slow_store(driven: Driven) -> AsyncIterator[None]:
    """Let each commit take a while; whoever stops waiting does not stop it, as with the real store."""
    store = driven.manager.store
    write = store.write
    under_way: set[asyncio.Task[int]] = set()

    async def slowly(batch: Sequence[Record]) -> int:
        await asyncio.sleep(LATENCY)
        return await write(batch)

    async def written(batch: Sequence[Record]) -> int:
        task = asyncio.ensure_future(slowly(batch))
        under_way.add(task)
        return await asyncio.shield(task)

    store.write = written  # type: ignore[method-assign]
    yield
    await asyncio.gather(*under_way)
    store.write = write  # type: ignore[method-assign]
