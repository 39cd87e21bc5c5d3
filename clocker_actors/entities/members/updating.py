"""A member that is to be otherwise: what runs follows its spec, with the least that is needed, when it is its turn.

    Adopt ──new spec, durable: what runs is marked as it `was` started──▶ nothing runs, or it does not work: it starts with the new spec at once
       its turn in the cluster ──▶ only amounts or who restarts it: the pool has room, changed where it runs, read back ──▶ as the spec says
                               └──▶ all else, or the engine does not do it: an order for a newer generation (`moving.py`) ──READY──▶ the old one leaves
                                                                              └── three tries failed: what runs goes on, `update_failed`

All of it is found again after a crash, since a generation that is not as the spec says has its `was`. Who wanted it is kept, and so is a failure, until somebody
changes the spec, orders the same once more, or restarts the member.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.members import generations
from clocker_actors.entities.members.moveorders import UPDATE
from clocker_actors.entities.members.whereabouts import some_place
from clocker_actors.entities.records import Desired, Generation, MemberState, UpdateOf
from clocker_actors.entities.services.planting import adjuncts
from clocker_actors.model.decisions import Decision
from clocker_actors.model.generations import Phase
from clocker_actors.model.identity import Cause
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import CancelParts, HeldPlace
from clocker_actors.model.specs import ContainerSpec
from clocker_actors.model.updating import Adopt, ChangeContainer, ContainerChanged, ResizeAnswered, Resized, StartedAs
from clocker_actors.model.values import Value
from clocker_actors.planning.updating import InPlace, Same, Step, how, how_service, named, started_as

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

CHANGE_AGAIN = 5.0
"""Seconds after which an engine that could not be asked is asked again."""
CHANGE_LATE = 90.0
"""Seconds after which a change that nobody has answered is asked for anew."""


COMING = frozenset({Phase.WAITING, Phase.IMAGE, Phase.STARTING, Phase.STARTED})


class ChangeAgain:
    """Timer message: try once more to change what runs."""


class Updating:
    """Of one member."""

    __slots__ = ("_ask", "_behind", "_member", "_refused", "_told")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._ask = ""  # its host was asked to change what runs
        self._refused = 0  # the generation whose container its engine did not change
        self._behind = ""
        self._told = ("", "")

    @property
    def _cause(self) -> Cause:
        """Of the update that it is part of."""
        return self._member.state.update.cause

    @property
    def _failure(self) -> str:
        """Why what runs stays as it was."""
        return self._member.state.update.failure

    def begin(self) -> None:
        """What is kept of a failure is told from the first word on: else the next one would have its turn."""
        self._member.update_failed = self._own_failure

    @property
    def _own_failure(self) -> str:
        """Why it stays as it was, in words for its parent."""
        lead = f"{self._member.identity.path}: " if self._member.state.cluster else ""
        return f"{lead}{self._failure}" if self._failure else ""

    # --- a new spec

    def adopt(self, message: Adopt) -> None:
        """The parent says what it is to be from now on; the same again tries anew what failed."""
        member, old, new = self._member, self._member.state.spec, message.spec
        if member.state.desired is Desired.DELETED:
            return
        self._refused = 0
        begun = UpdateOf(message.cause, message.activity)
        if new == old:
            if begun != member.state.update:
                member.change(replace(member.state, update=begun))
            member.family.try_anew(member.family.update_failed())
            self._say()  # that what has failed does not count any more, before it is told again
            member.tell_again()
            member.settle()
            return
        member.moving.orders.drop_renewals()
        member.moving.take_back()
        member.search.take_back()
        policies = member.adjuncts.adopt(adjuncts(old), adjuncts(new))
        state = member.family.adopted(old.children, new.children, member.state)
        state = _marked(state, started_as(old), started_as(new))
        dead = member.state.current is not None and member.phase in generations.NOT_RUNNING
        if member.state.desired is Desired.RUNNING and (dead or member.blocked or self._troubled(how_service(old, new))):
            self._mend(begun.cause)
        member.change(replace(state, spec=new, adjuncts=policies.adjuncts, update=begun), *policies.records)
        if dead:
            member.leaving.leave(member.state)
        member.note()

    def _troubled(self, step: Step) -> bool:
        """Whether what runs is in trouble, and is to be replaced or changed."""
        service = self._member.service
        return not isinstance(step, Same) and (service.actual is Lifecycle.ON_FIRE or bool(service.problems))

    def _mend(self, cause: Cause) -> None:
        """What could not start, or did not work, may with the new spec: that is how people mend it."""
        member = self._member
        member.blocked, member.fate.tries, member.again = "", 0, False
        member.cause = cause
        member.search.anew()
        member.waits.anew()
        member.service.clear_problems()
        if not member.service.up:
            member.service.expect(Lifecycle.STARTING)

    # --- how far it is

    def reconcile(self) -> None:
        """Do the next step; idempotent."""
        member, state = self._member, self._member.state
        current, now = state.current, started_as(state.spec)
        behind = ""
        if state.desired is not Desired.RUNNING:
            self._rest()
        elif now is None:
            self._end_all()
        elif current is None or current.was is None:
            if member.blocked or (member.phase is Phase.READY and not member.settling):
                self._rest(done=not member.blocked)
        else:
            step = how(current.was, now)
            behind = self._follow(current, step)
            if member.state is not state:
                return  # something was decided, and is on its way to the store
        self._behind = behind
        self._say()

    def _follow(self, current: Generation, step: Step) -> str:
        """What runs is not as the spec says; how it is behind, in words."""
        member = self._member
        words = f"generation {current.number} runs as before: {named(() if isinstance(step, Same) else step.fields)}"
        if member.phase is None or member.unheard or (member.phase in COMING and current.ready_once):  # claimed, and not found yet
            return f"{words}; waits to hear of it"
        if member.phase in generations.NOT_RUNNING:
            member.leaving.leave(member.state)
            return words
        in_place = isinstance(step, InPlace) and current.number != self._refused
        if not current.ready_once:
            if not in_place and member.phase is not Phase.READY:  # it never served: the new one can have its place at once
                member.leaving.leave(member.state)
            return words
        if self._failure:
            return words
        container = member.state.spec.container
        missing = (
            member.waits.missing(member.state.spec, container, some_place(container)) if container is not None and not in_place else ""
        )
        if missing:
            member.turn.done(UPDATE)
            return f"{words}; {missing}"
        if not member.turn.want(UPDATE):
            return f"{words}; {member.turn.why or 'waits for its turn'}"
        if in_place:
            self._change(current)
        elif not any(order.effector == UPDATE for order in member.moving.orders):
            member.moving.orders.renew(UPDATE, self._cause, member.state.update.activity, current.number)
        return words

    def _rest(self, *, done: bool = False) -> None:
        """Nothing is to be done: who waits for its turn may have it."""
        self._ask = ""
        if done:
            self.forgive(UPDATE)
        self._member.turn.done(UPDATE)

    def _end_all(self) -> None:
        """It has no container of its own any more."""
        member = self._member
        if member.state.arriving is not None:
            member.moving.drop()
        elif member.state.current is not None:
            member.leaving.leave(member.state)
        self._rest()

    def failed(self, why: str, effector: str = UPDATE) -> None:
        """It cannot have a container that is as it should be: what ran goes on, and the next one does not have its turn."""
        member = self._member
        member.change(replace(member.state, update=replace(member.state.update, failure=why, failing=effector)))
        self._ask = ""
        self._say()  # before it is somebody else's turn
        member.turn.done(effector)
        if member.service.expected is Lifecycle.STARTING and member.state.current is not None and member.state.current.ready_once:
            member.service.expect(Lifecycle.RUNNING)  # in the trouble that it was in before
        decision = Decision(member.ids.decision(), member.uid, member.uid, UPDATE, member.now, "", why, self._cause)
        member.decided(decision, acted=False)

    def cancelled(self, message: CancelParts) -> None:
        """The update that it is part of was taken back: what runs as before goes on so, here and below."""
        member, current = self._member, self._member.state.current
        if message.parent != member.state.update.activity or not message.parent:
            return
        for uid in member.family.uids:
            member.tell(uid, message)
        if current is not None and current.was is not None and not self._failure:
            self.failed("the update was cancelled, and what ran before goes on")

    def forgive(self, effector: str) -> None:
        """What failed is to be something else by now, or is tried anew."""
        state = self._member.state
        if state.update.failing and state.update.failing == effector:
            self._member.change(replace(state, update=replace(state.update, failure="", failing="")))

    def _say(self) -> None:
        """The parent hears how it stands, with those below it, when that has changed."""
        member, family = self._member, self._member.family
        member.behind = _together(self._behind, family.behind())
        member.update_failed = _together(self._own_failure, family.update_failed())
        if (member.behind, member.update_failed) != self._told:
            self._told = (member.behind, member.update_failed)
            member.note()
            member.tell_again()

    def facts(self) -> Mapping[str, Value]:
        """What people are told of it, while there is something to tell."""
        behind, failed = self._told
        return {**({"behind": behind} if behind else {}), **({"update_failed": failed} if failed else {})}

    # --- where it runs

    def _change(self, current: Generation) -> None:
        member, container = self._member, self._member.state.spec.container
        if self._ask or container is None:
            return
        self._ask = member.ids.question()
        member.tell(member.identity.pool, Resized(self._place(current, container), self._ask))
        member.after("change", CHANGE_LATE, ChangeAgain())

    def has_room(self, message: ResizeAnswered) -> None:
        """The pool says whether its host has room for what it is to be; then the host is told, else it goes where there is."""
        member, current = self._member, self._member.state.current
        container = member.state.spec.container
        if not self._ask or message.ask != self._ask or current is None or container is None:
            return
        if message.refused:
            self._refuse(current, message.refused)
            return
        wanted = ChangeContainer(member.uid, current.number, container.resources, container.restart or "no", self._cause, self._ask)
        member.tell(current.host, wanted)

    def changed(self, message: ContainerChanged) -> None:
        """It is so; or it cannot be, and a new container is needed."""
        member, current = self._member, self._member.state.current
        if not self._ask or message.ask != self._ask or current is None or current.was is None:
            return
        failure, now = message.failure, started_as(member.state.spec)
        if failure is not None and failure.transient:
            member.after("change", CHANGE_AGAIN, ChangeAgain())
            return
        if failure is not None or now is None:
            member.tell(member.identity.pool, Resized(self._place(current, current.was.container)))
            self._refuse(current, failure.message if failure is not None else "it has no container any more")
            return
        self._ask = ""
        member.cancel_timer("change")
        self._decide_changed(how(current.was, now))
        member.change(replace(member.state, current=replace(current, was=None)))

    def change_again(self) -> None:
        """The pause is over, or nobody has answered."""
        self._ask = ""
        self._member.settle()

    def host_forgot(self, host: str) -> None:
        """What was asked of it is not known there any more."""
        current = self._member.state.current
        if current is not None and current.host == host:
            self._ask = ""

    def _place(self, current: Generation, container: ContainerSpec) -> HeldPlace:
        """The room that it takes as this."""
        request = generations.request(self._member.state, container, (), self._cause)
        return HeldPlace(replace(request, generation=current.number), current.host, current.ports)

    def _refuse(self, current: Generation, why: str) -> None:
        """It cannot be changed where it runs."""
        member = self._member
        self._ask, self._refused = "", current.number
        member.cancel_timer("change")
        reason = f"it could not be changed where it runs: {why}; it gets a new container instead"
        decision = Decision(member.ids.decision(), member.uid, member.uid, UPDATE, member.now, "", reason, self._cause)
        member.decided(decision, acted=False)
        member.settle()

    def _decide_changed(self, step: Step) -> None:
        member = self._member
        words = named(() if isinstance(step, Same) else step.fields, 6)
        reason = f"its spec says so, and the engine can: {words}"
        decision = Decision(member.ids.decision(), member.uid, member.uid, UPDATE, member.now, "change in place", reason, self._cause)
        member.decided(decision, acted=True)


def _together(own: str, below: Mapping[str, str]) -> str:
    return "; ".join((*((own,) if own else ()), *(f"{name}: {words}" for name, words in below.items())))


def _marked(state: MemberState, old: StartedAs | None, new: StartedAs | None) -> MemberState:
    """The state with each generation that was not started as the new spec says marked with how it was."""
    return replace(
        state,
        current=_as_was(state.current, old, new),
        arriving=_as_was(state.arriving, old, new),
        leaving=tuple(kept for each in state.leaving if (kept := _as_was(each, old, new)) is not None),
    )


def _as_was(generation: Generation | None, old: StartedAs | None, new: StartedAs | None) -> Generation | None:
    if generation is None:
        return None
    was = generation.was or old
    return replace(generation, was=None if was == new else was)
