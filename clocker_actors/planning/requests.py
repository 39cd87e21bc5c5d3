"""From a service's spec to a placement request: the one place that says what of a spec placement looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import ContainerSpec, StrategySpec


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to be placed: a generation of a member, as part of what, and what it keeps from before."""

    member: Uid
    generation: int
    application: Uid
    cluster: Uid
    name: str
    cause: Cause
    keep_ports: Mapping[str, int] = field(default_factory=dict)
    avoid: tuple[Uid, ...] = ()


def placement_request(asker: Asker, container: ContainerSpec, strategies: tuple[StrategySpec, ...] = ()) -> PlacementRequest:
    """The request for a container of this spec. `strategies` are the member's own; what its cluster's spec says
    of placement is in there already. No limit reserves nothing."""
    return PlacementRequest(
        member=asker.member,
        generation=asker.generation,
        application=asker.application,
        cluster=asker.cluster,
        name=asker.name,
        cause=asker.cause,
        image=container.image.reference,
        memory=container.resources.memory or 0,
        cpus=container.resources.cpus or 0.0,
        ports=container.ports,
        keep_ports=asker.keep_ports,
        strategies=strategies,
        avoid=asker.avoid,
    )
