"""When a service counts as failed, and when as recovered: the state behind the failure detector.

    ┌──────┐ runs, up and without problems ┌──────┐ not so for entityFailed.stabilizationDelay     ┌────────┐
    │ NEW  │ ────────────────────────────▶ │ WELL │ ─────────────────────────────────────────────▶ │ FAILED │
    └──────┘                               └──────┘ ◀───────────────────────────────────────────── └────────┘
        └── only unless onlyReportIfPreviouslyUp ──     up again for entityRecovered.stabilizationDelay  ▲
                        └────────────────────────────────────────────────────────────────────────────────┘

Nothing is said while the service is starting or stopping, or is not meant to run: then all delays begin anew. Times are epoch seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.values import Value, as_number

GRAIN = 0.001


class Said(StrEnum):
    """What was said last of the service."""

    NOTHING = ""
    FAILED = "failed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds something must hold before it is said; `republish` None is never."""

    failed: float = 0.0
    recovered: float = 0.0
    on_fire: float = 0.0
    republish: float | None = None
    previously_up: bool = True
    problems: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last heard of the service."""

    expected: str = ""
    up: bool | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    indicators: Mapping[str, str] = field(default_factory=dict)

    def bad(self, delays: Delays) -> bool | None:
        """Whether it is not as it should be; None if it need not be well now, or nothing is known."""
        if self.expected != Lifecycle.RUNNING or self.up is None:
            return None
        return not self.up or (delays.problems and bool(self.problems))

    def why(self) -> str:
        """What is wrong, in words."""
        parts = [f"{name}: {text}" for name, text in (*self.indicators.items(), *self.problems.items())]
        return "; ".join(parts) or "service.isUp is false"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the detector remembers: what it said and when, whether the service was ever up, since when it has been bad or well.

    `unheard`: a failure was said in an earlier life, and whoever was to mend it may not have heard; one that lasts is said once more.
    """

    said: Said = Said.NOTHING
    said_at: float = 0.0
    was_up: bool = False
    since: float | None = None
    bad: bool | None = None
    on_fire_said: bool = False
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new memory, what to say now, whether it is on fire by now, and when to look again."""

    memory: Memory
    say: Said = Said.NOTHING
    on_fire: bool = False
    again: float | None = None


def judge(memory: Memory, seen: Seen, delays: Delays, now: float) -> Verdict:
    """What follows from what is seen now."""
    bad = seen.bad(delays)
    if bad is None:  # one that serves while it is still called starting was up all the same
        return Verdict(replace(memory, since=None, bad=None, on_fire_said=False, was_up=memory.was_up or seen.up is True))
    if bad is not memory.bad:
        memory = replace(memory, since=now, bad=bad, on_fire_said=False)
    if not bad:
        return _well(replace(memory, was_up=True), delays, now)
    if not memory.was_up and delays.previously_up:
        return Verdict(memory)
    return _bad(memory, delays, now)


def _well(memory: Memory, delays: Delays, now: float) -> Verdict:
    if memory.said is not Said.FAILED:
        return Verdict(memory)
    due = (memory.since or now) + delays.recovered
    if due > now + GRAIN:
        return Verdict(memory, again=due)
    return Verdict(replace(memory, said=Said.RECOVERED, said_at=now), Said.RECOVERED)


def _bad(memory: Memory, delays: Delays, now: float) -> Verdict:
    since = memory.since if memory.since is not None else now
    times: list[float] = []
    say = Said.NOTHING
    due = since + delays.failed
    told = memory.said is Said.FAILED and not memory.unheard
    if told:
        due = now if delays.republish is None else memory.said_at + delays.republish
    if not told or delays.republish is not None:
        if due > now + GRAIN:
            times.append(due)
        else:
            say = Said.FAILED
            memory = replace(memory, said=say, said_at=now, unheard=False)
            if delays.republish is not None:
                times.append(now + delays.republish)
    on_fire = since + delays.on_fire <= now + GRAIN
    if not on_fire:
        times.append(since + delays.on_fire)
    return Verdict(memory, say, on_fire, min(times) if times else None)


def encoded(memory: Memory) -> dict[str, Value]:
    """What outlasts a restart of the manager: what was said, and whether the service was ever up."""
    return {"said": str(memory.said), "said_at": memory.said_at, "was_up": memory.was_up}


def decoded(state: Mapping[str, Value]) -> Memory:
    """From `encoded`; anything unknown counts as nothing said. That the failure was said is durable sooner than what it led to."""
    said = state.get("said")
    known = Said(said) if isinstance(said, str) and said in set(Said) else Said.NOTHING
    return Memory(known, as_number(state.get("said_at")) or 0.0, state.get("was_up") is True, unheard=known is Said.FAILED)
