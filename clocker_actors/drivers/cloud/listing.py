"""One look at all nodes of a cloud for everybody who asks within a moment: a hundred hosts that boot would else list the whole cloud a hundred times.

A look that began before something was made or destroyed is not shared with who asks afterwards.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from clocker_actors.ports.cloud import Node

FRESH = 1.0
"""Seconds for which what was seen is believed."""


class Listing:
    """`fetch` asks the cloud."""

    def __init__(self, fetch: Callable[[], Awaitable[Sequence[Node]]]) -> None:
        self._fetch = fetch
        self._under_way: asyncio.Task[Sequence[Node]] | None = None
        self._looks: set[asyncio.Task[Sequence[Node]]] = set()
        self._seen: Sequence[Node] = ()
        self._seen_at = float("-inf")

    async def look(self) -> Sequence[Node]:
        """All nodes. Raises what asking raises, to all who wait; giving up ends the waiting alone."""
        if asyncio.get_running_loop().time() - self._seen_at < FRESH:
            return self._seen
        task = self._under_way
        if task is None:
            task = self._under_way = asyncio.get_running_loop().create_task(self._ask(), name="list nodes")
            self._looks.add(task)
            task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def outdated(self) -> None:
        """Something was made or destroyed: who asks from now on gets a look that begins now."""
        self._under_way = None
        self._seen_at = float("-inf")

    async def close(self) -> None:
        """Wait for no answer any more."""
        looks = list(self._looks)
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    async def _ask(self) -> Sequence[Node]:
        return await self._fetch()

    def _ended(self, task: asyncio.Task[Sequence[Node]]) -> None:
        self._looks.discard(task)
        if task is self._under_way:
            self._under_way = None
            if not task.cancelled() and task.exception() is None:
                self._seen, self._seen_at = task.result(), asyncio.get_running_loop().time()
        if not task.cancelled():
            task.exception()  # it may be that nobody waits for it any more
