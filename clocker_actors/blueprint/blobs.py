"""Files a blueprint names: who reads the text cannot reach them, so they are listed and later replaced by the SHA-256 of what was uploaded.

The CLI makes a tar of each named folder, uploads it, and sends the sums beside the text; the daemon never opens a path that a client gave it.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clocker_actors.allowances import Power
from clocker_actors.errors import BadRequest
from clocker_actors.model.specs import BUILT_IMAGE, ApplicationSpec, Blueprint, BuildSpec, ContainerSpec, ImageSpec, ServiceSpec

BELOW = "context"
"""Folder of a build whose Dockerfile is inline: what the blueprint has next to it, or nothing."""
_REPOSITORY = re.compile(
    r"(?:(?:https?|git|ssh|file)://[^\s#]+|git@[A-Za-z0-9.-]+:[^\s#]+)(?:#(?:[A-Za-z0-9_][A-Za-z0-9_./-]*)?(?::[A-Za-z0-9_.][A-Za-z0-9_./-]*)?)?"
)


@dataclass(frozen=True, slots=True)
class FileReference:
    """A build context: `path` is relative to the blueprint, or a git repository; `placeholder` stands for it in the specs. With `inline`, a tar of a Dockerfile and what else
    stands in the blueprint or type, what is uploaded is that, and what is at the path below `context/` in it (see `combined`)."""

    path: str
    placeholder: str
    inline: bytes = b""
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)
    """Where it is written first."""

    @property
    def repository(self) -> bool:
        """Whether it stands in a git repository."""
        return is_repository(self.path)


@dataclass(frozen=True, slots=True)
class ParsedBlueprint:
    """Specs whose build contexts are still placeholders, and the files those stand for. `inline` are contexts whose files are written in the blueprint or in
    types, by SHA-256; `urls` have to answer before it is deployed, each with where it is written; `places` are the docker clouds
    that it names to run in, each with where that is written; `powers` is what containers have beyond the usual, likewise."""

    blueprint: Blueprint
    files: tuple[FileReference, ...]
    inline: Mapping[str, bytes] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    powers: Mapping[Power, str] = field(default_factory=dict)


def is_repository(text: str) -> bool:
    """Whether a build context is a git repository: `URL[#branch[:folder]]`."""
    return bool(_REPOSITORY.fullmatch(text))


def placeholder(path: str, inline: bytes = b"") -> str:
    """What stands for a path in the specs until it is uploaded."""
    return f"file:{path}#{hashlib.sha256(inline).hexdigest()[:12]}" if inline else f"file:{path}"


def packed(files: Mapping[str, str]) -> bytes:
    """A tar of these files: the same files always give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folder = tarfile.TarInfo(BELOW)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        for name in sorted(files):
            content = files[name].encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def combined(inline: bytes, context: bytes) -> bytes:
    """A tar of what stands in a blueprint or type, and below `context/` what a folder next to the blueprint has."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for prefix, part in (("", inline), (f"{BELOW}/", context)):
            with tarfile.open(fileobj=io.BytesIO(part)) as source:
                for entry in source:
                    content = source.extractfile(entry) if entry.isfile() else None
                    entry.name = prefix + entry.name
                    archive.addfile(entry, content)
    return buffer.getvalue()


def with_blobs(parsed: ParsedBlueprint, blobs: Mapping[str, str]) -> Blueprint:
    """The blueprint with each placeholder replaced by its blob's SHA-256, and each built image named after what it is built from.

    Raises BadRequest if a file has no blob.
    """
    missing = [file.placeholder.removeprefix("file:") for file in parsed.files if file.placeholder not in blobs]
    if missing:
        raise BadRequest(f"files of the blueprint were not uploaded: {', '.join(missing)}; upload each as a blob and name its sum")
    applications = tuple(_application(each, blobs) for each in parsed.blueprint.applications)
    return replace(parsed.blueprint, applications=applications)


def _application(spec: ApplicationSpec, blobs: Mapping[str, str]) -> ApplicationSpec:
    return replace(spec, services=tuple(_service(each, blobs) for each in spec.services))


def _service(spec: ServiceSpec, blobs: Mapping[str, str]) -> ServiceSpec:
    container = _container(spec.container, blobs) if spec.container else None
    cluster = replace(spec.cluster, member=_service(spec.cluster.member, blobs)) if spec.cluster else None
    return replace(spec, container=container, cluster=cluster, children=tuple(_service(each, blobs) for each in spec.children))


def _container(spec: ContainerSpec, blobs: Mapping[str, str]) -> ContainerSpec:
    build = spec.image.build
    if build is None:
        return spec
    built = replace(build, context=blobs.get(build.context, build.context))
    return replace(spec, image=ImageSpec(_reference(built), built))


def _reference(build: BuildSpec) -> str:
    """Same content, same name: so that an engine which has it already need not build it again."""
    content = hashlib.sha256()
    for part in (build.context, build.dockerfile, *(f"{name}={build.arguments[name]}" for name in sorted(build.arguments))):
        content.update(part.encode() + b"\0")
    return f"{BUILT_IMAGE}{content.hexdigest()[:24]}"
