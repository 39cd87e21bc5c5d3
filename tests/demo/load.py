"""Load on the shop: so many requests a second however slow the answers are, bounded in time and in requests under way.

The rate is chosen so that it takes about half a core in all: more than one or two members may use, less than the machine has.
"""

import asyncio
import itertools
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from clocker_actors.admin.client import Client
from tests.bed.image import spin_path
from tests.bed.load import Target, fetch

WANTED_CORES = 0.5
ROUNDS = 6_000
"""Rounds of a busy loop per request: about 20 ms of a core."""
MEASURED_ROUNDS = 60_000
START_COST = 0.003
"""What starting the script costs besides, in seconds of a core."""
_TIMES = re.compile(r"(\d+)m([\d.]+)s")
SLOWEST, FASTEST = 4.0, 100.0
UNDER_WAY = 32
WINDOW = 2.0


class Load(Protocol):
    """Something that makes the shop work. `unit` names what `rate` counts."""

    unit: str

    def start(self, seconds: float) -> str: ...
    def stop(self) -> str: ...
    def rate(self) -> float: ...


class Requests:
    """Real requests to the members that are up, round robin; `targets` is asked before each."""

    unit = "requests/s answered"

    def __init__(self, targets: Callable[[], Sequence[Target]]) -> None:
        self._targets = targets
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._answered: deque[float] = deque()
        self.good = 0
        self.failed = 0

    def start(self, seconds: float) -> str:
        """Begin, for at most so long; says in words what comes."""
        rate = asyncio.run(self._suitable())
        self._thread = threading.Thread(target=lambda: asyncio.run(self._arrive(rate, seconds)), name="load")
        self._thread.start()
        return f"{rate:.0f} requests a second, each some {1000 * WANTED_CORES / rate:.0f} ms of a core: about {WANTED_CORES:g} cores in all"

    def stop(self) -> str:
        """End it; says what came of it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        return f"{self.good} requests were answered, {self.failed} were not"

    def rate(self) -> float:
        """Answers per second, lately."""
        since = time.monotonic() - WINDOW
        while self._answered and self._answered[0] < since:
            self._answered.popleft()
        return len(self._answered) / WINDOW

    async def _suitable(self) -> float:
        """Requests per second that need WANTED_CORES, by the processor time that a long one takes on the idle shop."""
        _, answer = await fetch(*self._targets()[0], spin_path(MEASURED_ROUNDS), timeout=20.0)
        spent = [60 * int(minutes) + float(seconds) for minutes, seconds in _TIMES.findall(answer)[:2]]
        cost = sum(spent) * ROUNDS / MEASURED_ROUNDS + START_COST
        return min(max(WANTED_CORES / cost, SLOWEST), FASTEST)

    async def _arrive(self, rate: float, seconds: float) -> None:
        end = time.monotonic() + seconds
        under_way: set[asyncio.Task[None]] = set()
        for turn in itertools.count():
            if self._stop.is_set() or time.monotonic() > end:
                break
            targets = self._targets()
            if targets and len(under_way) < UNDER_WAY:
                task = asyncio.create_task(self._one(targets[turn % len(targets)]))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.sleep(1 / rate)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _one(self, target: Target) -> None:
        try:
            status, _ = await fetch(*target, spin_path(ROUNDS))
        except (OSError, TimeoutError):
            self.failed += 1
            return
        if status != 200:
            self.failed += 1
            return
        self.good += 1
        self._answered.append(time.monotonic())


class Pretended:
    """Load on simulated containers: the simulated world is told how much work there is, and divides it over the members that run."""

    unit = "% of a core asked for"

    def __init__(self, client: Client, key: str) -> None:
        self._client = client
        self._key = key
        self._offered = 0.0

    def start(self, seconds: float) -> str:
        """Begin; says in words what comes."""
        self._offer(100 * WANTED_CORES)
        return f"the simulated containers are given work for {WANTED_CORES:g} cores to share"

    def stop(self) -> str:
        """End it."""
        self._offer(0.0)
        return "the simulated work is taken away"

    def rate(self) -> float:
        """What is offered now."""
        return self._offered

    def _offer(self, percent: float) -> None:
        self._client.post("/v1/simulated/load", {"key": self._key, "cpu_percent": percent})
        self._offered = percent
