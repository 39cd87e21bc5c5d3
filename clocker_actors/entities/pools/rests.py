"""When a pool tries again to make hosts: parts of its location that gave nothing rest, so that the next part is asked, and a pool that gave up waits.

Each time the pause is longer, until a host comes up from there, or a person asks for a size. Within one order a part that failed is not asked a second time,
however long ago that was, so that an order ends. Not durable: a manager that begins anew tries anew.
"""

from dataclasses import dataclass

PAUSES = (60.0, 120.0, 300.0, 600.0, 1800.0)
"""Seconds until what failed is tried again; the last of them from then on."""
POOL = ""
"""The pool as a whole, when no part of its location gave anything."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How often in a row something failed, until when it is left alone, and why."""

    until: float
    times: int
    reason: str


class Rests:
    """Of one supply, by the name of a part."""

    __slots__ = ("_failed", "_rests")

    def __init__(self) -> None:
        self._rests: dict[str, Rest] = {}
        self._failed: set[str] = set()  # in the order that is being carried out

    def failed(self, name: str, now: float, reason: str) -> None:
        """It gave nothing. What fails while it rests was asked before: that is no second time."""
        self._failed.add(name)
        before = self._rests.get(name)
        if before is None or now >= before.until:
            times = before.times + 1 if before is not None else 1
            self._rests[name] = Rest(now + PAUSES[min(times, len(PAUSES)) - 1], times, reason)

    def closed(self, now: float) -> frozenset[str]:
        """Parts that are not asked now."""
        return frozenset(name for name, rest in self._rests.items() if name in self._failed or now < rest.until)

    def may_try(self, now: float) -> bool:
        """Whether a pool that gave up may try again."""
        rest = self._rests.get(POOL)
        return rest is None or now >= rest.until

    def why(self) -> str:
        """What became of the parts that failed."""
        return "; ".join(f"{name}: {rest.reason}" for name, rest in self._rests.items() if name != POOL)

    def ordered(self) -> None:
        """Another size is wanted: what has rested enough may be asked once more."""
        self._failed.clear()

    def worked(self, name: str, now: float) -> None:
        """A host came up from there; while that rests, it is one that was begun before."""
        for each in (name, POOL):
            rest = self._rests.get(each)
            if rest is not None and now >= rest.until:
                del self._rests[each]
                self._failed.discard(each)

    def over(self) -> None:
        """Everything may be asked, as if nothing had failed."""
        self._rests.clear()
        self._failed.clear()
