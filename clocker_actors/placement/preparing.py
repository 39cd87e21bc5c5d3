"""What a placement has to find out anew before it can be made: strategies understood, rules bound, containers counted, hosts judged.

For most requests all of this is known. For the first of a new shape in a large pool it takes long, so whoever may not stand still (a pool, a batch) does it in
steps beforehand: `prepare` until it says that nothing is left, others having their turn between two steps, and then `place` in one go. A step ends by counts
of hosts and containers looked at, not by a clock, so the same messages lead to the same steps.
"""

from clocker_actors.errors import BadRequest
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.binding import bind, bind_some
from clocker_actors.placement.catalogue import make_pipeline
from clocker_actors.placement.hosts import Need
from clocker_actors.placement.index import HostIndex
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
        pipeline = _prepared(request, index)
        if pipeline is None:
            pipeline, most = bind_some(request, index, pipeline_of(index, strategies, request.strategies), rules, most)
        if pipeline is None:
            return False
        if not pipeline.lasting:
            index.prepared = (request, index.crowd.version, pipeline)
        return index.advance(pipeline, Need.of(request), request.cluster, most)
    except BadRequest as fault:
        index.prepared = (request, index.crowd.version, fault)
        return True


def bound(request: PlacementRequest, index: HostIndex, strategies: tuple[StrategySpec, ...], rules: tuple[AffinityRule, ...]) -> Pipeline:
    """The pipeline for this request, as prepared if it was. Raises BadRequest."""
    return _prepared(request, index) or bind(request, index, pipeline_of(index, strategies, request.strategies), rules)


def _prepared(request: PlacementRequest, index: HostIndex) -> Pipeline | None:
    """What was made for this very request and could not be kept for others."""
    if index.prepared is None:
        return None
    whose, version, made = index.prepared
    if whose is not request or version != index.crowd.version:
        return None
    if isinstance(made, BadRequest):
        raise made
    return made


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
