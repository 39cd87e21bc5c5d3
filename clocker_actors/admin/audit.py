"""The audit log: who asked for what, from where, and what was answered; a line of JSON each, in `audit.log` of the state directory.

Every order is in it, and every request that was refused; what only reads and may is not. `cause` is the id that the order's activity carries. Lines are written by a
thread of its own, since a disk may take its time: the loop only puts them into a queue. When the disk is full or the queue is, lines are lost, which is said in the
daemon's log once and in the audit log with their number as soon as that can be written again. The file is for its owner alone; at 16 MiB it is put aside as
`audit.log.1`, and of these the last eight are kept.

Refusals are limited, those of strangers and those of others apart, so that nobody can push out older lines by failing often; `unsaid` counts what was left out.
"""

import json
import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from clocker_actors.admin.failures import Bucket

log = structlog.get_logger(__name__)

FILE = "audit.log"
DONE, FAILED, REFUSED = "done", "failed", "refused"
SIZE = 16 * 1024 * 1024
KEPT = 8
WAITING = 10_000
"""Lines that wait to be written; more are lost."""
REFUSED_BURST, REFUSED_EACH = 100, 2.0
"""Lines of refused attempts: so many at once, and one more every so many seconds, over all sources."""
LONGEST = 500
"""Characters of anything that a client wrote."""
CLOSE_LIMIT = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """One request. `source` is an address, or `unix`; `target` the path of the entity meant, or what else it is about; `outcome` DONE, FAILED or REFUSED; `why` the
    reason of a refusal."""

    at: float
    principal: str
    source: str
    method: str
    path: str
    status: int
    outcome: str
    cause: str
    target: str = ""
    why: str = ""


class Audit:
    """See the module. `now` gives epoch seconds; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, now: Callable[[], float] = time.monotonic, *, size: int = SIZE, kept: int = KEPT) -> None:
        self._now = now
        self._refused = {known: Bucket(REFUSED_BURST, REFUSED_EACH, now()) for known in (False, True)}
        self._unsaid = 0
        self._writer = _Writer(folder / FILE, size, kept) if folder is not None else None

    @property
    def lost(self) -> int:
        """Lines that could not be written since the start."""
        return self._writer.lost if self._writer is not None else 0

    def note(self, line: Line, *, known: bool = True) -> None:
        """Have a line written, some time soon. Of refusals those too many are only counted, apart for whom nobody knows (not `known`)."""
        if self._writer is None:
            return
        if line.outcome == REFUSED and self._refused[known].take(self._now()) > 0.0:
            self._unsaid += 1
            return
        told = {"at": _moment(line.at), **{key: value for key, value in asdict(line).items() if key != "at" and value != ""}}
        told |= {key: str(told[key])[:LONGEST] for key in ("path", "target", "why") if key in told}
        if self._unsaid:
            told["unsaid"], self._unsaid = self._unsaid, 0
        self._writer.put(json.dumps(told, ensure_ascii=True))

    def latest(self, count: int) -> list[dict[str, object]]:
        """The last lines that are written, oldest first. Reads files: not for the loop's thread."""
        return self._writer.latest(count) if self._writer is not None else []

    def close(self) -> None:
        """Write what waits, for at most two seconds."""
        if self._writer is not None:
            self._writer.close()


class _Writer:
    """A thread that appends lines to a file that is rotated."""

    def __init__(self, path: Path, size: int, kept: int) -> None:
        self.lost = 0
        self._path = path
        self._size = size
        self._kept = kept
        self._failing = False
        self._untold = 0
        self._queue: queue.Queue[str | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self._lose(1)

    def close(self) -> None:
        with suppress(queue.Full):
            self._queue.put(None, timeout=CLOSE_LIMIT)
        self._thread.join(CLOSE_LIMIT)

    def latest(self, count: int) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for path in (self._path, *(self._aside(number) for number in range(1, self._kept + 1))):
            if len(found) >= count:
                break
            found = [*_lines(path, count - len(found)), *found]
        return found

    def _run(self) -> None:
        while (line := self._queue.get()) is not None:
            lines = [line]
            ending = False
            with suppress(queue.Empty):
                while len(lines) < 1_000:
                    following = self._queue.get_nowait()
                    if following is None:
                        ending = True
                        break
                    lines.append(following)
            self._append(lines)
            if ending:
                return

    def _append(self, lines: list[str]) -> None:
        lost = self._untold
        text = "".join(f"{each}\n" for each in ([json.dumps({"lost": lost})] if lost else []) + lines)
        try:
            self._rotate(len(text))
            self._write(text.encode())
        except OSError as error:
            self._lose(len(lines))
            if not self._failing:
                log.warning("audit log cannot be written", path=str(self._path), problem=str(error), note="orders go on; make room there")
            self._failing = True
            return
        self._untold -= lost
        if self._failing:
            log.warning("audit log is written again", path=str(self._path), lost=lost)
        self._failing = False

    def _write(self, text: bytes) -> None:
        """All of it, or nothing: half a line would spoil the next one."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            before = os.fstat(descriptor).st_size
            try:
                while text:
                    text = text[os.write(descriptor, text) :]
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)

    def _rotate(self, coming: int) -> None:
        try:
            if self._path.stat().st_size + coming <= self._size:
                return
        except FileNotFoundError:
            return
        for number in range(self._kept - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._aside(number).replace(self._aside(number + 1))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _lose(self, count: int) -> None:
        self.lost += count
        self._untold += count


def _lines(path: Path, count: int) -> list[dict[str, object]]:
    """The last lines of a file; none of one that is not there. What is no line of ours is left out."""
    found: list[dict[str, object]] = []
    with suppress(OSError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:] if count > 0 else []:
            with suppress(ValueError):
                found.append(json.loads(line))
    return found


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
