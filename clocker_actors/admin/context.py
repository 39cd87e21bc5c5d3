"""What the REST application needs of the rest of the daemon, put together once by the composition root."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from clocker_actors.admin.auth import Tokens
from clocker_actors.admin.plans import Plans
from clocker_actors.admin.secrecy import Known
from clocker_actors.admin.watching import Watching
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import Uid, base36
from clocker_actors.model.types import TypeTable
from clocker_actors.ports.store import Blobs, Store
from clocker_actors.telemetry.metrics import Metrics
from clocker_actors.telemetry.readmodel import ReadModel

Logs = Callable[[Uid, bool, int], AsyncIterator[str]]
"""Lines of an entity's container: (uid, follow, how many of the last ones). Raises NotFound for an entity without one."""


@dataclass
class Context:
    """Shared by all requests. `ready` says why the daemon is not ready yet, "" once it is; what is asked of the store is only read.

    `watched_period` (seconds) is for readings of what somebody looks at; `known` is what the settings know of locations and secrets."""

    kernel: Kernel
    model: ReadModel
    store: Store
    blobs: Blobs
    types: TypeTable
    metrics: Metrics
    logs: Logs
    ready: Callable[[], str] = lambda: ""
    tokens: Tokens = field(default_factory=Tokens)
    known: Known = field(default_factory=Known)
    plane: str = "main"
    watched_period: float = 1.0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._start = base36(int(self.kernel.now()))
        self._numbers = itertools.count(1)
        self.plans = Plans(self.kernel.now)
        self.watching = Watching(self.kernel, self.model, self.watched_period)

    def next_request(self) -> str:
        """A fresh id for a request; it names the start of the daemon, so that none comes twice."""
        return f"r{self._start}.{base36(next(self._numbers))}"

    def close(self) -> None:
        """Tell all streams to end: to be called before the server stops."""
        self.closing.set()
        self.model.events.close()


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Shared = Annotated[Context, Depends(_context)]
"""A route's parameter that gets the context."""
