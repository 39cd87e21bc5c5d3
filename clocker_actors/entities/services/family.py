"""The services below an application or a member (`brooklyn.children`): planted once, then started, stopped and deleted with their parent.

    the parent adopts another spec ──▶ those in both: Adopt, until they say that they have; those it adds: `missing`, planted; those it takes away: `going`,
                                       deleted once no service that used them runs as it did before

One that is made anew under its old name (a cluster that was a member) is both: deleted, and planted when that is over.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.records import ApplicationState, Desired, MemberState, record
from clocker_actors.entities.services.brood import Brood
from clocker_actors.entities.services.planting import plant, service_kind
from clocker_actors.entities.waits import DEPENDENCY
from clocker_actors.entities.wanted import pool_named
from clocker_actors.model.identity import LETTERS, SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import TOPIC_MEMBERS, ChildChanged, MembersChanged
from clocker_actors.model.specs import ApplicationSpec, ServiceSpec
from clocker_actors.planning import merging
from clocker_actors.ports.store import Record

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", ApplicationState, MemberState)
UNSTARTED = ("placement", DEPENDENCY)
"""Problems of what is not on fire, but does not start either: others will read them as such."""
ORDERS = {Desired.RUNNING: "start", Desired.STOPPED: "stop", Desired.DELETED: "delete"}


class Family(Generic[S]):
    """Children of one entity by service id. The entity keeps their uids in its durable state."""

    UNHEARD = "has not adopted it yet"

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity: Entity[S] = entity
        self.brood = Brood(entity)
        self._told: tuple[Uid, ...] = ()

    @property
    def specs(self) -> tuple[ServiceSpec, ...]:
        """What the children are to be."""
        spec: ApplicationSpec | ServiceSpec = self._entity.state.spec
        return spec.services if isinstance(spec, ApplicationSpec) else spec.children

    @property
    def uids(self) -> tuple[Uid, ...]:
        """The children there are."""
        return tuple(self._entity.state.children.values())

    @property
    def staying(self) -> Mapping[str, Uid]:
        """The children that are not on their way out, by service id."""
        state = self._entity.state
        return {name: uid for name, uid in state.children.items() if name not in state.going} if state.going else state.children

    def planted(self) -> bool:
        """Have the records of children written that are not there yet: all the first time, then those that an update added. True if that is under way, and the
        entity is to go on when it is done."""
        entity = self._entity
        fresh, records = self._missing()
        if records:
            if entity.state.planted and entity.state.desired is Desired.RUNNING:
                entity.service.expect(Lifecycle.STARTING)  # it is no alarm that what is new does not serve yet
            missing = tuple(name for name in entity.state.missing if name not in fresh)
            entity.change(replace(entity.state, planted=True, children={**entity.state.children, **fresh}, missing=missing), *records)
        return bool(records)

    def _missing(self) -> tuple[Mapping[str, Uid], list[Record]]:
        """The uids and the records of children to be planted now. A child that a person deleted stays so."""
        entity, state = self._entity, self._entity.state
        if state.desired is Desired.DELETED or (state.planted and not state.missing):
            return {}, []
        wanted = [spec for spec in self.specs if spec.id not in state.children and (not state.planted or spec.id in state.missing)]
        activity = entity.running.newest("start", "update")
        cause = Cause(activity.id, activity.cause.principal) if activity else state.cause
        planted = {
            spec.id: replace(plant(spec, entity.identity, entity.ids, cause, self._pool(spec)), desired=state.desired) for spec in wanted
        }
        records = [record(service_kind(each.spec), each) for each in planted.values()]
        return {name: each.identity.uid for name, each in planted.items()}, records

    def _pool(self, spec: ServiceSpec) -> Uid:
        """Where a service runs. A pool that is gone meanwhile takes nobody, and nor does another in its place."""
        entity = self._entity
        return (pool_named(entity.outside.store, spec.location) or Uid(spec.location)) if spec.location else entity.identity.pool

    def reconcile(self) -> None:
        """Make the children's actors, and have them do, and be, what the entity's state says."""
        entity = self._entity
        self._tell_members()
        for uid in self.uids:
            entity.keep(uid, EntityKind.CLUSTER if uid.startswith(LETTERS[EntityKind.CLUSTER]) else EntityKind.MEMBER)
        desired = entity.state.desired
        effector, staying = ORDERS[desired], self.uids if desired is Desired.DELETED else tuple(self.staying.values())
        activity = entity.running.newest(effector)
        if activity is not None:
            self.brood.order(staying, effector, Cause(activity.id, activity.cause.principal), activity.id)
        elif desired is not Desired.RUNNING:
            self.brood.order(staying, effector, SYSTEM)
        if desired is not Desired.DELETED:
            self._update()

    # --- updates

    def adopted(self, old: tuple[ServiceSpec, ...], new: tuple[ServiceSpec, ...], state: S) -> S:
        """The state of an entity whose children are to be `new` from now on, where they were `old`; to be written with the new spec."""
        if not state.planted:
            return state
        change = merging.services(old, new, state.children, merging.Services(state.missing, state.going))
        return replace(state, missing=change.missing, going=change.going)

    def wanted(self) -> Mapping[Uid, ServiceSpec]:
        """What each child that stays is to be."""
        staying = self.staying
        return {staying[spec.id]: spec for spec in self.specs if spec.id in staying}

    def _update(self) -> None:
        cause, activity = self._cause()
        self.brood.adopt(self.wanted(), cause, activity, of=self.specs)
        going = self._entity.state.going
        used = set(self.behind()) - going.keys() if going else set()
        for name, users in going.items():
            uid = self._entity.state.children.get(name)
            if uid is not None and used.isdisjoint(users):
                self.brood.order((uid,), "delete", cause, activity)

    def _cause(self) -> tuple[Cause, str]:
        activity = self._entity.running.newest("update")
        return (Cause(activity.id, activity.cause.principal), activity.id) if activity else (SYSTEM, "")

    def behind(self) -> Mapping[str, str]:
        """Ids of the children that do not run yet as they are to, or are to come or to go, with what is said about it."""
        state = self._entity.state
        found = {**dict.fromkeys(state.going, "is on its way out"), **dict.fromkeys(state.missing, "is not there yet")}
        for uid, spec in self.wanted().items():
            said = self.brood.said.get(uid)
            if said is None or not self.brood.adopted(uid, spec):
                found[spec.id] = self.UNHEARD  # what it says is of the spec before
            elif said.behind:
                found[spec.id] = said.behind
        return found

    def update_failed(self) -> Mapping[str, str]:
        """Ids of the children that stay behind until somebody changes their spec, and why."""
        said = ((spec.id, self.brood.said.get(uid)) for uid, spec in self.wanted().items() if self.brood.adopted(uid, spec))
        return {name: each.update_failed for name, each in said if each is not None and each.update_failed}

    def try_anew(self, names: Iterable[str]) -> None:
        """Have these children adopt once more what they are to be: what failed is tried again."""
        cause, activity = self._cause()
        tried = set(names)
        for uid, spec in self.wanted().items():
            if spec.id in tried:
                self.brood.adopt_anew(uid, spec, cause, activity)

    # --- how they are

    def _tell_members(self) -> None:
        """Enrichers that gather what the children say hear who they are, when that changes."""
        if self.uids != self._told:
            self._told = self.uids
            self._entity.publish(TOPIC_MEMBERS, MembersChanged(self._entity.uid, self.uids))

    def anew(self) -> None:
        """A new order is about to be given: what children said of the last one does not count."""
        self.brood.reset_orders()
        self.brood.said.clear()

    def without(self, child: Uid) -> S:
        """A child is deleted: the state that is left."""
        self._entity.let_go(child)
        self.brood.forget(child)
        state = self._entity.state
        children = {name: uid for name, uid in state.children.items() if uid != child}
        return replace(state, children=children, going={name: users for name, users in state.going.items() if name in children})

    def down(self) -> str:
        """Which children do not serve, in words; "" if all do. One that was stopped by itself is as it is to be."""
        return self._words("are not up", lambda said: said.up or said.settling)

    def unstarted(self) -> str:
        """Which children do not serve, or not for long enough to say that they have started, in words; "" if all have."""
        return self.down() or self._words("have not run for long enough yet", lambda said: said.up)

    def settling(self) -> bool:
        """Whether a child serves whose start is not over."""
        return self.brood.count(self.uids, lambda said: said.settling) > 0

    def _words(self, what: str, well: Callable[[ChildChanged], bool]) -> str:
        rests = {Lifecycle.STOPPING, Lifecycle.STOPPED} if self._entity.state.desired is Desired.RUNNING else set()
        said = self.brood.said
        names = [name for name, uid in self.staying.items() if uid not in said or not (well(said[uid]) or said[uid].state in rests)]
        return f"{len(names)} of {len(self.staying)} services {what}: {', '.join(names[:5])}" if names else ""

    def fire(self, among: Collection[str] | None = None) -> str:
        """Which children (of these ids, if given) are on fire (or find no room) and why, in words; "" if none is."""
        names = {uid: name for name, uid in self.staying.items() if among is None or name in among}
        return self.brood.words(tuple(names), names, _on_fire)

    def up(self) -> int:
        """How many children are up."""
        return self.brood.count(self.staying.values(), lambda said: said.up)

    def stopped(self) -> bool:
        """Whether all children are stopped."""
        return self.brood.stopped(self.staying.values())


def _on_fire(said: ChildChanged) -> bool:
    return said.state is Lifecycle.ON_FIRE or (not said.up and not said.problems.keys().isdisjoint(UNSTARTED))
