"""What keeps a service that says `duplicate: never` from running twice: its containers live by a lease, which only this manager prolongs.

    lease runs ──▶ container joins its PID namespace ──▶ answered each second ──▶ host silent: no answers reach it ──ttl──▶ both ended, by the kernel
                                                                                    │
    manager: host lost ──▶ waits until the last answer it gave is ttl + margin old ─┴──▶ only then says LOST, and a successor may start

The lease runs by its own clock from the moment that it asked, and each answer is noted here before it is sent. So it has ended, wherever it is, when `left`
says 0: whether or not the host can be reached, and whatever arrives there late.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from clocker_actors.entities.outside import Outside
from clocker_actors.errors import Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.containers import EngineState, Observed
from clocker_actors.model.generations import ContainerIntent, Phase
from clocker_actors.ports.engine import Engine

MARGIN = 2.0
"""Seconds added to the life of a lease: clocks run at slightly different rates, and the kernel needs its moment."""
ASKED = 1.0
"""Seconds between two questions of a lease."""
HOLD_AGAIN = 0.5
NAME = ".lease"
HOLD = "hold"
UNCERTAIN = frozenset({"EngineUnavailable", "TimedOut", "WorkTimedOut", "WorkCancelled"})
"""Failures of a start after which it may yet have come about."""
_ENDED = frozenset({Phase.DIED, Phase.FAILED, Phase.LOST, Phase.GONE})


@dataclass(frozen=True, slots=True)
class Answered:
    """The lease asked, and was answered."""


class HoldAgain:
    """Timer message: the way to the lease broke; open it again."""


class FenceOver:
    """Timer message: whatever ran by the lease has ended, if it was not answered meanwhile."""


def lease_name(container: str) -> str:
    """How the lease of a container is called."""
    return container + NAME


class Fence:
    """Of one generation; `ttl` 0 means that there is none, `longest` is that of one which an earlier run may have made for it. Shared by an actor and its
    works, which run on one loop: there is no await between asking `answer` and sending the answer."""

    __slots__ = ("_answered_at", "_longest", "_open", "ttl")

    def __init__(self, ttl: float, longest: float) -> None:
        self.ttl = ttl
        self._longest = max(ttl, longest)
        self._answered_at: float | None = None
        self._open = True

    def touch(self) -> None:
        """From now on for as long as a lease lives it may run."""
        self._answered_at = asyncio.get_running_loop().time()

    def answer(self) -> bool:
        """Whether the lease may be answered now; noted as if it were."""
        if self._open:
            self.touch()
        return self._open

    def close(self) -> None:
        """It is never answered again."""
        self._open = False

    @property
    def lapsed(self) -> bool:
        """Whether it was not answered for so long that what ran by it has ended for that alone. It asks each second, so that the last answer is that much older."""
        return (
            bool(self.ttl) and self._answered_at is not None and asyncio.get_running_loop().time() - self._answered_at >= self.ttl - ASKED
        )

    def left(self) -> float:
        """Seconds until nothing of it can be running that is not answered any more."""
        if not self.ttl or self._answered_at is None:
            return 0.0
        return max(0.0, self._answered_at + self._longest + MARGIN - asyncio.get_running_loop().time())


async def hold(engine: Engine, container: str, fence: Fence) -> AsyncIterator[object]:
    """Stream: answer the lease of a container."""
    async with aclosing(engine.hold(lease_name(container), fence.answer)) as answers:  # type: ignore[type-var]
        async for _ in answers:
            yield Answered()


class Owner(Protocol):
    """What is needed of the container."""

    engine: Engine
    intent: ContainerIntent
    phase: Phase
    failure: Failure | None
    outside: Outside

    def stream(self, name: str, fn: Callable[..., AsyncIterator[object]], *args: object) -> None: ...
    def working(self, name: str) -> bool: ...
    def cancel_work(self, name: str) -> None: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def failed(self, failure: Failure) -> None: ...
    def lost(self, reason: str) -> None: ...


class Fencing:
    """Of one container: holds its lease, and holds back what is said of it while it may still be running unseen."""

    __slots__ = ("_container", "_failure", "_undecided", "fence")

    def __init__(self, container: Owner, ttl: float, longest: float) -> None:
        self._container = container
        self._undecided = ""  # why it is lost, or has failed, once nothing of it can be running any more
        self._failure: Failure | None = None  # with that it has failed, and is not lost
        self.fence = Fence(ttl, longest)

    def began(self) -> None:
        """Whoever answered its lease before did so until now at the latest."""
        if self.fence.ttl:
            self.fence.touch()

    @property
    def lapsed(self) -> bool:
        """Whether what ran has ended for the lease alone."""
        return self._container.outside.witness("lapsed", lambda: self.fence.lapsed)

    def take(self, message: object) -> None:
        """What is its business alone."""
        match message:
            case FenceOver():
                self._over()
            case HoldAgain():
                self.hold()
            case WorkDone() | WorkFailed() if self._container.phase not in _ENDED:
                self._container.after(HOLD, HOLD_AGAIN, HoldAgain())

    def hold(self) -> None:
        """Answer its lease from now on."""
        container = self._container
        if self.fence.ttl and not container.working(HOLD) and container.phase not in _ENDED:
            container.stream(HOLD, hold, container.engine, container.intent.name, self.fence)

    def heard(self, observed: Observed | None) -> None:
        """The engine has shown what is there: that decides, unless a start of it may yet come about."""
        if not self._undecided or (observed is not None and observed.state is EngineState.CREATED):
            return
        if self._failure is not None:
            if observed is None:
                return
            self._container.failure = None
        self._undecided, self._failure = "", None

    def wait(self, why: str, failure: Failure | None = None) -> bool:
        """Whether something of it may still be running where nobody sees it; then that is waited for. `failure`: it has failed after that, and is not lost."""
        container, left = self._container, self._container.outside.witness("fence", self.fence.left)
        if not left:
            self.fence.close()
            container.cancel_work(HOLD)
            return False
        self._undecided, self._failure = why, failure or self._failure
        container.after("fence", left, FenceOver())
        return True

    def _over(self) -> None:
        container, why, failure = self._container, self._undecided, self._failure
        self._undecided, self._failure = "", None
        if failure is not None:
            container.failed(failure)
        if why and (failure is None or why != failure.message):
            container.lost(why)
