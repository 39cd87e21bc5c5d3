"""What an engine's refusals mean in our words.

Engines tell kinds of faults apart by text more than by status: a taken port and a full disk are both a 500. The texts matched here
are those of engines 20.10 to 29; one that is not known becomes a plain EngineFault with the engine's own words.
"""

import re

from clocker_actors.errors import (
    ClockerError,
    EngineFault,
    EngineUnavailable,
    ImageNotFound,
    NameConflict,
    NotFound,
    OutOfDisk,
    PortTaken,
    PullDenied,
)

_HOLDER = re.compile(r'already in use by container "?([0-9a-f]{12,64})')
_DENIED = ("pull access denied", "unauthorized", "authentication required", "denied:", "no basic auth", "403 forbidden", "401 unauthorized")
_PLAIN_NO = re.compile(r"(?:^|: )denied$", re.MULTILINE)
"""All that is left of a registry's 403 in engines from 28 on."""
_NO_IMAGE = (
    "no such image",
    "manifest unknown",
    "manifest for",
    "not found: manifest",
    "repository does not exist",
    "no matching manifest",
)
_NOT_FOUND = re.compile(r"failed to resolve reference .*: not found$", re.MULTILINE)
"""A missing tag, as engines say it that keep their images in containerd (from 29 on all new ones)."""
_NO_REGISTRY = ("no such host", "dial tcp", "i/o timeout", "server misbehaving", "tls handshake", "connection refused", "request canceled")
_GONE = ("no such container", "no such volume", "no such exec")
_CLOSING = ("grpc: ", "ttrpc: ", "context canceled", "transport is closing", "containerd.sock: connect", "error running hook: ")
"""What an engine says of its own parts while it is being stopped or is short of time (the hook joins the container to its network): the request was fine."""
_PULLING = ("pull", "build", "push")


def fault(where: str, operation: str, status: int, text: str) -> ClockerError:
    """The error for an answer of `status` (0: inside a stream) with the engine's message; to be raised by the caller."""
    words = text.strip() or f"status {status}"
    low = words.lower()
    details: dict[str, object] = {"status": status, "operation": operation, "engine": where}
    head = f"engine {where} refused {operation}: {words}"
    if "no space left on device" in low:
        return OutOfDisk(f"{head}; free disk space there, for example by `docker system prune`", **details)
    if "port is already allocated" in low or "address already in use" in low:
        return PortTaken(f"{head}; stop what uses the port, or choose another", **details)
    if status >= 500 and operation not in _PULLING and any(text in low for text in _CLOSING):
        return EngineUnavailable(f"{head}; wait until the engine has been restarted", retry_after=1.0, **details)
    if operation in _PULLING and (found := _of_registry(head, low, details)):
        return found
    if "no such image" in low or (operation == "save_image" and "reference does not exist" in low):
        return ImageNotFound(f"{head}; check the name, or build or pull it there", **details)
    if status == 409 and (holder := _HOLDER.search(words)):
        return NameConflict(f"{head}; adopt or remove that container", existing=holder[1], **details)
    if status == 404 and any(text in low for text in _GONE):
        return NotFound(f"{head}; list what is there again", **details)
    return EngineFault(f"{head}; change the request, or see the engine's log", **details)


def _of_registry(head: str, low: str, details: dict[str, object]) -> EngineFault | None:
    if any(text in low for text in _DENIED) or _PLAIN_NO.search(low):
        return PullDenied(
            f'{head}; check the name, and log the engine in to that registry, or write [registries."host:port"] in the daemon\'s clocker.toml',
            **details,
        )
    if any(text in low for text in _NO_IMAGE) or _NOT_FOUND.search(low):
        return ImageNotFound(f"{head}; check name and tag", **details)
    if any(text in low for text in _NO_REGISTRY):
        return ImageNotFound(
            f"{head}; the registry cannot be reached from there: load the image onto the engine, or open the way", **details
        )
    return None
