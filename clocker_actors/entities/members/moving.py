"""A member's move to another host: what its orders ask for, the generation that arrives, and the moment at which that takes the old one's place.

    order ──Place──▶ Placed, start-first: arriving, durable ──RunContainer──▶ READY ──one write──▶ current; the old one leaves ──gone──▶ done
            │             └─ stop-first: cluster asked ──may──▶ one write: the old one leaves, the new one waits for its end ──READY──▶ done
            └──refused, or failed on three hosts──▶ failed with the reason; what ran goes on

Several may want it moved at once (two hosts that are drained, a person): their orders are kept side by side, and a place has to suit all of them. Orders end
with their activities; the arriving generation is durable, so a manager that begins anew goes on with it.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.members import generations
from clocker_actors.entities.members.moveorders import ASK_LIMIT, TRIES, MoveAgain, MoveOrders
from clocker_actors.entities.records import Desired, Generation
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import (
    TOPIC_BEGAN,
    GenerationChanged,
    Lane,
    Phase,
    RunContainer,
    WatchClosely,
)
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import Place, Placed, PlacementRefused, Release
from clocker_actors.model.moving import LeaveAnswered, MayLeave
from clocker_actors.model.placements import Placement
from clocker_actors.planning.moving import Manner, manner

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.members.member import Member


class Moving:
    """Of one member. `phase` is the arriving generation's, None until its host was told of it."""

    __slots__ = ("_avoid", "_leaving_for", "_member", "_tries", "_waits", "ask", "orders", "phase")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self.orders = MoveOrders(member)
        self._tries = 0
        self._avoid: tuple[Uid, ...] = ()
        self._leaving_for: tuple[Placement, Manner, Generation] | None = None  # the cluster was asked whether the old one may go first
        self.ask = ""  # the question the Pool (or then the cluster) was asked and has not answered
        self.phase: Phase | None = None
        self._waits = False  # for a host that the pool makes

    # --- orders

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector move."""
        self.orders.take(activity, arguments)
        self._member.settle()

    def cancelled(self, activity: str) -> None:
        """Nobody waits for this one any more; before it is ready the new generation goes and the old one stays."""
        if self.orders.end(activity) is not None:
            self._let_go()

    def late(self, activity: str) -> None:
        """Its time is over."""
        order = next((each for each in self.orders if each.activity == activity), None)
        if order is not None:
            self.orders.fail(order, "it did not come to an end in time; look at `clocker activities`")
            self._let_go()

    def stopping(self) -> None:
        """The member is to run nowhere: who wants it off a host has that soon, who wants it on one does not."""
        for order in self.orders.aimed:
            self.orders.fail(order, f"it is to be {self._member.state.desired}")
        self.take_back()

    def _let_go(self) -> None:
        """Without an order nothing arrives. What a person or a drain began and gave up leaves no trace."""
        if not self.orders:
            self.take_back()
            self.drop()
        self._member.settle()

    def take_back(self) -> None:
        """Whatever was asked for is void; if orders stand it is asked for anew."""
        member = self._member
        if self.ask or self._waits:
            member.tell(member.identity.pool, Release(member.uid, member.state.number + 1))
        self.ask, self._leaving_for = "", None
        self._tries, self._avoid, self._waits = 0, (), False

    def again(self) -> None:
        """Ask anew, if it is waited for an answer or for a host still."""
        if self.ask or self._waits:
            self.take_back()
            self._member.settle()

    def room_came(self) -> None:
        """A host came up: what waits for one may be asked for again."""
        if self._waits:
            self._waits = False
            self._member.settle()

    # --- the next step

    def reconcile(self) -> None:
        """Do what the orders need next; idempotent."""
        state = self._member.state
        if state.arriving is not None:
            if not self.orders.suit(state.arriving):
                self.drop()
                return
            if self.phase is None:
                self._launch(state.arriving)
        if not self.orders:
            return
        idle = state.arriving is None and not self.ask and not self._waits
        if state.desired is Desired.RUNNING and state.current is not None and idle:
            if self.orders.suit(state.current):
                self._tries, self._avoid = 0, ()
            else:
                self._search()
        self._finish()

    def _finish(self) -> None:
        """End the orders whose goal is reached: it runs where it should, and nothing of it is left where it should not be."""
        member, state = self._member, self._member.state
        there = [kept for kept in state.generations if not kept.ended]
        runs = member.phase is Phase.READY and not member.settling
        homeless = member.blocked or (member.search.pausing and member.service.problems.get("placement", ""))
        for order in self.orders:
            if state.arriving is None and (runs or state.desired is not Desired.RUNNING) and all(order.suits(kept) for kept in there):
                self.orders.end(order.activity)
                member.running.finish(order.activity, state.current.host_name if state.current else "")
            elif homeless and state.desired is Desired.RUNNING:
                self.orders.fail(order, homeless)
            elif runs and state.current is not None and state.arriving is None and order.suits(state.current):
                member.running.step(order.activity, "end", "the old container is stopped")

    def _search(self) -> None:
        member = self._member
        container, newest = member.state.spec.container, self.orders.newest
        if container is None or newest is None:
            return
        self.ask = member.ids.question()
        member.after("move", ASK_LIMIT, MoveAgain())
        self.orders.step("place", "asking the pool for another host")
        request = generations.request(member.state, container, self._avoid, newest.cause)
        member.tell(member.identity.pool, Place(replace(request, excluded=self.orders.away, target=self.orders.target), self.ask))

    def heard(self, message: Placed | PlacementRefused) -> None:
        """The Pool has answered."""
        if isinstance(message, Placed):
            self._placed(message)
        else:
            self._refused(message)

    def _refused(self, message: PlacementRefused) -> None:
        """There is no place that suits: an order for one host fails alone, since the others may be met without it."""
        member = self._member
        self.ask = ""
        member.decided(message.decision, acted=False)
        if message.growing:
            self._waits = True
            self.orders.step("place", message.growing)
            return
        for order in self.orders.aimed or tuple(self.orders):
            self.orders.fail(order, f"it stays where it is: {message.decision.reason}")
        self._tries, self._avoid = 0, ()
        member.settle()

    def _placed(self, message: Placed) -> None:
        """Room is kept for the next generation."""
        member, current = self._member, self._member.state.current
        container = member.state.spec.container
        if container is None or current is None or not self.orders:
            self.take_back()
            member.settle()
            return
        how = manner(member.state.spec, container, same_host=message.placement.host == current.host)
        new = member.planned(message.placement)
        if new is None:
            self.take_back()
            self.orders.fail_all("it stays where it is: what it would be started with there is not known now")
        elif how.start_first:
            self.ask = ""
            self._arrive(message.placement, how, new)
        elif member.state.cluster:
            self._leaving_for = message.placement, how, new
            self.orders.step("quorum", "it has to stop first: asking the cluster whether it may")
            member.tell(member.state.cluster, MayLeave(member.uid, self.ask))
        else:
            self._leave_first(message.placement, how, new)

    def answered(self, message: LeaveAnswered) -> None:
        """The cluster says whether it can do without this member for a while."""
        if message.ask != self.ask or self._leaving_for is None:
            return
        placement, how, new = self._leaving_for
        if not message.refused:
            self._leave_first(placement, how, new)
            return
        self.take_back()
        self.orders.fail_all(f"it has to stop before it starts elsewhere, since {how.why}; but {message.refused}")
        self._member.settle()

    # --- start-first

    def _arrive(self, placement: Placement, how: Manner, arriving: Generation) -> None:
        member = self._member
        self.phase = None
        self.orders.step("start", f"on {placement.host_name}, {how.name}: {how.why}")
        member.state = replace(member.state, arriving=arriving, number=arriving.number, filled=arriving.filled)
        self._decided(placement, how)

    def _decided(self, placement: Placement, how: Manner) -> None:
        """Write what was decided, and with it the state."""
        member = self._member
        old = member.state.current or member.state.leaving[-1]
        decision = placement.decision
        action = f"move from {old.host_name} to {placement.host_name}, {how.name}"
        member.decided(replace(decision, kind="move", action=action, steps=(f"{how.name}: {how.why}", *decision.steps)), acted=True)

    def _launch(self, arriving: Generation) -> None:
        member = self._member
        container = member.state.spec.container
        if container is None:
            return
        self.phase = Phase.WAITING
        member.subscribe(arriving.host, TOPIC_BEGAN)
        newest = self.orders.newest
        lane, cause = (newest.lane, newest.cause) if newest is not None else (Lane.REBALANCING, member.cause)
        intent = generations.intent(member.state, arriving, container, member.outside.plane, member.outside.store)
        member.tell(arriving.host, RunContainer(intent, lane, cause))
        if member.watchers.period is not None:
            member.tell(arriving.host, WatchClosely(member.uid, member.watchers.period))

    def changed(self, arriving: Generation, message: GenerationChanged) -> None:
        """Host or container say how the arriving generation is."""
        self.phase = message.phase
        if message.phase is Phase.READY and not message.settling:
            self._switch(arriving, message)
        elif message.phase in generations.NOT_RUNNING:
            self._failed(arriving, message)
        else:
            self.orders.step(str(message.phase), message.reason)

    def _switch(self, arriving: Generation, message: GenerationChanged) -> None:
        """It is ready: from now on it is the one, and the old one goes. One write, so that at every instant exactly one is current."""
        member = self._member
        self.orders.step("ready", message.reason)
        leaving = self._old()
        new = replace(arriving, ready_once=True)
        self.phase, member.blocked = None, ""
        member.change(replace(member.state, current=new, arriving=None, leaving=leaving, ports={**member.state.ports, **new.ports}))
        member.fate.changed(new, message)  # after the write is under way, so that nothing ends before that is durable
        self._told(new)

    def _told(self, new: Generation) -> None:
        member = self._member
        member.observe(sensors.GENERATION, new.number)
        member.observe(sensors.CONTAINER_HOST, new.host)
        member.note()

    def _old(self) -> tuple[Generation, ...]:
        """The leaving generations, with the current one among them."""
        member, old = self._member, self._member.state.current
        if old is None:
            return member.state.leaving
        if member.phase in {Phase.DIED, Phase.GONE}:
            member.tell(member.identity.pool, Release(member.uid, old.number))
        return (*member.state.leaving, member.leaving.parting(old, ended=member.fate.over))

    def _failed(self, arriving: Generation, message: GenerationChanged) -> None:
        """It did not get ready there; the old one is still what it was."""
        self._tries += 1
        failure = message.failure
        if message.phase is Phase.LOST or failure is None or failure.kind != "PortTaken":
            self._avoid = (*self._avoid, arriving.host)
        why = message.reason or str(message.phase)
        if self._tries >= TRIES:
            where = f"{self._tries} tries to start it elsewhere failed, the last on {arriving.host_name}"
            self.orders.fail_all(f"it stays where it is: {where}: {why}")
            self._tries, self._avoid = 0, ()
        else:
            self.orders.step("retry", f"on {arriving.host_name}: {why}; trying elsewhere ({self._tries + 1} of {TRIES})")
        runs = failure is not None and failure.kind == "NotReady"
        self.drop(ended=not runs)

    def drop(self, *, ended: bool = False) -> None:
        """The arriving generation, if there is one, leaves again."""
        member = self._member
        arriving = member.state.arriving
        if arriving is not None:
            self.phase = None
            leaving = (*member.state.leaving, replace(arriving, ended=ended))
            member.change(replace(member.state, arriving=None, leaving=leaving))

    def promote(self) -> None:
        """There is nothing else to be the current one, or it is to go anyway: what arrives takes its place before it is ready."""
        member = self._member
        arriving = member.state.arriving
        if arriving is None:
            return
        leaving = self._old()
        member.phase, self.phase, member.settling = self.phase, None, False
        state = replace(member.state, current=arriving, arriving=None, leaving=leaving, ports={**member.state.ports, **arriving.ports})
        member.change(state)
        self._told(arriving)

    # --- stop-first

    def _leave_first(self, placement: Placement, how: Manner, new: Generation) -> None:
        member = self._member
        self.ask, self._leaving_for = "", None
        old = member.state.current
        over = member.fate.over
        self.orders.step("stop", f"before it starts on {placement.host_name}, {how.name}: {how.why}")
        leaving = self._old()
        member.phase, member.settling = None, False
        new = replace(new, after=old.number if old is not None and not over else 0)
        member.stands_aside(f"moves to {placement.host_name}")
        ports = {**member.state.ports, **new.ports}
        member.state = replace(member.state, current=new, number=new.number, leaving=leaving, ports=ports, filled=new.filled)
        self._decided(placement, how)
        self._told(new)

    def must_wait(self, current: Generation) -> bool:
        """Whether the old generation has to be gone first."""
        return any(kept.number == current.after and not kept.ended for kept in self._member.state.leaving)

    def host_forgot(self, host: Uid) -> None:
        """It knows nothing of what it was to run."""
        arriving = self._member.state.arriving
        if arriving is not None and arriving.host == host:
            self.phase = None
