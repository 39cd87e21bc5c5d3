"""The secrets that a cloud's drivers were given: remembered, so that no text shows them, and compared, so that a new one is noticed.

Which of the two a provider calls its token differs, so both identity and credential are hidden, also as they stand in an url.
"""

import threading
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from clocker_actors.model.locations import Resolver, SecretRef

SHORTEST_SECRET = 4
"""What is shorter is found in every text."""


class Remembered:
    """A Resolver over another one."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve = resolve
        self._lock = threading.Lock()
        self._newest: dict[str, str] = {}
        self._hidden: frozenset[str] = frozenset()

    def __call__(self, reference: SecretRef) -> str:
        value = self._resolve(reference)
        with self._lock:
            self._newest[reference.name] = value
            if len(value) >= SHORTEST_SECRET:
                self._hidden |= {value, quote(value, safe=""), quote_plus(value)}
        return value

    def given(self) -> Mapping[str, str]:
        """What each was when it was last asked for."""
        with self._lock:
            return dict(self._newest)

    def again(self) -> Mapping[str, str]:
        """What each that was given is now. Raises what the resolver raises."""
        return {name: self(SecretRef(name)) for name in self.given()}

    def masked(self, text: str) -> str:
        """The text without any of them, those that are not valid any more included."""
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, "***")
        return text

    def shown_by(self, error: BaseException) -> bool:
        """Whether an error, or one that it came of, has one of them in its words."""
        seen: BaseException | None = error
        while seen is not None:
            words = f"{seen} {seen!r}"
            if self.masked(words) != words:
                return True
            seen = seen.__cause__ or seen.__context__
        return False
