"""Whose message runs now.

The kernel sets `current` around each message and each work, because the ambient context cannot be trusted: a callback scheduled while A
runs inherits A's context although it serves B. Log fields and the cause of a command are read from here.
"""

from contextvars import ContextVar


class Current:
    """The actor and the message being handled; for a work, the message that began it. Never changed once made."""

    __slots__ = ("actor_id", "message")

    def __init__(self, actor_id: str, message: object) -> None:
        self.actor_id = actor_id
        self.message = message

    @property
    def message_type(self) -> str:
        return type(self.message).__name__

    @property
    def cause(self) -> object:
        """The message's `cause`, None if it has none."""
        return getattr(self.message, "cause", None)

    def __repr__(self) -> str:
        return f"Current({self.actor_id!r}, {self.message_type}, cause={self.cause!r})"


current: ContextVar[Current | None] = ContextVar("current", default=None)
