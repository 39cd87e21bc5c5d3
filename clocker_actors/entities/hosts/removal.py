"""The end of a container: whatever it is doing, it is stopped and removed, and that is tried until the engine has done it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from clocker_actors.entities.hosts import beginning
from clocker_actors.entities.hosts.hostwords import End
from clocker_actors.errors import Failure
from clocker_actors.model.containers import Observed
from clocker_actors.model.generations import ContainerIntent, Phase
from clocker_actors.ports.engine import Engine

MARGIN = 30.0
RETRY = 2.0


class EndAgain:
    """Timer message: try to remove it once more."""


class Owner(Protocol):
    """What is needed of the container."""

    engine: Engine
    intent: ContainerIntent
    host_path: str
    observed: Observed | None
    phase: Phase
    reason: str
    failure: Failure | None

    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def working(self, name: str) -> bool: ...
    def cancel_work(self, name: str) -> None: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def tell_member(self) -> None: ...


class Removal:
    """Ordered once, carried out as soon as nothing else is under way."""

    __slots__ = ("_container", "_cut_short", "_order", "_said_first")

    def __init__(self, container: Owner) -> None:
        self._container = container
        self._order: End | None = None
        self._said_first = False
        self._cut_short = False  # `begin` was cancelled, and what it had asked for may still come about

    @property
    def ordered(self) -> bool:
        """Whether it is to be removed."""
        return self._order is not None

    def order(self, message: End) -> None:
        """Remove it. A start that is under way is not waited for."""
        self._order = message
        if self._container.working("begin"):
            self._cut_short = True
            self._container.cancel_work("begin")  # its outcome is the next thing heard
        else:
            self.go_on()

    def go_on(self) -> None:
        """Nothing else is under way (any more)."""
        container, order = self._container, self._order
        if order is None or container.working("end"):
            return
        limit = order.grace + order.first_limit + MARGIN
        if container.observed is None:
            container.work("end", beginning.end_named, container.engine, container.intent, order.grace, self._cut_short, timeout=limit)
            return
        dead = container.phase in {Phase.DIED, Phase.FAILED} and container.failure is None
        first = None if dead or self._said_first else (order.first, order.first_limit)
        self._said_first = True  # it may have done what it had to, and could not do it twice
        container.work(
            "end",
            beginning.end_seen,
            container.engine,
            container.intent,
            container.observed.id,
            order.grace,
            not dead,
            first,
            timeout=limit,
        )

    def failed(self, failure: Failure) -> None:
        """The engine did not do it."""
        container = self._container
        container.failure = failure
        container.reason = f"{container.intent.name} cannot be removed from {container.host_path}, and is tried again: {failure.message}"
        container.tell_member()
        container.after("end", RETRY, EndAgain())
