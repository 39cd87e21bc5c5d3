"""How many hosts more would give those a place who were refused: tried out on a sketch of the pool with new hosts in it, by the very pipeline that places.

Hosts that are on their way count first. A request that even an empty new host would refuse asks for none. In which order people write their services does not
matter: who has to be beside somebody is tried again when that one has a place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clocker_actors.model.affinity import AffinityRule, Sense
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.specs import PoolSpec, StrategySpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place, table

COMPANY = frozenset({Sense.AT_LEAST, Sense.NOT_EMPTY})
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
    sketch = index.sketch()
    for number in range(coming):
        sketch.add(_host(template, number))
    made, waits, hopeless, beyond = 0, [], {}, []

    def fits(request: PlacementRequest) -> bool:
        answer = place(request, sketch, strategies, rules=rules, decision_id="growth", at=0.0)
        return isinstance(answer, Placement)

    def fits_on_one_more(request: PlacementRequest) -> bool:
        nonlocal made
        host = _host(template, coming + made)
        sketch.add(host)
        if made < most and fits(request):
            made += 1
            return True
        verdict = next(seen for seen in table(request, sketch, strategies, rules=rules) if seen.host == host.uid)
        sketch.remove(host.uid)
        if verdict.accepted:
            beyond.append(request.member)
        else:
            hopeless[request.member] = verdict.reason
        return False

    _while_any(fits, promised)
    left = list(requests)
    while left:
        hopeless.clear()
        beyond.clear()
        before, left = left, [request for request in left if not (fits(request) or fits_on_one_more(request))]
        placed = {request.member for request in before}.difference(request.member for request in left)
        waits += [request.member for request in before if request.member in placed]
        if not placed or not any(wants_company(request) for request in left):
            break
    return Growth(made, tuple(waits), dict(hopeless), tuple(beyond))


def wants_company(request: PlacementRequest) -> bool:
    """Whether a host that refuses it now may take it once somebody else is there."""
    return any(rule.sense in COMPANY for rule in request.affinity)


def _while_any(fits: Callable[[PlacementRequest], bool], requests: Sequence[PlacementRequest]) -> None:
    left = list(requests)
    while left:
        before, left = len(left), [request for request in left if not fits(request) and wants_company(request)]
        if len(left) == before:
            break


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
