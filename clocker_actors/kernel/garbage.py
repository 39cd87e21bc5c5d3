"""When the garbage collector may look through what there is.

Waking makes much and drops next to nothing. With ten thousand entities, looking through all of it again and again while it grows took half of the time
until the manager was ready; and what was made then stays, so that it need not be looked through later, either.
"""

import asyncio
import gc
from collections.abc import Callable

LOOK = 0.25
"""Seconds between two looks whether all are awake."""


async def spare_until(awake: Callable[[], bool], limit: float) -> None:
    """No collection until all are awake, at most `limit` seconds; what there is then is left out of all that come."""
    loop = asyncio.get_running_loop()
    until = loop.time() + limit
    gc.disable()
    try:
        while not awake() and loop.time() < until:  # noqa: ASYNC110 - nobody says it
            await asyncio.sleep(LOOK)
        gc.freeze()
    finally:
        gc.enable()
