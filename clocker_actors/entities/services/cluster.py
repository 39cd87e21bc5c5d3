"""A cluster: so many members of one kind, kept at the wanted size.

    resize ──size durable──▶ too few: plant members (with their records, all or nothing) ──▶ each starts by itself
                             too many: choose by removal strategy ──▶ removing ──deleted──▶ forgotten
    a member fails to start ──▶ quarantined (or removed); another is planted after a pause that grows with failures in a row;
                                after five the cluster stops trying, says so, and waits for the next resize, restart or start
    replaceMember ──▶ a new member beside the old one ──up──▶ the old one is removed

Resizes do not wait for each other: the newest size is the one that counts, and the activities of older ones end as superseded (`sizing.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.lookouts import AskAgain
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.records import ClusterState, Desired, read_state, record
from clocker_actors.entities.services.brood import Brood
from clocker_actors.entities.services.clusteradopting import ClusterAdopting
from clocker_actors.entities.services.clusterhealth import ClusterHealth
from clocker_actors.entities.services.failedstarts import FailedStarts, TryAgain
from clocker_actors.entities.services.planting import plant_member, watched_closely
from clocker_actors.entities.services.replacements import Replacements
from clocker_actors.entities.services.sizing import LeaseOver, Sizing
from clocker_actors.entities.services.turns import Turns
from clocker_actors.entities.waits import WaitOn, Waits
from clocker_actors.kernel import Answered, ChildRestarted, RequestFailed, Started, TimedOut
from clocker_actors.model.activities import Activity
from clocker_actors.model.dependencies import MayRenew, Renewed
from clocker_actors.model.generations import WatchClosely
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import TOPIC_MEMBERS, CancelParts, ChildChanged, ChildDeleted, MembersChanged, SensorChanged
from clocker_actors.model.moving import MayLeave
from clocker_actors.model.specs import ClusterSpec
from clocker_actors.model.updating import Adopt
from clocker_actors.model.values import Value
from clocker_actors.planning.members import MemberView, resizing

PLANTED_AT_ONCE = 200
"""Members planted by one commit: more would hold the loop too long."""


class Look:
    """Message to itself: members have said something."""


class Cluster(Entity[ClusterState]):
    """Counts its members, and keeps them at the wanted number."""

    kind: ClassVar[EntityKind] = EntityKind.CLUSTER

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.brood = Brood(self)
        self.starts = FailedStarts(self)
        self.replacements = Replacements(self)
        self.health = ClusterHealth(self)
        self.waits = Waits(self)
        self.turns = Turns(self)
        self.sizing = Sizing(self)
        self.adopting = ClusterAdopting(self)
        self.looking = False
        self.watching = False  # whether members are to be read closely

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
        self.orders.take_up()
        self.sizing.begin()
        running = self.state.desired is Desired.RUNNING
        self.service.expect(Lifecycle.STARTING if running else Lifecycle.STOPPING)
        self.settle()

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case ChildChanged():
                self._child_changed(message)
            case ChildDeleted():
                self._child_deleted(message.child)
            case MayLeave():
                self.health.may_leave(message)
            case MayRenew():
                self.turns.ask(message)
            case Renewed():
                self.turns.over(message.member)
            case Adopt():
                self.adopting.adopt(message)
            case LeaseOver():
                self.settle()
            case CancelParts():
                super().on_receive(message)
                for uid in self.state.members:
                    self.tell(uid, message)
            case TryAgain():
                self.starts.go_on()
                self.settle()
            case SensorChanged() if self.waits.lookouts.heard(message):
                pass
            case Answered() | RequestFailed() | TimedOut() if self.waits.lookouts.answered(message):
                pass
            case AskAgain():
                self.waits.lookouts.again()
            case WaitOn():
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

    def serving(self) -> tuple[Uid, ...]:
        return self.state.members

    def type_name(self) -> str:
        return self.state.spec.type_name

    def describe(self) -> Mapping[str, Value]:
        container = self.spec.member.container
        return {
            "image_wanted" if "behind" in self.adopting.told else "image": container.image.reference if container else "",
            "min": self.spec.min_size,
            "max": self.spec.max_size,
            "member": self.spec.member.name,
            **self.sizing.facts(),
            **self.adopting.told,
        }

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {
            "start": self._bring_up,
            "stop": self._bring_down,
            "delete": self._delete,
            "restart": self._restart,
            "resize": self.sizing.resize,
            "resizeByDelta": self.sizing.by_delta,
            "replaceMember": self.replacements.begin,
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
        self.health.forget_refusals()
        if expected is not None:
            self.service.expect(expected)
        self.running.supersede("start", "restart", "resize", "resizeByDelta", "stop", "delete", by=activity)
        self.brood.reset_orders()
        self.starts.forget()
        self.waits.anew()
        self.tell_again()
        replacing = self.state.replacing
        if desired is not Desired.RUNNING:
            replacing = self.replacements.without(tuple(replacing), f"superseded by {activity.effector} ({activity.id})")
        self.change(replace(self.state, desired=desired, replacing=replacing))

    def _restart(self, activity: Activity, _: Arguments) -> None:
        self.refuse_if_deleting(activity)
        self.starts.forget()
        self.running.supersede("stop", by=activity)
        self.fanout.begin(activity.id, self.state.members)
        if self.state.desired is Desired.STOPPED:
            self.service.expect(Lifecycle.STARTING)
            self.brood.reset_orders()
            self.change(replace(self.state, desired=Desired.RUNNING))
        self._order_restarts(activity, self.state.members)

    def _order_restarts(self, activity: Activity, members: Iterable[Uid]) -> None:
        self.brood.order_anew(members, "restart", Cause(activity.id, activity.cause.principal), activity.id, self.uid)

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        if activity.effector == "restart":
            self.fanout.take_up(activity, memory)
        elif activity.effector == "replaceMember":
            return self.replacements.goes_on(activity, memory)
        return activity.effector in {"restart", "resize", "resizeByDelta"}

    def activity_cancelled(self, activity: Activity) -> None:
        """A resize or start that is taken back leaves what is up, and makes no more."""
        self.brood.take_back(self.state.members, activity)
        if (activity.effector.startswith("resize") or activity.effector == "start") and self.state.desired is Desired.RUNNING:
            up = sum(1 for uid in self.state.members if self.health.serves(uid))
            self.change(replace(self.state, size=max(self.spec.min_size, min(self.state.size, up))))

    def child_restarted(self, child: Uid) -> None:
        self.brood.tell_again(child)
        self.turns.over(child)  # it has forgotten that, and asks again if it wants one
        if self.watching:
            self.tell(child, WatchClosely(child, self.outside.timing.watched_period, self.uid))
        self.publish(TOPIC_MEMBERS, MembersChanged(self.uid, self.state.members))  # for those who have told members something
        self.settle()

    # --- towards the desired state

    def reconcile(self) -> None:
        if self.sizing.look():
            return
        self._spawn_members()
        for activity, members in self.fanout.untold():
            self._order_restarts(activity, members)
        self.adopting.go_on()
        self.adopting.refresh()
        self.health.publish_members()
        cause, parent = self._why("delete", "stop", "resize", "resizeByDelta", "replaceMember")
        self.brood.order(self.state.removing, "delete", cause, parent)
        self.brood.order((kept.uid for kept in self.state.quarantined), "stop", SYSTEM)
        match self.state.desired:
            case Desired.RUNNING:
                if self.replacements.finish() or self._sized():
                    return
                self._start_members()
                self.turns.offer()
            case Desired.STOPPED:
                self.waits.stop()
                self.brood.order(self.state.members, "stop", cause, parent)
            case Desired.DELETED:
                self.waits.stop()
                if self._emptied():
                    return
        self.health.refresh()

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
        waiting = [uid for uid in self.state.members if not self.health.serves(uid)] if activity is not None else []
        if not waiting:
            if self._missing() <= 0:
                self.waits.stop()  # members that had begun came up without what was waited for once more
        elif activity is not None and self._may_start():
            self.brood.order(waiting, "start", Cause(activity.id, activity.cause.principal), activity.id)

    def _missing(self) -> int:
        """How many members are to be planted; below 0, to be removed."""
        return self.state.size - (len(self.state.members) - len(self.state.replacing))

    def _sized(self) -> bool:
        """Plant or remove members; whether the state changed."""
        missing = self._missing()
        if missing > 0 and self.starts.may_try and self._may_start():
            self._plant(min(missing, PLANTED_AT_ONCE))
            return True
        if missing < 0:
            self._remove(-missing)
            return True
        return False

    def _may_start(self) -> bool:
        """What it depends on is there; members that run go on without it."""
        return self.waits.met(self.state.spec, None, {})

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
        views = [MemberView(uid, up=self.health.serves(uid)) for uid in self.state.members if uid not in busy]
        going = list(resizing(views, max(0, len(views) - count), self.spec.removal).remove)
        for pair in pairs[: count - len(going)]:  # only members in replacement are left: old and new count as one
            going += [uid for uid in pair if uid in self.state.members]
        gone = set(going)
        left = tuple(uid for uid in self.state.members if uid not in gone)
        replacing = self.replacements.without(going, f"the cluster was made smaller, to {self.state.size}")
        self.change(replace(self.state, members=left, replacing=replacing, removing=(*self.state.removing, *going)))

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
            self.starts.succeeded()
        if message.start_failed and message.child in self.state.members and self.state.desired is Desired.RUNNING:
            self.starts.failed(message)
        if not self.looking:
            # Members speak in bursts: all that wait are heard before the next look at them.
            self.looking = True
            self.tell(self.id, Look())

    def _child_deleted(self, child: Uid) -> None:
        self.let_go(child)
        self.brood.forget(child)
        self.change(
            replace(
                self.state,
                members=tuple(uid for uid in self.state.members if uid != child),
                removing=tuple(uid for uid in self.state.removing if uid != child),
                quarantined=tuple(kept for kept in self.state.quarantined if kept.uid != child),
                replacing=self.replacements.without((child,), f"member {child} was deleted"),
            )
        )

    # --- what people see

    def _why(self, *effectors: str) -> tuple[Cause, str]:
        activity = self.running.newest(*effectors)
        return (Cause(activity.id, activity.cause.principal), activity.id) if activity else (SYSTEM, "")

    def is_settling(self) -> bool:
        return self.health.settling()

    @property
    def start_failed(self) -> bool:
        return self.starts.given_up
