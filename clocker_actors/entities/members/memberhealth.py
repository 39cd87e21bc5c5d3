"""How a member is, for people and its cluster, and what becomes of the activities that wait for that."""

from typing import TYPE_CHECKING

from clocker_actors.entities.records import Desired
from clocker_actors.model.lifecycle import Lifecycle

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member


class MemberHealth:
    """Of one member, by its desired state, its generation and its family."""

    __slots__ = ("_member",)

    def __init__(self, member: "Member") -> None:
        self._member = member

    def refresh(self) -> None:
        """Say how it is, and end the activities whose goal is reached or cannot be."""
        member = self._member
        member.service.set_indicator("children", member.family.down())
        member.service.set_problem("children", member.family.fire())
        if member.state.desired is Desired.RUNNING:
            self._refresh_running()
        elif member.state.desired is Desired.STOPPED and self._nothing_left() and member.family.stopped():
            member.service.set_indicator("container", "stopped" if member.state.spec.container else "")
            member.service.expect(Lifecycle.STOPPED)
            self._finish("stop")

    def _refresh_running(self) -> None:
        member = self._member
        if member.blocked:
            member.service.set_indicator("container", member.blocked)
            member.service.set_problem("start", member.blocked)
            member.service.expect(Lifecycle.ON_FIRE)
            for activity in member.running.all("start", "restart"):
                member.running.fail(activity.id, member.blocked)
        elif member.state.spec.container is not None and member.state.current is None:
            member.service.set_indicator("container", "not started yet")
        elif fire := member.family.fire():
            for activity in member.running.all("start"):
                member.running.fail(activity.id, fire)
            if member.service.expected is Lifecycle.STARTING:
                member.service.expect(Lifecycle.RUNNING)
        if member.service.up and not member.is_settling():
            if member.service.expected is not Lifecycle.RUNNING:
                member.service.expect(Lifecycle.RUNNING)
            self._finish("start", *(("restart",) if member.state.spec.container is not None else ()))

    def _finish(self, *effectors: str) -> None:
        for activity in self._member.running.all(*effectors):
            self._member.running.finish(activity.id)

    def _nothing_left(self) -> bool:
        return not self._member.state.generations
