"""What members, hosts and containers say to each other about one generation: make it, claim it, end it, and how it is.

member ──RunContainer | ClaimContainer | EndContainer──▶ host ──▶ container
member ◀──GenerationChanged, ContainerRead── container
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clocker_actors.errors import Failure
from clocker_actors.model.containers import Observed
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import ContainerSpec

TOPIC_BEGAN = "began"
"""Topic on which a host publishes `HostBegan`."""


class Lane(StrEnum):
    """Whose start goes first on a host: healing before scaling before rebalancing."""

    HEALING = "healing"
    SCALING = "scaling"
    REBALANCING = "rebalancing"


@dataclass(frozen=True, slots=True)
class ContainerIntent:
    """One generation of one member on one host, as made durable before anything is done for it."""

    member: Uid
    generation: int
    application: Uid
    name: str
    host: Uid
    address: str
    image: str
    spec: ContainerSpec
    ports: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    volume_names: Mapping[str, str] = field(default_factory=dict)
    start_timeout: float = 300.0
    keeper: str = ""  # who keeps its secrets in memory, if it has some
    fenced: bool = False  # lives by a lease, so that it has ended for sure some seconds after its host fell silent


class Phase(StrEnum):
    """How far a generation is."""

    WAITING = "waiting"  # for its turn on the engine
    IMAGE = "image"  # its image is pulled or built
    STARTING = "starting"  # the engine creates and starts it
    STARTED = "started"  # runs, not yet ready
    READY = "ready"
    UNWELL = "unwell"  # runs, but its health probe fails
    DIED = "died"
    FAILED = "failed"  # never came to run; the reason says why
    LOST = "lost"  # its host does not answer
    GONE = "gone"  # removed


@dataclass(frozen=True, slots=True)
class RunContainer:
    """Make this generation exist and run. Idempotent: what is there already is adopted."""

    intent: ContainerIntent
    lane: Lane
    cause: Cause


@dataclass(frozen=True, slots=True)
class ClaimContainer:
    """This generation should be there already (found in the store at a start): say how it is, GONE if it is not there."""

    intent: ContainerIntent
    cause: Cause


@dataclass(frozen=True, slots=True)
class EndContainer:
    """Stop and remove this generation; answered by GenerationChanged(GONE), at once if there is none. Kept until the host answers."""

    member: Uid
    generation: int
    name: str
    cause: Cause
    stop_timeout: float = 10.0
    first: tuple[str, ...] = ()
    """A command that is run inside before, for `first_limit` seconds at most."""
    first_limit: float = 0.0


@dataclass(frozen=True, slots=True)
class RemoveVolumes:
    """Remove these named volumes from a host, once nothing uses them."""

    application: Uid
    names: tuple[str, ...]
    reply_to: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class VolumesRemoved:
    """A host has removed the volumes of an application."""

    application: Uid
    host: Uid


@dataclass(frozen=True, slots=True)
class RemoveImages:
    """Remove from a host what was built there and is wanted by nobody any more. `of` is who asks: an application that goes, which says which `images` it
    is interested in, or a pool that goes with all its hosts."""

    of: Uid
    images: tuple[str, ...]
    reply_to: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class ImagesRemoved:
    """A host (or all of a pool) is done with that; `left` says what is still there and why: the host goes on trying."""

    of: Uid
    host: Uid
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GenerationChanged:
    """How a generation of a member is; told by container or host to the member."""

    member: Uid
    generation: int
    phase: Phase
    at: float
    cause: Cause
    container: Uid | None = None
    observed: Observed | None = None
    reason: str = ""
    failure: Failure | None = None
    settling: bool = False  # READY only because nothing probes it, and for too short a time to say that its start succeeded


@dataclass(frozen=True, slots=True)
class ContainerRead:
    """Readings of a generation's container, told to its member."""

    member: Uid
    generation: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class WatchClosely:
    """Somebody (`by`: a policy, a cluster, people) scales on or looks at this member: read its container each `period` seconds instead of the
    default; None when he does not any more. Of several, the shortest period counts."""

    member: Uid
    period: float | None
    by: str = ""


@dataclass(frozen=True, slots=True)
class HostBegan:
    """A host's actor began (perhaps anew, after a crash) and knows nothing yet; published under TOPIC_BEGAN. Members say again what they want of it."""

    host: Uid
