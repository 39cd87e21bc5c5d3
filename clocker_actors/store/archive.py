"""A backup: one file (tar) with a manifest, the database at one moment, uploads, keys, and whatever else lies in the state directory.

    gather   what goes into it, as it is at one moment, without holding anybody who writes
    pieces   its bytes, one piece after the other
    unpack   all of it into an empty directory, every byte checked against the manifest

It holds keys and what they open: it is for its owner alone (0600), wherever it is kept.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from clocker_actors.errors import BadRequest, StoreFault
from clocker_actors.store.faults import told_as_faults
from clocker_actors.store.lease import PID_FILE
from clocker_actors.store.schema import VERSION

DATABASE = "state.sqlite"
MANIFEST = "manifest.json"
FORMAT = 1
SUFFIX = ".backup"
LEFT_OUT = frozenset({PID_FILE, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal"})
LOG = "audit.log"
"""It is the account of what was done with one state directory, not state."""
SECRETS_KEY = "secrets.key"
LEFT_OUT_FOLDERS = frozenset({"run", "recordings"})
"""Sockets of tunnels, and recordings: as large as they are, they are no state."""
WORKPLACE = ".backup"
SLICE = 256
"""Pages copied between two turns for others: about a megabyte."""
PIECE = 256 * 1024
_MOST_MANIFEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a backup."""

    size: int
    sha256: str
    mode: int = 0o600


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds and of when it is. `ids` is the first id that may have been handed out after it."""

    at: float
    version: str
    schema: int
    identity: str
    epoch: int
    ids: int
    files: Mapping[str, Kept] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(kept.size for kept in self.files.values())


def gather(state: Path, folder: Path, *, at: float, version: str, ids: int, keys: bool = True) -> Manifest:
    """Bring together in `folder` (empty, on the same file system) what the state directory holds now; to be called in a thread of its own.

    Uploads are looked at before and after the database, so that each it names is there. Without `keys` the key of secrets is left out. Raises StoreFault, StoreUnwritable."""
    with told_as_faults("make a backup of", state):
        _link_all(state, folder, keys)
        epoch, identity = copy_database(state / DATABASE, folder / DATABASE)
        _link_all(state, folder, keys)
        files = {name: _kept(folder / name) for name in sorted({*names(folder), DATABASE})}
    return Manifest(at, version, VERSION, identity, epoch, ids, files)


def copy_database(source: Path, target: Path) -> tuple[int, str]:
    """Copy a database in slices as it is at the moment of the first, while others go on writing; its epoch and identity."""
    reader = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        reader.execute("BEGIN")  # what is seen from here on is what was there now: the copy never begins anew
        numbers = dict(reader.execute("SELECT name, number FROM meta"))
        target.touch(mode=0o600)
        copy = sqlite3.connect(target, isolation_level=None)
        try:
            reader.backup(copy, pages=SLICE, sleep=0.001)
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        finally:
            copy.close()
    finally:
        reader.close()
    return int(numbers["epoch"]), f"{int(numbers['identity']):08x}"


def pieces(folder: Path, manifest: Manifest) -> Generator[bytes, None, None]:
    """The bytes of the backup. Raises StoreFault when a file is not as it was gathered."""
    described = json.dumps(asdict(manifest), indent=1).encode()
    yield from _entry(MANIFEST, described, manifest.at)
    for name, kept in manifest.files.items():
        with told_as_faults("read", folder / name):
            info = _info(name, kept.size, kept.mode, manifest.at)
            yield info.tobuf(tarfile.PAX_FORMAT)
            with (folder / name).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        yield bytes(-kept.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def manifest_of(archive: Path) -> Manifest:
    """The manifest of a backup. Raises BadRequest for a file that is none."""
    with _opened(archive) as tar:
        return _manifest(tar, archive)


def unpack(archive: Path, folder: Path) -> Manifest:
    """Write all files of a backup into an empty folder, each checked. Raises BadRequest when it is no backup or not whole, and StoreFault."""
    with _opened(archive) as tar:
        manifest = _manifest(tar, archive)
        missing = set(manifest.files)
        while (info := tar.next()) is not None:
            kept = manifest.files.get(info.name)
            if kept is None or info.name not in missing or not info.isreg() or not _is_inside(info.name):
                raise BadRequest(f"{archive} holds {info.name!r}, of which its manifest does not know: it is damaged, take another backup")
            _write(tar, info, folder / info.name, kept, archive)
            missing.discard(info.name)
    if missing:
        raise BadRequest(f"{archive} is cut off: {min(missing)} and {len(missing) - 1} other files are missing; take another backup")
    return manifest


class _opened:  # noqa: N801 - used as a function
    """The archive, its faults in our words."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._tar: tarfile.TarFile | None = None

    def __enter__(self) -> tarfile.TarFile:
        try:
            self._tar = tarfile.open(self._archive, "r:")
        except FileNotFoundError:
            raise BadRequest(f"there is no file {self._archive}; name a backup that `clocker backup` made") from None
        except (OSError, tarfile.TarError) as error:
            raise BadRequest(f"{self._archive} is no backup ({error}); name one that `clocker backup` made") from None
        return self._tar

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        assert self._tar is not None
        self._tar.close()
        if isinstance(error, tarfile.TarError | EOFError):
            raise BadRequest(f"{self._archive} is damaged ({error}); take another backup") from None


