"""How many containers a host starts at once: a limit that follows the measured start time, with lanes for what matters more.

An engine does not start faster when asked for more at a time; each start just takes longer. So the limit grows by 1/limit after a start that took no longer
than the target, and shrinks by a fifth after one that did (additive increase, multiplicative decrease). Half as many again are let begin, so that they
are created when their turn to start comes (`gate.py`). Pure: told what happened, it says who may begin.
"""

from collections import deque

from clocker_actors.model.generations import Lane

SHRINK = 0.8
LEAST = 1.0
MOST = 16.0


class Pace:
    """Containers that wait by lane, those that have begun, and the limit on starts in flight. Times are seconds."""

    __slots__ = ("_lanes", "_target", "in_flight", "limit")

    def __init__(self, limit: float = 2.0, target: float = 0.9) -> None:
        self.limit = limit
        self._target = target
        self.in_flight: set[str] = set()
        self._lanes: dict[Lane, deque[str]] = {lane: deque() for lane in Lane}

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(len(lane) for lane in self._lanes.values())

    @property
    def at_once(self) -> int:
        """How many starts may be in flight."""
        return int(self.limit)

    def want(self, who: str, lane: Lane) -> list[str]:
        """Somebody wants to start; who may begin now."""
        if who not in self.in_flight and not any(who in waiting for waiting in self._lanes.values()):
            self._lanes[lane].append(who)
        return self._admit()

    def began(self, who: str, took: float | None) -> list[str]:
        """A start has ended (`took` is None if it failed or says nothing about the engine's speed); who may now."""
        self.in_flight.discard(who)
        if took is not None:
            self.limit = min(MOST, self.limit + 1 / self.limit) if took <= self._target else max(LEAST, self.limit * SHRINK)
        return self._admit()

    def withdraw(self, who: str) -> list[str]:
        """Somebody does not want to start any more, or is gone; who may now."""
        self.in_flight.discard(who)
        for lane in self._lanes.values():
            if who in lane:
                lane.remove(who)
        return self._admit()

    def _admit(self) -> list[str]:
        admitted: list[str] = []
        most = self.at_once + (self.at_once + 1) // 2
        for lane in self._lanes.values():
            while lane and len(self.in_flight) < most:
                who = lane.popleft()
                self.in_flight.add(who)
                admitted.append(who)
        return admitted
