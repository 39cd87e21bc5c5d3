"""The placement strategies a blueprint may name, with their keys; a new strategy is one class and one row here.

Names and keys are the ancestor's, its Java names are aliases. A key can be written short or as the ancestor's dotted name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from clocker_actors.errors import BadRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number
from clocker_actors.placement.filters import CpusFit, MaxContainers, MaxCpuUsage, MemoryFits, NotCordoned, PortsFree, Up
from clocker_actors.placement.ranked import Pipeline
from clocker_actors.placement.strategies import BreadthFirst, DepthFirst, LeastContainers, LowestCpuUsage, Random, Ranking

Strategy: TypeAlias = MaxContainers | MaxCpuUsage | Ranking

_JAVA = (
    "{}PlacementStrategy",
    "clocker.docker.location.strategy.basic.{}PlacementStrategy",
    "brooklyn.location.docker.strategy.{}PlacementStrategy",
)


@dataclass(frozen=True, slots=True)
class _Row:
    type: PolicyType
    make: Callable[[Mapping[str, Value]], Strategy]


def _row(name: str, meaning: str, make: Callable[[Mapping[str, Value]], Strategy], *keys: KeyType) -> _Row:
    java = tuple(pattern.format(name) for pattern in _JAVA)
    return _Row(PolicyType(name, "strategy", keys, java, meaning), make)


def _both(short: str, dotted: str, kind: str, default: Value, meaning: str, least: float) -> tuple[KeyType, KeyType]:
    return KeyType(short, kind, default, meaning, least), KeyType(dotted, kind, None, f"the ancestor's name of {short}", least)


MAX_CONTAINERS = _both(
    "maxContainers", "docker.container.cluster.maxSize", "integer", 8, "most containers on one host, foreign ones counted", 0
)
MAX_CPU = _both("maxCpu", "docker.container.cluster.maxCpu", "number", 0.5, "processor use of the whole host below this part of one", 0)


def _number(config: Mapping[str, Value], keys: tuple[KeyType, KeyType]) -> float:
    for key in keys:
        value = config.get(key.name)
        if value is None:
            continue
        number = as_number(value)
        if number is None or (key.type == "integer" and number != int(number)) or number < (key.least or 0):
            raise BadRequest(f"{key.name} is {value!r}: give {key.type} of at least {key.least or 0:g}", key=key.name)
        return number
    return as_number(keys[0].default) or 0.0


_ROWS = (
    _row(
        "BreadthFirst", "spread: the host with the fewest containers of this cluster, then the fewest containers", lambda _: BreadthFirst()
    ),
    _row("DepthFirst", "pack: hosts in the order of the pool's list, each until a rule refuses it", lambda _: DepthFirst()),
    _row("LeastContainers", "the host with the fewest containers", lambda _: LeastContainers()),
    _row("LowestCpuUsage", "the host with the lowest processor use; unknown comes last", lambda _: LowestCpuUsage()),
    _row("Random", "any host, drawn by a hash of the member, so the same in every run", lambda _: Random()),
    _row(
        "MaxContainers",
        "only hosts with fewer containers than this",
        lambda config: MaxContainers(int(_number(config, MAX_CONTAINERS))),
        *MAX_CONTAINERS,
    ),
    _row(
        "MaxCpuUsage",
        "only hosts that use less of their processors than this",
        lambda config: MaxCpuUsage(_number(config, MAX_CPU)),
        *MAX_CPU,
    ),
)

STRATEGIES: Mapping[str, PolicyType] = {row.type.name: row.type for row in _ROWS}
"""Strategy types by name, for the table of types."""

_BY_NAME = {name: row for row in _ROWS for name in (row.type.name, *row.type.aliases)}


def make_strategy(spec: StrategySpec) -> Strategy:
    """The strategy a spec asks for. Raises BadRequest for an unknown name (with the nearest ones), an unknown key, or a wrong value."""
    row = _BY_NAME.get(spec.type)
    if row is None:
        near = get_close_matches(spec.type, STRATEGIES, n=3, cutoff=0.4) or list(STRATEGIES)
        raise BadRequest(f"no placement strategy {spec.type!r}: did you mean {', '.join(near)}?", strategy=spec.type)
    known = [key.name for key in row.type.keys]
    for key in spec.config:
        if key not in known:
            raise BadRequest(f"{row.type.name} has no key {key!r}: {'use ' + ', '.join(known) if known else 'it takes none'}", key=key)
    return row.make(spec.config)


def make_pipeline(strategies: Iterable[StrategySpec]) -> Pipeline:
    """The pipeline of these strategies (pool's first, then the entity's): fit rules are always there, spread when no ranking is named; of two
    bounds of one kind the stricter holds. Raises BadRequest."""
    containers: MaxContainers | None = None
    cpu: MaxCpuUsage | None = None
    rankings: list[Ranking] = []
    for spec in strategies:
        made = make_strategy(spec)
        match made:
            case MaxContainers():
                containers = made if containers is None or made.most < containers.most else containers
            case MaxCpuUsage():
                cpu = made if cpu is None or made.most < cpu.most else cpu
            case _:
                rankings.append(made)
    filters = [made for made in (containers, cpu) if made is not None]
    rankings = rankings or [BreadthFirst()]
    names = tuple([made.rule for made in filters] + [made.name for made in rankings])
    dominant, rotated = _dominant(rankings)
    return Pipeline((Up(), NotCordoned(), *filters, MemoryFits(), CpusFit(), PortsFree()), dominant, rotated, names)


def _dominant(rankings: list[Ranking]) -> tuple[tuple[Ranking, ...], bool]:
    """The last ranking dominates; what stands before a random draw no longer matters, nor does a strategy named again later."""
    kept: list[Ranking] = []
    for ranking in reversed(rankings):
        if isinstance(ranking, Random):
            return tuple(kept), True
        if ranking not in kept:
            kept.append(ranking)
    return tuple(kept), False
