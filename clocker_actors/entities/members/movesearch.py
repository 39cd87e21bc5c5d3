"""Where a member's next generation begins while the one before runs: the pool is asked, and then, where the old one has to stop first, its cluster.

idle ──begin──▶ asked ──Placed, start-first──▶ it arrives                    ──Placed, stop-first──▶ cluster asked ──may──▶ the old one leaves
                  └──refused──▶ a move fails; who only begins anew asks for the room that it has itself ──▶ stop-first, since there is no room for two
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.members import generations
from clocker_actors.entities.members.moveorders import ASK_LIMIT, TRIES, UPDATE, MoveAgain
from clocker_actors.entities.records import Generation
from clocker_actors.model.generations import GenerationChanged, Phase
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import Place, Placed, PlacementRefused, Release
from clocker_actors.model.moving import LeaveAnswered, MayLeave
from clocker_actors.model.placements import Placement
from clocker_actors.planning.moving import Manner, manner

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

PAUSE = 5.0
"""Seconds after which a cluster that cannot do without a member now is asked once more."""


class MoveSearch:
    """Of one member."""

    __slots__ = ("_avoid", "_crowded", "_leaving_for", "_member", "_pausing", "_tries", "_waits", "ask")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._tries = 0
        self._avoid: tuple[Uid, ...] = ()
        self._crowded = ""  # why there is no room for a second generation beside the first
        self._leaving_for: tuple[Placement, Manner, Generation] | None = None  # the cluster was asked whether the old one may go first
        self._waits = False  # for a host that the pool makes
        self._pausing = False
        self.ask = ""  # the question the Pool (or then the cluster) was asked and has not answered

    @property
    def idle(self) -> bool:
        """Whether nothing is waited for."""
        return not (self.ask or self._waits or self._pausing)

    def forget(self) -> None:
        """What went wrong before does not count any more."""
        self._tries, self._avoid, self._crowded = 0, (), ""

    def take_back(self) -> None:
        """Whatever was asked for is void; if orders stand it is asked for anew."""
        member = self._member
        if self.ask or self._waits:
            member.tell(member.identity.pool, Release(member.uid, member.state.number + 1))
        self.ask, self._leaving_for = "", None
        self._waits = self._pausing = False
        self.forget()

    def again(self) -> None:
        """Ask anew, if it is waited for something still; after a pause with what is known."""
        if self._pausing:
            self._pausing = False
            self._member.settle()
        elif not self.idle:
            self.take_back()
            self._member.settle()

    def room_came(self) -> None:
        """A host came up: what waits for one may be asked for again."""
        if self._waits:
            self._waits = False
            self._member.settle()

    def begin(self) -> None:
        """Ask the pool for a place that all orders like."""
        member, orders = self._member, self._member.moving.orders
        container, newest, current = member.state.spec.container, orders.newest, member.state.current
        if container is None or newest is None or current is None:
            return
        self.ask = member.ids.question()
        member.after("move", ASK_LIMIT, MoveAgain())
        orders.step("place", "asking the pool for its own room" if self._crowded else "asking the pool for a host")
        request = generations.request(member.state, container, self._avoid, newest.cause)
        instead = current.number if self._crowded else 0
        member.tell(member.identity.pool, Place(replace(request, excluded=orders.away, target=orders.target, instead=instead), self.ask))

    def heard(self, message: Placed | PlacementRefused) -> None:
        """The Pool has answered."""
        if isinstance(message, Placed):
            self._placed(message)
        else:
            self._refused(message)

    def _refused(self, message: PlacementRefused) -> None:
        member, orders = self._member, self._member.moving.orders
        self.ask = ""
        member.decided(message.decision, acted=False)
        if message.growing:
            self._waits = True
            orders.step("place", message.growing)
            return
        reason = message.decision.reason
        if orders.renewing and (self._avoid or not self._crowded):
            # Rather there again than nowhere; and rather where it is, after that has stopped, than not at all.
            self._crowded = self._crowded if self._avoid else reason
            self._avoid = ()
        else:
            orders.refused(f"it stays where it is: {reason}")
            self.forget()
        member.settle()

    def _placed(self, message: Placed) -> None:
        """Room is kept for the next generation."""
        member, current = self._member, self._member.state.current
        container, orders = member.state.spec.container, member.moving.orders
        if container is None or current is None or not orders:
            self.take_back()
            member.settle()
            return
        how = manner(member.state.spec, container, same_host=message.placement.host == current.host)
        if self._crowded:
            how = Manner(False, f"there is no room for two of it ({self._crowded})")
        new = member.planned(message.placement)
        if new is None:
            self.take_back()
            orders.fail_all("it stays as it is: what it would be started with there is not known now")
        elif how.start_first:
            self.ask = ""
            member.moving.arrive(message.placement, how, new)
        elif member.state.cluster and not self._has_leave():
            self._leaving_for = message.placement, how, new
            orders.step("quorum", "it has to stop first: asking the cluster whether it may")
            served = current.ready_once and member.phase in {None, Phase.STARTED}
            member.tell(member.state.cluster, MayLeave(member.uid, self.ask, served))
        else:
            self._leave(message.placement, how, new)

    def _has_leave(self) -> bool:
        """Whether it is its turn to begin anew with other values: what it runs with is not true any more."""
        orders = self._member.moving.orders
        return orders.renewing and all(order.effector != UPDATE for order in orders)

    def answered(self, message: LeaveAnswered) -> None:
        """The cluster says whether it can do without this member for a while."""
        if message.ask != self.ask or self._leaving_for is None:
            return
        member, orders = self._member, self._member.moving.orders
        placement, how, new = self._leaving_for
        if not message.refused:
            self._leave(placement, how, new)
            return
        tries, crowded = self._tries + 1, self._crowded
        self.take_back()
        if orders.renewing and tries < TRIES:
            self._tries, self._crowded, self._pausing = tries, crowded, True
            member.after("move", PAUSE, MoveAgain())
            orders.step("quorum", f"not yet: {message.refused}")
            return
        orders.fail_all(f"it has to stop before it starts anew, since {how.why}; but {message.refused}")
        member.settle()

    def _leave(self, placement: Placement, how: Manner, new: Generation) -> None:
        self.ask, self._leaving_for = "", None
        self._member.moving.leave_first(placement, how, new)

    def failed(self, arriving: Generation, message: GenerationChanged) -> str:
        """It did not get ready there: tried again (""), or the reason why it is not."""
        self._tries += 1
        failure, renewing = message.failure, self._member.moving.orders.renewing
        elsewhere = generations.may_help_elsewhere(failure) if renewing else True
        if message.phase is Phase.LOST or (elsewhere and (failure is None or failure.kind != "PortTaken")):
            self._avoid = (*self._avoid, arriving.host)
        slow = renewing and failure is not None and failure.kind == "NotReady"  # it had all the time there is
        if self._tries < TRIES and not slow:
            return ""
        tries = f"{self._tries} tries" if self._tries > 1 else "the try"
        self.forget()
        if renewing:
            return f"what ran before goes on: {tries} to start it anew failed, the last on {arriving.host_name}"
        return f"it stays where it is: {tries} to start it elsewhere failed, the last on {arriving.host_name}"
