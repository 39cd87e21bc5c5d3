"""Statistics of a simulated engine's containers, one sample per container and period.

As on a real engine a sample is ready at the engine's next tick of one second; the first of each container has no CPU, because two are
needed; one that is due while the engine gives no answer comes as stale. A container that does not run gives none.
"""

import asyncio
import contextlib
import heapq
import math
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from clocker_actors.drivers.simulated.boxes import Box
from clocker_actors.drivers.simulated.core import Core
from clocker_actors.drivers.simulated.load import LoadModel
from clocker_actors.drivers.simulated.wire import Wire
from clocker_actors.errors import NotFound
from clocker_actors.model.containers import Stats

TICK = 1.0
_MEGA = 1024 * 1024


@dataclass(slots=True)
class _Followed:
    container: str
    period: float
    order: int
    sampled_run: int = 0


@dataclass(slots=True)
class _Usage:
    """A container's own noise and what it has moved since it was made."""

    noise: random.Random
    base_memory: int
    rx: int = 0
    at: float | None = None


class Meter:
    """Reads containers; the noise of each comes from its own name and the seed, so that it does not depend on who is read when."""

    def __init__(self, core: Core, loads: LoadModel, seed: int) -> None:
        self._core = core
        self._loads = loads
        self._seed = seed
        self._usage: dict[str, _Usage] = {}

    def sample(self, box: Box, at: float, *, first: bool) -> Stats:
        """One reading."""
        usage = self._usage.get(box.id) or self._begin(box)
        share = self._loads.share(box)
        cpu = share * usage.noise.uniform(0.98, 1.02) if share else usage.noise.uniform(0.1, 0.9)
        if box.resources.cpus is not None:
            cpu = min(cpu, box.resources.cpus * 100.0)
        limit = min(box.resources.memory or self._core.memory, self._core.memory)
        elapsed = 0.0 if usage.at is None else at - usage.at
        usage.at = at
        usage.rx += int(elapsed * (share * 2_000 + 50))
        return Stats(
            id=box.id,
            at=at,
            cpu_percent=None if first else round(cpu, 3),
            memory=min(usage.base_memory + int(cpu * 0.1 * _MEGA), limit),
            memory_limit=limit,
            network_rx=usage.rx,
            network_tx=usage.rx * 4,
            pids=1 + int(cpu // 25),
        )

    def _begin(self, box: Box) -> _Usage:
        for gone in self._usage.keys() - self._core.boxes.keys():
            del self._usage[gone]
        noise = random.Random(f"{self._core.name}:{self._seed}:{box.request.name}")  # noqa: S311 - repeatable on purpose
        usage = self._usage[box.id] = _Usage(noise, int(noise.uniform(20, 40) * _MEGA))
        return usage


class SimulatedWatch:
    """A StatsWatch: iterate for samples in order of time."""

    def __init__(self, core: Core, wire: Wire, meter: Meter, now: Callable[[], float]) -> None:
        self._core = core
        self._wire = wire
        self._meter = meter
        self._now = now
        self._followed: dict[str, _Followed] = {}
        self._due: list[tuple[float, int]] = []
        self._orders: dict[int, _Followed] = {}
        self._next_order = 0
        self._changed = asyncio.Event()
        self._closed = False

    def follow(self, container: str, period: float) -> None:
        """Read a container every `period` seconds from the next tick on; again with another period changes it."""
        known = self._followed.get(container)
        if known is not None and known.period == period:
            return
        self.forget(container)
        self._next_order += 1
        followed = _Followed(container, period, self._next_order, known.sampled_run if known else 0)
        self._followed[container] = self._orders[followed.order] = followed
        heapq.heappush(self._due, (_next_tick(self._now()), followed.order))
        self._changed.set()

    def forget(self, container: str) -> None:
        """Read it no more."""
        followed = self._followed.pop(container, None)
        if followed is not None:
            del self._orders[followed.order]

    async def close(self) -> None:
        """End the iteration."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[Stats]:
        while not self._closed:
            await self._wait()
            while self._due and self._due[0][0] <= self._now() and not self._closed:
                due, order = heapq.heappop(self._due)
                followed = self._orders.get(order)
                if followed is None:
                    continue
                stats = self._read(followed, due)
                if followed.order in self._orders:
                    heapq.heappush(self._due, (due + max(followed.period, TICK), order))
                if stats is not None:
                    yield stats

    async def _wait(self) -> None:
        self._changed.clear()
        limit = max(self._due[0][0] - self._now(), 0.0) if self._due else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._changed.wait()

    def _read(self, followed: _Followed, due: float) -> Stats | None:
        try:
            box = self._core.find(followed.container)
        except NotFound:
            self.forget(followed.container)
            return None
        if self._wire.down or self._wire.silent:
            return Stats(followed.container, self._now(), None, stale=True)
        if not box.running:
            followed.sampled_run = 0
            return None
        first = followed.sampled_run != box.runs
        followed.sampled_run = box.runs
        return replace(self._meter.sample(box, due, first=first), id=followed.container)


def _next_tick(now: float) -> float:
    return math.floor(now / TICK) * TICK + TICK
