"""How many hosts more would give those a place who were refused: tried out on a sketch of the pool with new hosts in it, by the very pipeline that places.

Hosts that are on their way count first. A request that even an empty new host would refuse asks for none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import LocationSpec
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.specs import PoolSpec, StrategySpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place, table

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
) -> Growth:
    """What these requests need beside the hosts of the index and `coming` ones, of which at most `most` may be made."""
    sketch = index.sketch()
    for number in range(coming):
        sketch.add(_host(template, number))
    made, waits, hopeless, beyond = 0, [], {}, []

    def fits(request: PlacementRequest) -> bool:
        answer = place(request, sketch, strategies, rules=rules, decision_id="growth", at=0.0)
        return isinstance(answer, Placement)

    for request in requests:
        if fits(request):
            waits.append(request.member)
            continue
        host = _host(template, coming + made)
        sketch.add(host)
        if made >= most or not fits(request):
            verdict = next(seen for seen in table(request, sketch, strategies, rules=rules) if seen.host == host.uid)
            sketch.remove(host.uid)
            if verdict.accepted:
                beyond.append(request.member)
            else:
                hopeless[request.member] = verdict.reason
            continue
        made += 1
        waits.append(request.member)
    return Growth(made, tuple(waits), hopeless, tuple(beyond))


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
