"""A recording as a file: pieces, each compressed by itself, each made of whole records; so one that was cut off is read up to the cut.

    piece    a gzip member of records: four bytes of length, then msgpack
    record   [word, ...]: HEAD first, then TYPE before the first value of it, KEPT (the snapshot), and what happened: IN, SEEN, RAISED, DECIDED;
             each piece ends with SUM, the digest of all decisions so far, and the last one with END

Writing is the business of one thread. It never raises and never makes the daemon wait: what cannot be written (a full disk, a slow one, the bound
on the size) ends the recording, and is said once.
"""

import gzip
import logging
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

from clocker_actors import masking
from clocker_actors.errors import BadRequest
from clocker_actors.recording.codec import pack, unpack

log = logging.getLogger("clocker.recording")

HEAD, TYPE, KEPT, IN, SEEN, RAISED, DECIDED, SUM, END = "head", "type", "kept", "in", "seen", "raised", "decided", "sum", "end"
FORMAT = 1
SUFFIX = ".rec"
PIECE = 64 * 1024
MOST_WAITING = 32 * 1024 * 1024
"""Bytes that may wait for the disk."""

Record = list[Any]


class Writer:
    """Appends records to a new file of mode 0600 with at most `size` bytes. `stopped` says why nothing is written any more, "" while it is."""

    def __init__(self, path: Path, size: int) -> None:
        """Raises OSError."""
        self.path = path
        self.stopped = ""
        self.written = 0
        self._size = size
        self._piece = bytearray()
        self._waiting = 0
        self._lock = threading.Lock()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recording")

    @property
    def filled(self) -> bool:
        """Whether it is time for `flush`."""
        return len(self._piece) >= PIECE

    def add(self, record: Record) -> None:
        """Put a record into the piece that is being filled."""
        body = pack(record)
        self._piece += len(body).to_bytes(4, "big")
        self._piece += body

    def flush(self) -> None:
        """Have the piece written."""
        piece, self._piece = bytes(self._piece), bytearray()
        if self.stopped or not piece:
            return
        with self._lock:
            self._waiting += len(piece)
            if self._waiting > MOST_WAITING:
                self.stop(f"its disk is too slow, {self._waiting} bytes wait for it")
                return
        self._thread.submit(self._write, piece, masking.forms())

    def drain(self) -> None:
        """Wait until all is written: for a snapshot, of which nothing may be left out."""
        self.flush()
        self._thread.submit(bool).result()

    def stop(self, why: str) -> None:
        """Write nothing more; said once."""
        if not self.stopped:
            self.stopped = why
            log.warning("recording %s ends: %s; the daemon goes on, and its next start begins another one", self.path.name, why)

    def keep(self, files: int) -> None:
        """Have the oldest files beside this one removed, so that there are so many."""
        self._thread.submit(_keep, self.path.parent, files)

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        self.flush()
        self._thread.submit(self._close)
        self._thread.shutdown(wait=True)

    # --- in the thread

    def _write(self, piece: bytes, secrets: tuple[str, ...]) -> None:
        with self._lock:
            self._waiting -= len(piece)
        if self.stopped:
            return
        try:
            content = gzip.compress(_masked(piece, secrets), 1, mtime=0)
            if self.written + len(content) > self._size:
                self.stop(f"it has its {self._size} bytes (recording_size)")
                return
            self._file.write(content)
            self._file.flush()
            self.written += len(content)
        except OSError as error:
            self.stop(f"it cannot be written ({error.strerror or error})")

    def _close(self) -> None:
        try:
            self._file.close()
        except OSError as error:  # what was not written yet cannot be; the file is read up to there
            self.stop(f"it cannot be written ({error.strerror or error})")


def _masked(piece: bytes, secrets: tuple[str, ...]) -> bytes:
    """Stars in the place of secrets, as many as there were bytes: what is around them stays readable."""
    for secret in secrets:
        found = secret.encode("utf-8", "surrogatepass")
        if found in piece:
            piece = piece.replace(found, b"*" * len(found))
    return piece


def read(path: Path) -> Iterator[Record]:
    """All whole records. Raises BadRequest for what is no recording of a format that is known."""
    first = True
    try:
        with path.open("rb") as raw:
            for piece in _pieces(raw.read):
                for body in _bodies(BytesIO(piece).read):
                    record = unpack(body)
                    if first and (not isinstance(record, list) or record[:2] != [HEAD, FORMAT]):
                        raise BadRequest(f"{path} is a recording of another version of this program: replay it by that")
                    first = False
                    yield record
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if first:
            why = getattr(error, "strerror", None) or "it is none"
            raise BadRequest(f"{path} cannot be read as a recording: {why}; take one of recordings/ in the state directory") from None
    if first:
        raise BadRequest(f"{path} is empty: the daemon ended before it had recorded anything")


def _pieces(take: Callable[[int], bytes]) -> Iterator[bytes]:
    """Those that are whole; each has been checked by its sum before it is given."""
    left = b""
    while True:
        member, found = zlib.decompressobj(zlib.MAX_WBITS | 16), bytearray()
        while not member.eof:
            some = left or take(PIECE)
            if not some:
                return
            found += member.decompress(some)
            left = b""
        left = member.unused_data
        yield bytes(found)


def _bodies(take: Callable[[int], bytes]) -> Iterator[bytes]:
    while len(length := take(4)) == 4:
        size = int.from_bytes(length, "big")
        if len(body := take(size)) < size:
            return
        yield body


def _keep(folder: Path, files: int) -> None:
    there = sorted(folder.glob(f"*{SUFFIX}"))
    try:
        for old in there[: max(0, len(there) - files)]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("old recordings in %s cannot be removed (%s); remove them yourself", folder, error.strerror or error)
