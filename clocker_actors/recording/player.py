"""Drives a kernel without an outside by a recording, and compares each decision with the recorded one.

    records up to the next opening of the door  ->  handle as many messages as were handled then: what they look at is answered from these records,
    what they decide must be what these records say  ->  open the door with what came in then  ->  and so on to the end of the file

A difference in what follows from nothing (other numbers in an account, a look at another time) is noted, and the replay goes on with what came in then.
At the first decision that orders something else it ends: what comes in later came in because of what was ordered then.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clocker_actors import errors
from clocker_actors.errors import BadRequest, ClockerError
from clocker_actors.kernel.cell import Control, Ticket
from clocker_actors.kernel.recorded import Entry
from clocker_actors.kernel.replayed import Listeners, Parted, ReplayedKernel
from clocker_actors.model.identity import RECORDER
from clocker_actors.model.noted import DecisionNoted
from clocker_actors.ports.store import Record as Kept
from clocker_actors.recording.codec import Decoder
from clocker_actors.recording.comparing import NOWHERE, Comparison, Parting
from clocker_actors.recording.digest import Decisions
from clocker_actors.recording.files import DECIDED, END, HEAD, IN, KEPT, RAISED, SUM, TYPE, Record, read

_UNSEEN: dict[str, object] = {
    "record": True,
    "records": True,
    "machine": False,
    "tasks": False,
    "fence": 0.0,
    "lapsed": False,
    "lost": False,
}
"""What is seen where nobody looked then, by the first word of the name."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it. `sha256` is over all decisions of the replay, `recorded` the daemon's own as far as the file goes; `whole`: the file has an end, so
    the daemon was stopped in good order and its recording was not."""

    messages: int
    decisions: int
    sha256: str
    recorded: str
    began: float
    ended: float
    whole: bool
    parting: Parting | None = None
    otherwise: Parting | None = None
    """The first difference of any kind; decisions may part later, or not at all."""


class Recording:
    """An open file: its head, its snapshot, and then what happened."""

    def __init__(self, path: Path) -> None:
        """Raises BadRequest for what is no recording, or none that this program can read."""
        self.path = path
        self.head: Any = None
        self.kept: list[Kept] = []
        self._decoder = Decoder()
        self._records = read(path)
        self._next: Record | None = None
        for record in self._records:
            match record:
                case [str(word), _] if word == HEAD:
                    pass
                case [str(word), _, head] if word == HEAD:
                    self.head = self._decoder.decode(head)
                case [str(word), *definition] if word == TYPE:
                    self._define(definition)
                case [str(word), kind, uid, body] if word == KEPT:
                    self.kept.append(Kept(kind, uid, body))
                case _:
                    self._next = record
                    break
        if self.head is None:
            raise BadRequest(f"{path} ends before it begins: the daemon ended while it wrote the snapshot")

    def records(self) -> Iterator[Record]:
        """What happened; types are known when a record is given that needs them."""
        if self._next is not None:
            yield self._next
        for record in self._records:
            if record[0] == TYPE:
                self._define(record[1:])
            else:
                yield record

    def value(self, encoded: object) -> Any:
        """The value that was written. Raises BadRequest."""
        return self._decoder.decode(encoded)

    def _define(self, definition: list[Any]) -> None:
        number, name, names = definition
        self._decoder.define((number, name, tuple(names)))


class Player:
    """Of one recording and one kernel, in which the roots were spawned already."""

    def __init__(self, recording: Recording, kernel: ReplayedKernel) -> None:
        self.decisions = Decisions()
        self._recording = recording
        self._kernel = kernel
        self._comparison = Comparison()
        self._due: deque[Record] = deque()  # what is to be seen before the door is opened next
        self._made: list[bytes] = []  # decided by the message that is being handled
        self._last = NOWHERE
        kernel.attend(Listeners(self._see, RECORDER, self._told, self._handled, self._strayed))

    def play(self) -> Replayed:
        """To the end of the file, or to where decisions part. Raises BadRequest for a damaged file."""
        began, whole, recorded = 0.0, False, Decisions().hexdigest()
        comparison, door = self._comparison, self._kernel.door
        for record in self._recording.records():
            word = record[0]
            if word == IN:
                _, position, stamp, waiting, entries = record
                self._advance(position)
                began = began or stamp
                if comparison.parting is None:
                    found: list[Entry] = [self._recording.value(each) for each in entries]
                    self._kernel.admit(stamp, waiting, found)
            elif word == SUM:
                self._advance(record[1])
                recorded, whole = record[3], record[4:] == [END]
                self._same(recorded)
            elif word == DECIDED:
                comparison.recorded(record[1], record[2])
            else:
                self._due.append(record)
            if comparison.parting is not None:
                break
        comparison.ended()
        counted = self.decisions
        messages = self._kernel.queue.position
        parting = comparison.parting
        return Replayed(messages, counted.count, counted.hexdigest(), recorded, began, door.stamp, whole, parting, comparison.first)

    def _advance(self, position: int) -> None:
        try:
            self._kernel.queue.advance(position)
        except Parted:
            return
        if self._due and not self._comparison.strayed:
            self._strayed(f"it does not look at {self._due[0][1]}, and then it did")
        self._due.clear()
        self._comparison.caught_up(self._kernel.door.stamp, self._last)

    def _same(self, recorded: str) -> None:
        if self._comparison.first is None and self.decisions.hexdigest() != recorded:
            raise BadRequest(f"{self._recording.path} is damaged: its digest is not that of the decisions in it")

    # --- heard of the kernel

    def _strayed(self, why: str) -> None:
        if not self._comparison.strayed:
            queue = self._kernel.queue
            running = queue.running
            here = Parting(queue.position, queue.door.stamp, running.actor_id, _name(running.message)) if running else self._last
            self._comparison.stray(why, here)
            self._kernel.queue.strayed = True

    def _see(self, name: str) -> object:
        record = self._due[0] if self._due else None
        if record is None or record[1] != name:
            self._strayed(f"it looks at {name}, and then it did not")
            record = next((each for each in self._due if each[1] == name), None)
        if record is None:
            return _UNSEEN.get(name.partition(" ")[0])
        self._due.remove(record)
        if record[0] == RAISED:
            raise _error(*record[2:])
        return self._recording.value(record[2])

    def _told(self, message: object) -> None:
        if isinstance(message, DecisionNoted):
            self._made.append(self.decisions.add(message.decision))

    def _handled(self, actor: str, message: object) -> None:
        queue, comparison = self._kernel.queue, self._comparison
        here = self._last = Parting(queue.position, queue.door.stamp, actor, _name(message))
        for body in self._made:
            comparison.made(body, here)
        self._made.clear()
        comparison.handled(here)
        queue.strayed = comparison.strayed
        if comparison.parting is not None:
            raise Parted


def _name(message: object) -> str:
    if isinstance(message, Ticket):
        message = message.message
    if isinstance(message, Control):
        return message.kind
    return type(getattr(message, "message", message) if type(message).__name__ == "Envelope" else message).__name__


def _error(kind: str, message: str, details: dict[str, str], retry_after: float | None) -> Exception:
    """What was raised then; of a kind of ours, or only its words."""
    found = getattr(errors, kind, None)
    if not (isinstance(found, type) and issubclass(found, ClockerError)):
        return RuntimeError(message)
    error = found.__new__(found)
    Exception.__init__(error, message)
    error.details = dict(details)
    if isinstance(error, errors.Transient):
        error.retry_after = retry_after
    return error
