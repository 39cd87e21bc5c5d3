"""Image references: registry (with port), repository, tag and digest.

    [registry[:port]/]path/of/repository[:tag][@sha256:…]

A first part with a dot, a colon or the word `localhost` is a registry, as engines decide it. Without tag and digest the tag is `latest`, because an
engine asked for no tag would pull them all.
"""

import re
from dataclasses import dataclass

from clocker_actors.blueprint.nodes import quote

_PART = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_REGISTRY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_MOST = 512


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A parsed reference; `str()` is what an engine takes."""

    registry: str
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}" if self.registry else self.repository
        tag = f":{self.tag}" if self.tag else ""
        return f"{name}{tag}@{self.digest}" if self.digest else name + tag


def parse_image(text: str) -> ImageReference | str:
    """The reference, or in words what is wrong with it and what would be right."""
    if not text or len(text) > _MOST:
        return "an image reference has 1 to 512 characters; write it as name:tag"
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return f"{quote(digest)} is not a digest; write sha256: and 64 hexadecimal digits"
    head, slash, rest = name.partition("/")
    has_registry = bool(slash) and ("." in head or ":" in head or head == "localhost")
    registry, path = (head, rest) if has_registry else ("", name)
    if has_registry and not _REGISTRY.fullmatch(head):
        return f"{quote(head)} is not a registry; write host or host:port"
    repository, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        return f"{quote(tag)} is not a tag; write letters, digits, `_`, `.` and `-` after the colon"
    for part in repository.split("/"):
        if not _PART.fullmatch(part):
            return f"{quote(repository)} is not an image name; write lower-case words separated by `/`, as in team/web:1"
    return ImageReference(registry, repository, tag or ("" if digest else "latest"), digest)
