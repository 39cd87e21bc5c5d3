"""All that a story brings about, in the order in which it comes: calls of engines with their ends, records, facts, answers. Its hash is how two tellings are compared."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping

from clocker_actors.store.codec import encode

LAST = 60
"""Lines that are kept to be read."""


class Trace:
    """Bounded in memory: what is not among the last lines lives on in the hash alone."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=LAST)
        self.count = 0
        self._hash = hashlib.sha256()

    def say(self, *words: object) -> None:
        """One line, at the time of the loop."""
        line = f"{asyncio.get_running_loop().time():.6f} {' '.join(map(str, words))}"
        self.count += 1
        self.lines.append(line)
        self._hash.update(line.encode() + b"\n")

    def value(self, what: str, value: object) -> None:
        """A value, encoded; it is only hashed."""
        self.count += 1
        self._hash.update(f"{asyncio.get_running_loop().time():.6f} {what} ".encode() + encode(value) + b"\n")

    @property
    def digest(self) -> str:
        """SHA-256 over everything so far."""
        return self._hash.hexdigest()


def worded(arguments: Mapping[str, object]) -> str:
    """Arguments in one line, in order of their names."""
    return " ".join(f"{name}={value}" for name, value in sorted(arguments.items()))
