"""The services below an application or a member (`brooklyn.children`): planted once, then started, stopped and deleted with their parent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.records import ApplicationState, Desired, MemberState, record
from clocker_actors.entities.services.brood import Brood
from clocker_actors.entities.services.planting import plant, service_kind
from clocker_actors.entities.waits import DEPENDENCY
from clocker_actors.model.identity import SYSTEM, Cause, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import TOPIC_MEMBERS, ChildChanged, MembersChanged
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.ports.store import Record

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", ApplicationState, MemberState)
UNSTARTED = frozenset({"placement", DEPENDENCY})
"""Problems of what is not on fire, but does not start either: others will read them as such."""
ORDERS = {Desired.RUNNING: "start", Desired.STOPPED: "stop", Desired.DELETED: "delete"}


class Family(Generic[S]):
    """Children of one entity by service id. The entity keeps their uids in its durable state."""

    def __init__(self, entity: "Entity[S]", specs: tuple[ServiceSpec, ...]) -> None:
        self._entity: Entity[S] = entity
        self._specs = specs
        self.brood = Brood(entity)
        self._told: tuple[Uid, ...] = ()

    @property
    def uids(self) -> tuple[Uid, ...]:
        """The children there are."""
        return tuple(self._entity.state.children.values())

    def planted(self) -> bool:
        """Have the children's records written, the first time; True if that is under way, and the entity is to go on when it is done."""
        entity = self._entity
        children, records = self._missing()
        if records:
            entity.change(replace(entity.state, planted=True, children=children), *records)
        return bool(records)

    def _missing(self) -> tuple[Mapping[str, Uid], list[Record]]:
        """The children's uids and records; no records once they were planted, for a child that was deleted stays so."""
        entity = self._entity
        wanted = () if entity.state.planted or entity.state.desired is Desired.DELETED else self._specs
        activity = entity.running.newest("start")
        cause = Cause(activity.id, activity.cause.principal) if activity else entity.state.cause
        planted = {spec.id: plant(spec, entity.identity, entity.ids, cause) for spec in wanted}
        records = [record(service_kind(state.spec), state) for state in planted.values()]
        return {**entity.state.children, **{name: state.identity.uid for name, state in planted.items()}}, records

    def reconcile(self) -> None:
        """Make the children's actors, and have them do what the entity is to be."""
        entity = self._entity
        self._tell_members()
        for spec in self._specs:
            uid = entity.state.children.get(spec.id)
            if uid is not None:
                entity.keep(uid, service_kind(spec))
        effector = ORDERS[entity.state.desired]
        activity = entity.running.newest(effector)
        if activity is not None:
            self.brood.order(self.uids, effector, Cause(activity.id, activity.cause.principal), activity.id)
        elif entity.state.desired is not Desired.RUNNING:
            self.brood.order(self.uids, effector, SYSTEM)

    def _tell_members(self) -> None:
        """Enrichers that gather what the children say hear who they are, when that changes."""
        if self.uids != self._told:
            self._told = self.uids
            self._entity.publish(TOPIC_MEMBERS, MembersChanged(self._entity.uid, self.uids))

    def anew(self) -> None:
        """A new order is about to be given: what children said of the last one does not count."""
        self.brood.reset_orders()
        self.brood.said.clear()

    def remove(self, child: Uid) -> Mapping[str, Uid]:
        """A child is deleted; the children that are left."""
        self._entity.let_go(child)
        self.brood.forget(child)
        return {name: uid for name, uid in self._entity.state.children.items() if uid != child}

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
        names = [
            name
            for name, uid in self._entity.state.children.items()
            if uid not in said or not (well(said[uid]) or said[uid].state in rests)
        ]
        return f"{len(names)} of {len(self.uids)} services {what}: {', '.join(names[:5])}" if names else ""

    def fire(self) -> str:
        """Which children are on fire (or find no room) and why, in words; "" if none is."""
        names = {uid: name for name, uid in self._entity.state.children.items()}
        return self.brood.words(self.uids, names, _on_fire)

    def up(self) -> int:
        """How many children are up."""
        return self.brood.count(self.uids, lambda said: said.up)

    def stopped(self) -> bool:
        """Whether all children are stopped."""
        return self.brood.stopped(self.uids)


def _on_fire(said: ChildChanged) -> bool:
    return said.state is Lifecycle.ON_FIRE or (not said.up and not said.problems.keys().isdisjoint(UNSTARTED))
