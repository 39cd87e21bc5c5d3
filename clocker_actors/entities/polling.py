"""Asking several at once, and knowing when all have answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clocker_actors.model.identity import Uid


@dataclass(slots=True)
class Poll:
    """One question: whom to tell, who has not answered yet, and what those who have could not do."""

    reply_to: str
    waiting: set[Uid]
    left: list[str] = field(default_factory=list)


class Polling:
    """Open questions, each about something of its own."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[Uid, Poll] = {}

    def begin(self, about: Uid, reply_to: str, whom: Iterable[Uid]) -> None:
        """These are asked; a question about the same that is still open is forgotten."""
        self._open[about] = Poll(reply_to, set(whom))

    def answered(self, about: Uid, who: Uid, left: Iterable[str] = ()) -> Poll | None:
        """One has answered; the question, if that was the last."""
        poll = self._open.get(about)
        if poll is None or who not in poll.waiting:
            return None
        poll.waiting.discard(who)
        poll.left += left
        return None if poll.waiting else self._open.pop(about)

    def waits_for(self, who: Uid) -> list[Uid]:
        """What this one has been asked and has not answered."""
        return [about for about, poll in self._open.items() if who in poll.waiting]
