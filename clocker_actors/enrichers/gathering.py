"""What the values of many come to: mean, sum, least, greatest, first, list, map, whether enough agree. Pure, and one value at a time.

A change of one of n values costs O(log n) at most; only a list or a map of all is written out when it is asked for, as it has n items. The numbers among the
values are kept by `aggregate.Rolling`, which also works for roll-ups.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clocker_actors.enrichers.aggregate import Rolling
from clocker_actors.enrichers.heaps import Least
from clocker_actors.enrichers.quorum import quorate
from clocker_actors.model.values import Value, as_number

NUMERIC = ("average", "sum", "min", "max")
WAYS = (*NUMERIC, "isQuorate", "first", "list")


@dataclass(frozen=True, slots=True)
class Rules:
    """How values are taken: `default` stands for one that is not there, `blank` ones (none, empty texts) do not count, `wanted` says which do."""

    how: str
    default: Value = None
    exclude_blank: bool = True
    wanted: Callable[[Value], bool] | None = None
    quorum: str = "all"


class Gathering:
    """The values of many, by name; `order` is the place of each among them."""

    __slots__ = ("_ages", "_first", "_numbers", "_order", "_rules", "_true", "_values")

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._values: dict[str, Value] = {}
        self._order: dict[str, int] = {}
        self._numbers = Rolling()
        self._ages = Least()
        self._first = Least()
        self._true = 0

    @property
    def count(self) -> int:
        """How many have a value."""
        return len(self._values)

    @property
    def oldest(self) -> float | None:
        """The time of the oldest value."""
        top = self._ages.top()
        return None if top is None else top[1]

    @property
    def looked(self) -> int:
        """Entries looked at so far."""
        return self._ages.looked + self._first.looked

    def place(self, name: str, order: int) -> None:
        """Its place among all."""
        self._order[name] = order

    def set(self, name: str, value: Value, at: float) -> bool:
        """Its value since `at`; one that does not count is none. Whether anything has changed."""
        if at < self._ages.of(name):
            return False
        if not self._counts(value):
            return self.remove(name)
        if name in self._values:
            self._forget(name)
        self._values[name] = value
        self._ages.set(name, at)
        self._first.set(name, self._order.get(name, 0))
        number = as_number(value)
        if number is not None and self._rules.how in NUMERIC:
            self._numbers.set(name, number, at)
        self._true += value is True
        return True

    def remove(self, name: str) -> bool:
        """It has no value any more; whether it had one."""
        if name not in self._values:
            return False
        self._forget(name)
        self._numbers.remove(name)
        del self._values[name]
        self._ages.remove(name)
        self._first.remove(name)
        return True

    def leave(self, name: str) -> bool:
        """It is gone itself; whether it had a value."""
        self._order.pop(name, None)
        return self.remove(name)

    def older_than(self, at: float) -> str | None:
        """One whose value is older than this."""
        top = self._ages.top()
        return top[0] if top is not None and top[1] <= at else None

    def _forget(self, name: str) -> None:
        self._true -= self._values[name] is True

    def _counts(self, value: Value) -> bool:
        rules = self._rules
        if value is None or (rules.exclude_blank and (value == "" or (isinstance(value, str) and not value.strip()))):
            return False
        number = as_number(value)
        if (number is None and rules.how in NUMERIC) or (number is not None and not math.isfinite(number)):
            return False
        return rules.wanted is None or rules.wanted(value)

    def value(self, of: int) -> Value:
        """What the values come to, of so many as there should be; None if nothing can be said."""
        how = self._rules.how
        if how in NUMERIC:
            return self._number(of)
        if how == "isQuorate":
            return quorate(self._rules.quorum, self._true, of)
        if not self._values:
            return None
        if how == "first":
            top = self._first.top()
            return None if top is None else self._values[top[0]]
        return [self._values[name] for name in sorted(self._values, key=lambda each: self._order.get(each, 0))]

    def _number(self, of: int) -> float | None:
        default, missing = as_number(self._rules.default), of - len(self._values)
        found = self._numbers.aggregate()
        if default is None or missing <= 0:
            return None if found is None else float(getattr(found, self._rules.how))
        total = (found.sum if found else 0.0) + missing * default
        low, high = (min(found.min, default), max(found.max, default)) if found else (default, default)
        return {"average": total / of, "sum": total, "min": low, "max": high}[self._rules.how]

    def named(self, names: Mapping[str, str]) -> dict[str, Value]:
        """The values by what their owners are called."""
        return {names.get(name, name): self._values[name] for name in sorted(self._values, key=lambda each: self._order.get(each, 0))}
