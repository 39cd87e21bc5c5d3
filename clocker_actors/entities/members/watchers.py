"""Who reads a member's container more often than usual: the shortest period counts, and ends with the last who needs it."""

from typing import TYPE_CHECKING

from clocker_actors.model.generations import WatchClosely

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member


class Watchers:
    """Of one member; `period` in seconds, None while nobody needs its numbers more often than usual."""

    __slots__ = ("_by", "_member", "period")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._by: dict[str, float] = {}
        self.period: float | None = None

    def watch(self, by: str, period: float | None) -> None:
        """This one needs them each so many seconds; None: not any more."""
        member = self._member
        self._by.pop(by, None)
        if period is not None:
            self._by[by] = period
        before, self.period = self.period, min(self._by.values(), default=None)
        if self.period != before and member.state.current is not None and member.phase is not None:
            for host in dict.fromkeys(kept.host for kept in (member.state.current, member.state.arriving) if kept is not None):
                member.tell(host, WatchClosely(member.uid, self.period))
