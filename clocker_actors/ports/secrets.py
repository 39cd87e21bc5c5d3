"""Where secrets come from: a provider and a key lead to a value, which is given to nobody but whoever needs it at that moment."""

from typing import Protocol


class Secrets(Protocol):
    """Looked up each time, so that a changed secret is there at the next start."""

    async def open(self, provider: str, key: str) -> str:
        """The value. Raises SettingsError, which says where to write one that nobody gave, SecretUnavailable when who has it does not answer; their words
        never have a value in them."""
        ...
