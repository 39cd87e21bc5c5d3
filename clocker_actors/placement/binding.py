"""From the pipeline of some strategies to the one of a single request: affinity rules bound, volumes found, late strategies decided.

Requests that see all hosts alike get the same pipeline object, so that they share a ranking. What can be remembered is remembered by what it depends on.
"""

from typing import TYPE_CHECKING, NamedTuple

from clocker_actors.model.affinity import AffinityRule, Sense, Verb, contradictions
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.placement.affinity import HOST, POOL, SERVICE, SOFT, Binder, Bound, HostRules, Pull, Pulls
from clocker_actors.placement.constraints import LateFilter, VolumesAt
from clocker_actors.placement.filters import Filter
from clocker_actors.placement.ranked import Pipeline
from clocker_actors.placement.strategies import LateRanking, Ranking

if TYPE_CHECKING:
    from clocker_actors.placement.index import HostIndex

_ALL = 1 << 60
_KEPT = 4096
_PERSONAL = frozenset({Verb.NAME, Verb.ID, Verb.PREDICATE})
"""Verbs by which two members of one cluster may be told apart."""

Rules = tuple[AffinityRule, ...]


class _Parts(NamedTuple):
    base: Pipeline
    filters: tuple[Filter, ...]
    gates: tuple[Bound, ...]
    preferences: tuple[Pull, ...]
    spreads: tuple[Pull, ...]
    hosts: tuple[tuple[Rules, tuple[Bound, ...]], ...]
    rankings: tuple[Ranking, ...]
    texts: tuple[str, ...]
    against: str = ""


def bind(request: PlacementRequest, index: "HostIndex", base: Pipeline, pool: Rules) -> Pipeline:
    """The pipeline for this request; the base itself when nothing of it depends on the request."""
    made, _ = bind_some(request, index, base, pool, _ALL)
    assert made is not None
    return made


def bind_some(request: PlacementRequest, index: "HostIndex", base: Pipeline, pool: Rules, most: int) -> tuple[Pipeline | None, int]:
    """The same, with at most about so many hosts and containers counted anew for its rules (None while some are left), and how many less it were."""
    hosts = index.crowd.host_rules
    if not (request.affinity or pool or hosts or base.late or request.volumes or base.rules):
        return base, most
    late, fixed = _late(request, index, base)
    rules = (*request.affinity, *pool, *base.rules, *(rule for each in hosts for rule in each))
    if not rules:
        return _interned(index, _Parts(base, late, (), (), (), (), fixed, ())), most
    key = _memory(request, index, base, pool, rules, late, fixed)
    last = index.last_bound
    if key is not None and last is not None and last[0] == key:
        return last[1], most
    found = index.memory.get(key) if key is not None else None
    if found is None:
        most = _watched(request, index, rules, most)
        if most <= 0:
            return None, 0
        found = _interned(index, _bound(request, index, base, pool, late, fixed))
        if key is not None:
            if len(index.memory) >= _KEPT:
                index.memory.clear()
            index.memory[key] = found
    if key is not None:
        index.last_bound = (key, found)
    return found, most


def _watched(request: PlacementRequest, index: "HostIndex", rules: Rules, most: int) -> int:
    """Have counted what the rules ask for, or some of it, as `Crowd.advance` does."""
    crowd = index.crowd
    binder = Binder(request, crowd.everywhere, index.types.predicates)
    facets = tuple(dict.fromkeys(binder.subject(rule)[0] for rule in rules))
    domains = tuple(dict.fromkeys(rule.domain for rule in rules if rule.domain))
    return crowd.advance(facets, domains, most)


def _late(request: PlacementRequest, index: "HostIndex", base: Pipeline) -> tuple[tuple[Filter, ...], tuple[Ranking, ...]]:
    filters = [made for each in base.late if isinstance(each, LateFilter) for made in each.bound(request, index)]
    homes = {volume: index.homes(volume, request) for volume in request.volumes}
    known = tuple((volume.partition(".")[2], tuple(sorted(there.items()))) for volume, there in homes.items() if there)
    if known:
        filters.append(VolumesAt(known))
    if not any(isinstance(each, LateRanking) for each in base.rankings):
        return tuple(filters), base.rankings
    return tuple(filters), tuple(each.bound(request) if isinstance(each, LateRanking) else each for each in base.rankings)


