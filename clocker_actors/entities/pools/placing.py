"""The requests for a place, answered in the order in which they came: one by one while they are few, by batches in slices when many wait.

    Place ──few──▶ placed at once
          ──before all hosts have spoken, many at one moment, or the first of its kind in a large pool──▶ waiting
                                              ──slice by slice, others get their turn between two──▶ placed

What the first of its kind needs is found out in such slices, too, some hosts in each; those that come after it wait for it. A slice is cut by a count of work done, not by a clock, so that the same messages lead to the same placements. Whoever is placed in a batch goes where it would
have gone alone, and has a decision of its own that says so.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import Place, Placed, Release
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.placement.batch import Slice, Spot, place_batch
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.placement.preparing import prepare

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

FEW = 16
"""Requests of one moment that are placed at once; of those that wait, so many are placed one by one before a batch is worth it."""
ALONE = 8.0
"""What a placement of its own costs, counted in placements of a batch."""
SLICE = 16.0
"""Placements of a slice, with their answers some 2 ms."""
Key: TypeAlias = tuple[Uid, int]
"""A member and its generation."""


class PlaceSome:
    """Message of a pool to itself: it is the turn of some of those that wait."""


class Placing:
    """Of one pool. Those that wait are kept by cluster, the clusters in the order in which they first asked: alike ones together are placed much faster."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._waiting: OrderedDict[Uid, OrderedDict[Key, Place]] = OrderedDict()
        self._groups: dict[Key, Uid] = {}  # of those that wait
        self._slices: Iterator[Slice] | None = None
        self._taken: dict[Key, Place] = {}  # of the slice that is being made
        self._work = 0.0
        self._at = -1.0
        self._of_moment = 0
        self._told = False

    def ask(self, message: Place) -> None:
        """Somebody wants a place."""
        if self._pool.gathering:
            self._wait(message)
            return
        if self._pool.now != self._at:
            self._at, self._of_moment = self._pool.now, 0
        self._of_moment += 1
        if self._waiting or self._slices is not None or self._of_moment > FEW:
            self._wait(message)
            self.go_on()
        elif self._pool.losses.hold(message):
            return
        elif self._ready(message.request):
            self._alone(message)
        else:
            self._wait(message)
            self.go_on()

    def withdrawn(self, message: Release) -> None:
        """This generation does not want one any more."""
        key = (message.member, message.generation)
        if key in self._groups:
            self._take(key)

    def go_on(self) -> None:
        """Let those that wait have their turn, after everybody who waits for the pool now."""
        if not self._told and (self._waiting or self._slices is not None):
            self._told = True
            self._pool.tell(self._pool.uid, PlaceSome())

    def some(self) -> None:
        """The turn of some."""
        self._told = False
        if self._pool.gathering:
            return
        if self._slices is None and len(self._groups) <= FEW:
            self._few()
            return
        if self._slices is None:
            self._slices = self._batch()
        part = next(self._slices, None)
        if part is None:
            self._slices = None
        else:
            self._answer(part)
        self.go_on()

    def _few(self) -> None:
        """Place those that wait one by one, up to the first for which more has to be found out."""
        while self._waiting:
            message = next(iter(next(iter(self._waiting.values())).values()))
            if not self._ready(message.request):
                self.go_on()
                return
            self._take((message.request.member, message.request.generation))
            if not self._pool.losses.hold(message):
                self._alone(message)

    def _ready(self, request: PlacementRequest) -> bool:
        """Whether it can be placed at once; else a step towards that was made."""
        pool = self._pool
        return prepare(request, pool.index, pool.strategies(), rules=pool.state.spec.affinity)

    def _wait(self, message: Place) -> None:
        request = message.request
        key, group = (request.member, request.generation), request.cluster or request.member
        self._groups[key] = group
        self._waiting.setdefault(group, OrderedDict())[key] = message

    def _take(self, key: Key) -> Place:
        group = self._groups.pop(key)
        waiting = self._waiting[group]
        message = waiting.pop(key)
        if not waiting:
            del self._waiting[group]
        return message

    def _requests(self) -> Iterator[PlacementRequest]:
        """Those that wait, taken out one by one."""
        while self._waiting:
            key = next(iter(next(iter(self._waiting.values()))))
            message = self._take(key)
            if not self._pool.losses.hold(message):
                self._taken[key] = message
                self._work += 1.0
                yield message.request

    def _batch(self) -> Iterator[Slice]:
        pool = self._pool
        rules = pool.state.spec.affinity
        return place_batch(
            self._requests(),
            pool.index,
            pool.strategies(),
            rules=rules,
            ids=self._next_id,
            at=pool.now,
            now=lambda: self._work,
            limit=SLICE,
        )

    def _next_id(self) -> str:
        """Drawn for whoever is placed alone, and once for many that are alike."""
        self._work += ALONE
        return self._pool.ids.decision()

    def try_again(self, messages: Sequence[Place]) -> set[Uid]:
        """Place those of them for which there is a place by now; they are told."""
        found: set[Uid] = set()
        left, before = list(messages), 0
        while left and len(left) != before:
            before = len(left)
            for message in tuple(left):
                answer = self._try(message)
                if isinstance(answer, Placement):
                    self._placed(message, answer)
                    found.add(message.request.member)
                    left.remove(message)
        return found

    def _try(self, message: Place) -> Placement | Refusal:
        pool = self._pool
        rules, decision = pool.state.spec.affinity, pool.ids.decision()
        return place(message.request, pool.index, pool.strategies(), rules=rules, decision_id=decision, at=pool.now)

    def _alone(self, message: Place) -> None:
        pool = self._pool
        answer = self._try(message)
        if isinstance(answer, Refusal):
            pool.demand.refused(message, answer)
        else:
            self._placed(message, answer)

    def _placed(self, message: Place, placement: Placement) -> None:
        self._pool.demand.withdrawn(message.request.member)
        self._pool.upkeep.used(placement.host)
        self._pool.tell(message.request.member, Placed(placement, message.ask))
        self._pool.refresh_soon()

    def _answer(self, part: Slice) -> None:
        known = {decision.id: decision for decision in part.decisions}
        for refusal in part.refusals:
            message = self._taken.pop((refusal.member, refusal.generation))
            self._pool.demand.refused(message, refusal)
        for spot in part.spots:
            message = self._taken.pop((spot.member, spot.generation))
            self._placed(message, self._placement(message.request, spot, known))

    def _placement(self, request: PlacementRequest, spot: Spot, known: Mapping[str, Decision]) -> Placement:
        row = self._pool.index.rows[spot.host]
        decision = known[spot.decision]
        trace = decision.placement
        if trace is not None and trace.chosen is None:  # of many together: this is what it means for one of them
            decision = replace(
                decision,
                id=self._pool.ids.decision(),
                subject=request.member,
                action=f"place on {row.name}",
                cause=request.cause,
                placement=replace(trace, chosen=spot.host),
            )
        return Placement(spot.member, spot.generation, spot.host, row.name, row.address, spot.ports, decision)
