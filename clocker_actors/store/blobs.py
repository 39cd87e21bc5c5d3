"""Uploaded files, each named by the SHA-256 of its content, so that one upload serves however many deploys and a damaged file is noticed.

Files are 0600 and appear by rename, so a half-written one is never seen. Hashing and disk work happen in the executor. A blob that no record names is
swept, unless its client was told in the last hour that it is here, and may be about to deploy something with it. Once a record has named it, it goes
with that record.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from pathlib import Path

from clocker_actors.errors import BadRequest, NotFound, StoreFault
from clocker_actors.store.faults import told_as_faults

PROMISE = 3600.0
"""Seconds that an upload is kept for a deploy to name it."""
ACCEPTED = 30.0
"""Seconds within which a deploy that was told that its upload is here has been written, or has failed."""
LIMIT = 512 * 1024 * 1024
"""Most bytes of one blob."""

_UNFINISHED = ".upload-"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileBlobs:
    """See ports.store.Blobs. `directory` is made when first needed (0700); `limit` is in bytes, `now` gives epoch seconds."""

    def __init__(self, directory: Path, executor: Executor | None = None, *, limit: int = LIMIT, now: Callable[[], float]) -> None:
        self._directory = directory
        self._executor = executor
        self._limit = limit
        self._now = now
        self._promised: dict[str, float] = {}  # when a client was last told that it is here
        self._swept = False

    async def put(self, content: bytes) -> str:
        """Keep the content; its SHA-256 comes back. Raises BadRequest when it is too large, StoreFault when it cannot be written."""
        if len(content) > self._limit:
            raise BadRequest(
                f"the upload has {len(content)} bytes and {self._limit} are allowed; leave files out with .dockerignore", limit=self._limit
            )
        name = await asyncio.get_running_loop().run_in_executor(self._executor, self._write, content)
        self._promised[name] = self._now()
        return name

    async def get(self, sha256: str) -> bytes:
        """The content, checked against its name. Raises NotFound, or StoreFault when it is damaged."""
        path = self._path(sha256)
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._read, path)

    def has(self, sha256: str) -> bool:
        """Whether the content is here; if so it stays until a record has named it, as it does after `put`."""
        path = self._path(sha256)
        self._promised[sha256] = self._now()  # first, so that a sweep that is under way leaves it
        if path.is_file():
            return True
        self._promised.pop(sha256)
        return False

    async def sweep(self, named: Collection[str]) -> int:
        """Remove blobs that are not among the names that records hold, and at the first time uploads that an earlier run left half-written; how many
        blobs. What was promised in the last hour stays; a record that names it ends the promise. Raises StoreFault when one cannot be removed."""
        loop, now = asyncio.get_running_loop(), self._now()
        if not self._swept:
            self._promised = await loop.run_in_executor(self._executor, self._begin) | self._promised
            self._swept = True
        limits = {name: ACCEPTED if name in named else PROMISE for name in self._promised}
        self._promised = {name: at for name, at in self._promised.items() if now - at < limits[name]}
        return await loop.run_in_executor(self._executor, self._sweep, frozenset(named) | self._promised.keys())

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise BadRequest(f"{sha256[:80]!r} does not name a blob; give the SHA-256 of its content in 64 lower-case hex digits")
        return self._directory / sha256

    def _write(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        path = self._directory / name
        with told_as_faults("write", path):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, content)  # even over one of that name: it may be damaged
        return name

    def _begin(self) -> dict[str, float]:
        """Remove what an earlier run left half-written; uploads that it took, with their times: their clients may only now be about to deploy."""
        if not self._directory.is_dir():
            return {}
        now, kept = self._now(), {}
        with told_as_faults("sweep", self._directory):
            for path in self._directory.iterdir():
                if path.name.startswith(_UNFINISHED):
                    path.unlink(missing_ok=True)
                elif _SHA256.fullmatch(path.name):
                    kept[path.name] = min(now, path.stat().st_mtime)
        return kept

    def _sweep(self, keep: Collection[str]) -> int:
        if not self._directory.is_dir():
            return 0
        removed = 0
        with told_as_faults("sweep", self._directory):
            for path in tuple(self._directory.iterdir()):
                if _SHA256.fullmatch(path.name) and path.name not in keep and path.name not in self._promised:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _read(self, path: Path) -> bytes:
        with told_as_faults("read", path):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                raise NotFound(f"no blob {path.name} here; upload the file again", sha256=path.name) from None
        if hashlib.sha256(content).hexdigest() != path.name:
            raise StoreFault(f"blob {path} is damaged: its content does not match its name; remove it and upload the file again", path=path)
        return content


def _write_whole(path: Path, content: bytes) -> None:
    # mkstemp makes the file 0600; the rename makes it appear whole.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
