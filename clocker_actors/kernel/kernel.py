"""The kernel as others see it: it holds the parts together and is the way in for doors and tests."""

import asyncio
import itertools
from collections.abc import Callable
from contextvars import Context
from typing import Any

from pykka._envelope import Envelope

from clocker_actors.errors import Conflict, Failure
from clocker_actors.kernel.cell import DEFAULT_BUDGET, Cell, Factory, RestartBudget
from clocker_actors.kernel.clock import Clock
from clocker_actors.kernel.counters import Counters
from clocker_actors.kernel.dump import ActorDump, dump
from clocker_actors.kernel.queue import RunQueue
from clocker_actors.kernel.ref import Ref
from clocker_actors.kernel.reply import Reply, Request
from clocker_actors.kernel.supervision import Supervisor
from clocker_actors.kernel.timers import Timers
from clocker_actors.kernel.topics import Topics

MakeQueue = Callable[[asyncio.AbstractEventLoop, Clock, Context, int, float], RunQueue]


class Kernel:
    """All actors of one loop. Make it within the running loop; `batch` messages or `slice_s` seconds are one turn on it.

    An inbox of `warn_depth` messages is logged, and again at each doubling.
    """

    works = True
    """Whether works are run: a replay has their outcomes already."""

    def __init__(
        self, clock: Clock | None = None, *, batch: int = 256, slice_s: float = 0.002, warn_depth: int = 1000, queue: MakeQueue = RunQueue
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = clock or Clock()
        self.warn_depth = warn_depth
        self.stopping = False
        self.tasks: dict[asyncio.Task[None], str] = {}
        context = Context()  # empty: nothing of whoever makes the kernel, or sends, gets into a handler
        self.queue = queue(self.loop, self.clock, context, batch, slice_s)
        self.door = self.queue.door
        self.timers = Timers(self.loop, context)
        self.topics = Topics()
        self.supervisor = Supervisor(self)
        self.queue.crashed = self.supervisor.crash
        self._numbers = itertools.count(1)

    # Actors

    def spawn(self, actor_id: str, factory: Factory, budget: RestartBudget = DEFAULT_BUDGET) -> Ref:
        """A root actor; its start is queued. Raises Conflict when the id is taken or the kernel is stopping."""
        if self.stopping:
            raise Conflict(f"the kernel is stopping and takes no {actor_id}: start it anew", actor=actor_id)
        self.supervisor.spawn(actor_id, factory, budget, None)
        return self.ref(actor_id)

    def stop_actor(self, actor_id: str, deadline: float = 5.0) -> None:
        """Have an actor stopped, after the messages waiting for it. Nothing happens when it is not there."""
        cell = self.queue.cells.get(actor_id)
        if cell is not None:
            self.supervisor.ask_to_stop(cell, deadline)

    def ref(self, actor_id: str) -> Ref:
        """The address of an id, whether or not an actor is there (yet)."""
        return Ref(self, actor_id)

    def alive(self, actor_id: str) -> bool:
        """Whether an actor of that id takes messages."""
        cell = self.queue.cells.get(actor_id)
        return cell is not None and cell.accepts

    @property
    def on_fire(self) -> dict[str, Failure]:
        """Roots that are kept stopped until their next try, with the last failure."""
        return dict(self.supervisor.on_fire)

    # Messages

    def tell(self, actor_id: str, message: object) -> None:
        """From the loop's thread. Never raises. Within a handler it is sent as `Actor.tell` does, else it comes through the door."""
        if self.queue.passing:
            self.queue.post(actor_id, message)
        else:
            self.door.bring(actor_id, message)

    def tell_threadsafe(self, actor_id: str, message: object) -> None:
        """From any other thread. Raises RuntimeError when the loop is closed."""
        self.loop.call_soon_threadsafe(self.tell, actor_id, message)

    async def ask(self, actor_id: str, message: object, timeout: float) -> Any:
        """The answer; for doors and tests. Raises AskTimedOut after `timeout` seconds, ActorDead, or what it was refused with."""
        reply = Reply(self.loop)
        self.door.bring(actor_id, Envelope(message, reply))
        timer = self.timers.arm(timeout, lambda: reply.time_out(actor_id, message, timeout))
        try:
            return await reply.future
        finally:
            self.timers.cancel(timer)

    def request(self, asker: Cell, actor_id: str, message: object, timeout: float) -> int:
        """See `Actor.request`."""
        number = self.next_number()
        request: Any = Request(asker, number, timeout)
        self.counters.requests += 1
        self.queue.post(actor_id, Envelope(message, request))
        return number

    def next_number(self) -> int:
        """Numbers of requests and tokens: counted, never drawn, so that a replay gives the same."""
        return next(self._numbers)

    # The whole

    def now(self) -> float:
        """Epoch seconds, UTC. Actors use their own `now`, the stamp of the last admission."""
        return self.clock.now()

    @property
    def counters(self) -> Counters:
        return self.queue.counters

    def dump(self) -> list[ActorDump]:
        """What every actor does right now."""
        return dump(self)

    def idle(self) -> bool:
        """No message waits anywhere. Works and timers may still be under way."""
        return not self.queue and not self.door.waiting

    async def settle(self) -> None:
        """Wait until idle: for tests."""
        while not self.idle():  # noqa: ASYNC110 - the queue runs on this very loop, one turn at a time
            await asyncio.sleep(0)

    async def stop(self, deadline: float = 10.0) -> None:
        """Stop all actors, the newest root first, and everything they run. After `deadline` seconds it is done by force."""
        self.stopping = True
        end = self.loop.time() + deadline
        supervisor = self.supervisor
        if supervisor.emptied is None:
            supervisor.emptied = self.loop.create_future()
        for root in reversed(tuple(supervisor.roots.values())):
            supervisor.ask_to_stop(root, deadline)
        if supervisor.roots:
            timer = self.timers.arm(deadline, self._force)
            await supervisor.emptied
            self.timers.cancel(timer)
        await self.settle()
        if self.tasks:
            await asyncio.wait(tuple(self.tasks), timeout=max(end - self.loop.time(), 0.1))
        self.timers.close()

    def _force(self) -> None:
        for root in reversed(tuple(self.supervisor.roots.values())):
            self.supervisor.abandon(root)
