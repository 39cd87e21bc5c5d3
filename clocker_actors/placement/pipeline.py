"""One placement: filter, rank, reserve, and say why, in one step without a wait in it.

`place` answers a Placement with its reservation made, or a Refusal; both carry a Decision that names the chosen host, the best five, and per refusing rule a
count and one example. `table` gives every host's verdict, `weigh` with figures and in bounded number, for people who ask.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from clocker_actors.errors import BadRequest
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.decisions import Decision, HostVerdict, PlacementTrace
from clocker_actors.model.identity import NOBODY, Uid
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.values import Value, counted
from clocker_actors.model.weighing import MOST, Weighed, WeighedHost
from clocker_actors.placement.affinity import place_words
from clocker_actors.placement.barring import bar_reason, barring, bars
from clocker_actors.placement.districts import Districts
from clocker_actors.placement.filters import AVOID
from clocker_actors.placement.hosts import NANO, HostRow, Need
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.ports import number_of
from clocker_actors.placement.preparing import bound
from clocker_actors.placement.ranked import Pipeline, RankedHosts

BY = "placement"
KIND = "place"
BEST = 5
"""How many of the best hosts a decision keeps."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No host will do; the decision says why, per rule, and what would change it."""

    member: Uid
    generation: int
    decision: Decision


def place(
    request: PlacementRequest,
    index: HostIndex,
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    decision_id: str,
    at: float,
) -> Placement | Refusal:
    """Choose a host and reserve room on it. `strategies` and affinity `rules` are the pool's, the request's own follow them. Room this very generation already
    had is given up first. Never raises for a request that cannot be met: that is a Refusal."""
    index.release(request.member, request.generation)
    if request.instead:
        with _set_aside(request, index):
            return place(replace(request, instead=0), index, strategies, rules=rules, decision_id=decision_id, at=at)
    try:
        pipeline = bound(request, index, strategies, rules)
        if not (pipeline.ruled and index.held(request.member)):
            return _place(request, index, pipeline, decision_id, at)
        with _unseen(request, index, pipeline):
            return _place(request, index, pipeline, decision_id, at)
    except BadRequest as fault:
        return _misconfigured(request, str(fault), decision_id, at)
    finally:
        index.prepared = None


@contextmanager
def _set_aside(request: PlacementRequest, index: HostIndex) -> Iterator[None]:
    """While a generation is placed that takes the room of one before it: that one has none. Until it is gone both have it."""
    held = index.reservation(request.member, request.instead)
    index.release(request.member, request.instead)
    try:
        yield
    finally:
        if held is not None:
            index.restore(held)


@contextmanager
def _unseen(request: PlacementRequest, index: HostIndex, pipeline: Pipeline) -> Iterator[None]:
    """While a member that has room already is placed, affinity rules do not see that room: it is on its way out."""
    held = index.held(request.member) if pipeline.ruled else ()
    if not held:
        yield
        return
    index.lift(held, -1)
    try:
        yield
    finally:
        index.lift(held, 1)


def _place(request: PlacementRequest, index: HostIndex, pipeline: Pipeline, decision_id: str, at: float) -> Placement | Refusal:
    look = _Look.at(request, index, pipeline)
    best = look.best(BEST)
    trace = look.trace(best, best[0].uid if best else None)
    if not best:
        return Refusal(request.member, request.generation, _refused(request, look, trace, decision_id, at))
    chosen = best[0]
    ports = index.reserve(request, chosen.uid, look.ranked.need)
    decision = _chosen(request, look, trace, decision_id, at)
    return Placement(request.member, request.generation, chosen.uid, chosen.name, chosen.address, ports, decision)


def place_all(
    requests: Sequence[tuple[PlacementRequest, str]],
    index: HostIndex,
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    at: float,
) -> Iterator[Placement | Refusal]:
    """Place one after the other, each (request, decision id) when its answer is taken: whoever iterates decides how long a slice is, and may change the index
    by facts between two answers."""
    for request, decision_id in requests:
        yield place(request, index, strategies, rules=rules, decision_id=decision_id, at=at)


def table(
    request: PlacementRequest, index: HostIndex, strategies: tuple[StrategySpec, ...] = (), *, rules: tuple[AffinityRule, ...] = ()
) -> tuple[HostVerdict, ...]:
    """The verdict on every host: accepted ones from best to worst, then refused ones in fixed order. Reserves nothing, and asks as if this generation had no
    room yet. Raises BadRequest for bad strategies."""
    with _looking(request, index, strategies, rules) as look:
        best = look.best(len(index))
        return (*look.verdicts(best), *(look.refusal(row) for row in look.others(best)))


