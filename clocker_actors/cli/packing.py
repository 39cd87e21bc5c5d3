"""A build context as one tar: the same folder always gives the same bytes, so the same SHA-256, so an upload and a build happen once.

Order, times and owners are fixed; of modes only "executable" is kept. `.dockerignore` is obeyed as Docker does. A symlink that leads out of the folder is
refused, since what it names is not uploaded with it.
"""

import io
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from clocker_actors.errors import BadRequest

IGNORE = ".dockerignore"
ALWAYS = frozenset({IGNORE, "Dockerfile"})
LIMIT = 512 * 1024 * 1024


class Ignored:
    """The rules of a .dockerignore file: the last one that matches a path, or a folder above it, counts."""

    def __init__(self, text: str) -> None:
        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for line in text.splitlines():
            rule = line.strip()
            if not rule or rule.startswith("#"):
                continue
            kept = rule.startswith("!")
            pattern = str(PurePosixPath(rule.removeprefix("!").strip().strip("/")))
            if pattern != ".":
                self._rules.append((re.compile(_expression(pattern)), kept))
        self.exceptions = any(kept for _, kept in self._rules)

    def __call__(self, path: str) -> bool:
        """Whether a path (relative, with slashes) is left out."""
        if path in ALWAYS:
            return False
        above = [path, *(str(parent) for parent in PurePosixPath(path).parents if str(parent) != ".")]
        ignored = False
        for pattern, kept in self._rules:
            if any(pattern.fullmatch(each) for each in above):
                ignored = not kept
        return ignored


def _expression(pattern: str) -> str:
    """A pattern of .dockerignore as a regular expression."""
    made = ""
    rest = pattern
    while rest:
        if rest.startswith("**/"):
            made, rest = f"{made}(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            made, rest = f"{made}.*", rest[2:]
        elif rest[0] == "*":
            made, rest = f"{made}[^/]*", rest[1:]
        elif rest[0] == "?":
            made, rest = f"{made}[^/]", rest[1:]
        elif rest[0] == "[" and "]" in rest:
            inner, _, rest = rest[1:].partition("]")
            made = f"{made}[{inner.replace(chr(92), chr(92) * 2)}]"
        else:
            made, rest = made + re.escape(rest[0]), rest[1:]
    return made


def pack(folder: Path) -> bytes:
    """The tar of a folder. Raises BadRequest: no folder, a symlink out of it, unreadable, or over 512 MiB."""
    if not folder.is_dir():
        raise BadRequest(f"build context {folder} is not a folder; name one next to the blueprint", path=folder)
    ignore = folder / IGNORE
    buffer = io.BytesIO()
    size = 0
    try:
        ignored = Ignored(ignore.read_text(encoding="utf-8") if ignore.is_file() else "")
        found = []
        for path, name in _walk(folder, folder.resolve(), ignored):
            size += path.lstat().st_size
            if size > LIMIT:  # before anything is read
                words = f"build context {folder} is over {LIMIT >> 20} MiB at {name}; leave files out with {IGNORE}"
                raise BadRequest(words, path=folder)
            found.append((path, name))
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, name in found:
                _add(archive, path, name)
    except OSError as error:
        raise BadRequest(
            f"build context {folder} cannot be read ({error}); make its files readable, or leave them out with {IGNORE}"
        ) from error
    except (UnicodeDecodeError, re.error) as error:
        raise BadRequest(f"{ignore} cannot be understood ({error}); write one pattern per line, in UTF-8", path=ignore) from error
    return buffer.getvalue()


def pack_file(path: Path) -> bytes:
    """The tar of one file, under its name. Raises BadRequest: unreadable, or over 512 MiB."""
    buffer = io.BytesIO()
    try:
        if path.stat().st_size > LIMIT:
            raise BadRequest(f"{path} is over {LIMIT} bytes; name a smaller file", path=path)
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, path.resolve(), path.name)
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error}); make it readable", path=path) from error
    return buffer.getvalue()


def _walk(folder: Path, top: Path, ignored: Ignored, under: str = "") -> Iterator[tuple[Path, str]]:
    """Paths with their names in the archive, sorted; folders before what is in them."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name, path = f"{under}{entry.name}", Path(entry.path)
        out = ignored(name)
        if entry.is_symlink():
            if not out:
                _check_link(path, top)
                yield path, name
        elif entry.is_dir():
            if not out:
                yield path, name
            if not out or ignored.exceptions:
                yield from _walk(path, top, ignored, f"{name}/")
        elif entry.is_file() and not out:
            yield path, name


def _check_link(path: Path, top: Path) -> None:
    target = path.readlink()
    if target.is_absolute() or not Path(os.path.normpath(path.parent.resolve() / target)).is_relative_to(top):
        raise BadRequest(
            f"{path} is a symlink out of the build context (to {target}); copy the file in, or leave it out with {IGNORE}", path=path
        )


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Put one file, folder or link into the archive."""
    info = tarfile.TarInfo(name)
    status = path.lstat()
    info.mode = 0o755 if path.is_symlink() or path.is_dir() or status.st_mode & 0o100 else 0o644
    if path.is_symlink():
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
        archive.addfile(info)
        return
    if path.is_dir():
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
        return
    with path.open("rb") as content:
        info.size = os.fstat(content.fileno()).st_size
        archive.addfile(info, content)
