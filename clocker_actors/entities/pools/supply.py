"""The hosts that a pool makes: how many are wanted, which there are, and which of them go.

    resize, growth ──size durable──▶ too few (`filling.py`): records of new hosts ──▶ each makes itself, and says how far it is
                                     too many (`shrinking.py`): leaving ──GiveBack──▶ gone

Orders do not wait for each other: the newest size counts. What a host itself does is the matter of `making.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.clearing import Clearing
from clocker_actors.entities.pools.filling import Filling
from clocker_actors.entities.pools.rests import Rests
from clocker_actors.entities.pools.shrinking import KEPT_AGAIN, LookAgain, Shrinking
from clocker_actors.entities.pools.stranded import Stranded
from clocker_actors.entities.pools.supplynews import SupplyNews
from clocker_actors.entities.pools.turning import Turning
from clocker_actors.entities.records import Desired, HostState, PoolState
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.machines import GiveBack, MachineChanged, MachinePhase, NotGivenBack
from clocker_actors.model.messages import Invoke
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import HostSpec
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool


def unseen(uid: Uid, spec: HostSpec, order: int) -> HostView:
    """A host that has not said yet whether it is there."""
    return HostView(uid, spec.name, spec.reached_at, up=False, zone=spec.zone, labels=spec.labels, order=order, affinity=spec.affinity)


def without(state: PoolState, *hosts: Uid) -> PoolState:
    """The pool without these hosts."""
    return replace(
        state,
        hosts={name: uid for name, uid in state.hosts.items() if uid not in hosts},
        emptying={uid: before for uid, before in state.emptying.items() if uid not in hosts},
        leaving=tuple(uid for uid in state.leaving if uid not in hosts),
        gone=tuple(uid for uid in state.gone if uid not in hosts),
        aside=tuple(uid for uid in state.aside if uid not in hosts),
    )


class Supply:
    """Of one pool. `phases` are of the hosts it makes, oldest first; `made` is what their records said when they were made."""

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.made: dict[Uid, HostState] = {}
        self.phases: dict[Uid, MachinePhase] = {}
        self.clearing = Clearing(pool)
        self.filling = Filling(self)
        self.shrinking = Shrinking(self)
        self.turning = Turning(self)
        self.stranded = Stranded(self)
        self.rests = Rests()
        self.news = SupplyNews(self)
        self.refused: set[Uid] = set()  # said NotGivenBack, and were not asked again yet
        self._lost: list[Uid] = []  # in the pool's record, but without one of their own
        self._ordered: set[Uid] = set()  # told to give back
        self._active: tuple[Uid, ...] | None = None  # None: hosts came or went since it was made
        self._of: tuple[tuple[Uid, ...], tuple[Uid, ...]] = ((), ())  # who was leaving and aside then
        self._out: frozenset[Uid] = frozenset()

    def begin(self, coming: Sequence[Record]) -> None:
        """Which hosts there are, by the records; `coming` are on their way to the store."""
        pool = self.pool
        listed = {spec.name for spec in pool.state.spec.hosts}
        fresh = {kept.uid: kept.body for kept in coming if kept.kind == EntityKind.HOST}
        for name, uid in pool.state.hosts.items():
            if name in listed:
                continue
            body = fresh.get(uid) or pool.outside.store.read(EntityKind.HOST, uid)
            if body is None:
                self._lost.append(uid)
                continue
            state = decode(HostState, body)
            if state.made is None:  # it was listed, and is to go (`adopting.py`)
                pool.index.add(unseen(uid, state.spec, state.order))
                continue
            self.add(uid, state)
            if self.phases[uid] is MachinePhase.UP:
                pool.index.add(unseen(uid, state.spec, state.order))
                if uid in pool.state.leaving:
                    pool.index.cordon(uid, True)

    def add(self, uid: Uid, state: HostState) -> None:
        """One more, by its record."""
        self.made[uid] = state
        self.phases[uid] = state.made.phase if state.made is not None else MachinePhase.UP
        self._active = None

    @property
    def active(self) -> tuple[Uid, ...]:
        """Hosts that are made, or on their way up, and are to stay; oldest first."""
        self._sort()
        return self._active or ()

    def _sort(self) -> None:
        """Once per change, since everybody asks."""
        state = self.pool.state
        if self._active is None or self._of[0] is not state.leaving or self._of[1] is not state.aside:
            self._of = (state.leaving, state.aside)
            self._out = frozenset((*state.leaving, *state.aside))
            self._active = tuple(uid for uid in self.made if uid not in self._out)

    @property
    def coming(self) -> tuple[Uid, ...]:
        """Those of them that are not up for the first time yet."""
        return tuple(uid for uid in self.active if self.phases[uid].coming)

    def in_use(self, uid: Uid) -> bool:
        """Whether a host is one that should answer: listed, or made, come up, and to stay."""
        self._sort()
        return uid not in self.made or (self.phases[uid] is MachinePhase.UP and uid not in self._out)

    @property
    def too_many(self) -> bool:
        """Whether some have to go."""
        state = self.pool.state
        return bool(state.emptying) or len(self.active) > state.size or state.desired is Desired.DELETED

    def last_source(self) -> LocationSpec | None:
        """Where the newest host came from."""
        made = next((state.made for state in reversed(self.made.values()) if state.made is not None), None)
        return made.source if made is not None else None

    def facts(self) -> Mapping[str, Value]:
        """A few words for people."""
        spec = self.pool.state.spec
        if spec.location is None:
            return {}
        return {"location": spec.location.name, "wanted": self.pool.state.size, "min": spec.min_size, "max": spec.max_size}

    # --- orders

    def resize(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector: so many made hosts, within the bounds of the blueprint."""
        pool, spec, size = self.pool, self.pool.state.spec, int(str(arguments["size"]))
        pool.refuse_if_deleting(activity)
        if spec.location is None:
            raise BadRequest(
                f"pool {spec.name} has the hosts that its blueprint lists, and no location to make more in: write `location` there"
            )
        if not spec.min_size <= size <= spec.max_size:
            raise BadRequest(f"pool {spec.name} takes {spec.min_size} to {spec.max_size} made hosts, not {size}: give a size in that range")
        pool.running.supersede("resize", by=activity)
        pool.running.step(activity.id, "resize", f"{pool.state.size} → {size}")
        self.order(size)

    def order(self, size: int, cause: Cause | None = None) -> None:
        """So many are wanted from now on, and what failed before is tried again. `cause` is a decision of the pool, None if a person says so."""
        pool = self.pool
        self.news.why, self.news.asked = "", cause or SYSTEM
        self._forget_refusals()
        self.rests.ordered()
        if cause is None:
            self.rests.over()
        else:
            activity = pool.running.begin(Invoke("resize", {"size": size}, cause), {"size": size})
            pool.running.supersede("resize", by=activity)
        pool.change(replace(pool.state, size=size, given_up=0, retries=()))
        pool.note()

    # --- towards the wanted number

    def reconcile(self) -> bool:
        """One step; whether the state changed, or (at the end of the pool) there are made hosts still."""
        pool, state = self.pool, self.pool.state
        if self._lost:
            lost, self._lost = self._lost, []
            pool.change(without(state, *lost))
            return True
        if state.desired is Desired.DELETED:
            return self._end()
        if self.filling.go_on() or self.shrinking.go_on():
            return True
        self._give_back(ending=False)
        self.news.tell()
        return False

    def _end(self) -> bool:
        """All are to go; whether there are any still that are waited for."""
        going = [*self.active, *self.pool.state.aside]
        if going:
            self.let_leave(going)
            return True
        self._give_back(ending=True)
        self.news.tell()
        return bool(self.made.keys() - self.stranded.left)

    def _give_back(self, *, ending: bool) -> None:
        state = self.pool.state
        for uid in state.leaving:
            if uid not in self._ordered and uid not in self.news.kept:
                self._ordered.add(uid)
                # One that does not answer, with nothing on it that is not ours, is waited for in vain: it goes as at the end of the pool.
                soon = ending or self.shrinking.is_dead(uid)
                self.pool.tell(uid, GiveBack(self.cause(), gone=uid in state.gone, ending=soon))

    def is_empty(self, uid: Uid) -> bool:
        """Whether a host that answers has nothing on it that would be lost."""
        row = self.pool.index.rows.get(uid)
        if row is None or not self.pool.up.get(uid) or self.phases.get(uid) is not MachinePhase.UP or uid in self.news.kept:
            return False
        if not self.pool.is_known(uid):
            return False
        return row.load + row.foreign_idle == 0 and not row.volumes and not self.pool.index.volumes_on(uid)

    def let_leave(self, going: Sequence[Uid], *, gone: Sequence[Uid] = ()) -> None:
        """These go; the machines of those that are `gone` are no more."""
        pool, state = self.pool, self.pool.state
        for uid in going:
            if uid in pool.index:
                pool.index.cordon(uid, True)
        leaving = dict.fromkeys((*state.leaving, *going))
        left = tuple(uid for uid in state.aside if uid not in leaving)
        pool.change(replace(state, leaving=tuple(leaving), gone=tuple(dict.fromkeys((*state.gone, *gone))), aside=left))

    # --- what hosts say

    def machine_changed(self, message: MachineChanged) -> None:
        """How far one is."""
        if message.host not in self.made:
            return
        before = self.phases[message.host]
        self.news.said[message.host] = message
        self.phases[message.host] = message.phase
        made = self.made[message.host].made
        if message.phase is MachinePhase.UP and before is not MachinePhase.UP and made is not None:
            self.rests.worked(made.source.name, self.pool.now)
        if before is not message.phase and (message.phase is MachinePhase.FAILED or self.too_many):
            self.pool.settle()
        else:
            self.pool.refresh_soon()

    def not_given_back(self, message: NotGivenBack) -> None:
        """One stays, since something on it is not ours. At the end of the pool it is asked again, and so is one that is dead; else it stays in use."""
        pool, uid = self.pool, message.host
        self._ordered.discard(uid)
        self.refused.add(uid)
        self.news.kept[uid] = message.reason
        pool.after("empty", KEPT_AGAIN, LookAgain())
        if pool.state.desired is Desired.DELETED:
            self.stranded.kept(uid, message.reason)
            pool.settle()
        elif uid not in pool.state.leaving or self.shrinking.is_dead(uid):
            self.news.tell()
        else:
            pool.index.cordon(uid, uid in pool.cordoned)  # one that we had cordon itself is told otherwise once this is written
            pool.change(replace(pool.state, leaving=tuple(each for each in pool.state.leaving if each != uid)))

    def machines_gone(self, hosts: Sequence[Uid]) -> None:
        """The machines of these are gone for good: they leave at once, whatever stood on them, and others are made in their place."""
        self.let_leave(hosts, gone=hosts)

    def look_again(self) -> None:
        """What could not go may be able to."""
        self._forget_refusals()
        self.pool.settle()

    def _forget_refusals(self) -> None:
        self.news.kept.clear()
        self.refused.clear()
        self.clearing.again()

    def give_back(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector: a host that was set aside goes, with its machine."""
        pool, state, wanted = self.pool, self.pool.state, str(arguments["host"])
        aside = {self.made[uid].spec.name: uid for uid in state.aside}
        uid = aside.get(wanted.rpartition("/")[2], Uid(wanted))
        if uid not in state.aside:
            known = f"set aside are {', '.join(aside)}" if aside else "no host is set aside"
            raise NotFound(f"{wanted} is not a host of {pool.identity.path} that failed to come up and was kept; {known}", host=wanted)
        pool.running.means(activity.id, {"host": uid})
        self.let_leave([uid])

    def take_up(self, activity: Activity) -> bool:
        """A host that a manager before was told to give back: it goes on its way out, or is gone."""
        uid = activity.arguments.get("host")
        if uid not in self.made:
            self.pool.running.finish(activity.id)
        return uid not in self.made or uid in self.pool.state.leaving

    def gone(self, uid: Uid) -> None:
        """One has given its machine back."""
        for activity in self.pool.running.all("giveBack"):
            if activity.arguments.get("host") == uid:
                self.pool.running.finish(activity.id)
        for kept in (self.made, self.phases, self.news.said, self.news.kept):
            kept.pop(uid, None)
        self.refused.discard(uid)
        self._ordered.discard(uid)
        self._active = None
        self.clearing.gone(uid)

    # --- what people hear

    def cause(self) -> Cause:
        """Of what is done for the newest order."""
        activity = self.pool.running.newest("delete", "resize")
        return Cause(activity.id, activity.cause.principal) if activity else SYSTEM
