"""A member's turn in its cluster: members that are to run otherwise do so one after the other. One that is in no cluster has its turn always."""

from typing import TYPE_CHECKING

from clocker_actors.model.dependencies import MayRenew, RenewAnswered, Renewed
from clocker_actors.model.generations import Phase

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

ASK_AGAIN = 5.0
"""Seconds after which a question without an answer is asked anew."""
WAIT = 60.0
"""Seconds after which one that was answered is: the cluster says by itself when it is this member's turn, unless it has forgotten."""


class TurnAgain:
    """Timer message: nobody has said that it is this member's turn."""


class Turn:
    """Of one member. Several reasons may want it at once; it is over when none does any more. `why` is what is waited for."""

    __slots__ = ("_asked", "_member", "_mine", "_wanted", "why")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._wanted: set[str] = set()
        self._mine = False
        self._asked = False
        self.why = ""

    def want(self, reason: str) -> bool:
        """Whether it is this member's turn; if not, the cluster is asked, and the member settled when it is."""
        member = self._member
        if not member.state.cluster:
            return True
        self._wanted.add(reason)
        if not self._mine and not self._asked:
            self._asked = True
            member.tell(member.state.cluster, MayRenew(member.uid, serves=member.phase is Phase.READY))
            member.after("turn", ASK_AGAIN, TurnAgain())
        return self._mine

    def holds(self, reason: str) -> bool:
        """Whether it has its turn, for this reason too."""
        return self._mine and reason in self._wanted

    def done(self, reason: str) -> None:
        """Nothing is to be done for this reason (any more)."""
        if reason not in self._wanted:
            return
        self._wanted.discard(reason)
        if not self._wanted:
            self._mine = self._asked = False
            self.why = ""
            self._member.cancel_timer("turn")
            self._member.tell(self._member.state.cluster, Renewed(self._member.uid))

    def answered(self, message: RenewAnswered) -> None:
        """The cluster says whether it is."""
        if not self._wanted:
            return
        self._mine, self.why = not message.waits, message.waits
        if self._mine:
            self._member.cancel_timer("turn")
        else:
            self._member.after("turn", WAIT, TurnAgain())
        self._member.settle()

    def again(self) -> None:
        """Ask once more, if it is waited for still: there was no answer for long, or the cluster began anew."""
        if self._wanted:
            self._asked = self._mine = False
            self._member.settle()
