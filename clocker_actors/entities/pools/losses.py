"""Hosts of a pool that do not answer, and whether what ran on them may be replaced elsewhere.

    host silent ──▶ few are ──────────────────────────────▶ given up: its members go elsewhere
                    │ with those that missed a ping now it may be too many: wait until these are known
                    └ more than half of the pool (at least two, or all) within a minute ──▶ replacing stops: on fire, a person is told
    stopped ──hosts are back, so that it is no more than half──▶ goes on           stopped ──resumeHealing──▶ goes on

When most of a pool goes silent at once it is more likely that the manager is cut off than that the hosts died, and what would be left could not carry
the load anyway. While replacing is stopped nothing is taken as lost, so what still runs there is not replaced when it is back. Durable: that it
stopped and why, and which silent hosts a person has given up.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.model import sensors
from clocker_actors.model.answering import Answering, GiveUpHost, HoldHost, HostAnswering
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import Place
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

WITHIN = 60.0
"""Seconds within which losses count together."""
PROBLEM = "healing"


def too_many(silent: int, hosts: int, *, fixed: bool) -> bool:
    """Whether so many silent hosts of a pool are more than failures of hosts. In a `fixed` pool, which makes no hosts, there is no elsewhere
    when all are silent, so one is enough there."""
    return 2 * silent > hosts and (silent >= 2 or fixed)


class Losses:
    """Of one pool."""

    __slots__ = ("_displaced", "_held", "_names", "_pool", "_since", "_suspects", "_told", "_waiting")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._names: dict[Uid, str] = {}
        self._since: dict[Uid, float] = {}  # silent hosts, given up or not
        self._waiting: dict[Uid, str] = {}  # silent and not given up yet, with the reason
        self._suspects: set[Uid] = set()
        self._displaced: dict[Uid, frozenset[Uid]] = {}  # host that was given up → members that ran there
        self._told: set[Uid] = set()  # silent hosts that know that they are not given up
        self._held: list[Place] = []

    @property
    def stopped(self) -> str:
        """Why nothing is replaced, "" if it is."""
        return self._pool.state.healing_stopped

    def heard(self, said: HostAnswering) -> None:
        """A host says how it answers."""
        self._names[said.host] = said.name
        self._suspects.discard(said.host)
        self._waiting.pop(said.host, None)
        self._told.discard(said.host)
        match said.how:
            case Answering.SUSPECT:
                self._suspects.add(said.host)
            case Answering.SILENT:
                self._waiting[said.host] = said.reason
                self._since.setdefault(said.host, self._pool.now)
            case Answering.LOST:
                self._since.setdefault(said.host, said.since)
            case Answering.ANSWERS | Answering.AT_HOME:
                self._since.pop(said.host, None)
                self._displaced.pop(said.host, None)
        self.judge(Cause(f"{said.host} {said.how}@{self._pool.now:.3f}", self._pool.uid))

    def judge(self, cause: Cause) -> None:
        """Stop, go on, or give up those that wait for it."""
        pool = self._pool
        if not pool.durable:
            return  # comes again when what was decided is written
        self._forget_those_removed()
        accepted = pool.state.hosts_given_up
        back = [uid for uid in accepted if uid not in self._since and uid in pool.up]
        if back:
            pool.change(replace(pool.state, hosts_given_up=tuple(uid for uid in accepted if uid not in back)))
            return
        counted = self._counted()
        hosts = len({*pool.up, *self._since, *self._suspects})
        fixed = pool.state.spec.location is None
        many = too_many(len(counted), hosts, fixed=fixed)
        if many and not self.stopped and self._waiting:
            self._stop(counted, hosts, cause)
        elif self.stopped and self._waiting and not many:
            self._go_on(f"{len(counted)} of {hosts} hosts are silent now, which is no more than half", cause)
        elif self.stopped and not self._waiting and not self._suspects and self._all_heard():
            self._go_on("the hosts are back", cause)
        elif not self.stopped and not too_many(len(counted | self._suspects), hosts, fixed=fixed):
            self._give_up()
        if self.stopped:
            for uid in self._waiting.keys() - self._told:
                self._told.add(uid)
                pool.tell(uid, HoldHost("nothing is replaced while most of its pool is silent"))
        pool.service.set_problem(PROBLEM, self.stopped)

    def gave_up(self, host: Uid) -> bool:
        """Whether it is silent, and its members may go elsewhere."""
        return host in self._since and host not in self._waiting

    def displaced(self, host: Uid) -> frozenset[Uid]:
        """The members that ran there when it was given up."""
        return self._displaced.get(host, frozenset())

    def resume(self, cause: Cause) -> None:
        """A person says that the silent hosts are lost: nothing is counted any more that is silent now."""
        pool = self._pool
        given_up = tuple(sorted({*pool.state.hosts_given_up, *self._since}))
        pool.state = replace(pool.state, hosts_given_up=given_up)
        self._go_on(f"{cause.principal or 'a person'} says so", cause)

    # --- placements of members whose host was given up

    def hold(self, message: Place) -> bool:
        """Whether it has to wait, since it would replace what was lost."""
        member = message.request.member
        if not self.stopped or not any(member in members for members in self._displaced.values()):
            return False
        self.take_back(member)
        self._held.append(message)
        return True

    def take_back(self, member: Uid) -> None:
        """It is not wanted any more."""
        self._held = [kept for kept in self._held if kept.request.member != member]

    # --- inside

    def _forget_those_removed(self) -> None:
        hosts = set(self._pool.state.hosts.values())
        for uid in self._names.keys() - hosts:
            for known in (self._names, self._since, self._waiting, self._displaced):
                known.pop(uid, None)
            self._suspects.discard(uid)

    def _counted(self) -> frozenset[Uid]:
        """Silent hosts that count together: within a minute, or since replacing stopped; without those a person gave up."""
        pool, recent = self._pool, self._pool.now - WITHIN
        silent = (uid for uid, since in self._since.items() if self.stopped or uid in self._waiting or since > recent)
        return frozenset(uid for uid in silent if uid not in pool.state.hosts_given_up)

    def _all_heard(self) -> bool:
        pool = self._pool
        return all(uid in pool.up or uid in pool.supply.phases for uid in pool.state.hosts.values())

    def _stop(self, counted: frozenset[Uid], hosts: int, cause: Cause) -> None:
        pool = self._pool
        names = sorted(self._names[uid] for uid in counted)
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        why = (
            f"{len(names)} of {hosts} hosts went silent within {WITHIN:g} s ({shown}): nothing is replaced until they are back; check the manager's"
            f" network, or `clocker invoke {pool.identity.path} resumeHealing` if they are lost"
        )
        pool.state = replace(pool.state, healing_stopped=why)
        self._decide("stop", why, {"silent": len(names), "hosts": hosts, "within": WITHIN, "names": list(names[:20])}, cause)
        pool.notify(sensors.POOL_HEALING_STOPPED.name, why, cause)

    def _go_on(self, why: str, cause: Cause) -> None:
        pool = self._pool
        was = self.stopped
        pool.state = replace(pool.state, healing_stopped="")
        self._decide("go on", f"replacing goes on: {why}", {"silent": len(self._since)}, cause)
        if was:
            pool.notify(sensors.POOL_HEALING_RESUMED.name, why, cause)

    def _decide(self, action: str, why: str, inputs: Mapping[str, Value], cause: Cause) -> None:
        pool = self._pool
        decision = Decision(pool.ids.decision(), pool.uid, pool.uid, "healing", pool.now, action, why, cause, inputs)
        pool.decided(decision, acted=True)

    def _give_up(self) -> None:
        pool = self._pool
        for uid in tuple(self._waiting):
            del self._waiting[uid]
            self._displaced[uid] = frozenset(kept.member for kept in pool.index.reservations(uid))
            pool.tell(uid, GiveUpHost())
        held, self._held = self._held, []
        for message in held:
            pool.tell(pool.uid, message)