def _manifest(tar: tarfile.TarFile, archive: Path) -> Manifest:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == MANIFEST and first.size <= _MOST_MANIFEST else None
    if content is None:
        raise BadRequest(f"{archive} is no backup: it does not begin with {MANIFEST}; name one that `clocker backup` made")
    try:
        manifest = msgspec.json.decode(content.read(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"{archive}: its manifest cannot be read ({error}); take another backup") from None
    if manifest.format > FORMAT or manifest.schema > VERSION:
        raise StoreFault(
            f"{archive} was made by a newer clocker-actors ({manifest.version}, schema {manifest.schema}; this one knows {VERSION}): restore it with that",
            path=archive,
        )
    return manifest


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path, kept: Kept, archive: Path) -> None:
    content = tar.extractfile(info)
    assert content is not None
    found = hashlib.sha256()
    with told_as_faults("write", path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while piece := content.read(PIECE):
                found.update(piece)
                file.write(piece)
            os.fchmod(file.fileno(), kept.mode & 0o700)
            file.flush()
            os.fsync(file.fileno())
    if info.size != kept.size or found.hexdigest() != kept.sha256:
        raise BadRequest(f"{archive}: {info.name} is not what it was when the backup was made; take another backup", file=info.name)


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in PurePosixPath(name).parts


def _link_all(state: Path, folder: Path, keys: bool) -> None:
    """Have every file of the state in the folder, too: what is removed there meanwhile stays here. Files that are changed in place are copied."""
    for name in names(state):
        target = folder / name
        if target.exists() or (name == SECRETS_KEY and not keys):
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # removed between the two
            if name.startswith("blobs/"):
                os.link(state / name, target)
            else:
                shutil.copyfile(state / name, target)
                target.chmod((state / name).stat().st_mode & 0o700)


def names(folder: Path) -> Iterator[str]:
    """Paths of what a backup of this directory holds beside the database, relative to it."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if hidden or inside.parts[0] in LEFT_OUT_FOLDERS or path.is_symlink() or not path.is_file():
            continue
        if str(inside) not in LEFT_OUT and not str(inside).startswith(LOG):
            yield inside.as_posix()


def _kept(path: Path) -> Kept:
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
            size += len(piece)
    return Kept(size, found.hexdigest(), path.stat().st_mode & 0o700)


def _entry(name: str, content: bytes, at: float) -> Iterator[bytes]:
    file = io.BytesIO()
    file.write(_info(name, len(content), 0o600, at).tobuf(tarfile.PAX_FORMAT))
    file.write(content + bytes(-len(content) % tarfile.BLOCKSIZE))
    yield file.getvalue()


def _info(name: str, size: int, mode: int, at: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, int(at)
    return info
