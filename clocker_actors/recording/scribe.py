"""Hears the kernel, and has what it hears written down. Whatever goes wrong here ends the recording, never the daemon."""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clocker_actors.errors import BadRequest, ClockerError, Transient
from clocker_actors.kernel.recorded import Entry
from clocker_actors.model.noted import DecisionNoted
from clocker_actors.ports.store import Record
from clocker_actors.recording.codec import Definition, Encoder
from clocker_actors.recording.digest import Decisions
from clocker_actors.recording.files import DECIDED, END, FORMAT, HEAD, IN, KEPT, RAISED, SEEN, SUFFIX, SUM, TYPE, Writer

log = logging.getLogger("clocker.recording")

NEVER = frozenset({"sealed", "token"})
"""Kinds of records that are in no recording."""
PAUSE = 1.0
"""Seconds after which what was heard is written, however little that is."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """At most so many files, of so many bytes each."""

    files: int
    size: int


class FileScribe:
    """Of one file. `decisions` are those of the recording so far, as a replay must find them. Older files go when it hears the first thing, and a file that
    has heard nothing goes itself: a daemon that cannot start, again and again, takes no recording of a better day away."""

    def __init__(self, writer: Writer, files: int) -> None:
        self.decisions = Decisions()
        self._writer = writer
        self._files = files
        self.heard = False
        self._encoder = Encoder(self._define)
        self._due = 0.0
        self._closed = False

    @property
    def path(self) -> Path:
        """The file."""
        return self._writer.path

    def begin(self, head: object, kept: Iterable[Record]) -> None:
        """The head and the snapshot."""
        self._writer.add([HEAD, FORMAT])
        self._add(lambda encode: [HEAD, FORMAT, encode(head)])
        for each in kept:
            self._writer.add([KEPT, each.kind, each.uid, each.body])
            if self._writer.filled:
                self._writer.drain()
        self._writer.drain()

    def admitted(self, position: int, stamp: float, waiting: int, entries: list[Entry]) -> None:
        if self._closed:
            return
        if not self.heard:
            self.heard = True
            self._writer.keep(self._files)
        if stamp >= self._due or self._writer.filled:
            self._due = stamp + PAUSE
            self._flush(position)
        self._add(lambda encode: [IN, position, stamp, waiting, [encode(each) for each in entries]])

    def seen(self, name: str, value: object, error: BaseException | None) -> None:
        if self._closed:
            return
        if error is None:
            self._add(lambda encode: [SEEN, name, encode(value)])
        elif isinstance(error, ClockerError):
            retry_after = error.retry_after if isinstance(error, Transient) else None
            self._add(lambda _: [RAISED, name, type(error).__name__, str(error), error.details, retry_after])
        else:
            self._add(lambda _: [RAISED, name, "", f"{type(error).__name__}: {error}", {}, None])

    def told(self, position: int, message: object) -> None:
        if self._closed or not isinstance(message, DecisionNoted):
            return
        body = self.decisions.add(message.decision)
        self._add(lambda _: [DECIDED, position, body])

    def end(self, position: int) -> None:
        """Nothing more is heard."""
        if not self._closed:
            self._flush(position, END)
            self._closed = True
        self._writer.close()
        if not self.heard:
            with suppress(OSError):  # an empty file that stays is only in the way
                self.path.unlink(missing_ok=True)

    # --- inside

    def _add(self, make: Callable[[Callable[[Any], object]], list[Any]]) -> None:
        try:
            self._writer.add(make(self._encoder.encode))
        except (BadRequest, AttributeError, TypeError, ValueError, RecursionError) as error:
            self._stop(str(error))

    def _flush(self, position: int, *words: str) -> None:
        self._writer.add([SUM, position, self.decisions.count, self.decisions.hexdigest(), *words])
        self._writer.flush()
        self._closed = bool(self._writer.stopped)

    def _stop(self, why: str) -> None:
        self._writer.stop(why)
        self._closed = True

    def _define(self, definition: Definition) -> None:
        self._writer.add([TYPE, *definition])


def snapshot(records: Iterable[Record]) -> Sequence[Record]:
    """Those that a recording may have: what is sealed stays where its key is."""
    return [each for each in records if each.kind not in NEVER]


def begin(folder: Path, name: str, bounds: Bounds, head: object, kept: Iterable[Record]) -> "FileScribe | None":
    """Begin a file in that folder; None, with a warning, when that cannot be."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        scribe = FileScribe(Writer(folder / f"{name}{SUFFIX}", bounds.size), bounds.files)
    except OSError as error:
        log.warning("nothing is recorded: %s cannot be written (%s); the daemon goes on", folder / name, error.strerror or error)
        return None
    scribe.begin(head, kept)
    return scribe
