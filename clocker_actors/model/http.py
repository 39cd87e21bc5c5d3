"""A question by HTTP and what came back, as plain values; who asks has bounds on both time and size."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class HttpQuestion:
    """One request. The whole answer has to be there within `limit` seconds, and its body has at most `most` bytes."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    limit: float = 5.0
    most: int = MIB
    verify: bool = True
    """Whether the certificate of an https server has to be known."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back: `seconds` from the question to the end of the body."""

    status: int
    body: bytes
    kind: str
    """The Content-Type, "" if none was said."""
    seconds: float
