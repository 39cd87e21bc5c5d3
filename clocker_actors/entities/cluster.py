"""A cluster: so many members of one kind, kept at the wanted size.

    resize ──size durable──▶ too few: plant members (with their records, all or nothing) ──▶ each starts by itself
                             too many: choose by removal strategy ──▶ removing ──deleted──▶ forgotten
    a member fails to start ──▶ quarantined (or removed); another is planted after a pause that grows with failures in a row;
                                after five the cluster stops trying, says so, and waits for the next resize, restart or start
    replaceMember ──▶ a new member beside the old one ──up──▶ the old one is removed

Resizes do not wait for each other: the newest size is the one that counts, and the activities of older ones end as superseded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from clocker_actors.entities import quarantine
from clocker_actors.entities.brood import Brood
from clocker_actors.entities.entity import STORE_PROBLEM, Arguments, EffectorMethod, Entity
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.planting import plant_member, watched_closely
from clocker_actors.entities.quarantine import MOST_FAILURES
from clocker_actors.entities.records import ClusterState, Desired, read_state, record
from clocker_actors.errors import BadRequest, Conflict, NotFound
from clocker_actors.kernel import ChildRestarted, Started
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import WatchClosely
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle, quorate
from clocker_actors.model.messages import TOPIC_MEMBERS, ChildChanged, ChildDeleted, MembersChanged
from clocker_actors.model.specs import ClusterSpec
from clocker_actors.model.values import Value
from clocker_actors.planning.members import MemberView, resizing

PLANTED_AT_ONCE = 200
"""Members planted by one commit: more would hold the loop too long."""


class TryAgain:
    """Timer message: the pause after a failed start is over."""


class Look:
    """Message to itself: members have said something."""


class Cluster(Entity[ClusterState]):
    """Counts its members, and keeps them at the wanted number."""

    kind: ClassVar[EntityKind] = EntityKind.CLUSTER

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.brood = Brood(self)
        self.failures = 0
        self.last_failure = ""
        self.pausing = False
        self.looking = False
        self.watching = False  # whether members are to be read closely
        self._published: tuple[Uid, ...] | None = None

    @property
    def spec(self) -> ClusterSpec:
        """The cluster's own part of its service spec."""
        cluster = self.state.spec.cluster
        if cluster is None:
            raise TypeError(f"{self.uid} was planted as a cluster without being one")
        return cluster

    def on_start(self) -> None:
        self.take_up(lambda: read_state(ClusterState, self.outside.store, self.kind, self.uid))
        self.note()
        self.adjuncts.spawn_all()
        running = self.state.desired is Desired.RUNNING
        self.service.expect(Lifecycle.STARTING if running else Lifecycle.STOPPING)
        self.settle()

    def on_receive(self, message: object) -> object:
        match message:
            case ChildChanged():
                self._child_changed(message)
            case ChildDeleted():
                self._child_deleted(message.child)
            case TryAgain():
                self.pausing = False
                self.settle()
            case Look():
                self.looking = False
                self.settle()
            case Started() | ChildRestarted() if message.id.startswith(f"{self.uid}:"):
                self.tell(message.id, MembersChanged(self.uid, self.state.members))
                return super().on_receive(message)
            case _:
                return super().on_receive(message)
        return None

    def type_name(self) -> str:
        return self.state.spec.type

    def describe(self) -> Mapping[str, Value]:
        container = self.spec.member.container
        return {
            "image": container.image.reference if container else "",
            "min": self.spec.min_size,
            "max": self.spec.max_size,
            "member": self.spec.member.name,
        }

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {
            "start": self._bring_up,
            "stop": self._bring_down,
            "delete": self._delete,
            "restart": self._restart,
            "resize": self._resize,
            "resizeByDelta": self._resize_by_delta,
            "replaceMember": self._replace_member,
        }

    # --- effectors

    def _bring_up(self, activity: Activity, _: Arguments) -> None:
        runs = self.service.expected is Lifecycle.RUNNING and self.is_up()
        self._aim(activity, Desired.RUNNING, None if runs else Lifecycle.STARTING)

    def _bring_down(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.STOPPED, Lifecycle.STOPPING)

    def _delete(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.DELETED, Lifecycle.STOPPING)

    def _aim(self, activity: Activity, desired: Desired, expected: Lifecycle | None) -> None:
        self.refuse_if_deleting(activity)
        if expected is not None:
            self.service.expect(expected)
        self.running.supersede("start", "restart", "resize", "resizeByDelta", "stop", "delete", by=activity)
        self.brood.reset_orders()
        self._try_anew()
        self.tell_again()
        replacing = self.state.replacing
        if desired is not Desired.RUNNING:
            replacing = self._replacements_without(tuple(replacing), f"superseded by {activity.effector} ({activity.id})")
        self.change(replace(self.state, desired=desired, replacing=replacing))

    def _resize(self, activity: Activity, arguments: Arguments) -> None:
        self._set_size(activity, int(str(arguments["size"])))

    def _resize_by_delta(self, activity: Activity, arguments: Arguments) -> None:
        self._set_size(activity, self.state.size + int(str(arguments["delta"])))

    def _set_size(self, activity: Activity, size: int) -> None:
        self.refuse_if_deleting(activity)
        least, most = self.spec.min_size, self.spec.max_size
        if not least <= size <= most:
            raise BadRequest(f"{self.identity.path} takes {least} to {most} members, not {size}: give a size in that range", size=size)
        self.running.supersede("resize", "resizeByDelta", by=activity)
        self._try_anew()
        self.running.step(activity.id, "resize", f"{len(self.state.members)} → {size}")
        self.change(replace(self.state, size=size))

    def _replace_member(self, activity: Activity, arguments: Arguments) -> None:
        self.refuse_if_deleting(activity)
        old = Uid(str(arguments["member"]))
        if old in self.state.removing or any(kept.uid == old for kept in self.state.quarantined):
            # Its restart failed, which set it aside here, and told a replacer: the same fact by two ways.
            self.running.step(activity.id, "replace", f"{old} was set aside already, and another was started for it")
            self.running.finish(activity.id)
            return
        if old not in self.state.members:
            raise NotFound(f"{self.identity.path} has no member {old}; `clocker tree {self.identity.path}` shows those it has", member=old)
        if old in self.state.replacing:
            raise BadRequest(f"{old} is being replaced already by {self.state.replacing[old]}: wait until that one is up")
        if self.state.desired is not Desired.RUNNING:
            raise Conflict(f"{self.identity.path} is stopped: start it, then replace members", entity=self.uid)
        self._try_anew()
        cause = Cause(activity.id, activity.cause.principal)
        member = plant_member(self.spec.member, self.identity, self.state.next_index, self.ids, cause)
        new = member.identity.uid
        self.running.step(activity.id, "replace", f"{old} by {new}")
        state = replace(self.state, next_index=self.state.next_index + 1, members=(*self.state.members, new))
        self.change(replace(state, replacing={**state.replacing, old: new}), record(EntityKind.MEMBER, member))

    def _restart(self, activity: Activity, _: Arguments) -> None:
        self.refuse_if_deleting(activity)
        self._try_anew()
        self.running.supersede("stop", by=activity)
        if self.state.desired is Desired.STOPPED:
            self.service.expect(Lifecycle.STARTING)
            self.brood.reset_orders()
            self.change(replace(self.state, desired=Desired.RUNNING))
        self.fanout.begin(activity.id, len(self.state.members))
        cause = Cause(activity.id, activity.cause.principal)
        self.brood.order_anew(self.state.members, "restart", cause, activity.id, self.uid)

    def activity_cancelled(self, activity: Activity) -> None:
        """A resize or start that is taken back leaves what is up, and makes no more."""
        self.brood.take_back(self.state.members, activity)
        if (activity.effector.startswith("resize") or activity.effector == "start") and self.state.desired is Desired.RUNNING:
            up = sum(1 for uid in self.state.members if self._serves(uid))
            self.change(replace(self.state, size=max(self.spec.min_size, min(self.state.size, up))))

    def _try_anew(self) -> None:
        """Whoever asks for something gives the cluster a fresh budget of failures."""
        self.failures, self.last_failure, self.pausing = 0, "", False
        self.cancel_timer("pause")

    def child_restarted(self, child: Uid) -> None:
        self.brood.tell_again(child)
        if self.watching:
            self.tell(child, WatchClosely(child, self.outside.timing.watched_period, self.uid))
        self.publish(TOPIC_MEMBERS, MembersChanged(self.uid, self.state.members))  # for those who have told members something
        self.settle()

    # --- towards the desired state

    def reconcile(self) -> None:
        self._spawn_members()
        self._publish_members()
        cause, parent = self._why("delete", "stop", "resize", "resizeByDelta", "replaceMember")
        self.brood.order(self.state.removing, "delete", cause, parent)
        self.brood.order((kept.uid for kept in self.state.quarantined), "stop", SYSTEM)
        match self.state.desired:
            case Desired.RUNNING:
                if self._replaced() or self._sized():
                    return
                self._start_members()
            case Desired.STOPPED:
                self.brood.order(self.state.members, "stop", cause, parent)
            case Desired.DELETED:
                if self._emptied():
                    return
        self._refresh()

    def _spawn_members(self) -> None:
        quarantined = tuple(kept.uid for kept in self.state.quarantined)
        before, self.watching = self.watching, watched_closely(self.state.adjuncts)
        period = self.outside.timing.watched_period if self.watching else None
        for uid in (*self.state.members, *self.state.removing, *quarantined):
            fresh = self.keep(uid, EntityKind.MEMBER)
            if (fresh and self.watching) or before != self.watching:
                self.tell(uid, WatchClosely(uid, period, self.uid))

    def _start_members(self) -> None:
        activity = self.running.newest("start", "resize", "resizeByDelta", "replaceMember")
        if activity is not None:
            waiting = [uid for uid in self.state.members if not self._serves(uid)]
            self.brood.order(waiting, "start", Cause(activity.id, activity.cause.principal), activity.id)

    def _sized(self) -> bool:
        """Plant or remove members; whether the state changed."""
        have = len(self.state.members) - len(self.state.replacing)
        if have < self.state.size and not self.pausing and self.failures < MOST_FAILURES:
            self._plant(min(self.state.size - have, PLANTED_AT_ONCE))
            return True
        if have > self.state.size:
            self._remove(have - self.state.size)
            return True
        return False

    def _plant(self, count: int) -> None:
        first = self.state.next_index
        cause, activity = self._why("start", "resize", "resizeByDelta")
        cause = cause if activity else self.state.cause
        planted = [plant_member(self.spec.member, self.identity, first + n, self.ids, cause) for n in range(count)]
        uids = tuple(member.identity.uid for member in planted)
        state = replace(self.state, members=(*self.state.members, *uids), next_index=first + count)
        self.change(state, *(record(EntityKind.MEMBER, member) for member in planted))

    def _remove(self, count: int) -> None:
        pairs = list(self.state.replacing.items())
        busy = {uid for pair in pairs for uid in pair}
        views = [MemberView(uid, up=self._serves(uid)) for uid in self.state.members if uid not in busy]
        going = list(resizing(views, max(0, len(views) - count), self.spec.removal).remove)
        for pair in pairs[: count - len(going)]:  # only members in replacement are left: old and new count as one
            going += [uid for uid in pair if uid in self.state.members]
        gone = set(going)
        left = tuple(uid for uid in self.state.members if uid not in gone)
        replacing = self._replacements_without(going, f"the cluster was made smaller, to {self.state.size}")
        self.change(replace(self.state, members=left, replacing=replacing, removing=(*self.state.removing, *going)))

    def _replacements_without(self, gone: Sequence[Uid], why: str) -> dict[Uid, Uid]:
        """The replacements that go on when these members go. The activities of the others fail with these words."""
        replacing = self.state.replacing
        kept = {old: new for old, new in replacing.items() if old not in gone and new not in gone}
        for activity in self.running.all("replaceMember"):
            old = Uid(str(activity.arguments["member"]))
            if old in replacing and old not in kept:
                self.running.fail(activity.id, why)
        return kept

    def _replaced(self) -> bool:
        """Finish replacements whose new member is up; whether the state changed."""
        done = {old: new for old, new in self.state.replacing.items() if self._up(new) or old not in self.state.members}
        if not done:
            return False
        for activity in self.running.all("replaceMember"):
            if activity.arguments.get("member") in done:
                self.running.finish(activity.id, done[Uid(str(activity.arguments["member"]))])
        going = tuple(old for old in done if old in self.state.members)
        self.change(
            replace(
                self.state,
                replacing={old: new for old, new in self.state.replacing.items() if old not in done},
                members=tuple(uid for uid in self.state.members if uid not in going),
                removing=(*self.state.removing, *going),
            )
        )
        return True

    def _emptied(self) -> bool:
        """Let all members go; whether the state changed or the end is reached."""
        quarantined = tuple(kept.uid for kept in self.state.quarantined)
        if self.state.members or quarantined:
            going = (*self.state.removing, *self.state.members, *quarantined)
            self.change(replace(self.state, members=(), quarantined=(), replacing={}, removing=tuple(dict.fromkeys(going))))
            return True
        if not self.state.removing:
            self.forget()
            return True
        return False

    # --- what members say

    def _child_changed(self, message: ChildChanged) -> None:
        self.brood.heard(message)
        if message.up:
            self.failures = 0
        if message.start_failed and message.child in self.state.members and self.state.desired is Desired.RUNNING:
            self._member_failed(message)
        if not self.looking:
            # Members speak in bursts: all that wait are heard before the next look at them.
            self.looking = True
            self.tell(self.id, Look())

    def _member_failed(self, message: ChildChanged) -> None:
        self.failures += 1
        self.last_failure = "; ".join(dict.fromkeys(message.problems.values())) or "did not start"
        self.pausing = True
        self.after("pause", quarantine.pause_after(self.failures), TryAgain())
        uid, keep = message.child, self.spec.quarantine
        replacing = self._replacements_without((uid,), f"member {uid} did not start: {self.last_failure}")
        self.state = quarantine.set_aside(replace(self.state, replacing=replacing), uid, self.last_failure, self.now, keep=keep)
        decision = quarantine.decision(self.ids.decision(), self.uid, uid, self.failures, self.last_failure, self.now, keep=keep)
        self.decided(decision, acted=True)

    def _child_deleted(self, child: Uid) -> None:
        self.let_go(child)
        self.brood.forget(child)
        self.change(
            replace(
                self.state,
                members=tuple(uid for uid in self.state.members if uid != child),
                removing=tuple(uid for uid in self.state.removing if uid != child),
                quarantined=tuple(kept for kept in self.state.quarantined if kept.uid != child),
                replacing=self._replacements_without((child,), f"member {child} was deleted"),
            )
        )

    # --- what people see

    def _up(self, uid: Uid) -> bool:
        said = self.brood.said.get(uid)
        return said is not None and said.up

    def _serves(self, uid: Uid) -> bool:
        """Up, or has begun so lately that its start may yet turn out to have failed: it counts for those who use the cluster, not for who waits for a start."""
        said = self.brood.said.get(uid)
        return said is not None and (said.up or said.settling)

    def _why(self, *effectors: str) -> tuple[Cause, str]:
        activity = self.running.newest(*effectors)
        return (Cause(activity.id, activity.cause.principal), activity.id) if activity else (SYSTEM, "")

    def _publish_members(self) -> None:
        if self._published != self.state.members:
            self._published = self.state.members
            self.publish(TOPIC_MEMBERS, MembersChanged(self.uid, self.state.members))
        self.observe(sensors.GROUP_SIZE, len(self.state.members))
        self.observe(sensors.GROUP_DESIRED, self.state.size)
        held: list[Value] = [{"uid": kept.uid, "reason": kept.reason} for kept in self.state.quarantined]
        self.observe(sensors.QUARANTINED, held)

    def _refresh(self) -> None:
        up = sum(1 for uid in self.state.members if self._serves(uid))
        self.observe(sensors.GROUP_UP, up)
        if self.state.desired is Desired.STOPPED:
            self.service.set_indicator("quorum", "stopped")
            if self.brood.stopped(self.state.members):
                self.service.expect(Lifecycle.STOPPED)
                for activity in self.running.all("stop"):
                    self.running.finish(activity.id)
            for activity in self.running.all("resize", "resizeByDelta"):
                self.running.finish(activity.id, self.state.size)
        elif self.state.desired is Desired.RUNNING:
            self._refresh_running(up)

    def _refresh_running(self, up: int) -> None:
        given_up = self.failures >= MOST_FAILURES
        wanted = self.state.size
        starting = self.service.expected is Lifecycle.STARTING
        started = sum(1 for uid in self.state.members if self._up(uid))
        enough = quorate(self.spec.quorum, up, wanted, starting=starting)
        self.service.set_indicator("quorum", "" if enough else f"{up} of {wanted} members are up")
        words = f"{self.failures} members in a row failed to start, and no more are tried until a resize, start or restart; the last: {self.last_failure}"
        self.service.set_problem("starts", words if given_up else "")
        refused = self._refused()
        self.service.set_problem("placement", refused)
        stuck = "; ".join(problem for name, problem in self.service.problems.items() if name != STORE_PROBLEM)
        if starting and (quorate(self.spec.quorum, started, wanted, starting=True) or stuck or refused):
            self.service.expect(Lifecycle.RUNNING)
        for activity in self.running.all("start", "resize", "resizeByDelta"):
            self.running.progress(activity.id, done=min(up, wanted), total=wanted, note=refused or self.last_failure)
            if stuck or refused:
                self.running.fail(activity.id, stuck or refused)
            elif started == wanted and not self.state.removing:
                self.running.finish(activity.id, wanted)

    def _refused(self) -> str:
        """Why there is no room, once all who found room are up: whoever asked can then see how much there was."""
        reason = ""
        for uid in self.state.members:
            said = self.brood.said.get(uid)
            if said is None:
                return ""
            if said.up:
                continue
            if "placement" in said.problems:
                reason = said.problems["placement"]
            elif said.state is not Lifecycle.ON_FIRE:
                return ""
        return reason

    @property
    def start_failed(self) -> bool:
        return self.failures >= MOST_FAILURES
