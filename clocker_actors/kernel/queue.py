"""The one run queue: a FIFO of (actor, message) over all actors.

One loop callback handles a bounded number of messages, for a bounded time, over all actors together; then the loop gets its turn. A
message lies in the queue as it is, only what needs more (an ask, an errand's outcome, a reading that may be superseded) is wrapped. A pass
catches everything but KeyboardInterrupt and SystemExit: anything let through would leave the queue marked as scheduled for ever.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable
from contextvars import Context
from types import CoroutineType
from typing import Any, TypeVar

from pykka._envelope import Envelope

from clocker_actors.errors import ActorDead, ClockerError
from clocker_actors.kernel.cell import Cell, Control, Ticket
from clocker_actors.kernel.clock import Clock
from clocker_actors.kernel.context import Current, current
from clocker_actors.kernel.counters import BOUNDS, Counters
from clocker_actors.kernel.door import Door

logger = logging.getLogger("clocker.kernel")

QUICK = BOUNDS[0]
WRAPPED = frozenset((Control, Envelope, Ticket))
Crashed = Callable[[Cell, BaseException], None]
T = TypeVar("T")


class _Superseding(dict[type, bool]):
    """Which message classes say that a newer one replaces an older one; asked for every message, so remembered."""

    def __missing__(self, kind: type) -> bool:
        if kind is Ticket:
            return True  # look inside
        self[kind] = found = bool(getattr(kind, "SUPERSEDES", False))
        return found


class RunQueue:
    """See the module. `cells` is the directory: id -> cell."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, context: Context, batch: int, slice_s: float) -> None:
        self.cells: dict[str, Cell] = {}
        self.counters = Counters()
        self.door = Door(clock, self.wake)
        self.running: Current | None = None
        self.position = 0
        """Messages taken from the queue so far, that being handled included."""
        self.passing = False
        self._fifo: deque[tuple[Cell, object]] = deque()
        self._loop = loop
        self._context = context
        self._batch = batch
        self._slice = slice_s
        self._watch: Callable[[], float] = getattr(loop, "stopwatch", time.perf_counter)
        self._superseding = _Superseding()
        self._scheduled = False
        self._deep: list[Cell] = []
        self.crashed: Crashed = self._nobody_cares

    def __len__(self) -> int:
        return len(self._fifo)

    def post(self, actor_id: str, message: object) -> None:
        """Queue a message for an id. Never raises: for nobody it is counted as a dead letter, and an asker is told."""
        cell = self.cells.get(actor_id)
        if cell is None or not cell.accepts:
            self.dead_letter(actor_id, message)
        elif self._superseding[type(message)]:
            self.put(cell, message)
        else:
            self._append(cell, message)

    def put(self, cell: Cell, message: object) -> None:
        """Queue a message for a cell, or let it replace an older one waiting there."""
        if self._superseding[type(message)]:
            ticket = message if type(message) is Ticket else Ticket(message)
            if ticket.errand is not None and not ticket.errand.live:
                return  # taken back meanwhile; it must not take the place of a reading that counts
            if self._supersede(cell, ticket):
                return
            message = ticket
        self._append(cell, message)

    def _append(self, cell: Cell, message: object) -> None:
        self._fifo.append((cell, message))
        cell.depth += 1
        if cell.depth >= cell.warn_at:
            self._warn(cell)
        if not self._scheduled:
            self.wake()

    def witness(self, name: str, look: Callable[[], T]) -> T:
        """What a handler sees of the outside without a message: a recording keeps it under that name, and a replay sees it again."""
        del name
        return look()

    def wake(self) -> None:
        """Have the loop call us, in the kernel's own context rather than the sender's."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pass, context=self._context)

    def dead_letter(self, actor_id: str, message: object) -> None:
        """Nobody there for it."""
        if type(message) is Envelope and message.reply_to is not None:
            text = f"{actor_id} is not there to answer {type(message.message).__name__}; list the actors to see what is alive"
            message.reply_to.refuse(ActorDead(text, actor=actor_id))  # type: ignore[attr-defined]  # ours, not Pykka's
        self.counters.dead_letters += 1
        logger.debug("dead letter for %s: %s", actor_id, type(message).__name__)

    def _pass(self) -> None:
        fifo, door, watch = self._fifo, self.door, self._watch
        self.passing = True
        left = self._batch
        before = watch()
        end = before + self._slice
        try:
            while left:
                if door.waiting:
                    self._admit()
                if not fifo:
                    break
                cell, message = fifo.popleft()
                cell.depth -= 1
                left -= 1
                self.position += 1
                if type(message) in WRAPPED:
                    self._open(cell, message)
                else:
                    self._handle(cell, message)
                after = watch()
                took = after - before
                times = cell.times
                if times is not None:
                    times.count += 1
                    times.seconds += took
                    if took > QUICK:
                        times.add_slow(took)
                if after >= end:
                    break
                before = after
        finally:
            current.set(None)
            self.running = None
            self.passing = False
            self.counters.handled += self._batch - left
            self._scheduled = False
            if self._deep:
                self._forget_shallow()
            if fifo or door.waiting:
                self.wake()

    def _admit(self) -> None:
        self.door.open()
        waiting = self.door.waiting
        self.counters.admitted += len(waiting)
        while waiting:
            to, message = waiting.popleft()
            if isinstance(to, str):
                self.post(to, message)
            else:
                self.put(to, message)

    def _open(self, cell: Cell, message: object) -> None:
        """Unwrap what is more than a message."""
        if isinstance(message, Envelope):
            self._handle(cell, message.message, message.reply_to)
        elif isinstance(message, Ticket):
            if message.supersede_key is not None and cell.waiting is not None:
                del cell.waiting[message.supersede_key]
            if message.punch():
                self._handle(cell, message.message)
        elif isinstance(message, Control):
            self.running = None
            message.run()

    def _handle(self, cell: Cell, message: object, reply_to: Any = None) -> None:
        behaviour = cell.behaviour
        if behaviour is None:
            self.dead_letter(cell.id, message if reply_to is None else Envelope(message, reply_to))
            return
        self.running = running = Current(cell.id, message)
        current.set(running)
        cell.reply_to = reply_to
        try:
            result = behaviour.on_receive(message)
            if result is not None and isinstance(result, CoroutineType):
                result.close()
                raise TypeError(f"{type(behaviour).__name__}.on_receive is asynchronous; handlers must not be: use work()")
        except (KeyboardInterrupt, SystemExit):
            raise
        except ClockerError as error:
            self._refused(cell, message, error, reply_to)
        except BaseException as error:  # noqa: BLE001 - also CancelledError: it must fell this actor, not the queue
            self._crash(cell, message, error)
        else:
            # cell.reply_to is gone when the handler took it with defer().
            if reply_to is not None and cell.reply_to is reply_to:
                reply_to.set(result)
        cell.reply_to = None

    def _refused(self, cell: Cell, message: object, error: ClockerError, reply_to: Any) -> None:
        self.counters.refused += 1
        if reply_to is None:
            logger.warning("%s refused %s: %s", cell.id, type(message).__name__, error)
            return
        reply_to.refuse(error)
        if cell.reply_to is not reply_to and cell.owed:  # deferred, then refused: nobody will answer it any more
            cell.owed = {token: owed for token, owed in cell.owed.items() if owed is not reply_to}

    def _crash(self, cell: Cell, message: object, error: BaseException) -> None:
        if cell.reply_to is not None:
            text = f"{cell.id} crashed on {type(message).__name__}: {type(error).__name__}: {error}; its log has the traceback"
            cell.reply_to.refuse(ActorDead(text, actor=cell.id))
            cell.reply_to = None
        self.crashed(cell, error)

    def _supersede(self, cell: Cell, ticket: Ticket) -> bool:
        message: Any = ticket.message
        if not self._superseding[type(message)]:
            return False
        key: Hashable = (type(message), message.supersede_key())
        if cell.waiting is None:
            cell.waiting = {}
        older = cell.waiting.get(key)
        if older is not None:
            older.replace(ticket)
            self.counters.superseded += 1
            return True
        ticket.supersede_key = key
        cell.waiting[key] = ticket
        return False

    def _warn(self, cell: Cell) -> None:
        if cell.warn_at == cell.kernel.warn_depth:
            self._deep.append(cell)
        cell.warn_at *= 2
        logger.warning("%s has %d messages waiting; see its handler time, or who floods it", cell.id, cell.depth)

    def _forget_shallow(self) -> None:
        """Cells that came below half of the mark may warn anew; the deepest depth seen is kept."""
        still = []
        for cell in self._deep:
            self.counters.deepest_inbox = max(self.counters.deepest_inbox, cell.depth)
            mark = cell.kernel.warn_depth
            if cell.depth < mark // 2:
                cell.warn_at = mark
            else:
                still.append(cell)
        self._deep = still

    @staticmethod
    def _nobody_cares(cell: Cell, error: BaseException) -> None:
        raise RuntimeError(f"{cell.id} crashed in a queue without supervision") from error
