"""A kernel without an outside: nothing is done, nothing is waited for, and what comes in is what was recorded.

Works do not run and timers do not ring: their outcomes are in the recording, at their places in the order. Whatever is brought to the door is left
there for nobody. So one message after the other is handled as it was, as long as the handlers are what they were.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
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
Seen = Callable[[str], object]
"""What was seen under this name, as the next thing; raises what was raised."""


class Parted(Exception):
    """What happens now is not what was recorded."""


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
    """Handles exactly as many messages as it is told to. `told` hears of messages to `watched`, `handled` of each message that was handled."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, context: Context, batch: int, slice_s: float) -> None:
        super().__init__(loop, clock, context, batch, slice_s)
        self.door: _Deaf = _Deaf(clock, self.wake)
        self._scheduled = True  # nobody calls us but `advance`
        self._see: Seen | None = None
        self._watched = ""
        self._admitting = False
        self._told: Callable[[object], None] | None = None
        self._handled: Callable[[str, object], None] | None = None
        self._nobody: Cell | None = None

    def attend(self, see: Seen, watched: str, told: Callable[[object], None], handled: Callable[[str, object], None], nobody: Cell) -> None:
        """Say who answers and who hears."""
        self._see, self._watched, self._told, self._handled, self._nobody = see, watched, told, handled, nobody

    def wake(self) -> None:
        """The loop has no part in this."""

    def post(self, actor_id: str, message: object) -> None:
        if actor_id == self._watched and not self._admitting and self._told is not None:
            self._told(message)
        super().post(actor_id, message)

    def witness(self, name: str, look: Callable[[], T]) -> T:
        """What was seen then."""
        del look
        assert self._see is not None
        seen: Any = self._see(name)
        return seen  # type: ignore[no-any-return]  # of the type that was looked for, or the recording is not ours

    def advance(self, to: int) -> None:
        """Handle messages until so many are handled in all. Raises Parted when there are not so many."""
        self.passing = True
        try:
            while self.position < to:
                if not self._fifo:
                    raise Parted(f"only {self.position} messages are there to handle, and {to} were")
                cell, message = self._fifo.popleft()
                cell.depth -= 1
                self.position += 1
                if type(message) in WRAPPED:
                    self._open(cell, message)
                else:
                    self._handle(cell, message)
                if self._handled is not None:
                    self._handled(cell.id, message)
        finally:
            self.running = None
            self.passing = False
            current.set(None)

    def admit(self, stamp: float, waiting: int, entries: Sequence[Entry], again: Callable[[Cell, str, float], Control]) -> None:
        """Open the door as it was opened then. Raises Parted when something is not there that was waited for."""
        if len(self._fifo) != waiting:
            raise Parted(f"{len(self._fifo)} messages wait, and {waiting} did")
        self.door.at(stamp)
        self.passing = self._admitting = True
        try:
            for entry in entries:
                self._let_in(entry, again)
        finally:
            self.passing = self._admitting = False

    def _let_in(self, entry: Entry, again: Callable[[Cell, str, float], Control]) -> None:
        match entry:
            case Tell():
                self.post(entry.to, Envelope(entry.message, _Nobody()) if entry.asked else entry.message)  # type: ignore[arg-type]  # ours, not Pykka's
            case Outcome():
                self._bring_outcome(entry)
            case Order():
                cell = self.cells.get(entry.to)
                if cell is None:
                    raise Parted(f"{entry.to} is not there to {entry.kind}")
                self._append(cell, again(cell, entry.kind, entry.deadline))
            case Void():
                assert self._nobody is not None
                self._append(self._nobody, Control("void", lambda: None))

    def _bring_outcome(self, entry: Outcome) -> None:
        cell = self.cells.get(entry.to)
        name: Any = entry.name
        errand = cell.errand(entry.kind, name) if cell is not None else None
        if cell is None or errand is None:
            raise Parted(f"{entry.to} does not wait for {entry.kind} {entry.name}, of which it heard then")
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

    def attend(self, see: Seen, watched: str, told: Callable[[object], None], handled: Callable[[str, object], None]) -> None:
        """`see` answers looks at the outside, `told` hears of messages from handlers to `watched`, `handled` of each message."""
        nobody = Cell(self, "", _none, DEFAULT_BUDGET, None)
        self.queue.attend(see, watched, told, handled, nobody)

    def admit(self, position: int, stamp: float, waiting: int, entries: Sequence[Entry]) -> None:
        """Handle what was handled before the door was opened then, and open it. Raises Parted."""
        self.queue.advance(position)
        self.queue.admit(stamp, waiting, entries, self.supervisor.again)


def _none() -> Any:
    raise RuntimeError("nobody has no behaviour")
