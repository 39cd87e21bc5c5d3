"""The line between a host's actor and its engine: pings, the event stream, looks at all of it, and the verdict whether the engine is up.

ask ──ping each period──▶ answered: if it was not up: subscribe to events ──subscribed──▶ look (description, list) ──▶ up
                          failed, or looks fail, so many times in a row ──▶ down: streams and looks end
                          down ──silent: at once; at home (refuses, answers pings alone, or its machine answers): after the grace──▶ wants to give up
                          wants to give up ──the pool agrees (`losses.py`)──▶ lost

A miss counts as much as the bound of a ping, even if it comes sooner. At the first one the machine itself is asked, where that is open to us: a machine
that lives with an engine that does not is waited for like one that refuses.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clocker_actors.entities.hosts.holdings import Held, held
from clocker_actors.entities.hosts.streams import events
from clocker_actors.entities.outside import Outside, Timing
from clocker_actors.errors import REFUSED, Failure
from clocker_actors.model import sensors
from clocker_actors.model.answering import Answering
from clocker_actors.model.containers import SUBSCRIBED, EngineEvent, EngineInfo, Observed
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.values import Value
from clocker_actors.ports.engine import Engine

log = logging.getLogger(__name__)

LOOK_LIMIT = 30.0
RESUBSCRIBE = 0.5


class PingNow:
    """Timer message: the next ping is due."""


class LookNow:
    """Timer message: look at the whole engine again."""


class GraceOver:
    """Timer message: an engine that is at home had its time to come back."""


class Subscribe:
    """Timer message: try the event stream again."""


@dataclass(frozen=True, slots=True)
class Look:
    """The whole engine as it was at some time after `asked_at`; its description only if that was asked for."""

    asked_at: float
    info: EngineInfo | None
    observed: Sequence[Observed]
    held: Held | None = None


async def look(engine: Engine, asked_at: float, describe: bool, ours: Mapping[str, str]) -> Look:
    """Work: see all containers, what else it holds, and if wanted what the engine says of itself."""
    everything: Mapping[str, str] = {}
    info = await engine.info() if describe else None
    observed = await engine.list(everything)
    return Look(asked_at, info, observed, await held(engine, ours))


class Owner(Protocol):
    """What the link needs of its host."""

    outside: Outside

    @property
    def now(self) -> float: ...
    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def stream(self, name: str, fn: Callable[..., AsyncIterator[object]], *args: object) -> None: ...
    def working(self, name: str) -> bool: ...
    def cancel_work(self, name: str) -> None: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def cancel_timer(self, name: str) -> None: ...
    def observe(self, sensor: Sensor, value: Value) -> None: ...
    def came_up(self) -> None: ...
    def cannot_look(self, reason: str) -> None: ...
    def went_down(self, reason: str) -> None: ...
    def is_lost(self, reason: str) -> None: ...
    def ask_machine(self) -> None: ...
    def say_answering(self, how: Answering, since: float, reason: str) -> None: ...


class Link:
    """Knows whether the engine answers. `up` means: it answers, its events are subscribed, and it was looked at since; `down` that it does not;
    neither, that it is being found out."""

    def __init__(self, host: Owner, engine: Engine, timing: Timing) -> None:
        self._host = host
        self._engine = engine
        self._timing = timing
        self._cursor = ""
        self._misses = 0
        self._silent = 0  # misses in a row in which not even the machine was heard to refuse
        self._machine_lives = False  # as far as was asked since the first miss
        self._away_since = 0.0
        self._answering = Answering.ANSWERS
        self._blind = 0  # looks in a row that failed though pings were answered
        self._listening = False  # the event stream is open, so that a look made now misses nothing
        self._look_again = False
        self._subscribed_at = 0.0
        self._asked_at = 0.0
        self.up = False
        self.down = False
        self.lost = False
        self.reason = "not asked yet"

    @property
    def undecided(self) -> bool:
        """Whether it is neither up nor known to be down."""
        return not self.up and not self.down

    # --- pings

    def ping(self) -> None:
        """Ask whether it is there; the answer comes as the outcome of the work."""
        if not self._host.working("ping"):
            self._asked_at = self._host.now
            self._host.work("ping", self._engine.ping, timeout=self._timing.ping_limit)

    def answered(self) -> None:
        """A ping was answered. That alone does not make an engine well that could not be looked at."""
        self._misses = self._silent = 0
        if self._blind < self._timing.ping_misses:
            self._is_there()
        self._host.observe(sensors.ENGINE_LATENCY, round(self._host.now - self._asked_at, 4))
        self._host.after("ping", self._timing.ping_period, PingNow())
        if not self.up or self._host.working("events"):  # else RESUBSCRIBE is the pause between two tries
            self.subscribe()

    def missed(self, failure: Failure) -> None:
        """A ping was not answered."""
        refused = failure.details.get("reason") == REFUSED
        self._misses += 1
        self._silent = 0 if refused else self._silent + 1
        if self._misses == 1:
            self._away_since, self._machine_lives = self._asked_at, False
        self.reason = self._silence() if failure.kind == "WorkTimedOut" else failure.message
        # Silence has cost the whole bound of a ping already: the next one, up to the verdict, goes out at once.
        rest = max(0.0, self._asked_at + self._timing.ping_limit - self._host.now)
        self._host.after("ping", rest if not refused and self._misses < self._timing.ping_misses else self._timing.ping_period, PingNow())
        if self._silent == 1 and not self.lost:
            self._host.ask_machine()
        if not self.down and self._misses >= self._timing.ping_misses:
            self._go_down(at_home=refused or self._machine_lives)
        elif not self.down:
            self._say(Answering.ANSWERS if refused else Answering.SUSPECT)
        elif self._silent >= self._timing.ping_misses and not self._machine_lives:
            self.give_up()  # it was waited for, and now its machine is silent, too

    def _silence(self) -> str:
        limit = self._timing.ping_limit
        return f"the engine answered no ping within {limit:g} s; see that its machine is up and can be reached, and restart an engine that hangs"

    def machine_asked(self, *, lives: bool) -> None:
        """Whether the machine itself answers."""
        self._machine_lives = lives

    def give_up(self) -> None:
        """The engine will not be waited for any more; its pool decides whether what ran on it is to be taken as lost."""
        if self.down and not self.lost:
            self._host.cancel_timer("grace")
            self._say(Answering.SILENT)

    def given_up(self) -> None:
        """The pool agrees."""
        if self.down and not self.lost and self._answering is Answering.SILENT:
            self.lost = True
            self._say(Answering.LOST)
            self._host.is_lost(self.reason)

    def say_again(self) -> None:
        """The pool has forgotten what it was told."""
        self._host.say_answering(self._answering, self._away_since, self.reason)

    def _say(self, how: Answering) -> None:
        if how is not self._answering:
            self._answering = how
            self.say_again()

    def _is_there(self) -> None:
        self.down = self.lost = False
        self._host.cancel_timer("grace")
        self._say(Answering.ANSWERS)

    def _go_down(self, *, at_home: bool) -> None:
        self.up, self.down = False, True
        self._listening = self._look_again = False
        # An answer to what was asked before says nothing of the engine that comes back, nor would a stream kept open hear it.
        self._host.cancel_work("look")
        self._host.cancel_work("events")
        self._host.cancel_timer("look")
        self._host.went_down(self.reason)
        if at_home:
            self._say(Answering.AT_HOME)
            # Somebody is there, only the engine is not well: it may be restarting.
            self._host.after("grace", self._timing.engine_grace, GraceOver())
        else:
            self.give_up()

    # --- the event stream

    def subscribe(self) -> None:
        """Open the event stream; its first event says that it is open. One that does not open in time is given up."""
        if not self._host.working("events"):
            self._subscribed_at = self._host.now
            self._host.stream("events", events, self._engine, self._cursor)
        elif not self._listening and self._host.now - self._subscribed_at > LOOK_LIMIT:
            self._host.cancel_work("events")
            self.look_failed(Failure("TimedOut", f"its event stream did not open within {LOOK_LIMIT:g} s"))

    def heard(self, event: EngineEvent) -> bool:
        """An event came; whether it is about a container."""
        if event.cursor:
            self._cursor = event.cursor
        if event.action == SUBSCRIBED:
            self._listening = True
            self._look_again = self._host.working("look")  # that one was asked before anything was heard
            self.look()
            return False
        return True

    def stream_ended(self, failure: Failure | None) -> None:
        """Nothing is heard any more: a hint that the engine has gone, and a reason to look at all of it again."""
        opened, self._listening = self._listening, False
        self._host.after("subscribe", RESUBSCRIBE, Subscribe())
        if self.up:
            self.ping()
        if failure is not None and not opened:
            self.look_failed(failure)

    def resubscribe(self) -> None:
        """Try again, unless the engine is known to be away (then the next answered ping does it)."""
        if self.up:
            self.subscribe()

    # --- looks

    def look(self) -> None:
        """Look at the whole engine; the first time, ask what it is."""
        if not self._host.working("look") and (self.up or self._listening):
            self._host.work("look", look, self._engine, self._host.now, not self.up, self._host.outside.ours, timeout=LOOK_LIMIT)

    def looked(self, result: object) -> Look | None:
        """What was seen; the engine is up from now on. None if that was before it went down, or before its events were heard."""
        if not isinstance(result, Look):
            raise TypeError(f"a look answers Look, not {type(result).__name__}")
        if not self.up and not (self._listening and result.info is not None):
            return None
        self._blind = 0
        self._host.after("look", self._timing.relist_period, LookNow())
        if not self.up:
            self.up = True
            self._is_there()
            self._host.came_up()
        if self._look_again:
            self._look_again = False
            self.look()
        return result

    def look_failed(self, failure: Failure) -> None:
        """It could not be looked at, or its events not be heard. An engine that goes on so is as good as down, whatever it answers to pings."""
        if failure.kind == "WorkCancelled":
            return
        self._host.after("look", self._timing.ping_period, LookNow())
        if self._misses:
            return  # pings have noticed, too, and say what follows
        self._blind += 1
        self._away_since = self._away_since if self.down else self._host.now
        self.reason = failure.message
        if self._blind >= self._timing.ping_misses and not self.down:
            self._go_down(at_home=True)
        elif not self.up:
            self._host.cannot_look(self.reason)
