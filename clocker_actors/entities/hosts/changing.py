"""A running container that is to use other amounts, or to be restarted otherwise: changed where it runs as one piece of work, and read back.

After that the container's actor knows it by what it is now, since who restarts it decides what its end means.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.hosts import beginning
from clocker_actors.entities.hosts.wellness import RUNNING
from clocker_actors.errors import EngineUnavailable, Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.updating import ChangeContainer, ContainerChanged

if TYPE_CHECKING:
    from clocker_actors.entities.hosts.container import Container

CHANGE_LIMIT = 45.0


class Changing:
    """Of one container. What comes while it is changed is done after that; the newest counts, since it says all that is wanted."""

    __slots__ = ("_container", "_next", "_now")

    def __init__(self, container: "Container") -> None:
        self._container = container
        self._now: ChangeContainer | None = None
        self._next: ChangeContainer | None = None

    def take(self, message: ChangeContainer | WorkDone | WorkFailed) -> None:
        """It is to change; or it has, or cannot."""
        if isinstance(message, ChangeContainer):
            self._begin(message)
            return
        done, after = self._now, self._next
        self._now = self._next = None
        if done is not None and isinstance(message, WorkDone):
            self._is_now(done)
        if after is not None:
            self._begin(after)
        elif done is not None:
            self._say(done, message.failure if isinstance(message, WorkFailed) else None)

    def _begin(self, message: ChangeContainer) -> None:
        container = self._container
        if container.working("change"):
            self._next = message
            return
        if container.observed is None or container.phase not in RUNNING or container.removal.ordered:
            why = "it does not run now, so it cannot be changed; that is tried again"
            self._say(message, Failure.of(EngineUnavailable(why)))
            return
        self._now = message
        wanted = (container.observed.id, message.resources, message.restart)
        container.work("change", beginning.change, container.engine, *wanted, timeout=CHANGE_LIMIT)

    def _is_now(self, done: ChangeContainer) -> None:
        container = self._container
        spec = replace(container.intent.spec, resources=done.resources, restart=done.restart)
        container.intent = replace(container.intent, spec=spec)

    def _say(self, message: ChangeContainer, failure: Failure | None) -> None:
        self._container.tell(message.member, ContainerChanged(message.member, message.generation, message.ask, failure))
