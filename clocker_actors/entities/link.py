"""The line between a host's actor and its engine: pings, the event stream, listings, and the verdict whether the engine is up.

ask ──ping each period──▶ answered: misses = 0; if it was not up: subscribe to events ──subscribed──▶ list ──▶ up
                          failed: misses + 1; at the limit: down ──silent: lost at once; refusing: lost after the grace──▶ lost
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from clocker_actors.entities.outside import Timing
from clocker_actors.entities.streams import events
from clocker_actors.errors import REFUSED, Failure
from clocker_actors.model import sensors
from clocker_actors.model.containers import SUBSCRIBED, EngineEvent, Observed
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.values import Value
from clocker_actors.ports.engine import Engine

log = logging.getLogger(__name__)

LIST_LIMIT = 30.0
RESUBSCRIBE = 0.5


class PingNow:
    """Timer message: the next ping is due."""


class ListNow:
    """Timer message: look at the whole engine again."""


class GraceOver:
    """Timer message: an engine that refused connections had its time to come back."""


class Subscribe:
    """Timer message: try the event stream again."""


class Owner(Protocol):
    """What the link needs of its host."""

    @property
    def now(self) -> float: ...
    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def stream(self, name: str, fn: Callable[..., AsyncIterator[object]], *args: object) -> None: ...
    def working(self, name: str) -> bool: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def cancel_timer(self, name: str) -> None: ...
    def observe(self, sensor: Sensor, value: Value) -> None: ...
    def came_up(self) -> None: ...
    def went_down(self, reason: str) -> None: ...
    def is_lost(self, reason: str) -> None: ...


class Link:
    """Knows whether the engine answers. `up` means: it answers, its events are subscribed, and it was listed since."""

    def __init__(self, host: Owner, engine: Engine, timing: Timing) -> None:
        self._host = host
        self._engine = engine
        self._timing = timing
        self._cursor = ""
        self._misses = 0
        self._asked_at = 0.0
        self.up = False
        self.lost = False
        self.reason = "not asked yet"

    @property
    def undecided(self) -> bool:
        """Whether it is neither up nor known to be down."""
        return not self.up and self._misses < self._timing.ping_misses

    def ping(self) -> None:
        """Ask whether it is there; the answer comes as the outcome of the work."""
        if not self._host.working("ping"):
            self._asked_at = self._host.now
            self._host.work("ping", self._engine.ping, timeout=self._timing.ping_limit)

    def answered(self) -> None:
        """A ping was answered."""
        self._misses = 0
        self.lost = False
        self._host.cancel_timer("grace")
        self._host.observe(sensors.ENGINE_LATENCY, round(self._host.now - self._asked_at, 4))
        self._host.after("ping", self._timing.ping_period, PingNow())
        if not self.up:
            self.subscribe()

    def missed(self, failure: Failure) -> None:
        """A ping was not answered."""
        self._misses += 1
        self.reason = failure.message
        refused = failure.details.get("reason") == REFUSED
        # Silence has cost the whole bound of a ping already: the next one, up to the verdict, goes out at once.
        at_once = not refused and self._misses < self._timing.ping_misses
        self._host.after("ping", 0.0 if at_once else self._timing.ping_period, PingNow())
        if self._misses != self._timing.ping_misses:
            return
        self.up = False
        self._host.went_down(self.reason)
        if refused:
            # Somebody is at home there, only the engine is not: it may be restarting.
            self._host.after("grace", self._timing.engine_grace, GraceOver())
        else:
            self.give_up()

    def give_up(self) -> None:
        """The engine will not be waited for any more: what ran on it is taken as lost."""
        if not self.lost and self._misses:
            self.lost = True
            self._host.is_lost(self.reason)

    def subscribe(self) -> None:
        """Open the event stream; its first event says that it is open."""
        if not self._host.working("events"):
            self._host.stream("events", events, self._engine, self._cursor)

    def heard(self, event: EngineEvent) -> bool:
        """An event came; whether it is about a container."""
        if event.cursor:
            self._cursor = event.cursor
        if event.action == SUBSCRIBED:
            self.list()
            return False
        return True

    def stream_ended(self) -> None:
        """Nothing is heard any more: a hint that the engine has gone, and a reason to look at all of it again."""
        self._host.after("subscribe", RESUBSCRIBE, Subscribe())
        self.ping()

    def resubscribe(self) -> None:
        """Try again, unless the engine is known to be away (then the next answered ping does it)."""
        if self.up:
            self.subscribe()

    def list(self) -> None:
        """Look at the whole engine."""
        if not self._host.working("list"):
            everything: Mapping[str, str] = {}
            self._host.work("list", self._engine.list, everything, timeout=LIST_LIMIT)

    def listed(self, result: object) -> Sequence[Observed]:
        """The listing is here; the engine is up from now on."""
        if not isinstance(result, Sequence):
            raise TypeError(f"a listing is a sequence, not {type(result).__name__}")
        self._host.after("list", self._timing.relist_period, ListNow())
        if not self.up:
            self.up = True
            self._host.came_up()
        return result
