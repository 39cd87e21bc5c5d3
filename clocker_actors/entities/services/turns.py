"""Whose turn it is: members of a cluster that begin anew, or change, because of a changed spec or value do so one after the other, each ready before the next.

A member that does not serve has nothing to lose and need not wait. The others wait until all the rest serve, and stop where a start has failed: a value that
nobody can run with takes down one member, not all.
"""

from typing import TYPE_CHECKING

from clocker_actors.model.dependencies import MayRenew, RenewAnswered
from clocker_actors.model.identity import Uid

if TYPE_CHECKING:
    from clocker_actors.entities.services.cluster import Cluster

MARGIN = 60.0
"""Seconds that a turn may take beyond what a member may take to stop and to start."""
TRIES = 3
"""Starts that a member may need."""


class Turns:
    """Of one cluster. Not durable: members ask again now and then, and are told as soon as it is their turn."""

    __slots__ = ("_cluster", "_queue", "_since", "holder")

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self.holder: Uid | None = None
        self._since = 0.0
        self._queue: dict[Uid, None] = {}

    def ask(self, message: MayRenew) -> None:
        """A member asks."""
        member = message.member
        serves = message.serves or self._cluster.health.serves(member)
        why = self._must_wait(member) or (self._hindrance(member) if serves else "")
        if why:
            self._queue[member] = None
            self._cluster.tell(member, RenewAnswered(why))
        else:
            self._give(member)

    def over(self, member: Uid) -> None:
        """A member has had its turn, or does not want it any more."""
        self._queue.pop(member, None)
        if self.holder == member:
            self.holder = None
        self.offer()

    def offer(self) -> None:
        """Something changed: give the turn to the first who may have it, and to all that have nothing to lose."""
        hindered: str | None = None  # asked once for all of them
        for member in tuple(self._queue):
            if self._must_wait(member):
                continue
            if self._cluster.health.serves(member):
                hindered = self._hindrance(member) if hindered is None else hindered
                if hindered:
                    continue
            self._give(member)

    def _give(self, member: Uid) -> None:
        cluster = self._cluster
        self._queue.pop(member, None)
        if cluster.health.serves(member):
            self.holder, self._since = member, cluster.now
        cluster.tell(member, RenewAnswered())

    def _must_wait(self, member: Uid) -> str:
        if self.holder is not None and self.holder != member and self._cluster.health.serves(member) and self._holds():
            return f"{self.holder} begins anew first"
        return ""

    def _hindrance(self, member: Uid) -> str:
        """Why no member that serves may have its turn now, in words; what has failed hinders all but who asks to try that anew."""
        cluster = self._cluster
        said = ((uid, cluster.brood.said.get(uid)) for uid in cluster.state.members if uid != member)
        failed = next((words.update_failed for _, words in said if words is not None and words.update_failed), "")
        if failed:
            return f"another could not begin anew: {failed}"
        if cluster.starts.failures:
            return f"the last start in {cluster.identity.path} failed: {cluster.starts.last}"
        down = [uid for uid in cluster.state.members if uid != member and not cluster.health.serves(uid) and not cluster.health.rests(uid)]
        return f"{', '.join(down[:5])} of {cluster.identity.path} does not serve yet" if down else ""

    def _holds(self) -> bool:
        cluster = self._cluster
        member = cluster.spec.member
        stop = member.leave_delay + (member.container.stop_timeout if member.container is not None else 0.0)
        limit = TRIES * member.start_timeout + stop + MARGIN
        return self.holder in cluster.state.members and cluster.now - self._since < limit
