"""Many placements at once, in slices: each container goes where it would have gone alone, for a fraction of the work.

Requests that see hosts alike and come one after the other form a run. A run keeps the hosts in a heap: one placement changes one host, which is put back with its
new rank or left out when it is full. That is only right as long as nothing but the run's own placements changes hosts and these can only make a host worse; runs for
which it is not (rules about zones, random choice, members that have room already) are placed one by one.

A slice ends when its time is over, so that whoever iterates can give the loop back; hosts may be changed by facts between two slices. One that was spent on
getting a ranking ready is empty. All of a run in a slice share one decision.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace

from clocker_actors.errors import BadRequest
from clocker_actors.model.affinity import AffinityRule, Sense, Verb
from clocker_actors.model.decisions import Decision, HostVerdict, PlacementTrace
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.values import counted
from clocker_actors.placement.affinity import Bound, HostRules
from clocker_actors.placement.barring import bars
from clocker_actors.placement.hosts import Need
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import BEST, BY, KIND, Refusal, place
from clocker_actors.placement.ports import choose_ports
from clocker_actors.placement.preparing import bound, prepare
from clocker_actors.placement.ranked import Entry, Pipeline

SLICE = 0.002
"""Seconds that a slice takes at most."""

_LOOK = 16
"""Placements between two looks at the clock."""
_FIVE_BEST = (1 << BEST) - 1
"""The best of a heap are among its first so many entries."""
_PERSONAL = frozenset({Verb.NAME, Verb.ID, Verb.PREDICATE})
_NO_PORTS: Mapping[str, int] = {}


@dataclass(slots=True)
class Spot:
    """Where one of a batch goes; its room is reserved. Not frozen, since a million of them are made."""

    member: Uid
    generation: int
    host: Uid
    ports: Mapping[str, int]
    decision: str


@dataclass(frozen=True, slots=True)
class Slice:
    """What was placed in one slice and what found no host, with the decisions that the spots name."""

    spots: list[Spot] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def place_batch(
    requests: Iterable[PlacementRequest],
    index: HostIndex,
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    ids: Callable[[], str],
    at: float,
    now: Callable[[], float],
    limit: float = SLICE,
) -> Iterator[Slice]:
    """Place all, in order, exactly as `place` would one after the other. `ids` gives ids for decisions, `now` is any clock in seconds, `limit` a slice's length."""
    batch = _Batch(index, strategies, rules, ids, at)
    until = now() + limit
    for number, request in enumerate(requests, 1):
        while not batch.ready(request):
            yield batch.cut()
            until = now() + limit
        batch.place(request)
        if number % _LOOK == 0 and now() >= until:
            yield batch.cut()
            until = now() + limit
    last = batch.cut()
    if last.spots or last.refusals:
        yield last


class _Batch:
    """The run under way, and the slice so far."""

    def __init__(
        self,
        index: HostIndex,
        strategies: tuple[StrategySpec, ...],
        rules: tuple[AffinityRule, ...],
        ids: Callable[[], str],
        at: float,
    ) -> None:
        self._index = index
        self._strategies = strategies
        self._rules = rules
        self._ids = ids
        self._at = at
        self._run: _Run | None = None
        self._slice = Slice()

    def ready(self, request: PlacementRequest) -> bool:
        """Whether it can be placed at once; else a step towards that was made."""
        if self._run is not None and self._run.takes(request):
            return True
        self._end()
        return prepare(request, self._index, self._strategies, rules=self._rules)

    def place(self, request: PlacementRequest) -> None:
        run = self._run or self._begin(request)
        if run is None or not run.heap:
            self._alone(request)
        else:
            self._slice.spots.append(run.place(request))

    def _begin(self, request: PlacementRequest) -> "_Run | None":
        if bars(request) or self._index.held(request.member) or not _alike((*request.affinity, *self._rules)):
            return None
        try:
            pipeline = bound(request, self._index, self._strategies, self._rules)
        except BadRequest:
            return None
        if not _worsens(pipeline):
            return None
        self._run = _Run(request, self._index, pipeline, self._ids())
        return self._run

    def _alone(self, request: PlacementRequest) -> None:
        self._end()
        answer = place(request, self._index, self._strategies, rules=self._rules, decision_id=self._ids(), at=self._at)
        if isinstance(answer, Placement):
            spot = Spot(request.member, request.generation, answer.host, answer.ports, answer.decision.id)
            self._slice.spots.append(spot)
            self._slice.decisions.append(answer.decision)
        else:
            self._slice.refusals.append(answer)

    def _end(self) -> None:
        if self._run is not None and self._run.placed:
            self._slice.decisions.append(self._run.decision(self._at))
        self._run = None

    def cut(self) -> Slice:
        """The slice so far; a run goes on in the next one if nobody changes hosts meanwhile."""
        run = self._run
        if run is not None and run.placed:
            self._slice.decisions.append(run.decision(self._at))
            run.renew(self._ids())
        done, self._slice = self._slice, Slice()
        return done


