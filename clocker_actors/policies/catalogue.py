"""All policies there are, by type name: the one place that knows them all."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from clocker_actors.errors import NotFound
from clocker_actors.kernel import Actor
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value
from clocker_actors.policies.autoscaler import AutoScaler
from clocker_actors.policies.base import PolicyActor
from clocker_actors.policies.rebalancer import Rebalancer
from clocker_actors.policies.replacer import Replacer
from clocker_actors.policies.restarter import Restarter

ROWS: tuple[type[PolicyActor], ...] = (AutoScaler, Restarter, Replacer, Rebalancer)

TYPES: Mapping[str, PolicyType] = {row.type.name: row.type for row in ROWS}
"""For the table of types that blueprints are checked against."""

_CLASSES = {name: row for row in ROWS for name in (row.type.name, *row.type.aliases)}


def has(type_name: str) -> bool:
    """Whether `make` knows this type, by name or alias."""
    return type_name in _CLASSES


def make(
    spec: PolicySpec, entity: Uid, *, ids: Ids, state: Mapping[str, Value] | None = None, suspended: bool = False
) -> Callable[[], Actor]:
    """The factory of a policy's actor, to be spawned under `policy_id(entity, spec.name)`.

    Raises NotFound for an unknown type and BadRequest for a wrong configuration, before anything is spawned.
    """
    row = _CLASSES.get(spec.type)
    if row is None:
        near = get_close_matches(spec.type, _CLASSES, n=3) or sorted(TYPES)
        raise NotFound(f"there is no policy type {spec.type!r}; try {', '.join(near)}", type=spec.type)
    row.full_config(spec.config)
    return lambda: row(spec, entity, ids=ids, state=state, suspended=suspended)
