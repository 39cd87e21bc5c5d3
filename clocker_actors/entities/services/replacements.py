"""Members of a cluster that are being replaced: the new one comes beside the old one, which goes when the new one is up.

replaceMember ──▶ new planted, pair durable ──new is up──▶ old removed, activity done
                              ├── either goes for another reason ──▶ activity failed, what is left stays
                              └── the new one finds no place, or is stopped ──▶ activity failed; an old one that serves stays, for another it is tried on
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.records import Desired, MemberState, record
from clocker_actors.entities.services.planting import plant_member
from clocker_actors.entities.waits import DEPENDENCY
from clocker_actors.errors import BadRequest, Conflict, NotFound
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import Cause, EntityKind, Uid
from clocker_actors.model.values import Value
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.services.cluster import Cluster


class Replacements:
    """Of one cluster. The pairs themselves are in its durable state."""

    __slots__ = ("_cluster",)

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector replaceMember."""
        cluster = self._cluster
        cluster.refuse_if_deleting(activity)
        old = self._meant(str(arguments["member"]))
        cluster.running.means(activity.id, {"member": old})
        if old in cluster.state.removing or any(kept.uid == old for kept in cluster.state.quarantined):
            # Its restart failed, which set it aside here, and told a replacer: the same fact by two ways.
            cluster.running.step(activity.id, "replace", f"{old} was set aside already, and another was started for it")
            cluster.running.finish(activity.id)
            return
        if old not in cluster.state.members:
            raise NotFound(
                f"{cluster.identity.path} has no member {old}; `clocker tree {cluster.identity.path}` shows those it has", member=old
            )
        if old in cluster.state.replacing:
            raise BadRequest(f"{old} is being replaced already by {cluster.state.replacing[old]}: wait until that one is up")
        if cluster.state.desired is not Desired.RUNNING:
            raise Conflict(f"{cluster.identity.path} is stopped: start it, then replace members", entity=cluster.uid)
        cluster.starts.forget()
        cause = Cause(activity.id, activity.cause.principal)
        member = plant_member(cluster.spec.member, cluster.identity, cluster.state.next_index, cluster.ids, cause)
        new = member.identity.uid
        cluster.running.remember(activity.id, by=new)
        cluster.running.step(activity.id, "replace", f"{old} by {new}")
        state = replace(cluster.state, next_index=cluster.state.next_index + 1, members=(*cluster.state.members, new))
        cluster.change(replace(state, replacing={**state.replacing, old: new}), record(EntityKind.MEMBER, member))

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        """Whether a replacement that a manager before had begun is still to be done. One that was done, with only that not written, ends as such."""
        state, old, new = self._cluster.state, str(activity.arguments.get("member")), str(memory.get("by") or "")
        if old in state.replacing:
            return True
        done = old not in state.members and new in state.members
        if done:
            self._cluster.running.finish(activity.id, new)
        return done

    def _meant(self, asked: str) -> Uid:
        """The uid of one of our members that is named by it, by its path, its number or its name; what is none stays as it is."""
        state, store = self._cluster.state, self._cluster.outside.store
        ours = (*state.members, *state.removing, *(kept.uid for kept in state.quarantined))
        if asked in ours:
            return Uid(asked)
        path = asked.strip("/")
        for uid in ours:
            body = store.read(EntityKind.MEMBER, uid)  # none for one that is still on its way there
            identity = decode(MemberState, body).identity if body is not None else None
            if identity and path in {identity.path, identity.path.rpartition("/")[2], identity.name}:
                return uid
        return Uid(asked)

    def without(self, gone: Sequence[Uid], why: str) -> dict[Uid, Uid]:
        """The replacements that go on when these members go. The activities of the others fail with these words."""
        cluster = self._cluster
        replacing = cluster.state.replacing
        kept = {old: new for old, new in replacing.items() if old not in gone and new not in gone}
        for activity in cluster.running.all("replaceMember"):
            old = Uid(str(activity.arguments["member"]))
            if old in replacing and old not in kept:
                cluster.running.fail(activity.id, why)
        return kept

    def finish(self) -> bool:
        """Finish replacements whose new member is up; whether the state changed."""
        cluster = self._cluster
        done = {old: new for old, new in cluster.state.replacing.items() if cluster.health.up(new) or old not in cluster.state.members}
        if not done:
            return self._give_up()
        for activity in cluster.running.all("replaceMember"):
            if activity.arguments.get("member") in done:
                cluster.running.finish(activity.id, done[Uid(str(activity.arguments["member"]))])
        self._end(done, tuple(old for old in done if old in cluster.state.members))
        return True

    def _end(self, pairs: Collection[Uid], going: tuple[Uid, ...]) -> None:
        """These replacements are over, and these members go."""
        state = self._cluster.state
        left = tuple(uid for uid in state.members if uid not in going)
        replacing = {old: new for old, new in state.replacing.items() if old not in pairs}
        self._cluster.change(replace(state, replacing=replacing, members=left, removing=(*state.removing, *going)))

    def _give_up(self) -> bool:
        """Nobody waits for a replacement that finds no place or what it depends on, or was stopped. Whether the state changed: an old one that serves is kept instead."""
        cluster = self._cluster
        homeless = {old: why for old, new in cluster.state.replacing.items() if (why := self._hindered(new))}
        for activity in cluster.running.all("replaceMember") if homeless else ():
            old = Uid(str(activity.arguments.get("member")))
            if old in homeless:
                then = f"{old} stays" if cluster.health.serves(old) else "it is tried again when that is over"
                cluster.running.fail(activity.id, f"what was to replace it {homeless[old]}; {then}")
        kept = tuple(old for old in homeless if cluster.health.serves(old))
        if not kept:
            return False
        self._end(kept, tuple(cluster.state.replacing[old] for old in kept))
        return True

    def _hindered(self, member: Uid) -> str:
        said = self._cluster.brood.said.get(member)
        if self._cluster.health.rests(member):
            return "was stopped by somebody"
        problems = said.problems if said is not None else {}
        if "placement" in problems:
            return f"finds no place: {problems['placement']}"
        return f"does not start: {problems[DEPENDENCY]}" if DEPENDENCY in problems else ""
