"""What is said when a running application is to become what a changed blueprint says.

root ──Invoke("update")──▶ application ──Adopt──▶ cluster, member ──Adopt──▶ members, children      each writes its new spec, then says so:
application ◀──ChildChanged(adopted, behind, update_failed)── cluster, member                       told again until `adopted` is what was sent
member ──ChangeContainer──▶ host ──▶ container ──ContainerChanged──▶ member                         what can change where it runs

Level-triggered: a parent compares what a child says it has adopted with what it is to be, so a message lost in a crash is only told again. A spec that was adopted
is intent; what runs follows it one member at a time, and `behind` says in words what does not run as its spec says yet.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from clocker_actors.errors import Failure
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.messages import HeldPlace
from clocker_actors.model.specs import ContainerSpec, HostSpec, Resources, ServiceSpec

_NOTHING_LATE = b',"late":[]}'
"""How a policy ends of which nothing is late; before there was that, it ended without it."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """A parent gives a child the spec that it is to be from now on. A newer one takes the place of an older one; one that it has is fine."""

    spec: ServiceSpec
    cause: Cause
    activity: str = ""  # the update that it is part of, "" after a crash


@dataclass(frozen=True, slots=True)
class StartedAs:
    """What of a service's spec a container was started with: all of it is the container's, but for whether it lives by a lease (`fenced`)."""

    container: ContainerSpec
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class ChangeContainer:
    """A member has the container of a generation changed where it runs: what it may use, and whether its engine restarts it. Answered by
    `ContainerChanged`."""

    member: Uid
    generation: int
    resources: Resources
    restart: str
    cause: Cause
    ask: str = ""


@dataclass(frozen=True, slots=True)
class ContainerChanged:
    """It is so, read back from the engine; or a failure says why not. `ask` is that of the question."""

    member: Uid
    generation: int
    ask: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Resized:
    """A member asks its pool for this room for one of its generations, where it is; answered by `ResizeAnswered`. Without `ask` it tells that it is so."""

    place: HeldPlace
    ask: str = ""


@dataclass(frozen=True, slots=True)
class ResizeAnswered:
    """It has the room, or (with words) there is not so much."""

    ask: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class DescribeHost:
    """A pool says how one of its hosts is described now; its engine is the same. Told again after a restart; the same words change nothing."""

    spec: HostSpec


def digest(spec: ServiceSpec) -> str:
    """What a child says it has adopted: short, the same for equal specs, in every process and release."""
    text = msgspec.json.encode(spec, order="deterministic")
    return hashlib.sha256(text.replace(_NOTHING_LATE, b"}")).hexdigest()[:16]
