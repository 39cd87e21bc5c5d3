"""Answers: the future behind an ask, and the request of one actor to another.

Nothing here raises when the answer comes late: the asker may have timed out or gone, and that must never hurt the one that answers.
"""

import asyncio
import sys
from collections.abc import Callable, Generator
from typing import Any, NoReturn, Protocol

import pykka

from clocker_actors.errors import AskTimedOut, ClockerError, Failure
from clocker_actors.kernel.cell import Cell, Errand, Ticket
from clocker_actors.kernel.messages import Answered, RequestFailed, TimedOut
from clocker_actors.kernel.timers import Timer


class Answerable(Protocol):
    """Whoever waits for an answer. Neither method ever raises; the first answer counts."""

    def set(self, value: Any = None) -> None: ...
    def refuse(self, error: ClockerError) -> None: ...


class Reply(pykka.Future[Any]):
    """A Pykka future on an asyncio one: awaited without blocking, and deaf to late answers."""

    _get_hook = None  # Pykka's constructor would make these per reply; hooks block, so there are none

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.future: asyncio.Future[Any] = (loop or asyncio.get_running_loop()).create_future()

    def __await__(self) -> Generator[Any, None, Any]:
        return self.future.__await__()

    __iter__ = __await__

    def get(self, *, timeout: float | None = None) -> Any:
        """The answer if it is there. Raises RuntimeError otherwise: waiting here would block the loop for good."""
        if not self.future.done():
            raise RuntimeError(f"an answer is awaited, never fetched with get(timeout={timeout}): `await` the reply")
        return self.future.result()

    def set(self, value: Any = None) -> None:
        if not self.future.done():
            self.future.set_result(value)

    def set_exception(self, exc_info: Any = None) -> None:
        error = (exc_info or sys.exc_info())[1]
        if error is None:
            raise ValueError("set_exception() needs an exception: call it where one is handled, or pass exc_info")
        self._fail(error)

    def refuse(self, error: ClockerError) -> None:
        self._fail(error)

    def time_out(self, asked: str, message: object, timeout: float) -> None:
        """The asker has waited long enough."""
        text = f"{asked} did not answer {type(message).__name__} in {timeout:g} s; see its inbox depth and works in the dump"
        self._fail(AskTimedOut(text, actor=asked))

    def set_get_hook(self, func: Callable[[float | None], Any]) -> NoReturn:
        raise RuntimeError(f"replies take no get-hook ({func!r}): hooks block the loop; `await` the reply")

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # seen: an asker that just went away must not make the loop complain


class Request(Errand):
    """A question of one actor to another, whose answer is a message."""

    __slots__ = ("number", "settled", "timer")

    def __init__(self, cell: Cell, number: int, timeout: float) -> None:
        super().__init__(cell, ("request", number))
        self.number = number
        self.settled = False
        self.timer: Timer | None = cell.kernel.timers.arm(timeout, self._time_out)

    def set(self, value: Any = None) -> None:
        self._settle(Answered(self.number, value))

    def refuse(self, error: ClockerError) -> None:
        self._settle(RequestFailed(self.number, Failure.of(error)))

    def cancel(self) -> None:
        self.settled = True
        self.cell.kernel.timers.cancel(self.timer)
        self.close()

    def _settle(self, message: object) -> None:
        if self.settled:
            return
        self.settled = True
        self.cell.kernel.timers.cancel(self.timer)
        self.cell.kernel.queue.put(self.cell, Ticket(message, self))

    def _time_out(self) -> None:
        self.settled = True
        self.cell.kernel.counters.requests_timed_out += 1
        self.cell.kernel.door.bring(self.cell, Ticket(TimedOut(self.number), self))