def verdict(
    request: PlacementRequest,
    index: HostIndex,
    host: Uid,
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
) -> HostVerdict:
    """The verdict of `table` on this host alone, without its rank. Raises BadRequest for bad strategies."""
    with _looking(request, index, strategies, rules) as look:
        refusal = look.refusal(index.rows[host])
        return refusal if refusal.rule else replace(refusal, accepted=True)


def weigh(
    request: PlacementRequest,
    index: HostIndex,
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    pool: Uid = NOBODY,
    most: int = MOST,
) -> Weighed:
    """As `table`, with figures, for at most so many hosts of either sort; all are counted. Raises BadRequest for bad strategies."""
    with _looking(request, index, strategies, rules) as look:
        trace = look.trace((), None)
        accepted = trace.considered - sum(trace.refused.values())
        best = look.best(most)
        told = [*zip(look.verdicts(best), best, strict=True)]
        others = islice(look.others(best), most if accepted <= most else 0)
        told += [(look.refusal(row), row) for row in others]
        hosts = tuple(WeighedHost(verdict, row.figures()) for verdict, row in told)
        return Weighed(pool, trace.considered, accepted, trace.refused, trace.strategies, hosts, trace.index_version)


@contextmanager
def _looking(
    request: PlacementRequest, index: HostIndex, strategies: tuple[StrategySpec, ...], rules: tuple[AffinityRule, ...]
) -> Iterator["_Look"]:
    """What the request would see if its generation had no room yet."""
    held = index.reservation(request.member, request.generation)
    index.release(request.member, request.generation)
    try:
        pipeline = bound(request, index, strategies, rules)
        with _unseen(request, index, pipeline):
            yield _Look.at(request, index, pipeline)
    finally:
        if held is not None:
            index.occupy(request, held.host, held.ports)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one request sees."""

    request: PlacementRequest
    rows: Mapping[Uid, HostRow]
    standing: Mapping[Uid, int]
    ranked: RankedHosts
    pipeline: Pipeline
    version: int
    districts: Districts | None = None

    @staticmethod
    def at(request: PlacementRequest, index: HostIndex, pipeline: Pipeline) -> "_Look":
        ranked = index.ranking(pipeline, Need.of(request), request.cluster)
        districts = Districts(ranked, index.crowd) if pipeline.domains else None
        return _Look(request, index.rows, index.standing(request.cluster), ranked, pipeline, index.version, districts)

    def best(self, most: int) -> list[HostRow]:
        number = number_of(f"{self.request.member}.{self.request.generation}") if self.pipeline.rotated else 0
        order = self.ranked.walk(self.rows, self.request.cluster, self.standing, number, self.districts)
        if self.request.target:
            order = iter(self._aimed_at(order))
        if bars(self.request):
            order = (uid for uid in order if not barring(self.request, self.rows[uid]))
        return [self.rows[uid] for uid in islice(order, most)]

    def _aimed_at(self, order: Iterator[Uid]) -> Iterable[Uid]:
        """The host that was asked for, if it fits, without a walk through all others; two that are called so are walked to."""
        target = self.request.target
        there = [row.uid for row in self.rows.values() if target in (row.uid, row.name)]
        if len(there) > 1:
            return order
        return [uid for uid in there if self._fits(uid)]

    def _fits(self, uid: Uid) -> bool:
        """Whether no rule refuses this host, be it for its domain."""
        closed = self.districts.closed if self.districts is not None else {}
        return self.ranked.accepts(uid) and (not closed or self.ranked.group_of(uid) not in closed)

    def others(self, best: Sequence[HostRow]) -> Iterator[HostRow]:
        """The hosts that are not among these, in fixed order."""
        names = {row.uid for row in best}
        return (row for row in sorted(self.rows.values(), key=_fixed) if row.uid not in names)

    def verdicts(self, best: Sequence[HostRow]) -> tuple[HostVerdict, ...]:
        words, cluster = self.words if self.pipeline.pulls is not None else self.pipeline.words, self.request.cluster
        return tuple([HostVerdict(row.uid, row.name, True, "", words(row, cluster), rank) for rank, row in enumerate(best, 1)])

    def words(self, row: HostRow, cluster: Uid) -> str:
        pulls, group = self.pipeline.pulls, self.ranked.group_of(row.uid)
        assert pulls is not None
        drawn = self.districts.words(row, group) if self.districts is not None and group is not None else pulls.words_in(row, {})
        ranked = self.pipeline.words(row, cluster)
        return f"{drawn}; {ranked}" if ranked else drawn

    def refusal(self, row: HostRow) -> HostVerdict:
        by = self.ranked.refusing(row.uid)
        group = self.ranked.group_of(row.uid)
        closed = self.districts.refusal(row, group) if self.districts is not None and group is not None else None
        if closed is not None:
            return closed
        if by is None:
            return HostVerdict(row.uid, row.name, False, barring(self.request, row), bar_reason(self.request, row))
        return HostVerdict(row.uid, row.name, False, by.rule, by.refusal(row, self.ranked.need))

    def gate_remedies(self) -> Iterator[str]:
        """Per gate that refuses, what would open it where it is nearest."""
        for rule in self.districts.counts() if self.districts is not None else ():
            uid, gate, tally = self.districts.nearest(rule) if self.districts is not None else ("", None, None)
            if gate is not None and tally is not None:
                yield gate.help(tally, place_words(self.rows[Uid(uid)], gate.domain))

    def barred(self) -> list[tuple[str, HostRow, int]]:
        """Rules by which the request itself bars hosts that fit: the first of these in fixed order, and how many there are."""
        found: dict[str, list[HostRow]] = {}
        for row in self.rows.values() if bars(self.request) else ():
            rule = barring(self.request, row)
            if rule and self._fits(row.uid):
                found.setdefault(rule, []).append(row)
        firsts = [(rule, min(rows, key=_fixed), len(rows)) for rule, rows in found.items()]
        return sorted(firsts, key=lambda each: _fixed(each[1]))

    def trace(self, best: Sequence[HostRow], chosen: Uid | None) -> PlacementTrace:
        ranked = self.ranked
        refused = ranked.counts()
        examples = [ranked.example(rule, self.rows) for rule in refused]
        if self.districts is not None:
            for rule, count in self.districts.counts().items():
                refused[rule] = count
                examples.append(self.refusal(self.rows[self.districts.nearest(rule)[0]]))
        for rule, first, count in self.barred():
            refused[rule] = count
            examples.append(self.refusal(first))
        return PlacementTrace(chosen, self.verdicts(best), refused, tuple(examples), len(self.rows), self.version, self.pipeline.names)


def _fixed(row: HostRow) -> tuple[int, Uid]:
    return row.order, row.uid


def _inputs(request: PlacementRequest, ranked: RankedHosts) -> dict[str, Value]:
    need = ranked.need
    inputs: dict[str, Value] = {"cluster": request.cluster, "generation": request.generation}
    if need.memory:
        inputs["memory"] = need.memory
    if need.nanocpus:
        inputs["cpus"] = need.nanocpus / NANO
    if need.fixed:
        inputs["ports"] = list(need.fixed)
    return inputs


def _counts(trace: PlacementTrace) -> str:
    refused = ", ".join([f"{count} by {rule}" for rule, count in trace.refused.items()])
    return (
        f"{sum(trace.refused.values())} of {counted(trace.considered, 'host')} refused: {refused}"
        if refused
        else f"none of {counted(trace.considered, 'host')} refused"
    )


def _chosen(request: PlacementRequest, look: _Look, trace: PlacementTrace, decision_id: str, at: float) -> Decision:
    first = trace.best[0]
    left = trace.considered - sum(trace.refused.values())
    if len(trace.best) > 1:
        second = trace.best[1]
        change = f"{second.name} is next ({second.reason}): chosen if {first.name} were refused or ranked after it"
    else:
        change = f"only {first.name} fits: a refusal there would leave no host"
    return Decision(
        decision_id,
        request.member,
        BY,
        KIND,
        at,
        f"place on {first.name}",
        f"best of {counted(left, 'fitting host')} by {'affinity, then ' if look.pipeline.pulls else ''}{look.pipeline.names[-1]}: {first.reason}",
        request.cause,
        _inputs(request, look.ranked),
        (_counts(trace),),
        (),
        (change,),
        trace,
    )


def _refused(request: PlacementRequest, look: _Look, trace: PlacementTrace, decision_id: str, at: float) -> Decision:
    if not trace.considered:
        reason = "the pool has no hosts"
        changes: tuple[str, ...] = ("a host added to the pool",)
    else:
        never = f"{look.pipeline.against}; remove one of them; " if look.pipeline.against else ""
        reason = f"no host fits: {never}{_counts(trace)}; for example {'; '.join(example.reason for example in trace.examples)}"
        again = (f"trying {first.name} again for this generation" for rule, first, _ in look.barred() if rule == AVOID)
        changes = (*look.ranked.remedies(look.rows), *look.gate_remedies(), *again)
    inputs = _inputs(request, look.ranked)
    return Decision(decision_id, request.member, BY, KIND, at, "", reason, request.cause, inputs, (_counts(trace),), (), changes, trace)


def _misconfigured(request: PlacementRequest, fault: str, decision_id: str, at: float) -> Refusal:
    decision = Decision(
        decision_id,
        request.member,
        BY,
        KIND,
        at,
        "",
        f"a placement strategy cannot be used: {fault}",
        request.cause,
        would_change=("the strategies of the pool or the service corrected",),
    )
    return Refusal(request.member, request.generation, decision)
