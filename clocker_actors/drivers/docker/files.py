"""Files for a container, as the tar that engines take. Pure: equal files give equal bytes."""

import io
import tarfile
from collections.abc import Sequence
from zlib import crc32

from clocker_actors.model.specs import FileSpec

_SOME_TIME = 1_000_000_000
"""Another content gets another time of change, or whoever compares times would miss it."""


def packed(files: Sequence[FileSpec]) -> bytes:
    """The tar, to be unpacked at `/`. Folders that are missing the engine makes; those that are there stay as they are, so none are named."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            content = file.content.encode()
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.size, entry.mode = len(content), file.mode
            entry.mtime = _SOME_TIME + crc32(content) % 100_000_000
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()
