"""How long the loop was held: a timer that is due every quarter of a second and looks how late it comes."""

import asyncio
from collections import deque

PERIOD = 0.25
NOTABLE = 0.05
"""Seconds of lateness that count as a stall."""


class LoopLag:
    """Runs from `start` to `stop`. `longest` is the greatest lateness of the last minute in seconds, `stalls` counts the notable ones."""

    def __init__(self) -> None:
        self.stalls = 0
        self._latest: deque[float] = deque([0.0], maxlen=round(60 / PERIOD))
        self._timer: asyncio.TimerHandle | None = None

    @property
    def longest(self) -> float:
        return max(self._latest)

    def start(self) -> None:
        """Begin, on the running loop."""
        loop = asyncio.get_running_loop()
        self._arm(loop)

    def stop(self) -> None:
        """End; calling it again does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + PERIOD
        self._timer = loop.call_at(due, self._look, loop, due)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        late = max(0.0, loop.time() - due)
        self._latest.append(late)
        self.stalls += late > NOTABLE
        self._arm(loop)
