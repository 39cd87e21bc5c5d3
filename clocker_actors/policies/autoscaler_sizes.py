"""Which size counts: the one the cluster says it is to have, or the one just ordered and not yet taken on.

Resizing does not wait, so an order and its echo (the cluster's sensor) are apart in time, and several orders may be under way. Whatever
is no echo of ours was set by somebody else, and counts at once.
"""

from dataclasses import dataclass, field

from clocker_actors.kernel import past
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.values import Value, as_map

SHRINK_LIMIT = 60.0
"""Seconds after which a shrink that never reported its end no longer holds the next one back."""
ECHO_LIMIT = 10.0
"""Seconds in which the entity must take on an ordered size; after that its own word counts again."""
ORDER_LIMIT = 600.0
"""Seconds after which an order is not waited for any more."""


@dataclass(frozen=True, slots=True)
class Order:
    """A resize under way, ordered at that time (epoch seconds)."""

    before: int
    target: int
    at: float


@dataclass(slots=True)
class Sizes:
    """A mutable value of one autoscaler. `said` is the size the cluster says it is to have; `failed` the last order if it failed, and why."""

    said: int | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    failed: tuple[Order, str] | None = None
    _ordered: Order | None = None

    def now(self, at: float) -> int | None:
        """Members asked for; None while nobody has said."""
        ordered = self._ordered
        if ordered is not None and self.said is not None and at - ordered.at > ECHO_LIMIT:
            ordered = self._ordered = None
        return self.said if ordered is None else ordered.target

    def heard(self, size: int) -> int | None:
        """The cluster says so. The echo of an older order, still to be followed by that of a newer one, is no news. If it is no echo at all but somebody
        else's wish, the size that it takes the place of comes back."""
        before, self.said = self.said, size
        echo = any(size == order.target for order in self.orders.values())
        ours = self._ordered is not None and size == self._ordered.target
        if self._ordered is not None and (ours or not echo):
            self._ordered = None
        return None if ours or echo or before == size else before

    def order(self, decision: str, order: Order) -> None:
        """This was ordered."""
        self.orders = {name: old for name, old in self.orders.items() if order.at - old.at < ORDER_LIMIT}
        self.orders[decision] = self._ordered = order

    def ended(self, activity: Activity) -> Order | None:
        """An activity has ended; the order that led to it, if it was ours."""
        order = self.orders.pop(activity.cause.id, None)
        if order is not None:
            self.failed = (order, activity.problem) if activity.state is ActivityState.FAILED else None
            if not self.orders and self.said is not None:
                self._ordered = None
        return order

    def waits_for(self, decisions: frozenset[str]) -> bool:
        """Of the orders of before a restart only these are still under way; whether there were others."""
        left = {decision: order for decision, order in self.orders.items() if decision in decisions}
        known, self.orders = self.orders, left
        return left != known

    @property
    def encoded(self) -> dict[str, Value]:
        """Encodable form of the orders."""
        return {decision: [order.before, order.target, order.at] for decision, order in self.orders.items()}

    @staticmethod
    def of(kept: Value, now: float) -> "Sizes":
        """From that; times in the future count from now."""
        found = {}
        for decision, entry in as_map(kept).items():
            before, target, at = entry if isinstance(entry, list | tuple) and len(entry) == 3 else (None, None, None)
            ordered = past(at, now)
            if isinstance(before, int) and isinstance(target, int) and ordered is not None:
                found[decision] = Order(before, target, ordered)
        return Sizes(orders=found)

    def shrinking(self, at: float) -> bool:
        """Whether members may still be on their way out."""
        return any(order.target < order.before and at - order.at < SHRINK_LIMIT for order in self.orders.values())
