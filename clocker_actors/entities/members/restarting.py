"""A restart of a member: a fresh generation in the place of what runs; where it is nothing but services below it, a restart of those."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.records import Desired
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import Lane
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.members.member import Member


class Restarting:
    """Of one member."""

    __slots__ = ("_member",)

    def __init__(self, member: "Member") -> None:
        self._member = member

    def begin(self, activity: Activity, _: "Arguments") -> None:
        """The effector: a fresh generation, at once if the current one is dead, else when it is gone, since at most one may be up. Services below it go on,
        unless there is nothing but them."""
        member = self._member
        if member.state.spec.container is None:
            self._children(activity)
            return
        member.running.remember(activity.id, generation=member.state.number)
        member.aim(activity, Desired.RUNNING, Lifecycle.STARTING)
        self._anew()

    def _anew(self) -> None:
        """What runs is to be replaced; a generation that is on its way already is fresh enough."""
        member = self._member
        member.lane, member.again = Lane.HEALING, member.state.filled is not None
        member.moving.take_back()
        if member.state.arriving is not None:
            member.moving.promote()
        elif member.state.current is not None:
            member.leaving.leave(member.state)

    def _children(self, activity: Activity) -> None:
        member = self._member
        member.refuse_if_deleting(activity)
        member.running.supersede("stop", by=activity)
        member.fanout.begin(activity.id, member.family.uids)
        if member.state.desired is Desired.STOPPED:
            member.service.expect(Lifecycle.STARTING)
            member.change(replace(member.state, desired=Desired.RUNNING))
        self._order(activity, member.family.uids)

    def _order(self, activity: Activity, children: Iterable[Uid]) -> None:
        member = self._member
        cause = Cause(activity.id, activity.cause.principal)
        member.family.brood.order_anew(children, "restart", cause, activity.id, member.uid)

    # --- over a restart of the manager

    def take_up(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        """One that a manager before had begun goes on, if it is to run still. Written with it is that it is to run; whether the generation of before was told
        to go is seen by its number."""
        member = self._member
        if member.state.spec.container is None:
            member.fanout.take_up(activity, memory)
            return True
        member.cause = Cause(activity.id, activity.cause.principal)
        there = member.state.current or member.state.arriving
        if member.state.desired is Desired.RUNNING and there and member.state.number == memory.get("generation"):
            self._anew()
        return member.state.desired is Desired.RUNNING

    def tell(self) -> None:
        """Services below that a restart of before waits for are there by now, and told once more."""
        for activity, children in self._member.fanout.untold():
            self._order(activity, children)
