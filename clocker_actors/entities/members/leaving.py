"""Generations of a member on their way out: stopped and removed by their hosts, forgotten when those say that they are gone.

One that serves goes on doing so for the leave delay of its spec, since those who use it hear only now that they should not: the member says at once that it
serves there no more. When that time is over is durable. What has died, is unwell, or was never ready is not waited for.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.members import generations
from clocker_actors.entities.records import ClusterState, Desired, Generation, MemberState
from clocker_actors.entities.waits import WaitOn
from clocker_actors.model.generations import TOPIC_BEGAN, EndContainer, GenerationChanged, Phase
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import Release
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member


class Leaving:
    """Of one member. The generations themselves are in its durable state; those `ending` are known to their hosts as such."""

    __slots__ = ("_member", "ending")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self.ending: set[int] = set()

    def leave(self, state: MemberState, *, ended: bool | None = None) -> None:
        """The current generation becomes a leaving one; `ended` if nothing of it runs (not given: as its phase says)."""
        member = self._member
        current = state.current
        if current is None:
            return
        over = member.fate.over if ended is None else ended
        if member.phase in {Phase.DIED, Phase.GONE}:
            # It holds neither memory nor ports any more: its successor may have its very place.
            member.tell(member.identity.pool, Release(member.uid, current.number))
        leaving = self.parting(current, ended=over)
        member.phase, member.settling = None, False
        member.change(replace(state, current=None, leaving=(*state.leaving, leaving)))

    def parting(self, generation: Generation, *, ended: bool) -> Generation:
        """The current generation as a leaving one, that serves for a while yet if it does now."""
        member = self._member
        delay = member.state.spec.leave_delay
        serves = not ended and generation.ready_once and member.phase is not Phase.UNWELL
        return replace(generation, ended=ended, until=member.now + delay if delay and serves else 0.0)

    def end(self) -> None:
        """Have leaving generations removed when their delay is over. Remains of a dead one wait until its successor runs (removing holds up starting), or has no
        room."""
        member = self._member
        busy = (
            member.state.desired is Desired.RUNNING
            and member.phase is not Phase.READY
            and not member.blocked
            and not member.search.refusals
        )
        for generation in member.state.leaving:
            if generation.number in self.ending or (generation.ended and busy):
                continue
            wait = 0.0 if generation.ended else min(generation.until - member.now, member.state.spec.leave_delay)
            if wait > 0:
                member.after(f"leave:{generation.number}", wait, WaitOn())
                continue
            self.ending.add(generation.number)
            container = generation.was.container if generation.was is not None else member.state.spec.container
            grace = container.stop_timeout if container else 10.0
            first = () if generation.ended or not self._for_good(generation) else member.state.spec.leave_command
            limit = member.state.spec.leave_timeout if first else 0.0
            member.tell(generation.host, EndContainer(member.uid, generation.number, generation.name, member.cause, grace, first, limit))

    def _for_good(self, generation: Generation) -> bool:
        """Whether it leaves a cluster that goes on without it: its member goes, or runs on another host now, where it has none of its data."""
        member = self._member
        state = member.state
        if not state.cluster:
            return False
        if state.desired is Desired.RUNNING:
            return any(other.host != generation.host for other in (state.current, state.arriving) if other is not None)
        kept = member.outside.store.read(EntityKind.CLUSTER, state.cluster)
        lives = kept is not None and decode(ClusterState, kept).desired is Desired.RUNNING
        return state.desired is Desired.DELETED and lives

    def _listen_less(self, gone: Generation) -> None:
        member = self._member
        if not any(kept.host == gone.host for kept in member.state.generations if kept is not gone):
            member.unsubscribe(gone.host, TOPIC_BEGAN)

    def changed(self, message: GenerationChanged) -> None:
        """Host or container say how one of them is."""
        member = self._member
        leaving = next((kept for kept in member.state.leaving if kept.number == message.generation), None)
        if leaving is None:
            return
        if message.phase in {Phase.GONE, Phase.LOST}:
            # Of a host that does not answer nothing can be awaited; what it still has is swept as an orphan when it is back.
            member.tell(member.identity.pool, Release(member.uid, leaving.number))
            self.ending.discard(leaving.number)
            member.service.set_problem(f"remains of generation {leaving.number}", "")
            if member.search.pausing:
                member.search.take_back()
            self._listen_less(leaving)
            member.change(replace(member.state, leaving=tuple(kept for kept in member.state.leaving if kept is not leaving)))
        elif generations.is_over(message) and not leaving.ended:
            kept_leaving = tuple(replace(kept, ended=True) if kept is leaving else kept for kept in member.state.leaving)
            member.change(replace(member.state, leaving=kept_leaving))
        elif leaving.number in self.ending and message.failure is not None and member.state.current is None:
            # Beside a current one it is no problem of the service: it would be restarted for that, and be down until the remains are gone.
            member.service.set_problem(f"remains of generation {leaving.number}", message.reason)

    def host_forgot(self, host: Uid) -> None:
        """It knows nothing of what it was to end."""
        self.ending -= {generation.number for generation in self._member.state.leaving if generation.host == host}
