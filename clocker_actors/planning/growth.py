"""How many hosts more would give those a place who were refused: tried out on a sketch of the pool with new hosts in it, by the very pipeline that places.

Hosts that are on their way count first. A request that even an empty new host would refuse asks for none. In which order people write their services does not
matter: who has to be beside somebody is tried again when that one has a place.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clocker_actors.model.affinity import AffinityRule, Sense
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.specs import PoolSpec, StrategySpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place, verdict
from clocker_actors.placement.preparing import prepare

COMPANY = frozenset({Sense.AT_LEAST, Sense.NOT_EMPTY})
LOOKED_AT = 100
"""Hosts and containers that one step looks at."""
TRIED = 4
"""Requests that one step tries."""
LARGE_CORES, LARGE_BYTES = 1_000, 1 << 50
"""What a host is taken to have when nothing says how large it will be."""


@dataclass(frozen=True, slots=True)
class Growth:
    """`hosts` more are to be made. `waits` are members whose place is on one of those, or on one that is coming; `hopeless` says why no new host helps;
    `beyond` are members who would need more than may be made."""

    hosts: int = 0
    waits: tuple[Uid, ...] = ()
    hopeless: Mapping[Uid, str] = field(default_factory=dict)
    beyond: tuple[Uid, ...] = ()


def growth(
    requests: Sequence[PlacementRequest],
    index: HostIndex,
    strategies: tuple[StrategySpec, ...],
    template: HostView,
    *,
    rules: tuple[AffinityRule, ...] = (),
    coming: int = 0,
    most: int = 0,
    promised: Sequence[PlacementRequest] = (),
) -> Growth:
    """What these requests need beside the hosts of the index and `coming` ones, of which at most `most` may be made. `promised` are requests that wait for those
    that are coming."""
    trial = Trial(requests, index, strategies, template, rules=rules, coming=coming, most=most, promised=promised)
    for _ in trial.steps():
        pass
    return trial.found()


class Trial:
    """The same some hosts, or some requests, at a time, for whoever may not stand still meanwhile: all of `steps`, then `found`. A step ends by counts, not by a
    clock, so the same messages lead to the same steps."""

    def __init__(
        self,
        requests: Sequence[PlacementRequest],
        index: HostIndex,
        strategies: tuple[StrategySpec, ...],
        template: HostView,
        *,
        rules: tuple[AffinityRule, ...] = (),
        coming: int = 0,
        most: int = 0,
        promised: Sequence[PlacementRequest] = (),
    ) -> None:
        self._requests, self._promised = requests, promised
        self._index, self._template = index, template
        self._sketch = index.empty()
        self._strategies, self._rules = strategies, rules
        self._coming, self._most = coming, most
        self._made = 0
        self._waits: list[Uid] = []
        self._hopeless: dict[Uid, str] = {}
        self._beyond: list[Uid] = []

    def found(self) -> Growth:
        """What is needed, once all steps are done."""
        return Growth(self._made, tuple(self._waits), dict(self._hopeless), tuple(self._beyond))

    def steps(self) -> Iterator[None]:
        """One step each."""
        yield from self._index.sketching(self._sketch, LOOKED_AT)
        for number in range(self._coming):
            self._sketch.add(_host(self._template, number))
        left = list(self._promised)
        while left:
            before = len(left)
            left = yield from self._unplaced(left, self._fits)
            left = [request for request in left if wants_company(request)]
            if len(left) == before:
                break
        left = list(self._requests)
        while left:
            self._hopeless.clear()
            self._beyond.clear()
            before_them, left = left, (yield from self._unplaced(left, self._fits_in_the_end))
            placed = {request.member for request in before_them}.difference(request.member for request in left)
            self._waits += [request.member for request in before_them if request.member in placed]
            if not placed or not any(wants_company(request) for request in left):
                break

    def _unplaced(
        self, requests: Sequence[PlacementRequest], fits: Callable[[PlacementRequest], bool]
    ) -> Generator[None, None, list[PlacementRequest]]:
        """Those for which there is no room."""
        left = []
        for number, request in enumerate(requests, 1):
            while not prepare(request, self._sketch, self._strategies, rules=self._rules, most=LOOKED_AT):
                yield
            if not fits(request):
                left.append(request)
            if number % TRIED == 0:
                yield
        return left

    def _fits(self, request: PlacementRequest) -> bool:
        answer = place(request, self._sketch, self._strategies, rules=self._rules, decision_id="growth", at=0.0)
        return isinstance(answer, Placement)

    def _fits_in_the_end(self, request: PlacementRequest) -> bool:
        return self._fits(request) or self._fits_on_one_more(request)

    def _fits_on_one_more(self, request: PlacementRequest) -> bool:
        host = _host(self._template, self._coming + self._made)
        self._sketch.add(host)
        if self._made < self._most and self._fits(request):
            self._made += 1
            return True
        seen = verdict(request, self._sketch, host.uid, self._strategies, rules=self._rules)
        self._sketch.remove(host.uid)
        if seen.accepted:
            self._beyond.append(request.member)
        else:
            self._hopeless[request.member] = seen.reason
        return False


def wants_company(request: PlacementRequest) -> bool:
    """Whether a host that refuses it now may take it once somebody else is there."""
    return any(rule.sense in COMPANY for rule in request.affinity)


def template_view(spec: PoolSpec, part: LocationSpec, like: HostView | None) -> HostView:
    """What a new host of this part of a pool's location will look like: as large as the last one that was made, else as its template asks."""
    wanted = part.cloud.template if part.cloud is not None else None
    zone = part.cloud.region if part.cloud is not None else part.machines[0].zone if part.machines else ""
    cores = int(wanted.min_cores) if wanted is not None and wanted.min_cores >= 1 else LARGE_CORES
    memory = wanted.min_ram if wanted is not None and wanted.min_ram else LARGE_BYTES
    disk = wanted.min_disk if wanted is not None and wanted.min_disk else LARGE_BYTES
    view = HostView(Uid(""), "", cores=cores, memory=memory, disk=disk, cpu=0.0, zone=zone, labels=spec.host_labels)
    if like is None or not like.cores:
        return view
    return replace(view, cores=like.cores, memory=like.memory, disk=like.disk)


def _host(template: HostView, number: int) -> HostView:
    return replace(template, uid=Uid(f"new {number + 1}"), name="a new host", order=1_000_000 + number)
