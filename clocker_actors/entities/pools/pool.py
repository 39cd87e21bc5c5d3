"""A pool ("docker cloud"): its hosts, and the only place where it is decided which host a container goes to.

    member ──Place──▶ pool ──filters, ranking, reservation in one step──▶ Placed | PlacementRefused
    host ──HostSeen──▶ pool (the index changes by facts)            member ──Release──▶ pool

Choosing and reserving are one handler, so concurrent placements cannot overshoot. When it begins, the index is filled from the members' records before
anything is placed. After a crash of its own that is not enough, for what it promised last may be in no record yet: then it asks the members, too. They have
heard of each promise by then, since messages are handled in the order in which they were sent.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import ClassVar

from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.members.standing import correct, occupy_standing, places
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.pools.adopting import LeaveAgain, PoolAdopting
from clocker_actors.entities.pools.certifying import CERTIFYING, CertifyAgain, Certifying, LookAtCertificates
from clocker_actors.entities.pools.demand import Demand, Grow, GrowOn
from clocker_actors.entities.pools.losses import Losses
from clocker_actors.entities.pools.placing import PlaceSome, Placing
from clocker_actors.entities.pools.pooltidying import ImagesLate, PoolTidying
from clocker_actors.entities.pools.rebalancing import PlanOn, Rebalancing
from clocker_actors.entities.pools.shrinking import LookAgain
from clocker_actors.entities.pools.sightings import DESTROY as ORPHANS
from clocker_actors.entities.pools.sightings import LOOK as SIGHTINGS
from clocker_actors.entities.pools.sightings import LookAtClouds, Sightings
from clocker_actors.entities.pools.supply import Supply, unseen, without
from clocker_actors.entities.pools.upkeep import LookAtRoom, Upkeep
from clocker_actors.entities.pools.weighing import weighed
from clocker_actors.entities.records import (
    Desired,
    HostState,
    Identity,
    MemberState,
    PoolState,
    belongings,
    read_state,
    record,
)
from clocker_actors.entities.wanted import users_of
from clocker_actors.errors import Conflict
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.answering import HostAnswering
from clocker_actors.model.generations import GenerationChanged, ImagesRemoved, Phase, RemoveImages, RemoveVolumes, VolumesRemoved
from clocker_actors.model.identity import RECORDER, SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.machines import MachineChanged, MachinePhase, NotGivenBack, Recertified
from clocker_actors.model.messages import ActivityEnded, ChildDeleted, HostSeen, Place, Places, Release, SayPlaces
from clocker_actors.model.moving import Residing, WhoIsOn
from clocker_actors.model.noted import EntityGone
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.updating import ResizeAnswered, Resized
from clocker_actors.model.values import Value
from clocker_actors.model.weighing import Weigh
from clocker_actors.placement.growing import lacking
from clocker_actors.placement.index import HostIndex
from clocker_actors.planning.rebalancing import spread
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import decode

GATHERING = 6.0
"""Seconds that placements wait, after a start, for hosts to say whether they are there."""


class Refresh:
    """Timer message: publish the counts."""


class Gathered:
    """Timer message: hosts that have not spoken by now are not waited for."""


class Pool(Entity[PoolState]):
    """Owns the index of hosts, places and releases."""

    kind: ClassVar[EntityKind] = EntityKind.POOL

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self.index = HostIndex()
        self.refreshing = False
        self.up: dict[Uid, bool] = {}
        self._resizes: dict[Uid, Resized] = {}  # the last of each member that its host has to be heard of for
        self.cordoned: set[Uid] = set()  # by their own word, not since they leave
        self._known: set[Uid] = set()
        self.placing = Placing(self)
        self.gathering = True  # not all hosts have said yet whether they are there
        self.recorded: dict[
            Uid, tuple[int, ...]
        ] = {}  # generations in the records of members that have not said yet which they really have
        self.tidying = PoolTidying(self)
        self.supply = Supply(self)
        self.rebalancing = Rebalancing(self)
        self.demand = Demand(self)
        self.upkeep = Upkeep(self)
        self.sightings = Sightings(self)
        self.losses = Losses(self)
        self.adopting = PoolAdopting(self)
        self.certifying = Certifying(self)

    def on_start(self) -> None:
        coming = self.take_up(lambda: read_state(PoolState, self.outside.store, self.kind, self.uid))
        self.index = HostIndex(self.state.spec.ports, types=self.outside.types)
        for order, spec in enumerate(self.state.spec.hosts):
            uid = self.state.hosts.get(spec.name)
            if uid is not None:
                self.index.add(unseen(uid, spec, order))
        self.supply.begin(coming)
        recorded = occupy_standing(self.index, self.outside.store, self.uid)
        for member, generations in recorded.items():
            pending = self.outside.commits.of(member)
            if pending is not None and isinstance(pending.state, MemberState):
                correct(self.index, generations, Places(member, places(pending.state)))
        if self.uid in self.outside.crashed:
            self.recorded = dict(recorded)
            for member in recorded:
                self.tell(member, SayPlaces(self.uid))
        self.note()
        self.adjuncts.spawn_all()
        self.orders.take_up()
        self.service.expect(Lifecycle.STARTING)
        self.after("gather", GATHERING, Gathered())
        self.upkeep.begin()
        self.sightings.begin()
        self.certifying.watch()
        self.settle()

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case Place():
                self.placing.ask(message)
            case Release():
                self.placing.withdrawn(message)
                self.demand.withdrawn(message.member)
                self.losses.take_back(message.member)
                self.index.release(message.member, message.generation)
                self.refresh_soon()
            case HostAnswering():
                self.losses.heard(message)
            case HostSeen():
                self._host_seen(message.view)
            case Places():
                self._heard_places(message)
            case Resized():
                self._resized(message)
            case ActivityEnded(activity=ended):
                self.supply.shrinking.drained(ended)
                self.rebalancing.ended(ended)
                self.adopting.ended(ended)
            case LeaveAgain():
                self.adopting.again()
            case Weigh():
                return weighed(self, message)
            case WhoIsOn():
                self._say_who_is_on(message.host)
            case RemoveVolumes():
                self.tidying.remove_volumes(message)
            case VolumesRemoved():
                self.tidying.volumes_removed(message.application, message.host)
            case RemoveImages():
                self.tidying.remove_images(message)
            case ImagesRemoved():
                self.tidying.images_removed(message)
            case ImagesLate():
                self.tidying.late()
            case Recertified():
                self.certifying.answered(message)
            case CertifyAgain() | LookAtCertificates():
                self.certifying.look(message)
            case WorkDone(name=name) | WorkFailed(name=name) if name in CERTIFYING:
                self.certifying.seen(message)
            case MachineChanged():
                self.supply.machine_changed(message)
            case NotGivenBack():
                self.supply.not_given_back(message)
            case LookAgain():
                self.supply.look_again()
            case LookAtClouds():
                self.sightings.look()
            case WorkDone(name=name) | WorkFailed(name=name) if name == SIGHTINGS:
                self.sightings.seen(message)
            case WorkDone(name=name) | WorkFailed(name=name) if name == ORPHANS:
                self.sightings.destroyed(message)
            case LookAtRoom():
                self.upkeep.look()
            case Grow():
                self.demand.grow()
            case GrowOn():
                self.demand.go_on()
            case PlanOn():
                self.rebalancing.plan_on()
            case ChildDeleted():
                self._host_gone(message.child)
            case Gathered():
                self._gathered()
            case PlaceSome():
                self.placing.some()
            case Refresh():
                self._refresh()
            case _:
                return super().on_receive(message)
        return None

    def type_name(self) -> str:
        return "docker-cloud"

    def describe(self) -> Mapping[str, Value]:
        strategies = [strategy.type for strategy in self.strategies()]
        return {"hosts": len(self.state.spec.hosts) + len(self.supply.made), "strategies": strategies, **self.supply.facts()}

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {
            "delete": self._delete,
            "resize": self.supply.resize,
            "update": self.adopting.begin,
            "rebalance": self.rebalancing.begin,
            "rotateCertificates": self.certifying.begin,
            "destroyOrphans": self.sightings.destroy,
            "giveBack": self.supply.give_back,
            "resumeHealing": self._resume_healing,
        }

    # --- placement

    def strategies(self) -> tuple[StrategySpec, ...]:
        """Of the pool, or else the manager's."""
        return self.state.spec.strategies or self.outside.strategies

    def activity_cancelled(self, activity: Activity) -> None:
        self.rebalancing.cancelled(activity)

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        match activity.effector:
            case "resize" | "update":
                return True
            case "giveBack":
                return self.supply.take_up(activity)
            case "rebalance":
                return self.rebalancing.take_up(activity, memory)
            case "resumeHealing" if not self.state.healing_stopped:
                self.running.finish(activity.id)
                return True
            case _:
                return False

    def on_failure(self, *why: object) -> None:
        """Its successor has to know that records do not tell all."""
        self.outside.crashed.add(self.uid)
        super().on_failure(*why)

    def _resume_healing(self, activity: Activity, _: Arguments) -> None:
        self.refuse_if_deleting(activity)
        if not self.losses.stopped:
            self.running.finish(activity.id)
            return
        self.losses.resume(Cause(activity.id, activity.cause.principal))
        self.running.finish(activity.id)

    def _resized(self, message: Resized) -> None:
        """What runs there is to take this much room; or it does, whether there was so much or not."""
        place = message.place
        if message.ask and place.host in self.index and place.host not in self.up:
            self._resizes[place.request.member] = message  # its host has not said yet how much it has
            return
        refused = lacking(self.index, place) if message.ask else ""
        if not refused and place.host in self.index:
            self.index.occupy(place.request, place.host, place.ports)
            self.refresh_soon()
        if message.ask:
            self.tell(place.request.member, ResizeAnswered(message.ask, refused))

    def _heard_places(self, said: Places) -> None:
        if self.gathering:  # else it speaks of what was before
            correct(self.index, self.recorded.pop(said.member, ()), said)
            self._gather()

    def _gather(self) -> None:
        if not self.gathering or self.recorded:
            return
        phases = self.supply.phases
        if all(uid in self.up or phases.get(uid, MachinePhase.UP) is not MachinePhase.UP for uid in self.state.hosts.values()):
            self._gathered()

    def _gathered(self) -> None:
        """Who is there is known: what was asked for since the start can be placed fairly."""
        self.gathering = False
        self.outside.crashed.discard(self.uid)
        self.placing.go_on()
        self.rebalancing.gathered()
        if self.state.desired is Desired.DELETED or self.state.spec.location is not None:
            self.settle()

    def _host_seen(self, view: HostView) -> None:
        if view.uid in self.index:
            self.index.update(view)
        else:
            self.index.add(view)
        (self.cordoned.add if view.cordoned else self.cordoned.discard)(view.uid)
        (self._known.add if view.listed else self._known.discard)(view.uid)
        self.index.cordon(view.uid, view.cordoned or view.uid in self.state.leaving)
        came, first = view.up and not self.up.get(view.uid), view.uid not in self.up
        if self.up.get(view.uid) and not view.up and view.uid in self.supply.made:
            self.sightings.soon()
        self.up[view.uid] = view.up
        for member in [member for member, asked in self._resizes.items() if asked.place.host == view.uid]:
            self._resized(self._resizes.pop(member))
        if came:
            self.demand.room_came()
        self._gather()
        if first and self.supply.too_many:  # those that are to go may have waited for it
            self.supply.news.kept.pop(view.uid, None)
            self.settle()
        elif first and self.running.all("update"):
            self.settle()
        self.refresh_soon()

    def is_known(self, host: Uid) -> bool:
        """Whether what is on a host was seen since this manager began, be it that it is silent by now."""
        return host in self._known

    def hosts_up(self) -> list[Uid]:
        """Hosts that answer."""
        return [uid for uid in self.state.hosts.values() if self.up.get(uid)]

    def keep_host(self, uid: Uid) -> None:
        """Have the actor of a host."""
        self.keep(uid, EntityKind.HOST)

    def _host_gone(self, uid: Uid) -> None:
        """A host that was made has given its machine back, and has no record any more."""
        self._forget_host(uid, "its machine is gone")
        self.supply.gone(uid)
        self.change(without(self.state, uid))
        self.note()

    def host_out(self, uid: Uid) -> None:
        """A host is not in the pool any more, which is durable."""
        self._forget_host(uid, "its host is not in the pool any more")
        self.tell(RECORDER, EntityGone(uid, self.now))
        self.note()

    def _forget_host(self, uid: Uid, why: str) -> None:
        self.let_go(uid)
        self.up.pop(uid, None)
        self.cordoned.discard(uid)
        self._known.discard(uid)
        self.tidying.gone(uid)
        lost = self.index.remove(uid) if uid in self.index else ()
        for each in lost:  # nothing of it can run any more
            self.tell(each.member, GenerationChanged(each.member, each.generation, Phase.GONE, self.now, SYSTEM, reason=why))
        self.refresh_soon()

    def _say_who_is_on(self, host: Uid) -> None:
        """To a host that is emptied; it asks once no placement made before it was cordoned can be under way."""
        held = {each.member: each.path for each in self.index.reservations(host)} if host in self.index else {}
        self.tell(host, Residing(host, tuple(held), tuple(held.values())))

    # --- towards the desired state

    def _delete(self, _activity: Activity, _: Arguments) -> None:
        names = users_of(self.outside.store, self.uid, self.state.spec.name)
        if names:
            raise Conflict(f"pool {self.state.spec.name} is the location of {', '.join(names[:5])}: `clocker delete` those first")
        self.service.expect(Lifecycle.STOPPING)
        self.change(replace(self.state, desired=Desired.DELETED))

    def reconcile(self) -> None:
        if self.state.desired is Desired.DELETED and not self.tidying.over:
            self.tidying.empty_hosts()
            return
        if self.state.desired is Desired.DELETED and self.supply.reconcile():
            return
        if self.state.desired is Desired.DELETED:
            uids = tuple(self.state.hosts.values())
            theirs = (belongings(read_state(HostState, self.outside.store, EntityKind.HOST, uid)) for uid in uids)
            self.forget(*(Record(EntityKind.HOST, uid, None) for uid in uids), *chain.from_iterable(theirs))
            return
        missing = [(order, spec) for order, spec in enumerate(self.state.spec.hosts) if spec.name not in self.state.hosts]
        if missing:
            hosts = {spec.name: HostState(self.host_identity(spec.name), spec, order) for order, spec in missing}
            added = {name: state.identity.uid for name, state in hosts.items()}
            self.change(
                replace(self.state, hosts={**self.state.hosts, **added}), *(record(EntityKind.HOST, state) for state in hosts.values())
            )
            return
        for uid in self.state.hosts.values():
            self.keep(uid, EntityKind.HOST)
        if not self.adopting.reconcile() and not self.supply.reconcile():
            self.losses.judge(SYSTEM)
            self.certifying.reconcile()
            self._gather()
            self.refresh_soon()

    def host_identity(self, name: str) -> Identity:
        """Of a new host."""
        return Identity(self.ids.entity(EntityKind.HOST), name, f"{self.identity.path}/{name}", self.uid, pool=self.uid)

    def service_changed(self) -> None:
        """The root keeps no account of its pools."""

    def forgotten(self) -> None:
        for uid in tuple(self.children):
            self.stop_child(uid)
        for host in self.state.hosts.values():
            self.tell(RECORDER, EntityGone(host, self.now))
        if self.state.spec.location is not None and not self._others_make_machines():
            self.outside.grounds.forget_key()
        super().forgotten()

    def _others_make_machines(self) -> bool:
        pools = (decode(PoolState, kept.body) for kept in self.outside.store.all(EntityKind.POOL) if kept.body)
        return any(pool.spec.location is not None and pool.identity.uid != self.uid for pool in pools)

    # --- what people see

    def refresh_soon(self) -> None:
        """Counts for people follow in a moment, once for many changes."""
        if not self.refreshing:
            self.refreshing = True
            self.after("refresh", 0.2, Refresh())

    def _refresh(self) -> None:
        self.refreshing = False
        up = self.hosts_up()
        self.supply.news.tell()
        self.observe(sensors.POOL_HOSTS, len(self.state.hosts))
        self.observe(sensors.POOL_HOSTS_UP, len(up))
        self.observe(sensors.POOL_SPREAD, round(spread(self.index), 1))
        self.observe(sensors.POOL_CONTAINERS, self.index.containers)
        used = {name: uid for name, uid in self.state.hosts.items() if self.supply.in_use(uid)}
        down = sorted(name for name, uid in used.items() if not self.up.get(uid))
        self.service.set_indicator("hosts", "" if up or not used else "no host answers")
        if (up or not used) and self.service.expected is Lifecycle.STARTING:
            self.service.expect(Lifecycle.RUNNING)
        self.service.set_problem("hosts", f"hosts that do not answer: {', '.join(down[:5])}" if down and up else "")
