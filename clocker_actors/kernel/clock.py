"""The only source of time.

Wall time is read once, at start; from then on time is that instant plus what the loop has counted since. So time never runs
backwards when somebody sets the machine's clock, and on a virtual loop the whole manager lives in virtual time. All times are
floats of epoch seconds in UTC, durations are float seconds.
"""

import asyncio
import logging
import time

logger = logging.getLogger("clocker.kernel")


class Clock:
    """Time of one loop. `start` is the epoch second that counts as now; by default the wall's, or the virtual loop's own."""

    __slots__ = ("_ahead", "_loop")

    def __init__(self, start: float | None = None, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        if start is None:
            virtual: float | None = getattr(self._loop, "wall_start", None)
            start = time.time() if virtual is None else virtual + self._loop.time()
        self._ahead = start - self._loop.time()

    def now(self) -> float:
        """Epoch seconds, UTC; never less than an earlier answer."""
        return self._ahead + self._loop.time()


def past(value: object, now: float) -> float | None:
    """A stored time, never later than now: one that lies in the future counts from now, and is logged. None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value > now:
        logger.warning("a stored time lies %.1f s in the future and counts from now; was the clock set back?", value - now)
        return now
    return float(value)
