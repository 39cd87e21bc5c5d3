"""Coarse samples of the numbers of which there is a history, kept over restarts in chunks of a minute; bounded in rows and in bytes, the oldest go first.

A reading of each series per step is enough to see how a day went. What was measured while no manager ran was not measured: chunks say which life of the manager
they are of and from when until when they tell, so between two lives there is a gap, and it is shown as one.
"""

from collections import deque
from collections.abc import Callable, Iterable

from clocker_actors.ports.store import Record
from clocker_actors.telemetry.history import Chunk, History

HISTORY = "history"
"""Record kind of chunks."""
STEP = 15.0
"""Seconds from one sample to the next."""
CHUNK = 60.0
"""Seconds that one record tells of: so much is lost by a crash."""
CHUNKS = 120
BYTES = 32 * 1024 * 1024
"""So much is kept at most."""


class Sampler:
    """Of one history. `kept` are the names and sizes of the records that there are, oldest first; `life` tells this start of the manager from others."""

    def __init__(self, history: History, encode: Callable[[object], bytes], kept: Iterable[tuple[str, int]], now: float, life: int) -> None:
        self._history = history
        self._encode = encode
        self._life = life
        self._kept = deque(kept)
        self._size = sum(size for _, size in self._kept)
        self._count = 0
        self._began = self._sampled = now
        self._points: dict[str, dict[str, list[tuple[float, float]]]] = {}
        self._retried: dict[str, Record] = {}

    def records(self, now: float, *, everything: bool = False) -> list[Record]:
        """Take a sample if it is time for one; what is to be written: a chunk if one is full (or there will be no other time), and what goes for it."""
        if now - self._sampled >= STEP or everything:
            self._sampled = now
            for (uid, sensor), point in self._history.sample().items():
                self._points.setdefault(uid, {}).setdefault(sensor, []).append(point)
        due = now - self._began >= CHUNK or everything
        records = [*self._retried.values(), *([self._chunk(now)] if due and self._points else ())]
        self._retried = {}
        return [*records, *self._too_many()]

    def again(self, record: Record) -> None:
        """The store refused it."""
        self._retried[record.uid] = record

    def _chunk(self, now: float) -> Record:
        self._count += 1
        body = self._encode(Chunk(self._life, self._began, now, self._points))
        record = Record(HISTORY, f"{self._life}.{self._count}", body)
        self._points, self._began = {}, now
        self._kept.append((record.uid, len(body)))
        self._size += len(body)
        return record

    def _too_many(self) -> list[Record]:
        gone = []
        while len(self._kept) > CHUNKS or (self._size > BYTES and len(self._kept) > 1):
            name, size = self._kept.popleft()
            self._size -= size
            self._retried.pop(name, None)
            gone.append(Record(HISTORY, name, None))
        return gone
