"""The simulated engine's side of the lab."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clocker_actors.drivers.simulated import SimulatedEngine


class PretendedWeather:
    """Its controls, by the lab's names."""

    def __init__(self, engine: SimulatedEngine) -> None:
        self._engine = engine
        self.hang, self.resume = engine.hang, engine.resume
        self.cut, self.plug = engine.partition, engine.heal

    async def restart(self) -> None:
        self._engine.crash(graceful=True)
        await asyncio.sleep(1.0)
        self._engine.recover()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        self._engine.crash()
        yield
        self._engine.recover()

    def work(self, name: str) -> None:
        self._engine.load(name, 100.0)
