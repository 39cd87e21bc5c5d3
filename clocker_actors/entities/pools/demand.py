"""Placements that a pool has to refuse and that a new host would change: they are answered once it is known how many hosts that takes.

Place ──refused──▶ held for a moment, with all that come meanwhile ──▶ how many hosts? ──▶ more are wanted (durable, a decision)
                                                                             └──▶ each member hears that it waits, or why nothing helps
a host comes up ──RoomCame──▶ members that wait ──▶ Place, as at first

Who has to be beside somebody is held in every pool: that one may have asked in the same moment, and has a place by now.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.sources import next_source
from clocker_actors.entities.records import Desired
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.machines import RoomCame
from clocker_actors.model.messages import Place, PlacementRefused
from clocker_actors.model.placements import HostView
from clocker_actors.model.values import counted
from clocker_actors.placement.pipeline import Refusal
from clocker_actors.planning.growth import Growth, growth, template_view, wants_company

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

HELD = 0.1
"""Seconds for which refused placements are collected, so that hosts for all of them are asked for at once."""


class Grow:
    """Timer message: see how many hosts those need who were refused."""


class Demand:
    """Of one pool."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._held: dict[Uid, tuple[Place, Refusal]] = {}
        self._waiting: dict[Uid, Place] = {}  # told that they wait for a host

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for a host that is coming up."""
        return bool(self._waiting or self._held)

    def refused(self, message: Place, answer: Refusal) -> None:
        """There is no room; the member hears so at once unless the pool can make some."""
        pool = self._pool
        # Nobody makes a host for what is only to be moved off one that goes, or onto a certain one.
        unwanted = bool(message.request.target) or pool.supply.clearing.asked(message.request.excluded)
        fixed = pool.state.spec.location is None and not wants_company(message.request)
        if fixed or pool.state.desired is Desired.DELETED or unwanted:
            self._refuse(message, answer.decision)
            return
        if not self._held:
            pool.after("grow", HELD, Grow())
        self._held[message.request.member] = (message, answer)

    def withdrawn(self, member: Uid) -> None:
        """A member does not ask any more."""
        self._held.pop(member, None)
        self._waiting.pop(member, None)

    def room_came(self) -> None:
        """A host came up: all that wait may ask again."""
        waiting, self._waiting = self._waiting, {}
        for member in waiting:
            self._pool.tell(member, RoomCame())

    def grow(self) -> None:
        """Ask for as many hosts as those need who were refused, and answer them."""
        held, self._held = self._held, {}
        for member in self._pool.placing.try_again([message for message, _ in held.values() if wants_company(message.request)]):
            del held[member]
        if not held:
            return
        if self._pool.state.spec.location is None:
            for message, answer in held.values():
                self._refuse(message, answer.decision)
            return
        found = self._needed([message for message, _ in held.values()])
        words = self._order(found, next(iter(held.values()))[0].request.cause) if found.waits else ""
        for member, (message, answer) in held.items():
            waits = words if member in found.waits else ""
            if waits:
                self._waiting[member] = message
            self._refuse(message, _said(answer.decision, waits or self._why_not(member, found)), waits)

    def _refuse(self, message: Place, decision: Decision, growing: str = "") -> None:
        request = message.request
        self._pool.tell(request.member, PlacementRefused(request.member, request.generation, decision, message.ask, growing=growing))

    def _needed(self, held: list[Place]) -> Growth:
        pool, state, supply = self._pool, self._pool.state, self._pool.supply
        asking = {message.request.member for message in held}
        taken = [each.made for each in supply.made.values() if each.made is not None]
        next_one = next_source(state.spec, taken, supply.rests.closed(pool.now))
        given_up = state.given_up and not supply.rests.may_try(pool.now)
        most = 0 if given_up or next_one is None else max(0, state.spec.max_size - len(supply.active))
        unmet = sum(1 for uid in supply.active if uid not in pool.up)  # on their way, or up and not heard of yet
        coming = unmet + max(0, state.size - state.given_up - len(supply.active))
        source = next_one.source if next_one is not None else supply.last_source()
        if source is None or state.spec.location is None:
            return Growth()
        template = template_view(state.spec, source, self._like())
        return growth(
            [message.request for message in held],
            pool.index,
            pool.strategies(),
            template,
            rules=state.spec.affinity,
            coming=coming,
            most=max(0, most - max(0, state.size - len(supply.active))),
            promised=[message.request for member, message in self._waiting.items() if member not in asking],
        )

    def _like(self) -> HostView | None:
        """The last host that was made and has said how large it is."""
        pool = self._pool
        rows = (pool.index.rows.get(uid) for uid in reversed(pool.supply.active))
        return next((row.view() for row in rows if row is not None and row.cores), None)

    def _order(self, found: Growth, cause: Cause) -> str:
        pool, state = self._pool, self._pool.state
        who = counted(len(found.waits), "container")
        if not found.hosts:
            return f"waits for a host that is coming up in pool {state.spec.name}"
        unmet = len(pool.supply.coming)
        size = max(state.size, len(pool.supply.active)) + found.hosts
        decision = Decision(
            pool.ids.decision(),
            pool.uid,
            pool.uid,
            "grow",
            pool.now,
            f"make {counted(found.hosts, 'host')} more",
            f"{who} found no room{_beside(unmet)}, and will on {counted(found.hosts, 'new host')}",
            cause,
            {"waiting": len(found.waits), "hosts": len(pool.supply.active), "new_hosts": found.hosts, "max": state.spec.max_size},
            (f"size {state.size} → {size}",),
            (),
            (f"nothing beyond {state.spec.max_size} hosts",),
        )
        pool.supply.order(size, Cause(decision.id, cause.principal))
        pool.decided(decision, acted=True)
        return f"pool {state.spec.name} makes {counted(found.hosts, 'host')} for it: {decision.reason}"

    def _why_not(self, member: Uid, found: Growth) -> str:
        state, supply = self._pool.state, self._pool.supply
        if member in found.hopeless:
            return f"no new host would do: {found.hopeless[member]}"
        if state.given_up:
            return f"the pool has given up making hosts ({supply.news.why}); `clocker resize {state.spec.name} N` tries again"
        return f"the pool has the most hosts that it may have, {state.spec.max_size}"


def _beside(coming: int) -> str:
    return f" beside what fits on {counted(coming, 'host')} coming up" if coming else ""


def _said(decision: Decision, more: str) -> Decision:
    return replace(decision, reason=f"{decision.reason}; {more}")
