"""A cluster becomes what a changed file says: its own part at once, its members one after the other.

Adopt ──size, policies merged; durable──▶ members are told to adopt, until they say that they have; new ones are planted as the new spec says
      behind: members that do not run as it says yet        update_failed: one could not, and those after it go on as they were
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.records import Desired
from clocker_actors.entities.services.planting import adjuncts
from clocker_actors.model.identity import SYSTEM, Cause
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.updating import Adopt, digest
from clocker_actors.model.values import Value
from clocker_actors.planning import merging

if TYPE_CHECKING:
    from clocker_actors.entities.services.cluster import Cluster

SHOWN = 3


class ClusterAdopting:
    """Of one cluster. `_waited_for` says that an update is not over before as many members are up as are wanted; `told` is what people are told of members
    that run as before, while there are any."""

    __slots__ = ("_activity", "_cause", "_cluster", "_waited_for", "told")

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._cause = SYSTEM
        self._activity = ""
        self._waited_for = False
        self.told: Mapping[str, Value] = {}

    def adopt(self, message: Adopt) -> None:
        """Take on the spec; one that is the same has what failed tried anew."""
        cluster, new = self._cluster, message.spec
        if cluster.state.desired is Desired.DELETED or new.cluster is None:
            return
        self._cause, self._activity = Cause(message.cause.id, message.cause.principal), message.activity
        self._begin_anew()
        self._waited_for = True
        cluster.update_failed = ""
        if digest(new) == digest(cluster.state.spec):
            self._try_anew(cluster.spec.member)
            cluster.tell_again()
            cluster.settle()
            return
        state, path = cluster.state, cluster.identity.path
        now = merging.Sized(state.size, state.size_owner, state.lease)
        sized = merging.size(cluster.spec, new.cluster, now, path)
        if state.desired is Desired.RUNNING and sized.size and not any(cluster.health.serves(uid) for uid in state.members):
            cluster.service.expect(Lifecycle.STARTING)  # from no members to some is a start
        policies = cluster.adjuncts.adopt(adjuncts(state.spec), adjuncts(new))
        after = replace(state, spec=new, size=sized.size, size_owner=sized.owner, lease=sized.lease, adjuncts=policies.adjuncts)
        cluster.change(replace(after, identity=replace(state.identity, name=new.name)), *policies.records)
        self._try_anew(new.cluster.member)
        cluster.sizing.say()

    def _begin_anew(self) -> None:
        """What was wrong with the old spec says nothing of the new one: who is mended is starting, and no alarm."""
        cluster = self._cluster
        cluster.starts.forget()
        cluster.waits.anew()
        cluster.service.clear_problems()
        cluster.health.forget_refusals()
        well = cluster.service.expected is Lifecycle.RUNNING and cluster.is_up()
        if cluster.state.desired is Desired.RUNNING and not well:
            cluster.service.expect(Lifecycle.STARTING)

    def _try_anew(self, member: ServiceSpec) -> None:
        """Members that could not become what they still are to be."""
        cluster = self._cluster
        for uid in cluster.state.members:
            said = cluster.brood.said.get(uid)
            if said is not None and said.update_failed and cluster.brood.adopted(uid, member):
                cluster.brood.adopt_anew(uid, member, self._cause, self._activity)

    def go_on(self) -> None:
        """Members that are something else are told to become what they are to be."""
        cluster = self._cluster
        member = cluster.spec.member
        cluster.brood.adopt(dict.fromkeys(cluster.state.members, member), self._cause, self._activity, of=member)

    def refresh(self) -> None:
        """Tell the parent how far members are."""
        cluster, brood = self._cluster, self._cluster.brood
        want, late, could_not = brood.digests.of(cluster.spec.member), [], []
        for uid in cluster.state.members:
            said = brood.said.get(uid)
            if said is not None and (said.behind or said.adopted != want):
                late.append(said.behind)
            if said is not None and said.update_failed and said.adopted == want:
                could_not.append(said.update_failed)
        behind, failed = self._behind(late), "; ".join(could_not[:SHOWN])
        if (behind, failed) != (cluster.behind, cluster.update_failed):
            cluster.behind, cluster.update_failed = behind, failed
            cluster.tell_again()
        told = {**({"behind": behind} if late else {}), **({"update_failed": failed} if failed else {})}
        if told != self.told:
            self.told = told
            cluster.note()

    def _behind(self, late: list[str]) -> str:
        cluster = self._cluster
        if late:
            words = next((each for each in late if each), "")
            return f"{len(late)} of {len(cluster.state.members)} members run as before" + (f": {words}" if words else "")
        if not self._waited_for or cluster.state.desired is not Desired.RUNNING:
            return ""
        up = sum(1 for uid in cluster.state.members if cluster.health.up(uid) or cluster.health.rests(uid))
        self._waited_for = up < cluster.state.size or bool(cluster.state.removing)
        return f"{up} of {cluster.state.size} members are up" if self._waited_for else ""
