"""What the REST application needs of the rest of the daemon, put together once by the composition root."""

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from clocker_actors.admin.audit import Audit
from clocker_actors.admin.limits import Limits
from clocker_actors.admin.plans import Plans
from clocker_actors.admin.rights import Principal
from clocker_actors.admin.secrecy import Known
from clocker_actors.admin.tokens import Tokens
from clocker_actors.admin.watching import Watching
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import Uid, base36
from clocker_actors.model.types import TypeTable
from clocker_actors.ports.store import Blobs, Store
from clocker_actors.store.backups import Backups
from clocker_actors.store.ownsecrets import OwnSecrets
from clocker_actors.telemetry.events import Event
from clocker_actors.telemetry.metrics import Metrics
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.seen import Seen

Logs = Callable[[Uid, bool, int], AsyncIterator[str]]
"""Lines of an entity's container: (uid, follow, how many of the last ones). Raises NotFound for an entity without one."""


@dataclass
class Context:
    """Shared by all requests. `ready` says why the daemon is not ready yet, "" once it is; what is asked of the store is only read.

    `watched_period` (seconds) is for readings of what somebody looks at; `known` is what the settings know of locations and secrets; `key_roots` are the folders whose
    files blueprints may name that come in by a token."""

    kernel: Kernel
    model: ReadModel
    store: Store
    blobs: Blobs
    types: TypeTable
    metrics: Metrics
    logs: Logs
    ready: Callable[[], str] = lambda: ""
    audit: Audit = field(default_factory=lambda: Audit(None))
    backups: Backups | None = None
    known: Known = field(default_factory=Known)
    key_roots: tuple[Path, ...] = ()
    secrets: OwnSecrets | None = None
    plane: str = "main"
    watched_period: float = 1.0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._start = base36(int(self.kernel.now()))
        self._numbers = itertools.count(1)
        self.limits = Limits()
        self.whole = self
        """What nobody is limited in: for what the routes do themselves."""
        self.plans = Plans(self.kernel.now)
        self.tokens = Tokens(self.store, self.kernel.now)
        self.watching = Watching(self.kernel, self.model, self.watched_period)

    def next_request(self) -> str:
        """A fresh id for a request; it names the start of the daemon, so that none comes twice."""
        return f"r{self._start}.{base36(next(self._numbers))}"

    def seen_by(self, who: Principal) -> "Context":
        """The same for one request of somebody: one who is limited to applications finds nothing else in `model`."""
        if not who.limited:
            return self
        seen = copy.copy(self)
        seen.model = Seen(self.model, who.reaches, who.name)
        return seen

    def shows(self, event: Event) -> bool:
        """Whether an event is about something that is seen here."""
        return not isinstance(self.model, Seen) or self.model.shows(event)

    def close(self) -> None:
        """Tell all streams to end: to be called before the server stops."""
        self.closing.set()
        self.model.events.close()


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    who: Principal | None = getattr(request.state, "who", None)
    return context if who is None else context.seen_by(who)


Shared = Annotated[Context, Depends(_context)]
"""A route's parameter that gets the context."""
