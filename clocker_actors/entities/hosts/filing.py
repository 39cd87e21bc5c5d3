"""Files of a running container that have changed: put there, and read again, as one piece of work; the member hears how it ended."""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.hosts import beginning
from clocker_actors.entities.hosts.wellness import RUNNING
from clocker_actors.errors import EngineUnavailable, Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.dependencies import FilesPut, PutFiles

if TYPE_CHECKING:
    from clocker_actors.entities.hosts.container import Container

RELOAD_LIMIT = 30.0
PUT_LIMIT = 60.0


class Filing:
    """Of one container. What comes while files are being put is put after that; the newest counts, since it has all that is wanted."""

    __slots__ = ("_ask", "_container", "_next")

    def __init__(self, container: "Container") -> None:
        self._container = container
        self._next: PutFiles | None = None
        self._ask = ""

    def take(self, message: PutFiles | WorkDone | WorkFailed) -> None:
        """Files that it is to have; or they are there, or cannot be."""
        if isinstance(message, PutFiles):
            self._put(message)
            return
        after, self._next = self._next, None
        if after is not None:
            self._put(after)
        else:
            self._say(message.failure if isinstance(message, WorkFailed) else None)

    def _put(self, message: PutFiles) -> None:
        container = self._container
        if container.working("put"):
            self._next = message
            return
        self._ask = message.ask
        if container.observed is None or container.phase not in RUNNING or container.removal.ordered:
            self._say(Failure.of(EngineUnavailable("it does not run now, so it cannot be given files; that is tried again")))
            return
        spec = replace(container.intent.spec, files=message.files, late=message.late, env={}, labels={}, hosts={})
        opener = container.outside.secrets.open
        container.work("put", beginning.put, container.engine, container.observed.id, spec, opener, RELOAD_LIMIT, timeout=PUT_LIMIT)

    def _say(self, failure: Failure | None) -> None:
        intent = self._container.intent
        self._container.tell(intent.member, FilesPut(intent.member, intent.generation, self._ask, failure))
