"""Placements that a pool has to refuse and that a new host would change: they are answered once it is known how many hosts that takes.

Place ──refused──▶ held for a moment, with all that come meanwhile ──▶ how many hosts? ──▶ more are wanted (durable, a decision)
                                                                             └──▶ each member hears that it waits, or why nothing helps
a host comes up ──RoomCame──▶ members that wait ──▶ Place, as at first

Who has to be beside somebody is held in every pool: that one may have asked in the same moment, and has a place by now.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.advice import advice
from clocker_actors.entities.pools.sources import next_source
from clocker_actors.entities.records import Desired
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.machines import RoomCame
from clocker_actors.model.messages import Place, PlacementRefused
from clocker_actors.model.placements import HostView
from clocker_actors.model.values import counted
from clocker_actors.placement.pipeline import Refusal
from clocker_actors.planning.growth import Growth, Trial, template_view, wants_company

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

HELD = 0.1
"""Seconds for which refused placements are collected, so that hosts for all of them are asked for at once."""


ANSWERED = 50
"""Members that one step answers."""
OVER = object()


class Grow:
    """Timer message: see how many hosts those need who were refused."""


class GrowOn:
    """Message of a pool to itself: the next step of that."""


class Demand:
    """Of one pool."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._held: dict[Uid, tuple[Place, Refusal]] = {}
        self._waiting: dict[Uid, Place] = {}  # told that they wait for a host
        self._asking: dict[Uid, tuple[Place, Refusal]] = {}  # those for whom it is being tried out
        self._trial: Iterator[None] | None = None
        self._came = False  # whether a host came up meanwhile
        self._begun_with = 0  # hosts that were coming when that began

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for a host that is coming up."""
        return bool(self._waiting or self._held or self._asking)

    def refused(self, message: Place, answer: Refusal) -> None:
        """There is no room; the member hears so at once unless the pool can make some."""
        pool = self._pool
        # Nobody makes a host for what is only to be moved off one that goes, or onto a certain one.
        unwanted = bool(message.request.target) or pool.supply.clearing.asked(message.request.excluded)
        fixed = pool.state.spec.location is None and not wants_company(message.request)
        if fixed or pool.state.desired is Desired.DELETED or unwanted:
            self._refuse(message, answer.decision)
            return
        if not self._held and self._trial is None:
            pool.after("grow", HELD, Grow())
        self._held[message.request.member] = (message, answer)

    def withdrawn(self, member: Uid) -> None:
        """A member does not ask any more."""
        for known in (self._held, self._asking):
            known.pop(member, None)
        self._waiting.pop(member, None)

    def room_came(self) -> None:
        """A host came up: all that wait may ask again."""
        self._came = self._trial is not None
        waiting, self._waiting = self._waiting, {}
        for member in waiting:
            self._pool.tell(member, RoomCame())

    def grow(self) -> None:
        """Find out how many hosts those need who were refused, some hosts and some members at a time, and answer them."""
        if self._trial is not None:
            return  # begins when that is over
        held, self._held = self._held, {}
        for member in self._pool.placing.try_again([message for message, _ in held.values() if wants_company(message.request)]):
            del held[member]
        if not held:
            return
        if self._pool.state.spec.location is None:
            for message, answer in held.values():
                self._refuse(message, answer.decision)
            return
        self._asking = held
        self._begun_with = self._coming()
        self._trial = self._steps()
        self.go_on()

    def go_on(self) -> None:
        """A step of that; everybody who waits for the pool has a turn before the next."""
        if self._trial is None:
            return
        if next(self._trial, OVER) is None:
            self._pool.tell(self._pool.uid, GrowOn())
            return
        self._trial = None
        if self._came:
            self.room_came()  # those who were answered since then have not heard of it
        if self._held:
            self._pool.after("grow", HELD, Grow())

    def _steps(self) -> Iterator[None]:
        """Try it out, ask for the hosts, and answer."""
        found = Growth()
        trial = self._begun([message for message, _ in self._asking.values()])
        if trial is not None:
            yield from trial.steps()
            found = trial.found()
        ordering = found.waits and self._pool.state.desired is not Desired.DELETED
        words = self._order(found, self._asking) if ordering else ""
        waits = frozenset(found.waits)
        for number, member in enumerate(tuple(self._asking), 1):
            self._answer(member, words if member in waits else "", found)
            if number % ANSWERED == 0:
                yield

    def _answer(self, member: Uid, words: str, found: Growth) -> None:
        asked = self._asking.pop(member, None)
        if asked is None:
            return  # it does not ask any more
        message, answer = asked
        if words:
            self._waiting[member] = message
        self._refuse(message, _said(answer.decision, words or self._why_not(member, found)), words)

    def _refuse(self, message: Place, decision: Decision, growing: str = "") -> None:
        request = message.request
        if not growing and (words := advice(self._pool, decision)):
            decision = _said(decision, words)
        self._pool.tell(request.member, PlacementRefused(request.member, request.generation, decision, message.ask, growing=growing))

    def _begun(self, held: list[Place]) -> Trial | None:
        pool, state, supply = self._pool, self._pool.state, self._pool.supply
        asking = {message.request.member for message in held}
        taken = (each.made for each in supply.made.values() if each.made is not None)
        next_one = next_source(state.spec, taken, supply.rests.closed(pool.now))
        given_up = state.given_up and not self._may_retry
        most = 0 if given_up or next_one is None else max(0, state.spec.max_size - len(supply.active))
        source = next_one.source if next_one is not None else supply.last_source()
        if source is None or state.spec.location is None:
            return None
        return Trial(
            [message.request for message in held],
            pool.index,
            pool.strategies(),
            template_view(state.spec, source, self._like()),
            rules=state.spec.affinity,
            coming=self._begun_with,
            most=max(0, most - max(0, state.size - len(supply.active))),
            promised=[message.request for member, message in self._waiting.items() if member not in asking],
        )

    def _coming(self) -> int:
        """Hosts on their way, or up and not heard of yet, and those that are to be made; what was given up is one of them if it may be tried again."""
        pool, active = self._pool, self._pool.supply.active
        missing = pool.state.size - len(active) - (0 if self._may_retry else pool.state.given_up)
        return sum(1 for uid in active if uid not in pool.up) + max(0, missing)

    @property
    def _may_retry(self) -> bool:
        """Whether hosts that were given up may be tried again."""
        return self._pool.state.given_up > 0 and self._pool.supply.rests.may_try(self._pool.now)

    def _like(self) -> HostView | None:
        """The last host that was made and has said how large it is."""
        pool = self._pool
        rows = (pool.index.rows.get(uid) for uid in reversed(pool.supply.active))
        return next((row.view() for row in rows if row is not None and row.cores), None)

    def _order(self, found: Growth, asking: Mapping[Uid, tuple[Place, Refusal]]) -> str:
        pool, state = self._pool, self._pool.state
        active = len(pool.supply.active)
        meanwhile = max(0, self._coming() - self._begun_with)  # somebody else has asked for some
        more = max(0, min(found.hosts - meanwhile, state.spec.max_size - max(state.size, active)))
        new = more + (state.given_up if self._may_retry else 0)
        if new <= 0 or not asking:
            return f"waits for a host that is coming up in pool {state.spec.name}"
        cause = next(iter(asking.values()))[0].request.cause
        who = counted(len(found.waits), "container")
        size = max(state.size, active) + more
        decision = Decision(
            pool.ids.decision(),
            pool.uid,
            pool.uid,
            "grow",
            pool.now,
            f"make {counted(new, 'host')} more",
            f"{who} found no room{_beside(len(pool.supply.coming))}, and will on {counted(new, 'new host')}",
            cause,
            {"waiting": len(found.waits), "hosts": active, "new_hosts": new, "max": state.spec.max_size},
            (f"size {state.size} → {size}",),
            (),
            (f"nothing beyond {state.spec.max_size} hosts",),
        )
        pool.supply.order(size, Cause(decision.id, cause.principal))
        pool.decided(decision, acted=True)
        return f"pool {state.spec.name} makes {counted(new, 'host')} for it: {decision.reason}"

    def _why_not(self, member: Uid, found: Growth) -> str:
        state, supply = self._pool.state, self._pool.supply
        if member in found.hopeless:
            return f"no new host would do: {found.hopeless[member]}"
        if state.given_up:
            return f"the pool has given up making hosts ({supply.news.why}); `clocker resize {state.spec.name} N` tries again"
        return f"the pool has the most hosts that it may have, {state.spec.max_size}: write a larger maxSize, or free some room"


def _beside(coming: int) -> str:
    return f" beside what fits on {counted(coming, 'host')} coming up" if coming else ""


def _said(decision: Decision, more: str) -> Decision:
    return replace(decision, reason=f"{decision.reason}; {more}")
