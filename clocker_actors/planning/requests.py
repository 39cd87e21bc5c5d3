"""From a service's spec to a placement request: the one place that says what of a spec placement looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.identity import NOBODY, Cause, Uid
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import BUILT_IMAGE, ContainerSpec, ServiceSpec, VolumeKind

NEXT = "next"
"""In the place of the number that a member of a cluster does not have yet."""


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
    home: Uid = NOBODY


def placement_request(asker: Asker, container: ContainerSpec, service: ServiceSpec) -> PlacementRequest:
    """The request for a container of this spec. `service` is the member's own; what its cluster's spec says
    of placement is in there already. No limit and no request reserves nothing."""
    limits, requests = container.resources, service.requests
    volumes = {volume.source for volume in container.volumes if volume.kind is VolumeKind.VOLUME}
    return PlacementRequest(
        member=asker.member,
        generation=asker.generation,
        application=asker.application,
        cluster=asker.cluster,
        name=asker.name,
        cause=asker.cause,
        image=container.image.reference,
        memory=(limits.memory if requests.memory is None else requests.memory) or 0,
        cpus=(limits.cpus if requests.cpus is None else requests.cpus) or 0.0,
        ports=container.ports,
        keep_ports=asker.keep_ports,
        strategies=service.strategies,
        avoid=asker.avoid,
        home=asker.home,
        type=container.image.reference.removeprefix(f"{BUILT_IMAGE}") if container.image.build else container.image.reference,
        affinity=service.affinity,
        disk=requests.disk or 0,
        volumes=tuple(sorted(f"{asker.application}.{name}" for name in volumes)),
    )


def next_of_cluster(cluster: Uid, application: Uid, path: str, service: ServiceSpec, number: int) -> PlacementRequest | None:
    """What the next member of a cluster would ask for; None if its members have no container of their own."""
    member = service.cluster.member if service.cluster is not None else None
    if member is None or member.container is None:
        return None
    asker = Asker(Uid(f"{cluster}/{NEXT}"), 1, application, cluster, f"{path}/{number}", Cause("weigh"))
    return placement_request(asker, member.container, member)