def _memory(
    request: PlacementRequest,
    index: "HostIndex",
    base: Pipeline,
    pool: Rules,
    rules: Rules,
    late: tuple[Filter, ...],
    rankings: tuple[Ranking, ...],
) -> tuple[object, ...] | None:
    """What the bound pipeline depends on; None if it also depends on who is there."""
    who: tuple[str, ...] = (request.type, request.application, request.cluster)
    for rule in rules:
        if rule.sense is Sense.AT_LEAST:
            return None
        if rule.verb in _PERSONAL:
            who = (request.type, request.application, request.cluster, request.member, request.name)
    return (index.crowd.version, base, request.affinity, pool, who, late, rankings)


def _bound(
    request: PlacementRequest,
    index: "HostIndex",
    base: Pipeline,
    pool: Rules,
    late: tuple[Filter, ...],
    rankings: tuple[Ranking, ...],
) -> _Parts:
    crowd = index.crowd
    older = tuple(each.resident for each in index.held(request.member))
    binder = Binder(request, crowd.everywhere, index.types.predicates, older)
    own = tuple(rule for rule in request.affinity if _hard(rule))
    theirs = tuple(rule for rule in pool if _hard(rule))
    hard = dict.fromkeys((*(binder.hard(rule, SERVICE) for rule in own), *(binder.hard(rule, POOL) for rule in theirs)))
    hosts = sorted(crowd.host_rules, key=lambda each: [rule.text for rule in each])
    soft = tuple(dict.fromkeys(rule for rule in (*request.affinity, *pool, *base.rules) if rule.sense in SOFT))
    return _Parts(
        base,
        (*(each for each in hard if not each.domain), *late),
        tuple(each for each in hard if each.domain),
        tuple(binder.soft(rule) for rule in soft if rule.sense is not Sense.SPREAD),
        tuple(binder.soft(rule) for rule in soft if rule.sense is Sense.SPREAD),
        tuple((each, tuple(binder.hard(rule, HOST) for rule in each if _hard(rule))) for each in hosts),
        rankings,
        tuple(rule.text for rule in (*own, *theirs, *soft)),
        next((f"{one.text} contradicts {other.text}: {why}" for one, other, why in contradictions((*request.affinity, *pool))), ""),
    )


def _hard(rule: AffinityRule) -> bool:
    return rule.sense not in SOFT and rule.sense is not Sense.EMPTY


def _interned(index: "HostIndex", parts: _Parts) -> Pipeline:
    lasting = all(getattr(each, "lasting", True) for each in (*parts.filters, *parts.rankings))
    made = index.bound.get(parts) if lasting else None
    if made is None:
        made = _made(parts, lasting=lasting)
        if lasting:
            if len(index.bound) >= _KEPT:
                index.bound.clear()
            index.bound[parts] = made
    return made


def _made(parts: _Parts, *, lasting: bool) -> Pipeline:
    base = parts.base
    by_hosts: tuple[Filter, ...] = (HostRules(dict(parts.hosts)),) if parts.hosts else ()
    pulls = Pulls(parts.preferences, parts.spreads) if parts.preferences or parts.spreads else None
    domains = (*(gate.domain for gate in parts.gates), *(pull.domain for pull in (*parts.preferences, *parts.spreads)))
    return Pipeline(
        (*base.filters, *parts.filters, *by_hosts),
        parts.rankings,
        base.rotated,
        (*parts.texts, *base.names),
        pulls=pulls,
        gates=parts.gates,
        domains=tuple(dict.fromkeys(domain for domain in domains if domain)),
        lasting=lasting,
        against=parts.against,
        ruled=bool(parts.texts or parts.hosts),
    )
