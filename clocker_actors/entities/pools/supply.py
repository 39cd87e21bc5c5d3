"""The hosts that a pool makes: how many are wanted, which there are, and which of them go.

    resize, growth ──size durable──▶ too few: records of new hosts (all or nothing) ──▶ each makes itself, and says how far it is
                                     too many: empty ones, newest first ──▶ leaving ──GiveBack──▶ gone
    a host that failed for good ──▶ set aside or given back, and another one tried; after as many attempts one less until somebody asks for a size

Orders do not wait for each other: the newest size counts. What a host itself does is the matter of `making.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.clearing import Clearing
from clocker_actors.entities.pools.sources import next_source
from clocker_actors.entities.pools.supplynews import SupplyNews
from clocker_actors.entities.records import Desired, HostState, PoolState, record
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.machines import GiveBack, MachineChanged, MachinePhase, NotGivenBack
from clocker_actors.model.messages import Invoke
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import EngineSpec, HostSpec
from clocker_actors.model.values import Value, counted
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool

MADE_AT_ONCE = 200
"""Hosts whose records one commit makes."""
KEPT_AGAIN = 15.0
SILENT = "does not answer, so that nobody knows what is on it"
MOST_ASIDE = 5
"""Hosts that failed and are kept to be looked at; the oldest go when there are more."""


class LookAgain:
    """Timer message: hosts that could not go may be able to by now, or an order has waited long enough."""


def unseen(uid: Uid, spec: HostSpec, order: int) -> HostView:
    """A host that has not said yet whether it is there."""
    return HostView(uid, spec.name, spec.reached_at, up=False, zone=spec.zone, labels=spec.labels, order=order, affinity=spec.affinity)


def without(state: PoolState, *hosts: Uid) -> PoolState:
    """The pool without these hosts."""
    return replace(
        state,
        hosts={name: uid for name, uid in state.hosts.items() if uid not in hosts},
        leaving=tuple(uid for uid in state.leaving if uid not in hosts),
        aside=tuple(uid for uid in state.aside if uid not in hosts),
    )


class Supply:
    """Of one pool. `phases` are of the hosts it makes, oldest first; `made` is what their records said when they were made."""

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.made: dict[Uid, HostState] = {}
        self.phases: dict[Uid, MachinePhase] = {}
        self._lost: list[Uid] = []  # in the pool's record, but without one of their own
        self._ordered: set[Uid] = set()  # told to give back
        self.clearing = Clearing(pool)
        self._refused: set[Uid] = set()  # said NotGivenBack, and were not asked again yet
        self._gone: set[Uid] = set()  # whose machine no cloud has any more
        self.news = SupplyNews(self)
        self.gave_up_at = 0.0

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
            self._add(uid, state)
            if self.phases[uid] is MachinePhase.UP:
                pool.index.add(unseen(uid, state.spec, state.order))
                if uid in pool.state.leaving:
                    pool.index.cordon(uid, True)

    def _add(self, uid: Uid, state: HostState) -> None:
        self.made[uid] = state
        self.phases[uid] = state.made.phase if state.made is not None else MachinePhase.UP

    @property
    def active(self) -> tuple[Uid, ...]:
        """Hosts that are made, or on their way up, and are to stay; oldest first."""
        state = self.pool.state
        return tuple(uid for uid in self.made if uid not in state.leaving and uid not in state.aside)

    @property
    def coming(self) -> tuple[Uid, ...]:
        """Those of them that are not up for the first time yet."""
        return tuple(uid for uid in self.active if self.phases[uid].coming)

    def in_use(self, uid: Uid) -> bool:
        """Whether a host is one that should answer: listed, or made, come up, and to stay."""
        return uid not in self.made or (self.phases[uid] is MachinePhase.UP and uid in self.active)

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
        """So many are wanted from now on, and what failed before is tried again."""
        pool = self.pool
        self.news.why, self.news.asked = "", cause or SYSTEM
        pool.cancel_timer("empty")
        if cause is not None:
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
        ending = state.desired is Desired.DELETED
        if not ending and (self._gave_up() or self._made_more()):
            return True
        going = self._going(0 if ending else state.size, ending=ending)
        if going:
            self._let_leave(going)
            return True
        for uid in state.leaving:
            if uid not in self._ordered and uid not in self.news.kept:
                self._ordered.add(uid)
                pool.tell(uid, GiveBack(self._cause(), gone=uid in self._gone, ending=ending))
        self.news.tell()
        return ending and bool(self.made)

    def _gave_up(self) -> bool:
        """Hosts that failed for good are set aside or given back, and another attempt is made while there is one; else one less of each is tried."""
        pool, state = self.pool, self.pool.state
        failed = [uid for uid in self.active if self.phases[uid] is MachinePhase.FAILED]
        if not failed:
            return False
        self.gave_up_at = self.pool.now
        self.news.why = "; ".join(f"{self.made[uid].spec.name}: {self.news.said[uid].reason}" for uid in failed if uid in self.news.said)
        kept = tuple(uid for uid in failed if not self._destroyed(uid))
        retries = tuple(attempt + 1 for attempt, attempts in map(self._attempt, failed) if attempt < attempts)
        aside = (*state.aside, *kept)
        leaving = (*state.leaving, *aside[:-MOST_ASIDE], *(uid for uid in failed if uid not in kept))
        given_up = state.given_up + len(failed) - len(retries)
        pool.change(replace(state, aside=aside[-MOST_ASIDE:], leaving=leaving, given_up=given_up, retries=(*state.retries, *retries)))
        return True

    def _attempt(self, uid: Uid) -> tuple[int, int]:
        """In which attempt of how many a host is."""
        made, said = self.made[uid].made, self.news.said.get(uid)
        if made is None:
            return 1, 1
        return max(made.attempt, said.attempt if said else 1), made.attempts

    def _destroyed(self, uid: Uid) -> bool:
        made = self.made[uid].made
        return made is not None and made.destroy

    def _made_more(self) -> bool:
        pool, state = self.pool, self.pool.state
        missing = state.size - state.given_up - len(self.active)
        if missing <= 0 or state.spec.location is None:
            return False
        states: list[HostState] = []
        taken = [each.made for each in self.made.values() if each.made is not None]
        names = set(state.hosts)
        number, retries = state.next_index, list(state.retries)
        for _ in range(min(missing, MADE_AT_ONCE)):
            found = next_source(state.spec, [*taken, *(new.made for new in states if new.made is not None)])
            if found is None:
                break
            found = replace(found, attempt=retries.pop(0)) if retries else found
            while (name := _name(found.way.name if found.way else "", number, names)) in names:
                number += 1
            names.add(name)
            labels = {**state.spec.host_labels, **(found.way.labels if found.way else {})}
            zone = found.way.zone if found.way else found.source.cloud.region if found.source.cloud else ""
            spec = HostSpec(name, EngineSpec(""), zone=zone, labels=labels)
            states.append(HostState(pool.host_identity(name), spec, len(state.spec.hosts) + number, made=found))
            number += 1
        short = min(missing, MADE_AT_ONCE) - len(states)
        if short:
            self.news.nothing_free(state.spec.location.name)
            retries = []
        for new in states:
            self._add(new.identity.uid, new)
        hosts = {**state.hosts, **{new.spec.name: new.identity.uid for new in states}}
        records = (record(EntityKind.HOST, new) for new in states)
        pool.note()
        pool.change(replace(state, hosts=hosts, next_index=number, given_up=state.given_up + short, retries=tuple(retries)), *records)
        return True

    def _going(self, size: int, *, ending: bool) -> list[Uid]:
        """Who is to leave now: those on their way up first, then empty ones, the newest before the older."""
        active = self.active
        if ending:
            return [*active, *self.pool.state.aside]
        excess = len(active) - size
        if excess <= 0:
            self.ask_to_empty(())
            return []
        newest = active[::-1]
        coming = [uid for uid in newest if self.phases[uid] is not MachinePhase.UP]
        if self.pool.gathering:  # what is on the others is not known yet
            return coming[:excess]
        able = coming + [uid for uid in newest if self.is_empty(uid)]
        full = self.clearing.order(uid for uid in newest if uid not in able)
        self.ask_to_empty(full[: max(0, excess - len(able))])
        return able[:excess]

    def is_empty(self, uid: Uid) -> bool:
        """Whether a host that answers has nothing on it that would be lost."""
        row = self.pool.index.rows.get(uid)
        if row is None or not self.pool.up.get(uid) or self.phases.get(uid) is not MachinePhase.UP or uid in self.news.kept:
            return False
        return row.load + row.foreign_idle == 0 and not row.volumes and not self.pool.index.volumes_on(uid)

    def ask_to_empty(self, hosts: Sequence[Uid]) -> None:
        """These, and no others, are to go and have containers: they are drained. What cannot be moved is waited for, and said."""
        activity = self.pool.running.newest("resize", "delete")
        drained = [
            uid for uid in hosts if uid not in self._refused
        ]  # from those nothing can move: they would be drained, and asked, without a pause
        self.clearing.want(drained, self._cause(), activity.id if activity else "")
        for uid in hosts:
            row = self.pool.index.rows.get(uid)
            if row is not None:
                self.news.kept.setdefault(uid, _holds(row.containers, row.foreign + row.foreign_idle) if self.pool.up.get(uid) else SILENT)
        if hosts:
            self.pool.after("empty", KEPT_AGAIN, LookAgain())

    def drained(self, activity: Activity) -> None:
        """A drain is over, one way or the other."""
        problem = self.clearing.ended(activity)
        if problem is None:
            return
        self.news.kept.pop(activity.entity, None)
        if problem:
            self.news.kept[activity.entity] = f"cannot be emptied: {problem}"
            self.pool.after("empty", KEPT_AGAIN, LookAgain())
        self.pool.settle()

    def _let_leave(self, going: Sequence[Uid]) -> None:
        pool, state = self.pool, self.pool.state
        for uid in going:
            if uid in pool.index:
                pool.index.cordon(uid, True)
        left = tuple(uid for uid in state.aside if uid not in going)
        pool.change(replace(state, leaving=(*state.leaving, *going), aside=left))

    # --- what hosts say

    def machine_changed(self, message: MachineChanged) -> None:
        """How far one is."""
        if message.host not in self.made:
            return
        before = self.phases[message.host]
        self.news.said[message.host] = message
        self.phases[message.host] = message.phase
        if before is not message.phase:
            self.pool.settle()
        else:
            self.news.tell()

    def not_given_back(self, message: NotGivenBack) -> None:
        """One stays, since something on it is not ours. At the end of the pool it is asked again, else it stays in use."""
        pool, state = self.pool, self.pool.state
        self._ordered.discard(message.host)
        self._refused.add(message.host)
        self.news.kept[message.host] = message.reason
        pool.after("empty", KEPT_AGAIN, LookAgain())
        if state.desired is not Desired.DELETED and message.host in state.leaving:
            pool.index.cordon(message.host, False)
            pool.change(replace(state, leaving=tuple(uid for uid in state.leaving if uid != message.host)))
        else:
            self.news.tell()

    def is_of_cloud(self, uid: Uid) -> bool:
        """Whether a cloud made its machine."""
        made = self.made[uid].made
        return made is not None and made.source.cloud is not None

    def machines_gone(self, hosts: Sequence[Uid]) -> None:
        """The machines of these are gone for good: they leave at once, whatever stood on them, and others are made in their place."""
        self._gone.update(hosts)
        self._let_leave(hosts)

    def look_again(self) -> None:
        """What could not go may be able to."""
        self.news.kept.clear()
        self._refused.clear()
        self.clearing.again()
        self.pool.settle()

    def give_back(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector: a host that was set aside goes, with its machine."""
        pool, state, wanted = self.pool, self.pool.state, str(arguments["host"])
        aside = {self.made[uid].spec.name: uid for uid in state.aside}
        uid = aside.get(wanted.rpartition("/")[2], Uid(wanted))
        if uid not in state.aside:
            known = f"set aside are {', '.join(aside)}" if aside else "no host is set aside"
            raise NotFound(f"{wanted} is not a host of {pool.identity.path} that failed to come up and was kept; {known}", host=wanted)
        pool.running.means(activity.id, {"host": uid})
        self._let_leave([uid])

    def gone(self, uid: Uid) -> None:
        """One has given its machine back."""
        for activity in self.pool.running.all("giveBack"):
            if activity.arguments.get("host") == uid:
                self.pool.running.finish(activity.id)
        for kept in (self.made, self.phases, self.news.said, self.news.kept):
            kept.pop(uid, None)
        self._gone.discard(uid)
        self._refused.discard(uid)
        self._ordered.discard(uid)
        self.clearing.gone(uid)

    # --- what people hear

    def _cause(self) -> Cause:
        activity = self.pool.running.newest("delete", "resize")
        return Cause(activity.id, activity.cause.principal) if activity else SYSTEM


def _name(machine: str, number: int, taken: set[str]) -> str:
    if machine and machine not in taken:
        return machine
    return f"{machine or 'docker'}-{number}"


def _holds(containers: int, foreign: int) -> str:
    ours = f"still has {counted(containers, 'container')}" if containers else ""
    others = f"has {counted(foreign, 'container')} that {'is' if foreign == 1 else 'are'} not ours" if foreign else ""
    return " and ".join(part for part in (ours, others) if part) or "still has volumes"
