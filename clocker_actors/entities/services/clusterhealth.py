"""How a cluster is: how many of its members serve, whether that is enough, and what becomes of the activities that wait for them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.entity import STORE_PROBLEM, UNHEARD
from clocker_actors.entities.records import Desired
from clocker_actors.entities.services.family import UNSTARTED
from clocker_actors.model import sensors
from clocker_actors.model.identity import Uid
from clocker_actors.model.lifecycle import Lifecycle, quorate
from clocker_actors.model.machines import RoomCame
from clocker_actors.model.messages import TOPIC_MEMBERS, MembersChanged
from clocker_actors.model.moving import LeaveAnswered, MayLeave
from clocker_actors.model.values import Value
from clocker_actors.planning.moving import company

if TYPE_CHECKING:
    from clocker_actors.entities.services.cluster import Cluster

PLACEMENT = "placement"
"""Under this name a member has the problem that there is no room for it."""
LET_GO = 30.0
"""Seconds after which a member that was let go and never went counts again."""


class ClusterHealth:
    """Of one cluster, by what its members said last."""

    __slots__ = ("_away", "_cluster", "_published")

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._published: tuple[Uid, ...] | None = None
        self._away: dict[Uid, float] = {}  # members that may be down for a while, and since when

    def publish_members(self) -> None:
        """Say which members there are, how many are wanted, and how many may be: the bounds first, since who hears a size judges it by them."""
        cluster = self._cluster
        if self._published != cluster.state.members:
            self._published = cluster.state.members
            cluster.publish(TOPIC_MEMBERS, MembersChanged(cluster.uid, cluster.state.members))
        cluster.observe(sensors.GROUP_MIN, cluster.spec.min_size)
        cluster.observe(sensors.GROUP_MAX, cluster.spec.max_size)
        cluster.observe(sensors.GROUP_SIZE, len(cluster.state.members))
        cluster.observe(sensors.GROUP_HELD, cluster.sizing.held)
        cluster.observe(sensors.GROUP_DESIRED, cluster.state.size)
        held: list[Value] = [{"uid": kept.uid, "reason": kept.reason} for kept in cluster.state.quarantined]
        cluster.observe(sensors.QUARANTINED, held)

    def up(self, uid: Uid) -> bool:
        """Whether this member has started, and is well."""
        said = self._cluster.brood.said.get(uid)
        return said is not None and said.up

    def serves(self, uid: Uid) -> bool:
        """Up, or has begun so lately that its start may yet turn out to have failed: it counts for those who use the cluster, not for who waits for a start."""
        said = self._cluster.brood.said.get(uid)
        return said is not None and (said.up or said.settling)

    def rests(self, uid: Uid) -> bool:
        """Whether somebody has stopped this member by itself: nobody waits for it."""
        said = self._cluster.brood.said.get(uid)
        return said is not None and not said.up and said.state is Lifecycle.STOPPED

    def forget_refusals(self) -> None:
        """There may be room by now: an order does not fail for what members said before it was given, and they look once more."""
        brood = self._cluster.brood
        self._cluster.service.problems.pop(PLACEMENT, None)  # told with what it expects now, not before
        for uid in self._cluster.state.members:
            said = brood.said.get(uid)
            if said is not None and PLACEMENT in said.problems:
                brood.said[uid] = replace(said, problems={name: words for name, words in said.problems.items() if name != PLACEMENT})
                self._cluster.tell(uid, RoomCame())

    def may_leave(self, message: MayLeave) -> None:
        """A member has to stop before it starts elsewhere: whether enough others are up, those left out that were let go and have not gone yet."""
        cluster, member = self._cluster, message.member
        self._forget_who_went()
        others = sum(1 for uid in cluster.state.members if uid != member and uid not in self._away and self.serves(uid))
        refused = ""
        if self.serves(member) or message.served:
            refused = company(cluster.identity.path, others, cluster.spec.quorum, cluster.state.size).refused
            if not refused:
                self._let_go(member, others)
        cluster.tell(member, LeaveAnswered(message.ask, refused))

    def _let_go(self, member: Uid, others: int) -> None:
        """It goes, and comes back: a cluster that is left with too few for that while was asked to be so, which is no alarm."""
        cluster = self._cluster
        self._away[member] = cluster.now
        if cluster.service.expected is Lifecycle.RUNNING and not quorate(cluster.spec.quorum, others, cluster.state.size, starting=False):
            cluster.service.expect(Lifecycle.STARTING)

    def _forget_who_went(self) -> None:
        cluster = self._cluster
        self._away = {uid: at for uid, at in self._away.items() if self.serves(uid) and cluster.now - at < LET_GO}

    def settling(self) -> bool:
        """Whether members serve whose start is not over."""
        return self._cluster.brood.count(self._cluster.state.members, lambda said: said.settling) > 0

    def refresh(self) -> None:
        """Say how it is, and end the activities whose goal is reached or cannot be."""
        cluster = self._cluster
        up = sum(1 for uid in cluster.state.members if self.serves(uid))
        self._forget_who_went()
        cluster.observe(sensors.GROUP_UP, up)
        if cluster.state.desired is Desired.STOPPED:
            cluster.service.set_indicator("quorum", "stopped")
            if cluster.brood.stopped(cluster.state.members):
                cluster.service.expect(Lifecycle.STOPPED)
                for activity in cluster.running.all("stop"):
                    cluster.running.finish(activity.id)
            for activity in cluster.running.all("resize", "resizeByDelta"):
                cluster.running.finish(activity.id, cluster.state.size)
        elif cluster.state.desired is Desired.RUNNING:
            self._refresh_running(up)

    def _refresh_running(self, up: int) -> None:
        cluster = self._cluster
        wanted = cluster.state.size
        starting = cluster.service.expected is Lifecycle.STARTING
        started = sum(1 for uid in cluster.state.members if self.up(uid) and uid not in self._away)
        resting = {uid for uid in cluster.state.members if self.rests(uid)}
        apart = len(resting & cluster.brood.roused)  # stopped by somebody since the start began
        ended = started + apart == wanted  # nobody is to be waited for any more
        enough = quorate(cluster.spec.quorum, up, wanted, starting=starting)
        cluster.service.set_indicator("quorum", "" if enough else f"{up} of {wanted} members are up")
        words = f"{cluster.starts.failures} members in a row failed to start, and no more are tried until a resize, start or restart; the last: {cluster.starts.last}"
        cluster.service.set_problem("starts", words if cluster.starts.given_up else "")
        refused = self._refused()
        cluster.service.set_problem(PLACEMENT, refused)
        stuck = "; ".join(problem for name, problem in cluster.service.problems.items() if name != STORE_PROBLEM)
        begun = ended or quorate(cluster.spec.quorum, started + (apart if started else 0), wanted, starting=True)
        if starting and (begun or stuck or refused):
            cluster.service.expect(Lifecycle.RUNNING)
        for activity in cluster.running.all("start", "resize", "resizeByDelta"):
            cluster.running.progress(activity.id, done=min(up, wanted), total=wanted, note=refused or cluster.starts.last)
            if stuck or refused:
                cluster.running.fail(activity.id, stuck or refused)
            elif started + (apart if activity.effector == "start" else len(resting)) == wanted and not cluster.state.removing:
                cluster.running.finish(activity.id, wanted)
        cluster.service.refresh()  # a refusal that was forgotten is told by now, if nothing else was

    def _refused(self) -> str:
        """Why there is no room, once all who found room are up: whoever asked can then see how much there was."""
        reason = ""
        for uid in self._cluster.state.members:
            said = self._cluster.brood.said.get(uid)
            if said is None:
                return ""
            if said.up:
                continue
            if UNHEARD in said.problems:
                continue  # it has room, and nobody knows more
            stuck = next((said.problems[name] for name in UNSTARTED if name in said.problems), "")
            if stuck:
                reason = stuck
            elif said.state is not Lifecycle.ON_FIRE:
                return ""
        return reason
