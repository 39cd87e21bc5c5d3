"""Which members should move so that the hosts of a pool are loaded more alike. Pure: an index like the pool's own is asked for each move.

A host's load is the larger of the shares of its memory and its processors that are reserved, in points of 100; where nobody reserves anything, its containers
beside those of the fullest host. Only hosts that are up and not cordoned count. Moves are taken from the fullest host to the emptiest, in groups: each group
has to lower (max - min) by at least `gain` points, and what does not is not begun. Where few containers are on a host, a group is one move.
"""

from bisect import bisect_left, insort
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.hosts import NANO, HostRow
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.placement.preparing import prepare
from clocker_actors.planning.emptying import Mover

GAIN = 10.0
TRIED = 20
"""Members of one host that are tried before another pair of hosts is."""
PAIRS = 2_000
"""Pairs of hosts without anybody to move that one step passes over."""
TRIES = 2_000
"""Members that are tried in vain on one host after another before no further move is looked for."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One move of a rebalancing: from where to where, and what (max - min) is before and after it, in points."""

    member: Uid
    path: str
    cluster: Uid
    host: Uid
    origin: str
    target: Uid
    to: str
    before: float
    after: float

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.path} from {self.origin} to {self.to}: (max - min) load {self.before:.0f} → {self.after:.0f} points"


@dataclass(frozen=True, slots=True)
class Rebalance:
    """The moves, in order, and (max - min) without and with all of them; `reason` says why there are not more."""

    before: float
    after: float
    moves: tuple[Shift, ...]
    reason: str


def rebalance(
    index: HostIndex,
    movers: Mapping[Uid, Sequence[Mover]],
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    gain: float = GAIN,
    budget: int = 10,
) -> Rebalance:
    """What to move; `movers` are the members by the host they are on. The index is changed by it. Only what moves start-first is moved."""
    found = steps(index, movers, strategies, rules=rules, gain=gain, budget=budget)
    while True:
        try:
            next(found)
        except StopIteration as over:
            made: Rebalance = over.value
            return made


def steps(
    index: HostIndex,
    movers: Mapping[Uid, Sequence[Mover]],
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    gain: float = GAIN,
    budget: int = 10,
) -> Generator[None, None, Rebalance]:
    """The same in steps, for whoever may not stand still meanwhile: each looks at some hosts, or tries one member on one host."""
    loads = _Loads(index)
    before = settled = loads.spread
    left = {host: [mover for mover in found if mover.manner.start_first] for host, found in movers.items()}
    moves: list[Shift] = []
    kept = 0
    while len(moves) < budget and settled >= gain:
        yield
        shift = yield from _next(index, loads, left, strategies, rules)
        if shift is None:
            break
        moves.append(shift)
        if settled - shift.after >= gain:
            kept, settled = len(moves), shift.after
    return Rebalance(before, settled, tuple(moves[:kept]), _why(settled, gain, full=kept >= budget))


def spread(index: HostIndex) -> float:
    """How much the loads of the hosts differ now: (max - min), in points."""
    loads = _Measure(index)
    found = [loads.of(row) for row in loads.rows]
    return max(found) - min(found) if found else 0.0


def _why(spread: float, gain: float, *, full: bool) -> str:
    if full:
        return "more moves than this are not made at once"
    if spread < gain:
        return f"hosts differ by {spread:.0f} points, and less than {gain:.0f} is not worth a move"
    return f"hosts differ by {spread:.0f} points, and no further moves that the rules allow would lower that by {gain:.0f}"


class _Measure:
    """Loads of the hosts that count, as they are at the moment; the unit of containers stays what it was at the beginning."""

    def __init__(self, index: HostIndex) -> None:
        self.rows = [row for row in index.rows.values() if row.up and not row.cordoned]
        self._reserving = any(row.memory_reserved or row.nanocpus for row in self.rows)
        self._most = max((row.load for row in self.rows), default=0)

    def of(self, row: HostRow) -> float:
        if not self._reserving:
            return 100.0 * row.load / self._most if self._most else 0.0
        memory = row.memory_reserved / row.memory if row.memory else 0.0
        cpus = row.nanocpus / (row.cores * NANO) if row.cores else 0.0
        return 100.0 * max(memory, cpus)


class _Loads:
    """Hosts by how they are loaded at the moment, the emptiest first; who moves something says so."""

    def __init__(self, index: HostIndex) -> None:
        self._measure = _Measure(index)
        self._rows = {row.uid: row for row in self._measure.rows}
        self._keys = {uid: self._key(row) for uid, row in self._rows.items()}
        self._ordered = sorted(self._keys.values())

    def _key(self, row: HostRow) -> tuple[float, int, Uid]:
        return self._measure.of(row), row.order, row.uid

    def of(self, row: HostRow) -> float:
        return self._measure.of(row)

    def moved(self, *rows: HostRow) -> None:
        for row in rows:
            del self._ordered[bisect_left(self._ordered, self._keys[row.uid])]
            self._keys[row.uid] = self._key(row)
            insort(self._ordered, self._keys[row.uid])

    @property
    def spread(self) -> float:
        return self._ordered[-1][0] - self._ordered[0][0] if self._ordered else 0.0

    def pairs(self) -> Iterator[tuple[HostRow, HostRow]]:
        """Fullest and emptiest first."""
        ordered = tuple(self._ordered)
        for full, _, source in reversed(ordered):
            for empty, _, target in ordered:
                if full <= empty:
                    break
                yield self._rows[source], self._rows[target]


def _next(
    index: HostIndex,
    loads: _Loads,
    left: dict[Uid, list[Mover]],
    strategies: tuple[StrategySpec, ...],
    rules: tuple[AffinityRule, ...],
) -> Generator[None, None, Shift | None]:
    """The next move that does not make its two hosts differ more than they did, made in the index; None if there is none, or none was found soon."""
    before, tries = loads.spread, 0
    for number, (source, target) in enumerate(loads.pairs(), 1):
        if number % PAIRS == 0:
            yield
        for mover in tuple(left.get(source.uid, ()))[:TRIED]:
            tries += 1
            if tries > TRIES:
                return None
            apart = loads.of(source) - loads.of(target)
            shifted = yield from _shifted(index, mover, source, target, strategies, rules)
            if not shifted:
                continue
            if abs(loads.of(source) - loads.of(target)) >= apart:
                _undone(index, mover, source)
                continue
            loads.moved(source, target)
            left[source.uid].remove(mover)
            request = mover.request
            return Shift(
                request.member, request.name, request.cluster, source.uid, source.name, target.uid, target.name, before, loads.spread
            )
    return None


def _shifted(
    index: HostIndex,
    mover: Mover,
    source: HostRow,
    target: HostRow,
    strategies: tuple[StrategySpec, ...],
    rules: tuple[AffinityRule, ...],
) -> Generator[None, None, bool]:
    request = replace(mover.request, target=target.uid, excluded=(source.uid,))
    while not prepare(request, index, strategies, rules=rules):
        yield
    yield
    answer = place(request, index, strategies, rules=rules, decision_id="plan", at=0.0)
    if isinstance(answer, Refusal):
        return False
    index.release(request.member, mover.generation)
    return True


def _undone(index: HostIndex, mover: Mover, source: HostRow) -> None:
    index.release(mover.request.member, mover.request.generation)
    index.occupy(replace(mover.request, generation=mover.generation), source.uid, mover.request.keep_ports)
