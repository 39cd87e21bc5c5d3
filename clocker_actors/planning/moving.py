"""In which order a member moves: the new generation first, or the old one out of the way first; and why. Pure.

Start-first is the rule, since nobody notices it. What must not be there twice at a time is stopped first: said by the blueprint (`duplicate: never`), or
following from what both generations would have to share.
"""

from dataclasses import dataclass

from clocker_actors.model.specs import ContainerSpec, Duplicate, ServiceSpec, VolumeKind
from clocker_actors.model.values import counted


@dataclass(frozen=True, slots=True)
class Manner:
    """The order of a move, and the reason in words."""

    start_first: bool
    why: str

    @property
    def name(self) -> str:
        """How people call it."""
        return "start-first" if self.start_first else "stop-first"


@dataclass(frozen=True, slots=True)
class Company:
    """The other members of a cluster: how many of them are up, and how many have to be while one is away."""

    cluster: str
    up: int
    needed: int

    @property
    def refused(self) -> str:
        """Why none may go now; "" if one may."""
        if self.up >= self.needed:
            return ""
        have = "has" if self.needed == 1 else "have"
        return f"{counted(self.up, 'other member')} of {self.cluster} would be up, and {self.needed} {have} to be"


def company(cluster: str, up: int, quorum: int, wanted: int) -> Company:
    """What a cluster of so many wanted members needs while one is away; a negative quorum asks for one, unless only one is wanted."""
    return Company(cluster, up, min(quorum, wanted) if quorum >= 0 else min(1, wanted - 1))


def manner(service: ServiceSpec, container: ContainerSpec, *, same_host: bool) -> Manner:
    """How a member of this service moves, `same_host` if it is to begin anew where it is."""
    if service.duplicate is Duplicate.NEVER:
        return Manner(False, "`duplicate: never`, so no two containers of it may run at a time")
    volumes = sorted({volume.source for volume in container.volumes if volume.kind is VolumeKind.VOLUME})
    if volumes:
        return Manner(False, f"it keeps data in volume {', '.join(volumes)}, which only one container of it may write to")
    fixed = sorted(port.fixed for port in container.ports if port.fixed is not None)
    if same_host and fixed:
        return Manner(False, f"its port {fixed[0]} is fixed, and taken on that host by what it runs now")
    return Manner(True, "nothing of it forbids that two run for a moment")
