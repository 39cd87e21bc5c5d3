"""When the garbage collector may look through what there is.

Waking makes much and drops next to nothing. With ten thousand entities, looking through all of it again and again while it grows took half of the time
until the manager was ready; and what was made then stays, so that it need not be looked through later, either.

What comes later stays, too: with ten thousand containers one look through all takes two seconds, in which nobody is answered, and there would be one each
minute or two. So what has survived a long look is left out of those that come; now and then it is looked through again, lest what went meanwhile stay for ever.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

LOOK = 0.25
"""Seconds between two looks whether all are awake."""
OLDEST = 2
"""Generation of the collector whose looks are through everything."""
LONG = 0.1
"""Seconds of a look through everything after which what is left is spared."""
AGAIN = 3600.0
"""Seconds after which what was spared is looked through again."""


@asynccontextmanager
async def tended(awake: Callable[[], bool], limit: float) -> AsyncIterator[None]:
    """All of it, for as long as a daemon lives: `awake` and `limit` are those of `spare_until`."""
    with sparing():
        tasks = [
            asyncio.create_task(spare_until(awake, limit), name="no collection of garbage while waking"),
            asyncio.create_task(looks_again(), name="garbage that was spared"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


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


@contextmanager
def sparing(long: float = LONG) -> Iterator[None]:
    """What survives a long look through everything is left out of those that come, until `looks_again` or the end of this."""
    began = 0.0

    def looked(phase: str, about: dict[str, int]) -> None:
        nonlocal began
        if about["generation"] != OLDEST:
            return
        if phase == "start":
            began = time.perf_counter()
        elif time.perf_counter() - began >= long:
            gc.freeze()

    gc.callbacks.append(looked)
    try:
        yield
    finally:
        gc.callbacks.remove(looked)
        gc.unfreeze()


async def looks_again(period: float = AGAIN) -> None:
    """Have all that was spared looked through once more with the next look through everything; for ever."""
    while True:
        await asyncio.sleep(period)
        gc.unfreeze()
