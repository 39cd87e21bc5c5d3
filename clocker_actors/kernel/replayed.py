"""A kernel without an outside: nothing is done, nothing is waited for, and what comes in is what was recorded.

Works do not run and timers do not ring: their outcomes are in the recording, at their places in the order. Whatever is brought to the door is left
there for nobody. So one message after the other is handled as it was, as long as the handlers are what they were.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from pykka._envelope import Envelope

from clocker_actors.errors import ClockerError
from clocker_actors.kernel.cell import DEFAULT_BUDGET, Cell, Control, Ticket
from clocker_actors.kernel.clock import Clock
from clocker_actors.kernel.context import current
from clocker_actors.kernel.door import Door
from clocker_actors.kernel.kernel import Kernel
from clocker_actors.kernel.queue import WRAPPED, RunQueue
from clocker_actors.kernel.recorded import Entry, Order, Outcome, Tell, Void
from clocker_actors.kernel.reply import Request
from clocker_actors.kernel.timers import Alarm, Timer, Timers
from clocker_actors.kernel.work import Job

T = TypeVar("T")


RUNAWAY = 100_000
"""Messages after which a replay that has strayed goes on to what came in next."""


class Parted(Exception):
    """What is decided now is not what was decided then: there is no use in going on."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who answers and who hears: `see` answers looks at the outside, `told` hears of messages from handlers to `watched`, `handled` of each message that
    was handled (and may raise Parted), `strayed` of the first thing that is not as it was."""

    see: Callable[[str], object]
    watched: str
    told: Callable[[object], None]
    handled: Callable[[str, object], None]
    strayed: Callable[[str], None]


class _Deaf(Door):
    """Nothing comes in here but what was recorded."""

    def bring(self, to: Cell | str, message: object) -> None:
        """The recording has it already."""

    def at(self, stamp: float) -> None:
        """It is this time."""
        self.stamp = stamp


class _Silent(Timers):
    def arm(self, delay: float, fire: Callable[[], None]) -> Timer:
        return Timer(delay, fire)

    def cancel(self, timer: Timer | None) -> None:
        if timer is not None:
            timer.fire = None


class _Nobody:
    """Who asked in the recording is not here."""

    def set(self, value: Any = None) -> None:
        """It was answered then."""

    def refuse(self, error: ClockerError) -> None:
        """It was refused then."""


class ReplayedQueue(RunQueue):
    """Handles exactly as many messages as it is told to, as long as all is as it was. Once it has `strayed` it handles whatever there is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, context: Context, batch: int, slice_s: float) -> None:
        super().__init__(loop, clock, context, batch, slice_s)
        self.door: _Deaf = _Deaf(clock, self.wake)
        self.strayed = False
        self._scheduled = True  # nobody calls us but `advance`
        self._admitting = False
        self._listeners: Listeners
        self._nobody: Cell

    def attend(self, listeners: Listeners, nobody: Cell) -> None:
        """To be called first. What nobody waited for lies before `nobody`."""
        self._listeners, self._nobody = listeners, nobody

    def wake(self) -> None:
        """The loop has no part in this."""

    def post(self, actor_id: str, message: object) -> None:
        if actor_id == self._listeners.watched and not self._admitting:
            self._listeners.told(message)
        super().post(actor_id, message)

    def witness(self, name: str, look: Callable[[], T]) -> T:
        """What was seen then."""
        del look
        seen: Any = self._listeners.see(name)
        return seen  # type: ignore[no-any-return]  # of the type that was looked for, or the recording is not ours

    def advance(self, to: int) -> None:
        """Handle messages until so many are handled in all. Raises Parted."""
        self.passing = True
        most = self.position + RUNAWAY
        try:
            while self.position < most if self.strayed else self.position < to:
                if not self._fifo:
                    if not self.strayed:
                        self._stray(f"only {self.position} messages are there to handle, and {to} were")
                    break
                self._next()
        finally:
            self.running = None
            self.passing = False
            current.set(None)

    def _next(self) -> None:
        cell, message = self._fifo.popleft()
        cell.depth -= 1
        self.position += 1
        if type(message) in WRAPPED:
            self._open(cell, message)
        else:
            self._handle(cell, message)
        self._listeners.handled(cell.id, message)

    def admit(self, stamp: float, waiting: int, entries: Sequence[Entry], again: Callable[[Cell, str, float], Control]) -> None:
        """Open the door as it was opened then."""
        if len(self._fifo) != waiting:
            self._stray(f"{len(self._fifo)} messages wait, and {waiting} did")
        self.door.at(stamp)
        self.passing = self._admitting = True
        try:
            for entry in entries:
                self._let_in(entry, again)
        finally:
            self.passing = self._admitting = False

    def _stray(self, why: str) -> None:
        self.strayed = True
        self._listeners.strayed(why)

    def _let_in(self, entry: Entry, again: Callable[[Cell, str, float], Control]) -> None:
        match entry:
            case Tell():
                self.post(entry.to, Envelope(entry.message, _Nobody()) if entry.asked else entry.message)  # type: ignore[arg-type]  # ours, not Pykka's
            case Outcome():
                self._bring_outcome(entry)
            case Order():
                cell = self.cells.get(entry.to)
                if cell is None:
                    self._stray(f"{entry.to} is not there to {entry.kind}")
                else:
                    self._append(cell, again(cell, entry.kind, entry.deadline))
            case Void():
                self._append(self._nobody, Control("void", lambda: None))

    def _bring_outcome(self, entry: Outcome) -> None:
        cell = self.cells.get(entry.to)
        name: Any = entry.name
        errand = cell.errand(entry.kind, name) if cell is not None else None
        if cell is None or errand is None:
            self._stray(f"{entry.to} does not wait for {entry.kind} {entry.name}, of which it heard then")
            return
        if isinstance(errand, Request | Job) and entry.last:
            errand.settled = True
        message = errand.message if isinstance(errand, Alarm) else entry.message
        self.put(cell, Ticket(message, errand, last=entry.last))


class ReplayedKernel(Kernel):
    """Actors that live through what was recorded. Made within a running loop, which has nothing to do but to be there."""

    works = False
    queue: ReplayedQueue

    def __init__(self, began: float) -> None:
        super().__init__(Clock(began), queue=ReplayedQueue)
        self.timers = _Silent(self.loop, Context())

    def attend(self, listeners: Listeners) -> None:
        """To be called before anything is spawned."""
        self.queue.attend(listeners, Cell(self, "", _none, DEFAULT_BUDGET, None))

    def admit(self, stamp: float, waiting: int, entries: Sequence[Entry]) -> None:
        """Open the door as it was opened then, `waiting` messages lying in the queue."""
        self.queue.admit(stamp, waiting, entries, self.supervisor.again)


def _none() -> Any:
    raise RuntimeError("nobody has no behaviour")
