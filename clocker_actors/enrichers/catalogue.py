"""All enrichers there are, by type name: the one place that knows them all."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from clocker_actors.enrichers.aggregator import Aggregator
from clocker_actors.enrichers.base import EnricherActor
from clocker_actors.enrichers.combiner import Combiner
from clocker_actors.enrichers.count_mean import CountMean
from clocker_actors.enrichers.delta import Delta, TimeFractionDelta, TimeWeightedDelta
from clocker_actors.enrichers.failure_detector import FailureDetector
from clocker_actors.enrichers.joiner import Joiner
from clocker_actors.enrichers.map_aggregator import MapAggregator
from clocker_actors.enrichers.member_endpoints import MemberEndpoints
from clocker_actors.enrichers.member_places import MemberPlaces
from clocker_actors.enrichers.moving_mean import MovingMean
from clocker_actors.enrichers.on_network import OnPublicNetwork, OnSubnetNetwork
from clocker_actors.enrichers.percentage import Percentage
from clocker_actors.enrichers.propagate_to_members import PropagateToMembers
from clocker_actors.enrichers.propagator import Propagator
from clocker_actors.enrichers.reducer import Reducer
from clocker_actors.enrichers.rollup import Rollup
from clocker_actors.enrichers.sensor_check import SensorCheck
from clocker_actors.enrichers.transformer import Transformer
from clocker_actors.enrichers.updating_map import UpdatingMap
from clocker_actors.errors import NotFound
from clocker_actors.kernel import Actor
from clocker_actors.model.configuration import checked
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value

ROWS: tuple[type[EnricherActor], ...] = (
    FailureDetector,
    Rollup,
    MovingMean,
    Transformer,
    Propagator,
    Aggregator,
    MapAggregator,
    Joiner,
    Combiner,
    Reducer,
    Percentage,
    PropagateToMembers,
    UpdatingMap,
    SensorCheck,
    Delta,
    TimeWeightedDelta,
    TimeFractionDelta,
    CountMean,
    OnPublicNetwork,
    OnSubnetNetwork,
    MemberPlaces,
    MemberEndpoints,
)

TYPES: Mapping[str, PolicyType] = {row.type.name: row.type for row in ROWS}
"""For the table of types that blueprints are checked against."""

_CLASSES = {name: row for row in ROWS for name in (row.type.name, *row.type.aliases)}


def has(type_name: str) -> bool:
    """Whether `make` knows this type, by name or alias."""
    return type_name in _CLASSES


def make(
    spec: PolicySpec,
    entity: Uid,
    *,
    ids: Ids,  # noqa: ARG001 - made alike with policies, which need it
    state: Mapping[str, Value] | None = None,
    suspended: bool = False,
) -> Callable[[], Actor]:
    """The factory of an enricher's actor, to be spawned under `policy_id(entity, spec.name)`.

    Raises NotFound for an unknown type and BadRequest for a wrong configuration, before anything is spawned.
    """
    row = _CLASSES.get(spec.type)
    if row is None:
        near = get_close_matches(spec.type, _CLASSES, n=3) or sorted(TYPES)
        raise NotFound(f"there is no enricher type {spec.type!r}; try {', '.join(near)}", type=spec.type)
    checked(row.type, spec.config)
    return lambda: row(spec, entity, state=state, suspended=suspended)
