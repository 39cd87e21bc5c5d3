"""What flows from an engine without being asked for each time, as messages for the host."""

import asyncio
from collections.abc import AsyncIterator

from clocker_actors.entities.hosts.hostwords import EngineSaid, Sampled
from clocker_actors.ports.engine import Engine, StatsWatch


async def events(engine: Engine, since: str) -> AsyncIterator[EngineSaid]:
    """The engine's events from a cursor on; the first one says "subscribed"."""
    async for event in engine.events(since):
        yield EngineSaid(event)


async def samples(watch: StatsWatch) -> AsyncIterator[Sampled]:
    """Samples of all followed containers. Whoever stops it (a host that ends or begins anew) has no use for the watch any more."""
    try:
        async for stats in watch:
            yield Sampled(stats)
    except (asyncio.CancelledError, GeneratorExit):
        await watch.close()
        raise
