"""Statistics of many containers: one reading each, on a schedule of our own.

An engine answers a single reading at its next tick, up to a second later, so many must be in flight at once; and since such a reading
has no predecessor in it, CPU use comes from two of our own. Samples wait in a table with one place per container: a slow reader
gets the newest, and nothing grows.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from clocker_actors.drivers.docker import wire
from clocker_actors.drivers.docker.link import READINGS, Call, Link
from clocker_actors.errors import ClockerError, NotFound
from clocker_actors.kernel.clock import Clock
from clocker_actors.model.containers import Stats

DEADLINE = 2.5
"""Seconds to wait for one reading; the engine's tick takes up to one, two at worst."""

BURST, PAUSE = 32, 0.01
"""At most so many readings are begun at once: a socket's backlog is short."""


@dataclass(slots=True)
class Followed:
    """One container in the watch; `used` and `read` are of its previous sample, `place` is its valid entry in the schedule."""

    period: float
    place: int = 0
    used: int = 0
    read: float | None = None
    reading: asyncio.Task[None] | None = None


@dataclass(slots=True, order=True)
class Due:
    """An entry of the schedule; it counts only while it is the container's newest."""

    at: float
    place: int
    container: str = field(compare=False)
    followed: Followed = field(compare=False)


class EngineWatch:
    """A StatsWatch on one engine. Iterate it in one place; a missed reading comes as a stale sample, a removed container is forgotten."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._followed: dict[str, Followed] = {}
        self._schedule: list[Due] = []
        self._count = 0
        self._readings: set[asyncio.Task[None]] = set()
        self._samples: dict[str, Stats] = {}
        self._news = asyncio.Event()
        self._changed = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._clock: Clock | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def follow(self, container: str, period: float) -> None:
        """Read this container each `period` seconds from now on; a second call changes the period."""
        if self._closed:
            return
        followed = self._followed.get(container)
        if followed is not None and followed.period == period:
            return
        if followed is None:
            followed = self._followed[container] = Followed(period)
        followed.period = period
        if followed.reading is None:
            self._plan(container, followed, 0.0)
        if self._runner is None:
            self._runner = asyncio.get_running_loop().create_task(self._run(), name=f"stats {self._link.where}")

    def forget(self, container: str) -> None:
        """Read it no more; a sample still on its way is dropped."""
        followed = self._followed.pop(container, None)
        self._samples.pop(container, None)
        if followed is not None and followed.reading is not None:
            followed.reading.cancel()

    def __aiter__(self) -> AsyncIterator[Stats]:
        return self

    async def __anext__(self) -> Stats:
        while not self._samples:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._samples.pop(next(iter(self._samples)))

    async def close(self) -> None:
        """End the watch and its readings; the iteration ends."""
        self._closed = True
        tasks = [*self._readings]
        if self._runner is not None:
            tasks.append(self._runner)
        self._followed.clear()
        self._samples.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._news.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = 0
            while begun < BURST and len(self._readings) < READINGS and self._schedule and self._schedule[0].at <= loop.time():
                due = heapq.heappop(self._schedule)
                if self._followed.get(due.container) is due.followed and due.followed.place == due.place:
                    due.followed.reading = reading = loop.create_task(self._read(due.container, due.followed))
                    self._readings.add(reading)
                    reading.add_done_callback(self._ended)
                    begun += 1
            self._changed.clear()
            try:
                async with asyncio.timeout(self._pause(loop.time())):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _pause(self, now: float) -> float | None:
        """Seconds until there may be something to begin; None: until something changes."""
        if not self._schedule or len(self._readings) >= READINGS:
            return None
        return max(self._schedule[0].at - now, PAUSE)

    def _plan(self, container: str, followed: Followed, pause: float) -> None:
        self._count += 1
        followed.place = self._count
        due = Due(asyncio.get_running_loop().time() + pause, self._count, container, followed)
        heapq.heappush(self._schedule, due)
        if self._schedule[0] is due:
            self._changed.set()

    async def _read(self, container: str, followed: Followed) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        path = f"containers/{container}/stats"
        call = Call("stats", "GET", path, DEADLINE, query={"stream": "0", "one-shot": "1"}, reading=True)
        try:
            sample = await self._link.ask(call, wire.Sample)
        except NotFound:
            self._followed.pop(container, None)
            return
        except ClockerError:
            self._publish(Stats(container, self._now(), None, stale=True))
        else:
            self._take(container, followed, sample)
        followed.reading = None
        if self._followed.get(container) is followed:
            self._plan(container, followed, max(0.0, began + followed.period - clock()))

    def _ended(self, reading: asyncio.Task[None]) -> None:
        if len(self._readings) == READINGS:  # the schedule waits for a place
            self._changed.set()
        self._readings.discard(reading)

    def _take(self, container: str, followed: Followed, sample: wire.Sample) -> None:
        if not sample.running:
            followed.read = None  # a restarted container counts from zero
            return
        used, read = wire.amount(sample.cpu_stats.cpu_usage.total_usage), sample.read.timestamp()
        percent = None
        if followed.read is not None and read > followed.read and used >= followed.used:
            percent = (used - followed.used) / 1e7 / (read - followed.read)
        followed.used, followed.read = used, read
        interfaces = (sample.networks or {}).values()
        memory = sample.memory_stats
        self._publish(
            Stats(
                id=container,
                at=self._now(),
                cpu_percent=percent,
                memory=wire.amount(memory.usage - _cache(memory)),
                memory_limit=wire.amount(memory.limit),
                network_rx=wire.amount(sum(interface.rx_bytes for interface in interfaces)),
                network_tx=wire.amount(sum(interface.tx_bytes for interface in interfaces)),
                pids=wire.amount(sample.pids_stats.current),
            )
        )

    def _publish(self, stats: Stats) -> None:
        self._samples[stats.id] = stats
        self._news.set()

    def _now(self) -> float:
        # our clock, not the engine's: readings are compared with each other and with now
        if self._clock is None:
            self._clock = Clock()
        return self._clock.now()


def _cache(memory: wire.Memory) -> int:
    """Page cache the kernel would give back: version 2 of control groups calls it inactive_file, version 1 total_inactive_file."""
    known = memory.stats or {}
    return known.get("total_inactive_file", known.get("inactive_file", 0))
