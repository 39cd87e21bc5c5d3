"""In which order the steps of a plan begin, and how long all of them should take, by how long starts of these images took so far. Pure.

What is made waits for those it depends on that are made, too: these are waves. Of a cluster that changes, one member after the other takes its turn. Services
do not wait for each other otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from clocker_actors.expressions import references
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.values import counted
from clocker_actors.planning.values import Measured, PlanStep


def waves(services: Sequence[ServiceSpec], made: frozenset[str]) -> Mapping[str, int]:
    """For each service (by its id) whether it begins at once (1), or after those of which wave. Only services that are `made` are waited for."""
    known = {service.id: service for top in services for service in _all(top)}
    above = {child.id: service.id for service in known.values() for child in service.children}
    found: dict[str, int] = {}
    for name in known:
        _wave(name, known, above, made, found)
    return found


def _all(service: ServiceSpec) -> Iterator[ServiceSpec]:
    yield service
    for child in service.children:
        yield from _all(child)


def _wave(name: str, known: Mapping[str, ServiceSpec], above: Mapping[str, str], made: frozenset[str], found: dict[str, int]) -> int:
    if name not in found:
        found[name] = 1  # also ends circles, which the reader has refused
        parent = above.get(name)
        first = _wave(parent, known, above, made, found) if parent else 1
        waited = [each for each in waits_for(known[name]) if each in known and each in made and each != name]
        found[name] = max([first, *(1 + _last(each, known, above, made, found) for each in waited)]) if name in made else first
    return found[name]


def _last(name: str, known: Mapping[str, ServiceSpec], above: Mapping[str, str], made: frozenset[str], found: dict[str, int]) -> int:
    """The last wave of a service and all below it."""
    return max(_wave(each.id, known, above, made, found) for each in _all(known[name]))


def waits_for(service: ServiceSpec) -> tuple[str, ...]:
    """The ids of the services that have to be there before this one, or its first member, starts."""
    member = service.cluster.member if service.cluster is not None else service
    late = [each.expression for each in (member.container.late if member.container is not None else ())]
    late += [each for each in (service.latch, member.latch) if each is not None]
    named = [target.rpartition(":")[2] for expression in late for target, sensor in references(expression) if sensor]
    return tuple(dict.fromkeys((*(each.on for each in (*service.depends, *member.depends)), *named)))


def lasting(steps: Sequence[PlanStep]) -> float | None:
    """Seconds that all steps should take; None if any is unknown, or nothing is to be done. Members of one cluster that take turns add up."""
    doing = [step for step in steps if step.wave]
    if not doing or any(step.seconds is None for step in doing):
        return None
    longest: dict[int, dict[str, float]] = {}
    for step in doing:
        services = longest.setdefault(step.wave, {})
        above = step.path.rpartition("/")[0] if step.turn else step.path
        took = step.seconds or 0.0
        services[above] = services.get(above, 0.0) + took if step.turn else max(services.get(above, 0.0), took)
    return sum(max(services.values()) for services in longest.values())


def measured(images: Mapping[str, str], starts: Mapping[str, Measured]) -> str:
    """What an expectation was worked out from, in words: `12 starts measured, median 2.1 s`; what of it nobody knows. `images` are those that are started, each with
    the one whose starts are taken for it."""
    known = {of: starts[of] for of in images.values() if of in starts}
    unknown = sorted({image for image, of in images.items() if of not in starts})
    if not known:
        return f"no start of {', '.join(unknown)} was measured yet" if unknown else ""
    others = sorted({of for image, of in images.items() if of != image})
    of_others = f" of {', '.join(others)}" if others else ""
    told = f"{counted(sum(each.starts for each in known.values()), 'start')}{of_others} measured"
    told += f", median {median(each.median for each in known.values()):.2g} s"
    return f"{told}; none of {', '.join(unknown)}" if unknown else told
