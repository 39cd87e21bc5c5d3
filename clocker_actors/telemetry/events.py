"""Numbered events for people who follow along, and the queues of those who do.

Numbers only rise, over restarts too if whoever makes the ring begins at the store's epoch times 10⁹. A follower who was away asks `since(number)`; when
that is further back than the ring goes, there is a gap and the lists must be read again. A follower who reads too slowly is dropped, with a sign.

Numeric readings are too many to keep in the ring: they go, unnumbered, to followers who asked for readings, and carry the last number given.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from clocker_actors.model.identity import Uid

KEPT = 4_096
QUEUE = 1_000
SOME = 100
"""Events that a follower takes at a time: a millisecond's work."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was noted. `kind` is entity, gone, sensor, reading, notification, activity, decision or policy; `fact` the noted value."""

    number: int
    at: float
    kind: str
    entity: Uid
    path: str
    fact: object


class Listener:
    """One follower's queue: `async for event in listener`, or several at a time by `some`. It ends when closed; `dropped` says that events were lost.

    What is not `wanted` does not enter it: who follows one service is not too slow because there are ten thousand others.
    """

    def __init__(self, ring: "EventRing", limit: int, *, readings: bool, wanted: Callable[[Event], bool] | None = None) -> None:
        self.readings = readings
        self._wanted = wanted
        self.dropped = False
        self._ring = ring
        self._limit = limit
        self._queue: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def offer(self, event: Event) -> None:
        """Put an event into the queue; one too many drops the listener."""
        if self._wanted is not None and not self._wanted(event):
            return
        if len(self._queue) >= self._limit:
            self.dropped = True
            self.close()
            return
        self._queue.append(event)
        self._ready.set()

    def close(self) -> None:
        """Take no more; what is in the queue may still be read."""
        self._closed = True
        self._ring.listeners.discard(self)
        self._ready.set()

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Event:
        if not await self._filled():
            raise StopAsyncIteration
        return self._queue.popleft()

    async def some(self) -> list[Event]:
        """What waits, at most SOME of it, once something does; empty when closed."""
        await self._filled()
        return [self._queue.popleft() for _ in range(min(SOME, len(self._queue)))]

    async def _filled(self) -> bool:
        while not self._queue and not self._closed:
            self._ready.clear()
            await self._ready.wait()
        return bool(self._queue)


class EventRing:
    """The last `kept` events and everybody who listens. `first` is the number before the first event."""

    def __init__(self, first: int = 0, kept: int = KEPT) -> None:
        self.number = first
        self.listeners: set[Listener] = set()
        self._ring: deque[Event] = deque(maxlen=kept)

    def add(self, at: float, kind: str, entity: Uid, path: str, fact: object) -> None:
        """Number an event, keep it, hand it to all listeners."""
        self.number += 1
        event = Event(self.number, at, kind, entity, path, fact)
        self._ring.append(event)
        for listener in tuple(self.listeners):
            listener.offer(event)

    def pass_on(self, at: float, entity: Uid, path: str, fact: object) -> None:
        """Hand a reading to the listeners who want readings; it is neither numbered nor kept."""
        event: Event | None = None
        for listener in tuple(self.listeners):
            if listener.readings:
                event = event or Event(self.number, at, "reading", entity, path, fact)
                listener.offer(event)

    def since(self, number: int) -> tuple[Event, ...] | None:
        """The events after that number, oldest first; None when some of them are not kept any more (a gap)."""
        if number == self.number:
            return ()
        if number > self.number or not self._ring or number < self._ring[0].number - 1:
            return None
        return tuple(event for event in self._ring if event.number > number)

    def latest(self, count: int) -> tuple[Event, ...]:
        """The last events, at most `count`, oldest first."""
        return tuple(self._ring)[-count:] if count > 0 else ()

    def listen(self, limit: int = QUEUE, *, readings: bool = False, wanted: Callable[[Event], bool] | None = None) -> Listener:
        """A new listener that gets everything from now on, or what it wants of that; close it when done."""
        listener = Listener(self, limit, readings=readings, wanted=wanted)
        self.listeners.add(listener)
        return listener

    def close(self) -> None:
        """End all listeners, before the server that serves them stops."""
        for listener in tuple(self.listeners):
            listener.close()
