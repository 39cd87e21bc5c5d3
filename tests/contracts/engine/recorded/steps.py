"""Counting the steps of a test: what was done so far, and waiting until as much was done as in the recording."""

from __future__ import annotations

import asyncio


class Steps:
    """A count that only grows, with the time it last grew."""

    def __init__(self) -> None:
        self.count = 0
        self.at = 0.0
        self._lost = False
        self._grown = asyncio.Event()

    def take(self) -> None:
        """One more."""
        self.count += 1
        self.at = asyncio.get_running_loop().time()
        self._tell()

    def lose(self) -> None:
        """What is done is not what was recorded, so nobody waits for it any more."""
        self._lost = True
        self._tell()

    async def reach(self, count: int) -> None:
        """Wait until there are so many."""
        while self.count < count and not self._lost:
            await self._grown.wait()

    def _tell(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()
