"""The gate before an engine's `start`: as many pass at once as the pace allows.

The pace lets a few more containers begin than may start, so that the next ones are created while others start, and an engine never waits for us. What
passes is in order of arrival; whoever is cancelled while waiting leaves its place. Used by works, on one loop.
"""

import asyncio
from collections import deque
from types import TracebackType

from clocker_actors.entities.hosts.pace import Pace


class Gate:
    """`async with gate:` around a start."""

    __slots__ = ("_inside", "_pace", "_waiting")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self.open()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._inside -= 1  # let in and cancelled at once
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self.open()
            raise

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._inside -= 1
        self.open()

    def open(self) -> None:
        """Let in whoever may pass now; to be called when the pace has changed, too."""
        while self._waiting and self._inside < self._pace.at_once:
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)