def _alike(rules: tuple[AffinityRule, ...]) -> bool:
    """Whether rules mean the same for every member of one cluster, at every step of the batch."""
    return all(rule.sense in (Sense.NONE, Sense.AT_MOST) and not rule.domain and rule.verb not in _PERSONAL for rule in rules)


def _worsens(pipeline: Pipeline) -> bool:
    """Whether a placement changes its own host alone, and that for the worse."""
    simple = not (pipeline.domains or pipeline.rotated or pipeline.pulls) and pipeline.lasting
    return simple and not any(
        isinstance(each, HostRules)
        or (isinstance(each, Bound) and each.sense not in (Sense.NONE, Sense.AT_MOST))
        or each.rule in ("Group", "volume")
        for each in pipeline.filters
    )


class _Run:
    """Requests of one shape."""

    def __init__(self, request: PlacementRequest, index: HostIndex, pipeline: Pipeline, decision_id: str) -> None:
        self._index = index
        self._first = request
        self._need = Need.of(request)
        self._pipeline = pipeline
        self._ranked = index.ranking(pipeline, self._need, request.cluster)
        self._present = index.standing(request.cluster)
        self.heap = self._heap()
        self._full: dict[str, int] = {}
        self._examples: dict[str, HostVerdict] = {}
        self._version = index.version
        self._id = decision_id
        self.placed = 0
        self._hosts: set[Uid] = set()

    def _heap(self) -> list[Entry]:
        entries, cluster = self._ranked.groups[()], self._first.cluster
        if self._ranked.cluster == cluster or not self._present or not self._pipeline.per_cluster:
            return entries.copy()  # a sorted list is a heap
        heap = [entry for entry in entries if entry[2] not in self._present]
        own = (self._index.rows[uid] for uid in self._present if self._ranked.accepts(uid))
        heap += [(self._pipeline.key(row, cluster), row.order, row.uid, ()) for row in own]
        heapify(heap)
        return heap

    def takes(self, request: PlacementRequest) -> bool:
        """Whether the request is of this shape, and nobody else has changed a host since the last one."""
        first = self._first
        return (
            self._version == self._index.version
            and request.cluster == first.cluster
            and request.memory == first.memory
            and request.cpus == first.cpus
            and (request.ports is first.ports or request.ports == first.ports)
            and not bars(request)
            and (request.strategies is first.strategies or request.strategies == first.strategies)
            and (request.affinity is first.affinity or request.affinity == first.affinity)
            and request.type == first.type
            and request.image == first.image
            and request.application == first.application
            and request.disk == first.disk
            and not request.volumes
            and not self._index.held(request.member)
        )

    def place(self, request: PlacementRequest) -> Spot:
        """Take the best host, and put it back with its new rank."""
        index, heap, need, uid = self._index, self.heap, self._need, self.heap[0][2]
        row = index.rows[uid]
        ports = choose_ports(row, request.member, request.ports, request.keep_ports) if request.ports else _NO_PORTS
        index.take(row, request, need, ports)
        self._version = index.version
        for rule in self._pipeline.filters:
            if not rule.accepts(row, need):
                heappop(heap)
                self._full[rule.rule] = self._full.get(rule.rule, 0) + 1
                if rule.rule not in self._examples:
                    self._examples[rule.rule] = HostVerdict(uid, row.name, False, rule.rule, rule.refusal(row, need))
                break
        else:
            heapreplace(heap, (self._pipeline.key(row, request.cluster), row.order, uid, ()))
        self.placed += 1
        self._hosts.add(uid)
        return Spot(request.member, request.generation, uid, ports, self._id)

    def decision(self, at: float) -> Decision:
        """What was concluded for all of this run since the last decision; the best five are those that would come next."""
        rows, request, pipeline = self._index.rows, self._first, self._pipeline
        best = [rows[entry[2]] for entry in sorted(self.heap[:_FIVE_BEST])[:BEST]]
        verdicts = tuple(
            HostVerdict(row.uid, row.name, True, "", pipeline.words(row, request.cluster), rank) for rank, row in enumerate(best, 1)
        )
        refused = self._ranked.counts()
        examples = {rule: self._ranked.example(rule, rows) for rule in refused} | self._examples
        refused |= {rule: refused.get(rule, 0) + count for rule, count in self._full.items()}
        what = counted(self.placed, "container")
        where = counted(len(self._hosts), "host")
        trace = PlacementTrace(None, verdicts, refused, tuple(examples.values()), len(rows), self._index.version, pipeline.names)
        return Decision(
            self._id,
            request.cluster or request.member,
            BY,
            KIND,
            at,
            f"place {what} on {where}",
            f"each on the best of {counted(len(self.heap), 'fitting host')} by {pipeline.names[-1]} at its turn, from {request.name} on",
            request.cause,
            {"containers": self.placed, "hosts": len(self._hosts)},
            would_change=(f"{best[0].name} is next ({verdicts[0].reason})" if best else "no host is left: one more would find none",),
            placement=trace,
        )

    def renew(self, decision_id: str) -> None:
        """The next decision is about what follows."""
        self._id, self.placed, self._hosts = decision_id, 0, set()
