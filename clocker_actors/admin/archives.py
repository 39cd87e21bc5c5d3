"""Files of types out of what people have: one YAML file, a folder of them, or a tar or zip archive. Nothing is written to disk, and all is bounded."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from clocker_actors.errors import BadRequest
from clocker_actors.model.catalogue import TypeSource

ENDINGS = (".yaml", ".yml", ".bom")
MOST_FILES = 200
MOST_BYTES = 4 << 20
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError),
)
"""What the readers of archives raise for one that somebody has spoiled."""
_WHAT = f"files that end in {', '.join(ENDINGS)}, at most {MOST_FILES} of {MOST_BYTES >> 20} MiB in all"


def from_path(path: Path) -> list[TypeSource]:
    """The files of types that a path names. Raises BadRequest."""
    try:
        if path.is_dir():
            found = (
                (each.relative_to(path).as_posix(), each) for each in sorted(path.rglob("*")) if _is_type(each.name) and each.is_file()
            )
            return _bounded(((name, each.read_bytes()) for name, each in found), str(path))
        return from_bytes(path.name, path.read_bytes())
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}); give a YAML file, a folder or an archive of them", path=path) from None


def from_bytes(name: str, content: bytes) -> list[TypeSource]:
    """The files of types in an archive, or the one that this is. Raises BadRequest."""
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            return _bounded(_zipped(content), name)
        if content[:2] == b"\x1f\x8b" or content[257:262] == b"ustar":
            return _bounded(_tarred(content), name)
    except _BROKEN as error:
        raise BadRequest(f"{name} cannot be unpacked ({error}); make a tar or zip archive of YAML files", path=name) from None
    return _bounded([(name, content)], name)


def _zipped(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist()[: MOST_FILES * 100]:
            if not entry.is_dir() and _is_type(entry.filename):
                with archive.open(entry) as file:
                    yield entry.filename, file.read(MOST_BYTES + 1)


def _tarred(content: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        for number, entry in enumerate(archive):
            if number > MOST_FILES * 100:
                return
            file = archive.extractfile(entry) if entry.isfile() and _is_type(entry.name) else None
            if file is not None:
                yield entry.name, file.read(MOST_BYTES + 1)


def _is_type(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last.endswith(ENDINGS) and not last.startswith(".")


def _bounded(files: "Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]", where: str) -> list[TypeSource]:
    found: list[TypeSource] = []
    size = 0
    for name, content in files:
        size += len(content)
        if len(found) == MOST_FILES or size > MOST_BYTES:
            raise BadRequest(f"{where} is too much for a catalogue; give it {_WHAT}", path=where)
        try:
            found.append(TypeSource(name.removeprefix("./"), content.decode()))
        except UnicodeDecodeError:
            raise BadRequest(f"{name} in {where} is not UTF-8; save it as that", path=name) from None
    if not found:
        raise BadRequest(f"{where} has no types in it; give it {_WHAT}", path=where)
    return found
