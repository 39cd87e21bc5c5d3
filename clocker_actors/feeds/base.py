"""What all feeds have in common: a period, one poll at a time, and what becomes of a sensor whose source does not answer.

    poll ──answer──▶ readings given, the silence is over
      └──failure──▶ the next poll comes later and later (twice the pause each time, at most ten periods)
                    `onFailure` is given at once if it is set, else the last value stays until `staleAfter`, then the sensor is unavailable, because …

What fails is said once in the log and in the status people see when that begins, and once when it ends, however many polls lie between. Much like the base of
enrichers and policies, and on purpose not shared with it: those rooms may not know each other.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from clocker_actors.feeds.extracting import Missing
from clocker_actors.kernel import Actor
from clocker_actors.model.configuration import checked
from clocker_actors.model.identity import RECORDER, Uid
from clocker_actors.model.messages import KeepState, MembersChanged, Reconfigure, Resume, SensorChanged, SetReading, Suspend
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

log = logging.getLogger("clocker.feeds")

PERIOD = KeyType("period", "duration", 10.0, "time between two polls", least=0.1, most=86400)
TIMEOUT = KeyType("timeout", "duration", 5.0, "longest wait for an answer", least=0.05, most=600)
STALE = KeyType(
    "staleAfter", "duration", None, "a sensor is unavailable when it was not read for so long; default: three periods and a timeout"
)
ON_FAILURE = KeyType("onFailure", "string", None, "value given when a poll fails; without it the last value stays until it is stale")
MOST_PAUSE = 10
"""Periods that a poll which fails again and again waits at most."""


@dataclass(frozen=True, slots=True)
class PollNow:
    """It is time for a poll."""


@dataclass(frozen=True, slots=True)
class GoneStale:
    """Nothing was read for too long."""


class FeedActor(Actor):
    """Subclasses give `type` and `targets`, begin a poll in `poll`, and say by `read` or `failed` how it ended. `obstacle` says why none can be made now."""

    type: ClassVar[PolicyType]

    def __init__(self, spec: PolicySpec, entity: Uid, *, state: Mapping[str, Value] | None, suspended: bool) -> None:
        super().__init__()
        self.spec = spec
        self.entity = entity
        self.kept: Mapping[str, Value] = dict(state or {})
        self.suspended = suspended
        self.config = checked(self.type, spec.config)

    def on_start(self) -> None:
        self.given: dict[str, Reading] = {}
        self.asking = False
        self.failures = 0
        self.failing = ""
        self.read_at: float | None = None
        self.begin()
        self.note()
        self.after("poll", 0.0, PollNow())

    def on_receive(self, message: object) -> object:
        """What every feed takes; everything else goes to `take`."""
        match message:
            case Suspend():
                self._rest(suspended=True)
            case Resume():
                self._rest(suspended=False)
            case Reconfigure():
                self.config = checked(self.type, message.config, self.config)
                self.renewed()
                self.note()
                self.poll_now()
                return self.config
            case PollNow():
                self._poll()
            case GoneStale():
                self._gone_stale()
            case _:
                return self.take(message)
        return None

    def on_stop(self) -> None:
        """Removed: nobody reads these sensors any more."""
        self._all_unavailable("its feed is gone")

    # --- what subclasses say

    def begin(self) -> None:
        """Take up `kept` and subscribe."""

    def take(self, message: object) -> object:
        """A message of this feed's own. What every child of an entity is told when it begins, its readings and members, is nothing to most feeds."""
        return None if isinstance(message, SensorChanged | MembersChanged) else super().on_receive(message)

    def renewed(self) -> None:
        """The configuration may have changed, or it works again after a rest: what is under way does not count."""
        self.asking = False

    def targets(self) -> Iterable[str]:
        """The sensors it gives."""
        raise NotImplementedError(f"{type(self).__name__} must say which sensors it gives")

    def obstacle(self) -> str:
        """Why it cannot poll now, "" if it can."""
        return ""

    def poll(self) -> None:
        """Begin a poll, which ends with `read` or `failed`."""
        raise NotImplementedError(f"{type(self).__name__} must say how it polls")

    # --- polls

    @property
    def period(self) -> float:
        """Time between two polls, in seconds."""
        return self.seconds_of("period")

    @property
    def stale_after(self) -> float:
        """How long a value lasts without a new one."""
        return self.seconds_of("staleAfter") or 3 * self.period + self.seconds_of("timeout")

    def poll_now(self) -> None:
        """Do not wait for the next time."""
        self.failures = 0
        self.after("poll", 0.0, PollNow())

    def _poll(self) -> None:
        self.after("poll", self._pause(self.failures), PollNow())
        if self.suspended or self.asking:
            return
        why = self.obstacle()
        if why:
            self.nothing(why)
            return
        self.asking = True
        self.poll()

    def _pause(self, failures: int) -> float:
        """Time to the next poll after so many failures in a row."""
        return self.period * min(1 << min(failures, MOST_PAUSE), MOST_PAUSE)

    def read(self, values: Mapping[str, Value]) -> None:
        """A poll has ended with these values; what is `Missing` makes its sensor unavailable."""
        self.asking, self.failures, self.read_at = False, 0, self.now
        self._say_failing("")
        for name, value in values.items():
            if isinstance(value, Missing):
                self._unavailable(name, value.why)
            else:
                self._give(Reading(name, value, self.now))
        self.after("stale", self.stale_after, GoneStale())

    def failed(self, why: str) -> None:
        """A poll has ended with nothing."""
        self.asking = False
        self.failures += 1
        self._say_failing(why)
        if self.failures > 1:
            self.after("poll", self._pause(self.failures - 1), PollNow())
        if self.config.get("onFailure") is not None:
            for name in self.targets():
                self._give(Reading(name, _plain(self.config["onFailure"]), self.now))
        elif self.read_at is None and self.failures > 1:  # what begins is often asked too early, once
            self._all_unavailable(why)

    def nothing(self, why: str) -> None:
        """There is nothing to poll: what was read of it does not hold any more."""
        self.asking, self.failures, self.read_at = False, 0, None
        self._say_failing("")
        self.cancel_timer("stale")
        self._all_unavailable(why)

    def _gone_stale(self) -> None:
        self.read_at = None
        if self.config.get("onFailure") is None:
            self._all_unavailable(f"not read for {self.stale_after:g} s: {self.failing or 'polls take too long'}")

    def _all_unavailable(self, why: str) -> None:
        for name in {**dict.fromkeys(self.targets()), **dict.fromkeys(self.given)}:
            self._unavailable(name, why)

    def _unavailable(self, name: str, why: str) -> None:
        known = self.given.get(name)
        if known is None or known.unavailable != why:
            self._give(replace(known, unavailable=why) if known else Reading(name, None, self.now, why))

    def _give(self, reading: Reading) -> None:
        self.given[reading.sensor] = reading
        self.tell(self.entity, SetReading(reading))

    def _say_failing(self, why: str) -> None:
        """Once when it begins, once when it ends."""
        begins, ends = bool(why) and not self.failing, bool(self.failing) and not why
        self.failing = why
        if begins:
            log.warning("feed fails", extra={"feed": self.id, "why": why})
        elif ends:
            log.info("feed reads again", extra={"feed": self.id})
        if begins or ends:
            self.note()

    # --- what it tells others

    def keep(self, state: Mapping[str, Value]) -> None:
        """Have the entity keep this durably, if it is not what it keeps already."""
        if state != self.kept:
            self.kept = state
            self.tell(self.entity, KeepState(self.spec.name, state))

    def status(self) -> Mapping[str, Value]:
        """What people see of it beside its configuration."""
        return {"failing": self.failing} if self.failing else {}

    def note(self) -> None:
        """Tell the recorder how this feed is."""
        state = "suspended" if self.suspended else "running"
        self.tell(RECORDER, PolicyNoted(self.entity, self.spec.name, self.type.name, self.type.role, state, self.config, self.status()))

    def _rest(self, *, suspended: bool) -> None:
        if suspended != self.suspended:
            self.suspended = suspended
            if not suspended:
                self.renewed()
                self.poll_now()
            self.note()

    # --- reading the configuration

    def text_of(self, key: str) -> str:
        """A text; "" if it is not set."""
        value = self.config[key]
        return value if isinstance(value, str) else ""

    def seconds_of(self, key: str) -> float:
        """A duration; 0 if it is not set."""
        return as_number(self.config[key]) or 0.0


def _plain(value: Value) -> Value:
    """A number, yes or no where a text says one."""
    if not isinstance(value, str):
        return value
    words: Mapping[str, Value] = {"true": True, "false": False, "null": None}
    try:
        return words[value] if value in words else int(value) if value.lstrip("+-").isdigit() else float(value)
    except ValueError:
        return value
