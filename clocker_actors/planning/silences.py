"""Sensors that something listens to and nothing publishes: an autoscaler on a slip of the pen does nothing, and looks like one that has nothing to do.

All that a file makes is known when it is read: what entities have of themselves, what their enrichers and feeds give, what a cluster hands down to its
members. Something may still be added later by a person, so what is missing is warned of, not refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clocker_actors.model import sensors
from clocker_actors.model.fitness import Placed, numbers, published, usual, waits_for
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ApplicationSpec, PolicySpec, ServiceSpec
from clocker_actors.model.types import PolicyType
from clocker_actors.planning.values import PlanWarning

_EXAMPLES = 3
Types = Mapping[str, PolicyType]


@dataclass(frozen=True, slots=True)
class _Known:
    """The sensors of an entity; not `whole` if something of it may publish anything."""

    names: frozenset[str]
    whole: bool = True


def silences(application: ApplicationSpec, types: Types) -> Iterator[PlanWarning]:
    """One warning for each sensor that is heard in vain, at the entity that listens."""
    children = [_of_service(service, types) for service in application.services]
    own = _placed((*application.enrichers, *application.policies), types)
    known = _known(EntityKind.APPLICATION, own, frozenset())
    yield from _in_vain(application.id, own, known, _together(children))
    for service in application.services:
        yield from _below(f"{application.id}/{service.id or service.name}", service, types, frozenset())


def _below(path: str, service: ServiceSpec, types: Types, handed: frozenset[str]) -> Iterator[PlanWarning]:
    own = _adjuncts(service, types)
    known = _known(_kind(service), own, handed | _ports(service))
    down = frozenset(name for placed in own for name in placed.hands_down())
    under = [(path, service.cluster.member)] if service.cluster is not None else []
    under += [(f"{path}/{child.id or child.name}", child) for child in service.children]
    yield from _in_vain(path, own, known, _together([_of_service(child, types, down) for _, child in under]))
    for where, child in under:
        yield from _below(where, child, types, down)


def _in_vain(path: str, own: Sequence[Placed], known: _Known, below: _Known) -> Iterator[PlanWarning]:
    for placed in own:
        if known.whole:
            for name in waits_for(placed, known.names):
                yield PlanWarning(path, _words(placed.type.name, name, "nothing here publishes it", known.names))
        if below.whole and below.names:
            for name in placed.gathers():
                if name not in below.names:
                    yield PlanWarning(path, _words(placed.type.name, name, "nothing below publishes it", below.names))


def _words(kind: str, name: str, why: str, there: frozenset[str]) -> str:
    near = get_close_matches(name[:60], sorted(there), 1, 0.6)
    hint = (
        f"did you mean {near[0]}?"
        if near
        else f"there is {', '.join(sorted(numbers(there))[:_EXAMPLES])}, or add an enricher or feed that gives it"
    )
    return f"{kind} listens to sensor {name!r}, and {why}, so it would wait for ever: {hint}"


def _of_service(service: ServiceSpec, types: Types, handed: frozenset[str] = frozenset()) -> _Known:
    return _known(_kind(service), _adjuncts(service, types), handed | _ports(service))


def _ports(service: ServiceSpec) -> frozenset[str]:
    """Where its container's ports are published."""
    ports = service.container.ports if service.container is not None else ()
    return frozenset(name for port in ports for name in sensors.port_names(port.container))


def _known(kind: EntityKind, own: Sequence[Placed], handed: frozenset[str]) -> _Known:
    return _Known(published(kind, own) | handed, not any(placed.is_open() for placed in own))


def _together(several: Sequence[_Known]) -> _Known:
    names = frozenset(name for each in several for name in each.names)
    return _Known(names, all(each.whole for each in several))


def _adjuncts(service: ServiceSpec, types: Types) -> list[Placed]:
    written = (*service.enrichers, *service.policies)
    given = [
        PolicySpec(name, name) for name in usual(_kind(service), healing=service.healing) if name not in {each.type for each in written}
    ]
    return _placed((*given, *written), types)


def _placed(specs: Sequence[PolicySpec], types: Types) -> list[Placed]:
    return [Placed(types[spec.type], spec.config) for spec in specs if spec.type in types]


def _kind(service: ServiceSpec) -> EntityKind:
    return EntityKind.CLUSTER if service.cluster is not None else EntityKind.MEMBER
