"""All feeds there are, by type name: the one place that knows them all."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from clocker_actors.errors import NotFound
from clocker_actors.feeds.base import FeedActor
from clocker_actors.feeds.exec_feed import ContainerFeed, ExecFeed
from clocker_actors.feeds.http_feed import HttpFeed, NetworkFeed
from clocker_actors.feeds.http_latency import HttpLatency
from clocker_actors.feeds.prometheus_feed import PrometheusFeed
from clocker_actors.feeds.static_sensor import CreatePassword, StaticSensor
from clocker_actors.kernel import Actor
from clocker_actors.model.configuration import checked
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value
from clocker_actors.ports.http import Http

ROWS: tuple[type[FeedActor], ...] = (HttpFeed, PrometheusFeed, ExecFeed, ContainerFeed, HttpLatency, StaticSensor, CreatePassword)

TYPES: Mapping[str, PolicyType] = {row.type.name: row.type for row in ROWS}
"""For the table of types that blueprints are checked against."""

_CLASSES = {name: row for row in ROWS for name in (row.type.name, *row.type.aliases)}


def has(type_name: str) -> bool:
    """Whether `make` knows this type, by name or alias."""
    return type_name in _CLASSES


def make(
    spec: PolicySpec, entity: Uid, *, http: Http, state: Mapping[str, Value] | None = None, suspended: bool = False
) -> Callable[[], Actor]:
    """The factory of a feed's actor, to be spawned under `policy_id(entity, spec.name)`.

    Raises NotFound for an unknown type and BadRequest for a wrong configuration, before anything is spawned.
    """
    row = _CLASSES.get(spec.type)
    if row is None:
        near = get_close_matches(spec.type, _CLASSES, n=3) or sorted(TYPES)
        raise NotFound(f"there is no feed type {spec.type!r}; try {', '.join(near)}", type=spec.type)
    checked(row.type, spec.config)
    if issubclass(row, NetworkFeed):
        return lambda: row(spec, entity, http=http, state=state, suspended=suspended)
    return lambda: row(spec, entity, state=state, suspended=suspended)
