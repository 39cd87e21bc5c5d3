"""Who wants a member moved, and to where, or begun anew where it is: one order per activity. Several stand side by side (two hosts are drained, and a person
asks too)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clocker_actors.entities.records import Desired, Generation
from clocker_actors.errors import BadRequest, Conflict
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import Lane
from clocker_actors.model.identity import Cause
from clocker_actors.model.messages import Invoke
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.members.member import Member

TRIES = 3
"""Hosts that a new generation is tried on before a move is given up."""
ASK_LIMIT = 60.0
"""Seconds after which a question is asked anew."""
MARGIN = 60.0
"""Seconds that a move may take beyond what its container may take to start and to stop."""
UPDATE = "update"
"""Name of the activity by which a member gets a container that is as its spec says."""


LANES = {str(lane): lane for lane in Lane}


class MoveLate:
    """Timer message: a move has taken too long."""

    __slots__ = ("activity",)

    def __init__(self, activity: str) -> None:
        self.activity = activity


class MoveAgain:
    """Timer message: what was asked for has had no answer, or the host that was promised did not come."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one activity wants: on `target` (if given), and not on any of `away` (uids or names of hosts); or, with `than`, a newer generation than that, on
    any host, that is as the spec of the member says."""

    activity: str
    cause: Cause
    target: str = ""
    away: frozenset[str] = frozenset()
    lane: Lane = Lane.REBALANCING
    than: int | None = None
    effector: str = "move"

    @property
    def renews(self) -> bool:
        """Whether it is about what runs, not about where."""
        return self.than is not None

    def suits(self, generation: Generation) -> bool:
        """Whether it is where this order wants it, or as new."""
        if self.than is not None:
            return generation.number > self.than and generation.was is None
        names = {generation.host, generation.host_name}
        return (not self.target or self.target in names) and not names & self.away


class MoveOrders:
    """Of one member, oldest first. An order ends with its activity."""

    __slots__ = ("_member", "_orders")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._orders: dict[str, Order] = {}

    def __iter__(self) -> Iterator[Order]:
        return iter(tuple(self._orders.values()))

    def __len__(self) -> int:
        return len(self._orders)

    def take(self, activity: Activity, arguments: "Arguments") -> None:
        """One more. Raises BadRequest or Conflict for what cannot be ordered. A newer order for a certain host takes the place of an older one."""
        member = self._member
        member.refuse_if_deleting(activity)
        container = member.state.spec.container
        if container is None:
            raise BadRequest(f"{member.identity.path} has no container of its own: move the members below it")
        leave = str(arguments["leave"])
        if member.state.desired is not Desired.RUNNING and not leave:
            raise Conflict(f"{member.identity.path} is {member.state.desired}: start it, and it is placed anew", entity=member.uid)
        target = _host(str(arguments["host"]))
        away = {_host(name) for name in (*str(arguments["exclude"]).split(","), leave)} - {""}
        if not target and not leave and member.state.current is not None:
            away.add(member.state.current.host)
        lane = Lane.HEALING if arguments["urgent"] else Lane.REBALANCING
        for older in self.aimed if target else ():
            self.fail(older, f"superseded by {activity.id}")
        cause = Cause(activity.id, activity.cause.principal)
        self._keep(Order(activity.id, cause, target, frozenset(away), lane))

    def renew(self, effector: str, cause: Cause, parent: str, than: int) -> None:
        """One for a newer generation than this, as an activity of its own; it takes the place of an older one."""
        activity = self._member.running.begin(Invoke(effector, {}, cause, parent), {})
        self.drop_renewals(activity)
        self._keep(Order(activity.id, Cause(activity.id, cause.principal), lane=Lane.SCALING, than=than, effector=effector))

    def take_up(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        """One that a manager before was given goes on; whether it can."""
        away, than, lane = memory.get("away"), memory.get("than"), str(memory.get("lane"))
        member = self._member
        if not isinstance(away, list | tuple) or lane not in LANES or member.state.spec.container is None:
            return False
        cause = Cause(activity.id, activity.cause.principal)
        hosts, newer = frozenset(map(str, away)), int(str(than)) if than is not None else None
        self._keep(Order(activity.id, cause, str(memory.get("target") or ""), hosts, LANES[lane], newer, activity.effector))
        return True

    def _keep(self, order: Order) -> None:
        self._orders[order.activity] = order
        running, away = self._member.running, sorted(order.away)
        running.remember(order.activity, target=order.target, away=away, lane=str(order.lane), than=order.than)
        spec = self._member.state.spec
        stop = spec.container.stop_timeout if spec.container is not None else 0.0
        limit = TRIES * spec.start_timeout + spec.leave_delay + stop + MARGIN
        self._member.after(f"move:{order.activity}", limit, MoveLate(order.activity))

    def drop_renewals(self, by: Activity | None = None) -> None:
        """What runs is to be something else by now."""
        for order in self:
            if order.renews:
                self.end(order.activity)
                words = f"superseded by {by.effector} ({by.id})" if by is not None else "superseded: it is to be otherwise by now"
                self._member.running.give_way(order.activity, words)

    @property
    def newest(self) -> Order | None:
        """The one given last."""
        return next(reversed(self._orders.values()), None)

    @property
    def aimed(self) -> tuple[Order, ...]:
        """Those for a certain host."""
        return tuple(order for order in self if order.target)

    @property
    def renewing(self) -> bool:
        """Whether nobody wants it elsewhere, but only anew."""
        return bool(self._orders) and all(order.renews for order in self)

    @property
    def target(self) -> str:
        """The host wanted, "" if any will do."""
        return next((order.target for order in self.aimed), "")

    @property
    def away(self) -> tuple[str, ...]:
        """Hosts that none of them wants."""
        return tuple(sorted({name for order in self for name in order.away}))

    def suit(self, generation: Generation) -> bool:
        """Whether it is where, and as, all of them want it."""
        return all(order.suits(generation) for order in self)

    def end(self, activity: str) -> Order | None:
        """It is over, or was taken back; None if it was none."""
        order = self._orders.pop(activity, None)
        if order is not None:
            self._member.cancel_timer(f"move:{activity}")
        return order

    def fail(self, order: Order, why: str) -> None:
        """It cannot be met."""
        self.end(order.activity)
        self._member.running.fail(order.activity, why)
        if order.renews:
            self._member.updating.failed(why, order.effector)

    def fail_all(self, why: str) -> None:
        """None of them can be met."""
        for order in self:
            self.fail(order, why)

    def refused(self, why: str) -> None:
        """There is no place that suits: those for one host fail alone, then those for any other; without them what is to be renewed may be."""
        for order in self.aimed or tuple(order for order in self if not order.renews) or tuple(self):
            self.fail(order, why)

    def step(self, name: str, note: str) -> None:
        """All of them are so far."""
        for order in self:
            self._member.running.step(order.activity, name, note)


def _host(name: str) -> str:
    """A host's uid, or the last part of its path."""
    return name.strip().rpartition("/")[2]
