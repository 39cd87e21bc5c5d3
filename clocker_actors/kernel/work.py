"""Slow things: tasks an actor owns by name, whose outcome comes back through the door.

Cancelling ends the waiting, never the effect: the actor hears at once that it waits no longer, while the task unwinds behind its back and
may still have done what it was asked. A work is given as a callable and its arguments, because a coroutine object that is cancelled
before its first step was never awaited.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from contextvars import copy_context
from typing import Any

from clocker_actors.errors import Conflict, Failure
from clocker_actors.kernel.cell import Cell, Errand, Ticket
from clocker_actors.kernel.messages import WorkDone, WorkFailed
from clocker_actors.kernel.timers import Timer

STREAM_BUFFER = 16
"""Items of one stream that may wait for their actor; the generator is not asked for more meanwhile."""

Work = Callable[..., Awaitable[Any]]
Source = Callable[..., AsyncIterator[Any]]


class Job(Errand):
    """One running work or stream."""

    __slots__ = ("began", "name", "room", "settled", "task", "timer", "unread")

    def __init__(self, cell: Cell, name: str) -> None:
        if cell.errand("work", name) is not None:
            raise Conflict(f"{cell.id} runs a work named {name!r} already: wait for its outcome or cancel it", actor=cell.id, work=name)
        super().__init__(cell, ("work", name))
        self.name = name
        self.began = cell.kernel.door.stamp
        self.settled = False
        self.timer: Timer | None = None
        self.task: asyncio.Task[None] | None = None
        self.unread = 0
        self.room: asyncio.Future[None] | None = None
        cell.kernel.counters.works_started += 1

    def work(self, fn: Work, args: tuple[Any, ...], timeout: float) -> None:
        """Begin; the outcome comes within `timeout` seconds whatever the callable does."""
        self.timer = self.cell.kernel.timers.arm(timeout, lambda: self._time_out(timeout))
        self._begin(self._run_work, fn, args)

    def stream(self, fn: Source, args: tuple[Any, ...]) -> None:
        """Begin; each item becomes a message."""
        self._begin(self._run_stream, fn, args)

    def give_up(self) -> None:
        """The actor does not want it any more; it hears WorkCancelled."""
        self._fail(Failure("WorkCancelled", f"{self.name} of {self.cell.id} was cancelled; what it did may stand"))
        self._end_task()

    def cancel(self) -> None:
        self.settled = True
        self.close()
        self._end_task()

    def received(self) -> None:
        self.unread -= 1
        if self.room is not None and not self.room.done():
            self.room.set_result(None)

    def _begin(self, run: Callable[..., Coroutine[Any, Any, None]], fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        kernel = self.cell.kernel
        if not kernel.works:
            return
        # The context holds `current` as it is in this handler, and nothing of whoever caused the message.
        self.task = kernel.loop.create_task(run(fn, args), name=f"{self.cell.id}: {self.name}", context=copy_context())
        kernel.tasks[self.task] = self.cell.id
        self.task.add_done_callback(kernel.tasks.pop)

    async def _run_work(self, fn: Work, args: tuple[Any, ...]) -> None:
        try:
            result = await fn(*args)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever ends it is its outcome
            self._ended(error)
        else:
            self._settle(WorkDone(self.name, result))

    async def _run_stream(self, fn: Source, args: tuple[Any, ...]) -> None:
        try:
            source: Any = fn(*args)
            async with aclosing(source) as items:
                async for item in items:
                    await self._pass_on(item)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever ends it is its outcome
            self._ended(error)
        else:
            self._settle(WorkDone(self.name, None))

    async def _pass_on(self, item: object) -> None:
        kernel = self.cell.kernel
        kernel.counters.stream_items += 1
        self.unread += 1
        kernel.door.bring(self.cell, Ticket(item, self, last=False))
        while self.unread >= STREAM_BUFFER:
            self.room = kernel.loop.create_future()
            await self.room

    def _ended(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._fail(Failure("WorkCancelled", f"{self.name} of {self.cell.id} was cancelled from within"))
        else:
            self._fail(Failure.of(error))

    def _fail(self, failure: Failure) -> None:
        if not self.settled:
            self.cell.kernel.counters.works_failed += 1
        self._settle(WorkFailed(self.name, failure))

    def _settle(self, outcome: object) -> None:
        if self.settled:
            return
        self.settled = True
        self.cell.kernel.timers.cancel(self.timer)
        self.cell.kernel.door.bring(self.cell, Ticket(outcome, self))

    def _time_out(self, timeout: float) -> None:
        self.cell.kernel.counters.works_timed_out += 1
        text = f"{self.name} of {self.cell.id} did not end in {timeout:g} s; its effect may still come"
        self._fail(Failure("WorkTimedOut", text, transient=True))
        self._end_task()

    def _end_task(self) -> None:
        self.cell.kernel.timers.cancel(self.timer)
        if self.task is not None:
            self.task.cancel()
