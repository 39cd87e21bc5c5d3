"""Strategies of your own: a class with `refuses`, `rank` or both, named in a blueprint like any other.

    class Cool:
        keys = (KeyType("below", "number", 40, "degrees"),)

        def __init__(self, below: float = 40) -> None: ...
        def refuses(self, host: HostView, request: PlacementRequest) -> str: ...     # "" lets the host through, words refuse it
        def rank(self, host: HostView, request: PlacementRequest) -> float: ...      # the lowest is best

It is made once for a pipeline, with the keys of the blueprint as arguments, and asked once per host and placement; it should answer from its arguments alone, at
once, and keep nothing. `host.residents` is empty here. One that raises or answers nonsense refuses that placement, with its name in the reason. Since it may look
at everything, no two requests share a ranking: some 10 µs per host and placement.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from clocker_actors.errors import BadRequest
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.values import Value
from clocker_actors.placement.constraints import Known, LateFilter
from clocker_actors.placement.filters import Filter
from clocker_actors.placement.hosts import HostRow, Need
from clocker_actors.placement.strategies import Key, LateRanking, Ranking

# ruff: noqa: ARG002  (each rule has the whole contract's parameters, needed or not)


@runtime_checkable
class Refusing(Protocol):
    """A strategy that keeps hosts out."""

    def refuses(self, host: HostView, request: PlacementRequest) -> str:
        """Why this host will not do, in words with numbers; "" if it will."""


@runtime_checkable
class Ordering(Protocol):
    """A strategy that orders hosts."""

    def rank(self, host: HostView, request: PlacementRequest) -> float:
        """How good this host is: the lowest is best. Any finite number."""


@dataclass(frozen=True, slots=True)
class Own:
    """A strategy of somebody's own, by the name it has in blueprints."""

    name: str
    strategy: object


def make_own(name: str, maker: Callable[..., object], config: Mapping[str, Value]) -> Own:
    """The strategy with these keys. Raises BadRequest, with its name, if it cannot be made or is none."""
    try:
        strategy = maker(**config)
    except Exception as fault:
        raise BadRequest(f"{name} could not be made: {_said(fault)}", strategy=name) from fault
    if not isinstance(strategy, Refusing | Ordering):
        raise BadRequest(f"{name} is no strategy: give it a method `refuses` or `rank`", strategy=name)
    return Own(name, strategy)


@dataclass(frozen=True, slots=True)
class OwnFilters(LateFilter):
    """Its part that keeps hosts out."""

    name: str
    strategy: Refusing

    def bound(self, request: PlacementRequest, known: Known) -> tuple[Filter, ...]:
        return (OwnFilter(self.name, self.strategy, request),)


@dataclass(frozen=True, slots=True, eq=False)
class OwnFilter:
    """The same for one request; each host is asked about once."""

    rule: str
    strategy: Refusing
    request: PlacementRequest
    said: dict[Uid, str] = field(default_factory=dict)
    lasting: bool = False

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not self._asked(host)

    def _asked(self, host: HostRow) -> str:
        known = self.said.get(host.uid)
        if known is not None:
            return known
        try:
            reason: object = self.strategy.refuses(host.view(), self.request)
        except Exception as fault:
            raise BadRequest(f"{self.rule} failed on {host.name}: {_said(fault)}", strategy=self.rule) from fault
        if not isinstance(reason, str):
            raise BadRequest(f"{self.rule} said {reason!r} of {host.name}: `refuses` answers a text", strategy=self.rule)
        self.said[host.uid] = reason[:_LONGEST]
        return reason

    def refusal(self, host: HostRow, need: Need) -> str:
        return f"{host.name}: {self._asked(host)}"

    def shortfall(self, host: HostRow, need: Need) -> float:
        return 0.0

    def remedy(self, host: HostRow, need: Need) -> str:
        return f"{self.rule} letting {host.name} through ({self._asked(host)})"


@dataclass(frozen=True, slots=True)
class OwnRankings(LateRanking):
    """Its part that orders hosts."""

    name: str
    strategy: Ordering

    def bound(self, request: PlacementRequest) -> Ranking:
        return OwnRanking(self.name, self.strategy, request)

    def key(self, host: HostRow, cluster: Uid) -> Key:
        return ()

    def words(self, host: HostRow, cluster: Uid) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class OwnRanking:
    """The same for one request."""

    name: str
    strategy: Ordering
    request: PlacementRequest
    lasting: bool = False

    def key(self, host: HostRow, cluster: Uid) -> Key:
        try:
            rank: object = self.strategy.rank(host.view(), self.request)
        except Exception as fault:
            raise BadRequest(f"{self.name} failed on {host.name}: {_said(fault)}", strategy=self.name) from fault
        if isinstance(rank, bool) or not isinstance(rank, int | float) or not math.isfinite(rank):
            raise BadRequest(f"{self.name} said {rank!r} of {host.name}: `rank` answers a finite number", strategy=self.name)
        return (rank + 0.0,)  # and no -0

    def words(self, host: HostRow, cluster: Uid) -> str:
        return f"{self.name} ranks it {self.key(host, cluster)[0]:g}"


_LONGEST = 200


def _said(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault)[:_LONGEST]}"
