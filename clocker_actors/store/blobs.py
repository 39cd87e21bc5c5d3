"""Uploaded files, each named by the SHA-256 of its content, so that one upload serves however many deploys and a damaged file is noticed.

Files are 0600 and appear by rename, so a half-written one is never seen. Hashing and disk work happen in the executor. A blob that no record names is
swept, unless it was put or asked for in this run and is still to be named.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from concurrent.futures import Executor
from pathlib import Path

from clocker_actors.errors import BadRequest, NotFound, StoreFault
from clocker_actors.store.faults import told_as_faults

LIMIT = 512 * 1024 * 1024
"""Most bytes of one blob."""

_UNFINISHED = ".upload-"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileBlobs:
    """See ports.store.Blobs. `directory` is made when first needed (0700); `limit` is in bytes."""

    def __init__(self, directory: Path, executor: Executor | None = None, *, limit: int = LIMIT) -> None:
        self._directory = directory
        self._executor = executor
        self._limit = limit
        self._promised: set[str] = set()  # told to a client, who is about to deploy something with it
        self._swept = False

    async def put(self, content: bytes) -> str:
        """Keep the content; its SHA-256 comes back. Raises BadRequest when it is too large, StoreFault when it cannot be written."""
        if len(content) > self._limit:
            raise BadRequest(
                f"the upload has {len(content)} bytes and {self._limit} are allowed; leave files out with .dockerignore", limit=self._limit
            )
        name = await asyncio.get_running_loop().run_in_executor(self._executor, self._write, content)
        self._promised.add(name)
        return name

    async def get(self, sha256: str) -> bytes:
        """The content, checked against its name. Raises NotFound, or StoreFault when it is damaged."""
        path = self._path(sha256)
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._read, path)

    def has(self, sha256: str) -> bool:
        """Whether the content is here; if so it stays until a record has named it, as it does after `put`."""
        found = self._path(sha256).is_file()
        if found:
            self._promised.add(sha256)
        return found

    async def sweep(self, named: Collection[str]) -> int:
        """Remove blobs that are not among the names that records hold, and at the first time uploads that an earlier run left half-written; how many
        files. Raises StoreFault when one cannot be removed."""
        self._promised.difference_update(named)
        keep = frozenset(named) | self._promised
        first, self._swept = not self._swept, True
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._sweep, keep, first)

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

    def _sweep(self, keep: Collection[str], first: bool) -> int:
        if not self._directory.is_dir():
            return 0
        with told_as_faults("sweep", self._directory):
            stale = [
                path
                for path in self._directory.iterdir()
                if (_SHA256.fullmatch(path.name) and path.name not in keep) or (first and path.name.startswith(_UNFINISHED))
            ]
            for path in stale:
                path.unlink(missing_ok=True)
        return len(stale)

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
