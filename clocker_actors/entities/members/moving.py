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
from clocker_actors.entities.members.moveorders import UPDATE, MoveOrders
from clocker_actors.entities.members.movesearch import MoveSearch
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
from clocker_actors.model.messages import Placed, PlacementRefused, Release
from clocker_actors.model.placements import Placement
from clocker_actors.planning.moving import Manner

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.members.member import Member


class Moving:
    """Of one member. `phase` is the arriving generation's, None until its host was told of it."""

    __slots__ = ("_member", "orders", "phase", "search")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self.orders = MoveOrders(member)
        self.search = MoveSearch(member)
        self.phase: Phase | None = None

    # --- orders

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector move."""
        self.orders.take(activity, arguments)
        self._member.settle()

    def cancelled(self, activity: str) -> None:
        """Nobody waits for this one any more; before it is ready the new generation goes and the old one stays."""
        order = self.orders.end(activity)
        if order is not None:
            if order.renews:
                self._member.updating.failed("the update was cancelled, and what ran before goes on", order.effector)
            self._let_go()

    def late(self, activity: str) -> None:
        """Its time is over."""
        order = next((each for each in self.orders if each.activity == activity), None)
        if order is not None:
            self.orders.fail(order, "it did not come to an end in time; look at `clocker activities`")
            self._let_go()

    def stopping(self) -> None:
        """The member is to run nowhere: who wants it off a host has that soon, who wants it on one does not."""
        self.orders.drop_renewals()
        for order in self.orders.aimed:
            self.orders.fail(order, f"it is to be {self._member.state.desired}")
        self.take_back()

    def _let_go(self) -> None:
        """Without an order nothing arrives. What a person or a drain began and gave up leaves no trace."""
        if not self.orders:
            self.take_back()
            self.drop()
        self._member.settle()

    @property
    def ask(self) -> str:
        """The question that was asked and not answered."""
        return self.search.ask

    def take_back(self) -> None:
        """Whatever was asked for is void; if orders stand it is asked for anew."""
        self.search.take_back()

    def heard(self, message: Placed | PlacementRefused) -> None:
        """The Pool has answered."""
        self.search.heard(message)

    # --- the next step

    def reconcile(self) -> None:
        """Do what the orders need next; idempotent."""
        state = self._member.state
        if state.arriving is not None:
            if state.arriving.was is not None or not self.orders.suit(state.arriving):
                self.drop()
                return
            if self.phase is None:
                self._launch(state.arriving)
        if not self.orders:
            return
        if state.desired is Desired.RUNNING and state.current is not None and state.arriving is None and self.search.idle:
            if self.orders.suit(state.current):
                self.search.forget()
            else:
                self.search.begin()
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

    # --- start-first

    def arrive(self, placement: Placement, how: Manner, arriving: Generation) -> None:
        """It is to start there, while the old one runs."""
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
        newest = self.orders.newest
        kind = UPDATE if newest is not None and newest.effector == UPDATE else "move"
        action = f"{kind} from {old.host_name} to {placement.host_name}, {how.name}"
        member.decided(replace(decision, kind=kind, action=action, steps=(f"{how.name}: {how.why}", *decision.steps)), acted=True)

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
        why = message.reason or str(message.phase)
        over = self.search.failed(arriving, message)
        if over:
            self.orders.fail_all(f"{over}: {why}")
        else:
            self.orders.step("retry", f"on {arriving.host_name}: {why}; it is tried again")
        runs = message.failure is not None and message.failure.kind == "NotReady"
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

    def leave_first(self, placement: Placement, how: Manner, new: Generation) -> None:
        """The old one is stopped, and the new one started after that."""
        member = self._member
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
