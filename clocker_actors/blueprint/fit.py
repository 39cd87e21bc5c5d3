"""Policies and enrichers that could never work where they are written: found at once, at the line and column to blame.

`model.fitness` knows what can work where; entities ask it the same when a policy is added at run time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import Mark
from clocker_actors.model.fitness import Beside, Placed, certainly_wrong, loop, published, usual
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ClusterSpec, PolicySpec
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import as_number

MOST = 200
"""Policies, enrichers and feeds of one entity."""
ABOVE = ("self", "parent", "root")
_UID = re.compile(r"[a-z][0-9][0-9a-z]*")


@dataclass(frozen=True, slots=True)
class Written:
    """A policy or enricher with the places where it and its keys are written; `sound` if nothing is wrong with them."""

    spec: PolicySpec
    type: PolicyType
    mark: Mark
    marks: Mapping[str, Mark]
    sound: bool


def specs_of(written: Sequence[Written]) -> tuple[PolicySpec, ...]:
    """The bare specs."""
    return tuple(each.spec for each in written)


def check_fit(written: Sequence[Written], kind: EntityKind, context: Context, *, healing: bool = True) -> None:
    """Note each that can never work on an entity of this kind, beside the others and what such an entity is given anyhow."""
    if len(written) > MOST:
        context.faults.add(
            written[MOST].mark, f"more than {MOST} policies, enrichers and feeds at one entity; have some below others, or leave some out"
        )
        return
    types = context.policies.types
    own = {each.type.name for each in written}
    given = [Placed(types[name], {}) for name in usual(kind, healing=healing) if name in types and name not in own]
    beside = [*given, *(Placed(each.type, each.spec.config) for each in written)]
    there, ways = published(kind, beside), Beside(beside)
    for each in written:
        if not each.sound or context.faults.full:
            continue  # one fault of it is enough: mending that may mend this
        placed = Placed(each.type, each.spec.config)
        wrong = certainly_wrong(placed, kind, there, types.values()) or loop(placed, ways)
        if wrong is not None:
            key, text = wrong
            context.faults.add(each.marks.get(key, each.mark), text)
        else:
            _check_whom(each, context)


def _check_whom(each: Written, context: Context) -> None:
    """Note whom it names and nobody is: it would wait for ever."""
    whom = each.spec.config.get("producer")
    if not isinstance(whom, str) or context.template or not context.whole:
        return
    if whom not in {"", *ABOVE, *context.by_id} and ":" not in whom and not _UID.fullmatch(whom):
        context.faults.unknown(each.marks.get("producer", each.mark), whom, "the id of a service here", context.by_id)


def check_sizes(written: Sequence[Written], cluster: ClusterSpec, context: Context) -> None:
    """Note each written bound of a policy that no size of its cluster can be within."""
    for each in written:
        if not each.sound or each.spec.config.get("resizeOperator", "resize") != "resize":
            continue
        least, most = (as_number(each.spec.config.get(key)) for key in ("minPoolSize", "maxPoolSize"))
        if least is not None and least > cluster.max_size:
            text = (
                f"`minPoolSize` {least:.12g} is above the most members of the cluster, {cluster.max_size} (`maxSize`); write at most that"
            )
            context.faults.add(each.marks["minPoolSize"], text)
        elif most is not None and most < cluster.min_size:
            text = (
                f"`maxPoolSize` {most:.12g} is below the fewest members of the cluster, {cluster.min_size} (`minSize`); write at least that"
            )
            context.faults.add(each.marks["maxPoolSize"], text)
