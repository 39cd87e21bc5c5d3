"""The SHA-256 over a stream of decisions: two runs that decided the same, in the same order and for the same reasons, have the same."""

import hashlib

from clocker_actors.model.decisions import Decision
from clocker_actors.store.codec import encode


class Decisions:
    """Counts what it is told. `first` and `last` are when the first and the last one were taken, 0 before any."""

    __slots__ = ("_hash", "count", "first", "last")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count = 0
        self.first = 0.0
        self.last = 0.0

    def add(self, decision: Decision) -> bytes:
        """The next one; its bytes come back."""
        body = encode(decision)
        self._hash.update(body + b"\n")
        self.first = decision.at if not self.count else self.first
        self.last = decision.at
        self.count += 1
        return body

    def hexdigest(self) -> str:
        """Of all that were added so far."""
        return self._hash.hexdigest()
