"""The authority of a pool whose engines listen on the network: how long its certificates hold, and the way to another one.

rotateCertificates, or 60 days before the end ──a new name, durable──▶ one host after the other: Recertify ──▶ its engine has certificates of the new
authority and takes no others, which is durable ──▶ all hosts ──▶ authorities that no host and no pool names are forgotten, with their keys

Until then both are trusted, each by the hosts that have it. Every step looks at how it is, so a manager that was killed goes on; a host that cannot be entered
keeps the old certificates, is told, and is tried again.
"""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.records import HostState, PoolState
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import SYSTEM, EntityKind, Uid
from clocker_actors.model.machines import MachinePhase, Recertified, Recertify
from clocker_actors.model.values import counted
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.pools.pool import Pool

DAY = 86_400.0
AHEAD = 60 * DAY
"""How long before its certificates end a pool makes others by itself."""
PERIOD = DAY / 4
FIRST = 10.0
AGAIN = 600.0
"""Seconds after which hosts that could not be given certificates are tried again."""
LIMIT = 30.0
EXPIRY, FORGET = "certificates", "authorities"
CERTIFYING = frozenset({EXPIRY, FORGET})
EFFECTOR = "rotateCertificates"


class LookAtCertificates:
    """Timer message: how long do they hold?"""


class CertifyAgain:
    """Timer message: try the hosts that failed once more."""


class Certifying:
    """Of one pool. `_asked` is the host that is at it, `_failed` those that could not in this round, and why."""

    __slots__ = ("_asked", "_done", "_failed", "_pool", "_rotating")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._asked: Uid | None = None
        self._failed: dict[Uid, str] = {}
        self._done = 0
        self._rotating = True  # after a start it is not known whether all is over, old authorities forgotten

    @property
    def applies(self) -> bool:
        """Whether any host of this pool has certificates of ours."""
        pool = self._pool
        return any(state.made is not None and state.made.source.tls for state in pool.supply.made.values())

    def watch(self) -> None:
        """Look from now on."""
        if self._pool.state.spec.location is not None:
            self._pool.after("certificates", FIRST, LookAtCertificates())

    def look(self, message: LookAtCertificates | CertifyAgain) -> None:
        """A timer."""
        pool = self._pool
        if isinstance(message, CertifyAgain):
            self._failed.clear()
            self.reconcile()
            return
        pool.after("certificates", PERIOD, message)
        if self.applies and not pool.working(EXPIRY):
            pool.work(EXPIRY, asyncio.to_thread, pool.outside.grounds.expiry, pool.state.authority, timeout=LIMIT)

    def begin(self, activity: Activity, _: "Arguments") -> None:
        """The effector. What is under way already is joined."""
        pool = self._pool
        pool.refuse_if_deleting(activity)
        if not self.applies:
            name = pool.state.spec.name
            raise BadRequest(f"{name} has no hosts with certificates of the manager's: their location would say `tls: true`", pool=name)
        self._failed.clear()
        if not self._left():
            self._to_new()
        pool.running.step(activity.id, "rotate", f"to authority {pool.state.authority}, for {counted(len(self._left()), 'host')}")
        self.reconcile()

    def reconcile(self) -> None:
        """The next host, or the end."""
        pool = self._pool
        if not self._rotating or self._asked is not None or not self.applies:
            return
        left = self._left()
        for activity in pool.running.all(EFFECTOR):
            pool.running.progress(activity.id, done=self._done, total=self._done + len(left))
        waiting = [uid for uid in left if uid not in self._failed]
        if waiting:
            self._asked = waiting[0]
            pool.tell(self._asked, Recertify(pool.state.authority))
        elif left:
            self._stuck(left)
        elif not pool.working(FORGET):
            pool.work(FORGET, asyncio.to_thread, pool.outside.grounds.keep_authorities, self._in_use(), timeout=LIMIT)

    def answered(self, message: Recertified) -> None:
        """A host is done, or cannot."""
        if message.host != self._asked:
            return
        self._asked = None
        if message.problem:
            self._failed[message.host] = message.problem
        else:
            self._done += 1
        self.reconcile()

    def seen(self, outcome: WorkDone | WorkFailed) -> None:
        """What a thread found, or did."""
        pool = self._pool
        if isinstance(outcome, WorkFailed):
            if outcome.name == EXPIRY:
                pool.unavailable(outcome.failure.message, sensors.POOL_CERTIFICATES)
            else:
                self._end(f"what is old could not be forgotten: {outcome.failure.message}")
        elif outcome.name == FORGET:
            self._rotating = False
            self._end("")
            pool.after("certificates", FIRST, LookAtCertificates())
        elif isinstance(outcome.result, float):
            self._holds_until(outcome.result)

    def _holds_until(self, end: float) -> None:
        pool = self._pool
        pool.observe(sensors.POOL_CERTIFICATES, end)
        if end - pool.now > AHEAD or self._left():
            return
        self._to_new()
        reason = f"its certificates hold {max(0.0, end - pool.now) / DAY:.0f} days more"
        action = f"rotate to authority {pool.state.authority}"
        pool.decided(Decision(pool.ids.decision(), pool.uid, pool.uid, EFFECTOR, pool.now, action, reason, SYSTEM), acted=True)
        self.reconcile()

    def _to_new(self) -> None:
        """A name that none had before; what is of it is made when the first host needs it."""
        pool = self._pool
        last = pool.state.authority.rpartition("-")[2]
        number = int(last) + 1 if last.isdecimal() else 1
        self._rotating, self._done = True, 0
        pool.change(replace(pool.state, authority=f"{pool.uid}-{number}"))

    def _left(self) -> list[Uid]:
        """Hosts whose engines listen with certificates of another authority."""
        pool = self._pool
        hosts = (self._host(uid) for uid in pool.supply.made)
        return [host.identity.uid for host in hosts if host is not None and self._is_old(host)]

    def _is_old(self, host: HostState) -> bool:
        made = host.made
        return made is not None and made.source.tls and made.phase is MachinePhase.UP and made.authority != self._pool.state.authority

    def _host(self, uid: Uid) -> HostState | None:
        body = self._pool.outside.store.read(EntityKind.HOST, uid)
        return decode(HostState, body) if body is not None else None

    def _in_use(self) -> frozenset[str]:
        """Names that hosts or pools have, of all pools."""
        store = self._pool.outside.store
        pools = [decode(PoolState, kept.body) for kept in store.all(EntityKind.POOL) if kept.body]
        hosts = (decode(HostState, kept.body).made for kept in store.all(EntityKind.HOST) if kept.body)
        theirs = (pool.authority for pool in pools if pool.spec.location is not None and pool.spec.location.listens)
        return frozenset((self._pool.state.authority, *theirs, *(made.authority for made in hosts if made is not None and made.source.tls)))

    def _stuck(self, left: list[Uid]) -> None:
        pool = self._pool
        problems = "; ".join(f"{self._named(uid)}: {self._failed[uid]}" for uid in left[:3])
        self._end(
            f"{counted(len(left), 'host')} of {len(left) + self._done} keep the old certificates: {problems}; they are tried again by themselves"
        )
        pool.service.set_problem("certificates", problems)
        pool.after("certify", AGAIN, CertifyAgain())

    def _named(self, uid: Uid) -> str:
        return next((name for name, host in self._pool.state.hosts.items() if host == uid), uid)

    def _end(self, problem: str) -> None:
        running = self._pool.running
        if not problem:
            self._pool.service.set_problem("certificates", "")
        for activity in running.all(EFFECTOR):
            if problem:
                running.fail(activity.id, problem)
            else:
                running.finish(activity.id, self._pool.state.authority)
