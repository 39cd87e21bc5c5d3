"""The placement strategies a blueprint may name, with their keys; a new strategy is one class and one row here.

Names and keys are the ancestor's, its Java names are aliases. A key can be written short or as the ancestor's dotted name.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TypeAlias

from clocker_actors.errors import BadRequest
from clocker_actors.model.affinity import LABEL, AffinityRule, Sense, Verb
from clocker_actors.model.selectors import selector
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number
from clocker_actors.placement.constraints import DiskFits, Group, Hostname, Label, ProvisioningFlags
from clocker_actors.placement.filters import CpusFit, Filter, MaxContainers, MaxCpuUsage, MemoryFits, NotCordoned, PortsFree, Up
from clocker_actors.placement.own import Ordering, Own, OwnFilters, OwnRankings, Refusing, make_own
from clocker_actors.placement.ranked import Pipeline
from clocker_actors.placement.strategies import (
    BreadthFirst,
    DepthFirst,
    ImagePresent,
    LateRanking,
    LeastContainers,
    LowestCpuUsage,
    Random,
    Ranking,
)


@dataclass(frozen=True, slots=True)
class Spread:
    """A strategy that stands for a soft affinity rule."""

    rule: AffinityRule


Strategy: TypeAlias = MaxContainers | MaxCpuUsage | Label | Hostname | ProvisioningFlags | Group | Own | Spread | Ranking

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
    return _Row(PolicyType(name, "strategy", keys, java, meaning, check=partial(_check, make)), make)


def _check(make: Callable[[Mapping[str, Value]], Strategy], config: Mapping[str, Value]) -> tuple[str, str] | None:
    """What is wrong with a whole configuration, found out by making the strategy: so that a file is refused where it is read."""
    try:
        made = make(config)
    except BadRequest as fault:
        return fault.details.get("key", ""), str(fault)
    if isinstance(made, Label) and not made.conditions:
        return (
            "labels",
            f"without conditions it lets every host through; write labels, one of {LABELS[0].meaning.removeprefix('conditions: ')}",
        )
    return None


def _both(
    short: str, dotted: str, kind: str, default: Value, meaning: str, least: float, most: float | None = None
) -> tuple[KeyType, KeyType]:
    return KeyType(short, kind, default, meaning, least, most), KeyType(dotted, kind, None, f"the ancestor's name of {short}", least, most)


MAX_CONTAINERS = _both(
    "maxContainers", "docker.container.cluster.maxSize", "integer", 8, "most containers on one host, foreign ones counted", 0
)
MAX_CPU = _both("maxCpu", "docker.container.cluster.maxCpu", "number", 0.5, "processor use of the whole host below this part of one", 0, 1)


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


def most_containers(spec: StrategySpec) -> int:
    """How many containers MaxContainers lets stand on a host, by whichever name of its key that is written."""
    return int(_number(spec.config, MAX_CONTAINERS))


LABELS = (
    KeyType("labels", "labels", None, "conditions: key, !key, key=value, key!=value, key in (a, b), key notin (a, b)"),
    KeyType("docker.constraint.labels", "labels", None, "the ancestor's name of labels"),
)
HOSTNAME = (
    KeyType("hostname", "regex", None, "regular expression for the whole name of the host"),
    KeyType("docker.constraint.hostname", "regex", None, "the ancestor's name of hostname"),
)
EXCLUSIVE = (
    KeyType("exclusive", "boolean", False, "only hosts that hold nothing else"),
    KeyType("docker.constraint.exclusive", "boolean", None, "the ancestor's name of exclusive"),
)


def _label(config: Mapping[str, Value]) -> Label:
    written = [config[key.name] for key in LABELS if config.get(key.name) is not None]
    texts = [text for each in written for text in (each if isinstance(each, list | tuple) else (each,))]
    return Label(tuple(selector(str(text)) for text in texts))


def _hostname(config: Mapping[str, Value]) -> Hostname:
    written = next((config[key.name] for key in HOSTNAME if config.get(key.name)), None)
    if written is None:
        raise BadRequest("hostname is missing: write a regular expression for the whole name of the host", key="hostname")
    try:
        return Hostname(re.compile(str(written)))
    except re.error as fault:
        raise BadRequest(f"hostname is {written!r}, which is no regular expression: {fault}", key="hostname") from fault


def _spread(config: Mapping[str, Value]) -> Spread:
    over = str(config.get("over", "zone"))
    if over not in ("host", "zone") and not (over.startswith(LABEL) and over != LABEL):
        raise BadRequest(f"over is {over!r}: write host, zone, or label:KEY", key="over")
    text = f"SPREAD OVER {over.replace(':', ' ')}"
    return Spread(AffinityRule(text, Sense.SPREAD, Verb.CLUSTER, domain="" if over == "host" else over))


_ROWS = (
    _row(
        "BreadthFirst", "spread: the host with the fewest containers of this cluster, then the fewest containers", lambda _: BreadthFirst()
    ),
    _row("DepthFirst", "pack: hosts in the order of the pool's list, each until a rule refuses it", lambda _: DepthFirst()),
    _row("LeastContainers", "the host with the fewest containers", lambda _: LeastContainers()),
    _row("LowestCpuUsage", "the host with the lowest processor use; unknown comes last", lambda _: LowestCpuUsage()),
    _row("Random", "any host, drawn by a hash of the member, so the same in every run", lambda _: Random()),
    _row(
        "ImagePresent",
        "hosts that have the image already; named before another ranking it only breaks that one's ties",
        lambda _: ImagePresent(),
    ),
    _row(
        "Spread",
        "over domains of hosts: those with the fewest of this cluster first, then as the other strategies say",
        _spread,
        KeyType("over", "string", "zone", "host, zone, or `label:KEY` for hosts that share a label's value"),
    ),
    _row("Label", "only hosts whose labels meet all conditions", _label, *LABELS),
    _row("Hostname", "only hosts whose whole name matches", _hostname, *HOSTNAME),
    _row(
        "Group",
        "a cluster stays together on one host, other clusters and services of its application on others",
        lambda config: Group(next((config[key.name] for key in EXCLUSIVE if config.get(key.name) is not None), False) is True),
        *EXCLUSIVE,
        KeyType("docker.strategy.timeout", "duration", None, "taken for the ancestor's sake: placement never waits"),
    ),
    _row(
        "ProvisioningFlags",
        "only hosts with so much memory and so many processors that containers have not claimed",
        lambda config: ProvisioningFlags(int(as_number(config.get("minRam")) or 0), as_number(config.get("minCores")) or 0.0),
        KeyType("minRam", "size", 0, "least memory unclaimed", 0),
        KeyType("minCores", "number", 0, "least processors unclaimed", 0),
    ),
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


Makers: TypeAlias = Mapping[str, Callable[..., object]]


def make_strategy(spec: StrategySpec, makers: Makers | None = None) -> Strategy:
    """The strategy a spec asks for; `makers` are classes of somebody's own. Raises BadRequest for an unknown name (with the nearest ones), an unknown key, or a
    wrong value."""
    row = _BY_NAME.get(spec.type)
    if row is None and makers and spec.type in makers:
        return make_own(spec.type, makers[spec.type], spec.config)
    if row is None:
        near = get_close_matches(spec.type, (*STRATEGIES, *(makers or ())), n=3, cutoff=0.4) or list(STRATEGIES)
        raise BadRequest(f"no placement strategy {spec.type!r}: did you mean {', '.join(near)}?", strategy=spec.type)
    known = [key.name for key in row.type.keys]
    for key in spec.config:
        if key not in known:
            raise BadRequest(f"{row.type.name} has no key {key!r}: {'use ' + ', '.join(known) if known else 'it takes none'}", key=key)
    return row.make(spec.config)


_FIT = (Up(), NotCordoned())
_ROOM = (MemoryFits(), CpusFit(), DiskFits(), PortsFree())
"""What is always asked: first whether a host answers at all, last whether there is room."""


def make_pipeline(strategies: Iterable[StrategySpec], makers: Makers | None = None) -> Pipeline:
    """The pipeline of these strategies (pool's first, then the entity's): fit rules are always there, spread when no ranking is named; of two
    bounds of one kind the stricter holds. Raises BadRequest."""
    wanted = _Wanted()
    for spec in strategies:
        wanted.take(make_strategy(spec, makers))
    return wanted.pipeline()


class _Wanted:
    """Strategies sorted by what they do."""

    def __init__(self) -> None:
        self.filters: dict[str, list[Filter]] = {}
        self.rankings: list[Ranking] = []
        self.groups: list[Group] = []
        self.own: list[OwnFilters] = []
        self.spreads: list[AffinityRule] = []

    def take(self, made: Strategy) -> None:
        match made:
            case MaxContainers() | MaxCpuUsage():
                known = self.filters.setdefault(made.rule, [made])[0]
                if isinstance(known, MaxContainers | MaxCpuUsage) and made.most < known.most:
                    self.filters[made.rule] = [made]
            case Label() | Hostname() | ProvisioningFlags():
                self.filters.setdefault(made.rule, []).append(made)
            case Group():
                self.groups.append(made)
            case Own(name, strategy):
                if isinstance(strategy, Refusing):
                    self.own.append(OwnFilters(name, strategy))
                if isinstance(strategy, Ordering):
                    self.rankings.append(OwnRankings(name, strategy))
            case Spread():
                self.spreads.append(made.rule)
            case _:
                self.rankings.append(made)

    def pipeline(self) -> Pipeline:
        rankings = self.rankings or [BreadthFirst()]
        filters = [_joined(made) for made in self.filters.values()]
        groups = (Group(any(group.exclusive for group in self.groups)),) if self.groups else ()
        names = (
            *(made.rule for made in filters),
            *("Group" for _ in groups),
            *(made.name for made in self.own),
            *("Spread" for _ in self.spreads),
            *(made.name for made in rankings),
        )
        dominant, rotated = _dominant(rankings)
        late = (*groups, *self.own, *(made for made in dominant if isinstance(made, LateRanking)))
        return Pipeline((*_FIT, *filters, *_ROOM), dominant, rotated, names, late=late, rules=tuple(self.spreads))


def _joined(made: list[Filter]) -> Filter:
    """One filter for several of one kind, since decisions count by name."""
    if len(made) == 1:
        return made[0]
    if all(isinstance(each, Label) for each in made):
        return Label(tuple(condition for each in made if isinstance(each, Label) for condition in each.conditions))
    flags = [each for each in made if isinstance(each, ProvisioningFlags)]
    if flags:
        return ProvisioningFlags(max(each.memory for each in flags), max(each.cores for each in flags))
    patterns = [each.pattern.pattern for each in made if isinstance(each, Hostname)]
    return Hostname(re.compile("".join(f"(?=(?:{pattern})\\Z)" for pattern in patterns) + ".*"))


def _dominant(rankings: list[Ranking]) -> tuple[tuple[Ranking, ...], bool]:
    """The last ranking dominates; what stands before a random draw no longer matters, nor does a strategy named again later."""
    kept: list[Ranking] = []
    for ranking in reversed(rankings):
        if isinstance(ranking, Random):
            return tuple(kept), True
        if ranking not in kept:
            kept.append(ranking)
    return tuple(kept), False
