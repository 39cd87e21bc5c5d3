"""What a plan warns of: specs that are right, but may not do what was meant."""

from collections.abc import Iterator

from clocker_actors.allowances import USUAL, gives_root
from clocker_actors.model.specs import MAX_MEMBERS, ClusterSpec, ContainerSpec, VolumeKind
from clocker_actors.model.values import counted
from clocker_actors.planning.values import PlanWarning, PoolView


def container_warnings(path: str, container: ContainerSpec, pool: PoolView) -> Iterator[PlanWarning]:
    """Warnings about one container spec on this pool."""
    known = pool.images.get(container.image.reference)
    if known is not None and known.health_interval is not None:
        yield PlanWarning(
            path,
            f"the HEALTHCHECK of {container.image.reference} gives its first verdict after {known.health_interval:g} s, and the service is not up before: "
            "shorten its interval in the image if that is too late",
        )
    for volume in container.volumes:
        if volume.kind is VolumeKind.BIND and len(pool.hosts) > 1:
            yield PlanWarning(
                path, f"{volume.source} is a path of whichever of the {len(pool.hosts)} hosts it is placed on: it has to be there on each"
            )
    if container.privileged:
        yield PlanWarning(path, "it runs privileged and can do all that its host can: name single capabilities instead")
    if more := [name for name in container.capabilities_add if name not in USUAL]:
        yield PlanWarning(path, f"it adds {', '.join(more)}, by which it may do things to its host")
    for volume in container.volumes:
        if volume.kind is VolumeKind.BIND and gives_root(volume.source):
            yield PlanWarning(path, f"it mounts {volume.source}: whoever gets into it is root on its host")


def cluster_warnings(path: str, cluster: ClusterSpec, pool: PoolView) -> Iterator[PlanWarning]:
    """Warnings about a cluster on this pool: a fixed host port lets each host run one member only."""
    container = cluster.member.container
    fixed = sorted({port.fixed for port in container.ports if port.fixed is not None}) if container is not None else []
    hosts = len(pool.hosts)
    if not fixed:
        return
    ports = f"port{'s' if len(fixed) > 1 else ''} {', '.join(map(str, fixed))}"
    if cluster.initial_size > hosts:
        yield PlanWarning(
            path,
            f"{ports} can be had once per host: {counted(hosts, 'host')} can run {hosts} of {cluster.initial_size} members; use random ports",
        )
    elif hosts < cluster.max_size < MAX_MEMBERS:
        yield PlanWarning(
            path,
            f"{ports} can be had once per host: it cannot grow beyond {counted(hosts, 'member')} (maximum {cluster.max_size}); use random ports",
        )
