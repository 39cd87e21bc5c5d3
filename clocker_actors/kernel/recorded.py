"""A run queue that says all that comes in from outside, so that a replay can do without an outside.

    the door, each time it opens:   (messages handled so far, stamp, what was admitted, in order)     -> Scribe.admitted
    a look at the outside:          (what was looked at, what was seen), in order                      -> Scribe.seen
    a message to the one watched:   (message that was being handled, what it led to)                   -> Scribe.told

Handlers are functions of these three alone. What is admitted is said in plain words, since the errand or the order behind it lives in
this process only: a replay finds its own errand by the actor and its name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from pykka._envelope import Envelope

from clocker_actors.kernel.cell import Cell, Control, Ticket
from clocker_actors.kernel.queue import RunQueue
from clocker_actors.kernel.timers import Alarm

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tell:
    """A message to whoever has this id; `asked`: somebody waits for its answer."""

    to: str
    message: object
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of something that an actor waits for: a timer ("timer", whose message it knows), a work or stream ("work"), a request."""

    to: str
    kind: str
    name: object
    message: object = None
    last: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """The kernel's own: start, stop, retry, gone."""

    to: str
    kind: str
    deadline: float = 0.0


@dataclass(frozen=True, slots=True)
class Void:
    """It takes its place in the queue and does nothing: nobody waits for it any more."""


Entry = Tell | Outcome | Order | Void
VOID = Void()


class Scribe(Protocol):
    """Who writes it down; no method may raise, or wait."""

    def admitted(self, position: int, stamp: float, waiting: int, entries: list[Entry]) -> None:
        """`waiting` messages lay in the queue before these entries were put there."""
        ...

    def seen(self, name: str, value: object, error: BaseException | None) -> None:
        """A handler looked at the outside, and saw a value or an error."""
        ...

    def told(self, position: int, message: object) -> None:
        """The message of this number led to a message to the actor that is watched."""
        ...


class RecordedQueue(RunQueue):
    """See the module. `watched` is the id of the actor whose messages are told."""

    def __init__(self, *args: Any, scribe: Scribe, watched: str) -> None:
        super().__init__(*args)
        self._scribe = scribe
        self._watched = watched
        self._admitting = False

    def post(self, actor_id: str, message: object) -> None:
        """As it is within a handler; what comes from elsewhere comes through the door, or a replay would miss it."""
        if not self.passing:
            self.door.bring(actor_id, message)
            return
        if actor_id == self._watched and not self._admitting:
            self._scribe.told(self.position, message)
        super().post(actor_id, message)

    def put(self, cell: Cell, message: object) -> None:
        """As `post`."""
        if self.passing:
            super().put(cell, message)
        else:
            self.door.bring(cell, message)

    def witness(self, name: str, look: Callable[[], T]) -> T:
        """Look, and write down what was seen; only what handlers see matters."""
        if not self.passing:
            return look()
        try:
            value = look()
        except Exception as error:
            self._scribe.seen(name, None, error)
            raise
        self._scribe.seen(name, value, None)
        return value

    def _admit(self) -> None:
        waiting = len(self._fifo)
        entries = [entry for to, message in self.door.waiting if (entry := self._entry(to, message)) is not None]
        position = self.position
        self._admitting = True
        super()._admit()
        self._admitting = False
        self._scribe.admitted(position, self.door.stamp, waiting, entries)

    def _entry(self, to: Cell | str, message: object) -> Entry | None:
        """What is being admitted, in plain words; None for what has no place in the queue."""
        if isinstance(to, str):
            if type(message) is Envelope:
                return Tell(to, message.message, asked=True)
            return Tell(to, message)
        if isinstance(message, Control):
            return Order(to.id, message.kind, message.deadline) if self.cells.get(to.id) is to else VOID
        if not isinstance(message, Ticket) or message.errand is None:
            return Tell(to.id, message) if self.cells.get(to.id) is to else VOID
        errand = message.errand
        if not errand.live:
            return None if self._superseding[type(message.message)] else VOID
        kind, name = errand.key
        return Outcome(to.id, kind, name, None if isinstance(errand, Alarm) else message.message, message.last)


def recording(scribe: Scribe, watched: str) -> "partial[RecordedQueue]":
    """For `Kernel(queue=...)`."""
    return partial(RecordedQueue, scribe=scribe, watched=watched)
