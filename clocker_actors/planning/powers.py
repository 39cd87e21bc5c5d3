"""What containers of an application have beyond the usual (privileges, capabilities, paths of hosts), and which of it nobody allowed. Pure.

The doors ask before a deploy, with line and column; the root asks again of whatever comes to be deployed, so that there is no way around.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clocker_actors.allowances import CAPABILITIES, HOST_PATHS, PRIVILEGED, Allowances, Power, how_to_allow
from clocker_actors.model.specs import ApplicationSpec, ContainerSpec, ServiceSpec, VolumeKind


@dataclass(frozen=True, slots=True)
class Wielded:
    """One power of one service, on the docker cloud that it runs on."""

    path: str
    pool: str
    power: Power

    def __str__(self) -> str:
        kind, what = self.power
        match kind:
            case "privileged":
                words = "runs privileged"
            case "capabilities":
                words = f"adds the capability {what}"
            case _:
                words = f"mounts {what} of its host"
        return f"{self.path} {words}"

    @property
    def refusal(self) -> str:
        """What is said to who may not have it."""
        return f"{self}, which nobody allowed on {self.pool}: leave it out, or have {how_to_allow(self.pool, self.power)}"


def powers_of(container: ContainerSpec) -> Iterator[Power]:
    """What one container has."""
    if container.privileged:
        yield PRIVILEGED, ""
    for name in container.capabilities_add:
        yield CAPABILITIES, name
    for volume in container.volumes:
        if volume.kind is VolumeKind.BIND:
            yield HOST_PATHS, volume.source


def wielded(application: ApplicationSpec) -> Iterator[Wielded]:
    """All of an application."""
    for service in application.services:
        yield from _of_service(service, f"{application.id}/{service.id or service.name}", application.location)


def refused(application: ApplicationSpec, allowances: Allowances) -> Iterator[Wielded]:
    """Those that nobody allowed."""
    return (each for each in wielded(application) if not allowances.allows(each.pool, each.power))


def _of_service(service: ServiceSpec, path: str, above: str) -> Iterator[Wielded]:
    pool = service.location or above
    if service.container is not None:
        yield from (Wielded(path, pool, power) for power in powers_of(service.container))
    if service.cluster is not None:
        yield from _of_service(service.cluster.member, path, pool)
    for child in service.children:
        yield from _of_service(child, f"{path}/{child.id or child.name}", pool)
