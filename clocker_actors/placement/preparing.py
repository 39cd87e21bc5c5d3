"""What a placement has to find out anew before it can be made: strategies understood, rules bound, containers counted, hosts judged.

For most requests all of this is known. For the first of a new shape in a large pool it takes long, so whoever may not stand still (a pool, a batch) does it in
steps beforehand: `prepare` until it says that nothing is left, others having their turn between two steps, and then `place` in one go. A step ends by counts
of hosts and containers looked at, not by a clock, so the same messages lead to the same steps.
"""

from clocker_actors.errors import BadRequest
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.affinity import HostRules
from clocker_actors.placement.binding import bind, bind_some
from clocker_actors.placement.catalogue import make_pipeline
from clocker_actors.placement.hosts import Need
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.own import OwnFilter, OwnRanking
from clocker_actors.placement.ranked import Pipeline

STEP = 200
"""Hosts and containers that one step looks at, each some 3 to 10 µs."""
_PIPELINES_KEPT = 256


def prepare(
    request: PlacementRequest,
    index: HostIndex,
    strategies: tuple[StrategySpec, ...] = (),
    *,
    rules: tuple[AffinityRule, ...] = (),
    most: int = STEP,
) -> bool:
    """One step towards what `place` needs for this request; True when nothing is left, and place has nothing to look at but what it chooses from. Never raises:
    what is wrong with strategies is said by `place`."""
    try:
        pipeline, most = _some(request, index, strategies, rules, most)
        if pipeline is None:
            return False
        index.prepared = (request, index.version, pipeline)
        return index.advance(pipeline, Need.of(request), request.cluster, most)
    except BadRequest as fault:
        index.prepared = (request, index.version, fault)
        return True


def bound(request: PlacementRequest, index: HostIndex, strategies: tuple[StrategySpec, ...], rules: tuple[AffinityRule, ...]) -> Pipeline:
    """The pipeline for this request, as prepared if it was. Raises BadRequest."""
    made = index.prepared
    if made is not None and made[0] is request:
        if isinstance(made[2], BadRequest):
            raise made[2]
        if made[1] == index.version:
            return made[2]
    return _kept(request, index, bind(request, index, pipeline_of(index, strategies, request.strategies), rules))


def _some(
    request: PlacementRequest, index: HostIndex, strategies: tuple[StrategySpec, ...], rules: tuple[AffinityRule, ...], most: int
) -> tuple[Pipeline | None, int]:
    pipeline, left = bind_some(request, index, pipeline_of(index, strategies, request.strategies), rules, most)
    return (_kept(request, index, pipeline) if pipeline is not None else None), left


def _kept(request: PlacementRequest, index: HostIndex, fresh: Pipeline) -> Pipeline:
    """Of a pipeline for this request alone the one that was prepared, if that would be made in the same way now."""
    if fresh.lasting or index.prepared is None:
        return fresh
    whose, _, made = index.prepared
    return made if whose is request and isinstance(made, Pipeline) and _same(made, fresh) else fresh


def _same(one: Pipeline, other: Pipeline) -> bool:
    rest = (one.gates, one.pulls, one.domains) == (other.gates, other.pulls, other.domains)
    pairs = zip((*one.filters, *one.rankings), (*other.filters, *other.rankings), strict=False)
    return rest and len(one.filters) == len(other.filters) and all(_alike(first, second) for first, second in pairs)


def _alike(one: object, other: object) -> bool:
    """Equal, or the same strategy of somebody's own made for the same request."""
    match one, other:
        case (OwnFilter(strategy=mine), OwnFilter(strategy=theirs)) | (OwnRanking(strategy=mine), OwnRanking(strategy=theirs)):
            return mine is theirs
        case HostRules(), HostRules():
            return one.bound == other.bound
        case _:
            return one == other


def pipeline_of(index: HostIndex, pool: tuple[StrategySpec, ...], own: tuple[StrategySpec, ...]) -> Pipeline:
    """The pipeline of the pool's strategies and a request's own, made once per index. Raises BadRequest."""
    last = index.last_pipeline
    if last is not None and last[0] is pool and last[1] is own:
        return last[2]
    key = tuple((spec.type, repr(sorted(spec.config.items()))) for spec in (*pool, *own))
    made = index.pipelines.get(key)
    if made is None:
        if len(index.pipelines) >= _PIPELINES_KEPT:
            index.pipelines.clear()
        made = index.pipelines[key] = make_pipeline((*pool, *own), index.types.makers)
    index.last_pipeline = (pool, own, made)
    return made
