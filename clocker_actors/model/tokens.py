"""Tokens by which others than the owner come in, as they are kept: what each may do, for which applications, and until when."""

from dataclasses import dataclass
from enum import StrEnum

TOKEN_KIND = "token"  # noqa: S105 - a kind of record
"""The kind of their records; the uid of one is its name."""


class Scope(StrEnum):
    """How much somebody may do."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Whether this one is enough where that one is needed."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Scope)


@dataclass(frozen=True, slots=True)
class Token:
    """The record of a token. `digest` is the SHA-256 of its text in hex; `expires` is 0.0 if it never does."""

    name: str
    digest: str
    scope: Scope = Scope.READ
    applications: tuple[str, ...] = ()
    made: float = 0.0
    made_by: str = ""
    expires: float = 0.0

    def expired(self, now: float) -> bool:
        """Whether its time is over."""
        return 0.0 < self.expires <= now
