"""Drives a kernel without an outside by a recording, and compares each decision with the recorded one.

    records up to the next opening of the door  ->  handle as many messages as were handled then: what they look at is answered from these records,
    what they decide must be what these records say  ->  open the door with what came in then  ->  and so on to the end of the file

A decision that orders the same for other reasons is noted, and the replay goes on. At the first one that orders something else it ends: what comes in
later came in because of what was decided then.
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clocker_actors import errors
from clocker_actors.errors import BadRequest, ClockerError
from clocker_actors.kernel.cell import Control, Ticket
from clocker_actors.kernel.recorded import Entry
from clocker_actors.kernel.replayed import Parted, ReplayedKernel
from clocker_actors.model.identity import RECORDER
from clocker_actors.model.noted import DecisionNoted
from clocker_actors.ports.store import Record as Kept
from clocker_actors.recording.codec import Decoder
from clocker_actors.recording.digest import Decisions
from clocker_actors.recording.files import DECIDED, END, HEAD, IN, KEPT, RAISED, SEEN, SUM, TYPE, Record, read


@dataclass(frozen=True, slots=True)
class Parting:
    """The first message after which something else happened: its number, when it was handled, by whom, of what type; and both decisions as JSON
    ("" for none). `why` says in words what differs."""

    number: int
    at: float
    actor: str
    message: str
    why: str
    recorded: str = ""
    replayed: str = ""


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
    """The first decision that ordered the same and gave another account of it, before any parting."""


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
        self._due: deque[Record] = deque()  # what is to be seen and decided before the door is opened next
        self._differs: tuple[str, str, str] | None = None
        self._otherwise: Parting | None = None
        self._account: tuple[str, str, str] | None = None
        self._last = ("", "", 0)  # who handled what, and the number of that message
        kernel.attend(self._see, RECORDER, self._told, self._handled)

    def play(self) -> Replayed:
        """To the end of the file, or to where it parts. Raises BadRequest for a damaged file."""
        began, whole, recorded, parting = 0.0, False, Decisions().hexdigest(), None
        try:
            for record in self._recording.records():
                word = record[0]
                if word == IN:
                    _, position, stamp, waiting, entries = record
                    self._advance(position)
                    began = began or stamp
                    found: list[Entry] = [self._recording.value(each) for each in entries]
                    self._kernel.admit(position, stamp, waiting, found)
                elif word == SUM:
                    self._advance(record[1])
                    recorded, whole = record[3], record[4:] == [END]
                    self._same(recorded)
                else:
                    self._due.append(record)
        except Parted as difference:
            parting = self._parting(str(difference))
        queue = self._kernel.queue
        return Replayed(
            queue.position,
            self.decisions.count,
            self.decisions.hexdigest(),
            recorded,
            began,
            queue.door.stamp,
            whole,
            parting,
            self._otherwise,
        )

    def _advance(self, position: int) -> None:
        self._kernel.queue.advance(position)
        if self._due:
            raise Parted(_unheard(self._due[0]))

    def _same(self, recorded: str) -> None:
        if self._otherwise is None and self.decisions.hexdigest() != recorded:
            raise Parted("the digests of all decisions differ though each was the same: the file is damaged")

    # --- heard of the kernel, within handlers

    def _see(self, name: str) -> object:
        record = self._due[0] if self._due else None
        if record is None or record[0] not in {SEEN, RAISED} or record[1] != name:
            self._differ(f"it looks at {name}, and then it did not")
            raise Parted(name)
        self._due.popleft()
        if record[0] == RAISED:
            raise _error(*record[2:])
        return self._recording.value(record[2])

    def _told(self, message: object) -> None:
        if not isinstance(message, DecisionNoted) or self._differs is not None:
            return
        body = self.decisions.add(message.decision)
        record = self._due[0] if self._due and self._due[0][0] == DECIDED else None
        if record is None or record[1] != self._kernel.queue.position:
            self._differ("it decides, and then it did not", "", body.decode())
            return
        self._due.popleft()
        if record[2] != body:
            before, now = json.loads(record[2]), json.loads(body)
            if _orders(before) != _orders(now):
                self._differ("it decides otherwise", record[2].decode(), body.decode())
            elif self._otherwise is None and self._account is None:
                names = ", ".join(name for name in now if now[name] != before.get(name))
                self._account = f"it orders the same, and tells another {names}", record[2].decode(), body.decode()

    def _handled(self, actor: str, message: object) -> None:
        queue = self._kernel.queue
        self._last = actor, _name(message), queue.position
        if self._account is not None:
            self._otherwise, self._account = Parting(queue.position, queue.door.stamp, *self._last[:2], *self._account), None
        if self._differs is None and self._due and self._due[0][0] == DECIDED and self._due[0][1] <= queue.position:
            self._differ("it does not decide, and then it did", self._due[0][2].decode())
        if self._differs is not None:
            raise Parted(self._differs[0])

    def _differ(self, why: str, recorded: str = "", replayed: str = "") -> None:
        if self._differs is None:
            self._differs = why, recorded, replayed

    def _parting(self, why: str) -> Parting:
        actor, message, number = self._last
        said, recorded, replayed = self._differs or (why, "", "")
        return Parting(number, self._kernel.door.stamp, actor, message, said, recorded, replayed)


def _name(message: object) -> str:
    if isinstance(message, Ticket):
        message = message.message
    if isinstance(message, Control):
        return message.kind
    return type(getattr(message, "message", message) if type(message).__name__ == "Envelope" else message).__name__


def _orders(decision: dict[str, Any]) -> tuple[object, ...]:
    """What follows from it."""
    placement = decision.get("placement") or {}
    return *(decision.get(name) for name in ("subject", "by", "kind", "at", "action")), placement.get("chosen")


def _unheard(record: Record) -> str:
    if record[0] == DECIDED:
        return "it does not decide, and then it did"
    return f"it does not look at {record[1]}, and then it did"


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
