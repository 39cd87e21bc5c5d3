"""A member's search for a place: the question to its pool, the answer, and what is done when there is no room.

idle ──begin──▶ asked ──Placed──▶ idle, with a current generation whose intent is on its way to the store
                  │ └──PlacementRefused──▶ pausing, 1 s … 30 s ──▶ idle
                  └──take back (stopped, or nobody answered)──▶ idle; an answer that comes late gives its room back
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.members import generations
from clocker_actors.model import sensors
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import Place, Placed, PlacementRefused, Release
from clocker_actors.model.specs import ContainerSpec

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

PLACE_LIMIT = 60.0
PLACE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)


class PlaceAgain:
    """Timer message: ask the Pool once more."""


class PlaceSearch:
    """Of one member. `avoid` are hosts on which its start failed, `refusals` how often in a row there was no room."""

    __slots__ = ("_member", "ask", "avoid", "pausing", "refusals")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self.ask = ""  # the question the Pool was asked and has not answered, "" if none
        self.pausing = False  # refused; the Pool is asked again in a while
        self.refusals = 0
        self.avoid: tuple[Uid, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether the Pool may be asked now."""
        return not self.ask and not self.pausing

    def begin(self, container: ContainerSpec) -> None:
        """Ask the Pool for a place for the next generation."""
        member = self._member
        self.ask = member.ids.question()
        member.step("place", "asking the pool for a host")
        member.after("place", PLACE_LIMIT, PlaceAgain())
        member.tell(member.identity.pool, Place(generations.request(member.state, container, self.avoid, member.cause), self.ask))

    def anew(self) -> None:
        """Somebody asks for a start: what went wrong before does not count."""
        self.refusals, self.avoid = 0, ()

    def take_back(self) -> None:
        """Whatever the Pool was asked is void; it may be asked anew at once."""
        member = self._member
        if self.ask or self.pausing:  # who pauses may be waited for there, with a host that is coming
            member.tell(member.identity.pool, Release(member.uid, member.state.number + 1))
        self.ask, self.pausing = "", False
        member.cancel_timer("place")

    def placed(self, message: Placed) -> None:
        """The Pool has chosen a host, and keeps room on it."""
        member = self._member
        placement = message.placement
        if message.ask != self.ask:
            # The answer to a question that was taken back. Its room is given back here unless the generation is in use, or asked for anew: then it was.
            used = any(kept.number == placement.generation for kept in member.state.generations)
            if not self.ask and not member.moving.ask and not used:
                member.tell(member.identity.pool, Release(member.uid, placement.generation))
            return
        current = member.planned(placement)
        if current is None:
            member.again = False  # what it is started with has to be waited for after all
            self.take_back()
            member.settle()
            return
        self.ask, self.refusals, member.phase = "", 0, None
        member.cancel_timer("place")
        member.service.set_problem("placement", "")
        member.step("start", f"on {placement.host_name}")
        ports = {**member.state.ports, **current.ports}
        member.state = replace(member.state, current=current, number=current.number, ports=ports, filled=current.filled)
        member.cause = Cause(placement.decision.id, member.cause.principal)
        member.decided(placement.decision, acted=True)
        member.observe(sensors.GENERATION, current.number)
        member.observe(sensors.CONTAINER_HOST, current.host)
        member.note()

    def refused(self, message: PlacementRefused) -> None:
        """The Pool has no room: said, and asked again after a pause."""
        member = self._member
        if message.ask != self.ask:
            return
        if self.avoid:
            # Elsewhere is no room: rather there again than nowhere.
            self.avoid = ()
            self.take_back()
            member.settle()
            return
        if message.growing:
            self._wait(message)
            return
        pause = PLACE_PAUSES[min(self.refusals, len(PLACE_PAUSES) - 1)]
        self.refusals += 1
        self.ask, self.pausing = "", True
        member.decided(message.decision, acted=False)
        member.step("place", f"refused: {message.decision.reason}; asked again in {pause:g} s")
        why = generations.no_place(message.decision)
        member.service.set_problem("placement", why)
        for activity in member.running.all("start", "restart"):
            member.running.fail(activity.id, why)
        member.after("place", pause, PlaceAgain())
        member.settle()

    def room_came(self) -> None:
        """There may be room now, on a host that came up, or since somebody orders a start: whether there was none before does not count."""
        if self.pausing:
            self.pausing = False
            self._member.service.set_problem("placement", "")
            self._member.cancel_timer("place")
            self._member.settle()

    def _wait(self, message: PlacementRefused) -> None:
        """The pool makes a host for it: nothing has failed yet. It is asked again when that is up, or after a while."""
        member = self._member
        self.ask, self.pausing = "", True
        member.decided(message.decision, acted=False)
        member.service.set_problem("placement", "")
        member.step("place", message.growing)
        member.after("place", PLACE_PAUSES[-1], PlaceAgain())
        member.settle()
