"""What is said when entities depend on others: who is meant, what is known of him, who may begin anew, and files that change in place.

entity ──Where──▶ its application ──Found──▶ entity            entity ──SayReadings──▶ any entity ──Said──▶ entity
member ──MayRenew──▶ its cluster ──RenewAnswered──▶ member ──Renewed──▶ its cluster
member ──PutFiles──▶ host ──▶ container ──FilesPut──▶ member
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.errors import Failure
from clocker_actors.model.expressions import Late
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import FileSpec


@dataclass(frozen=True, slots=True)
class Where:
    """Asks an application who is meant: each target is the id of a service in its file, `member:ID` (the first of a cluster's members) or
    `application:ID`. Answered by `Found`."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Those that are there now, by target, and where the application runs."""

    uids: Mapping[str, Uid]
    location: str = ""


@dataclass(frozen=True, slots=True)
class SayReadings:
    """Asks any entity for what is known of these sensors (`*`: of all); answered by `Said`."""

    sensors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Readings of an entity; those that it does not have are missing."""

    entity: Uid
    path: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class SayMembers:
    """Who serves for this entity: its members, the services below it, or itself. Answered by `MembersChanged`."""


def said(entity: Uid, path: str, readings: Mapping[str, Reading], asked: SayReadings) -> Said:
    """The answer of an entity."""
    names = tuple(readings) if "*" in asked.sensors else asked.sensors
    return Said(entity, path, tuple(readings[name] for name in names if name in readings))


@dataclass(frozen=True, slots=True)
class MayRenew:
    """A member that would restart because of a changed value asks its cluster whether it is its turn; told again until `RenewAnswered` comes."""

    member: Uid
    serves: bool = False
    """Whether it works as it is, as far as it knows itself: that may be news."""


@dataclass(frozen=True, slots=True)
class RenewAnswered:
    """It is, or (with words) not yet."""

    waits: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The turn of this member is over: it runs with the new value, or does not want to any more."""

    member: Uid


@dataclass(frozen=True, slots=True)
class PutFiles:
    """Have a running generation's container have these files; `late` are contents with secrets in them, opened on the way. Then run what each declares,
    once. Answered by `FilesPut`."""

    member: Uid
    generation: int
    files: tuple[FileSpec, ...]
    cause: Cause
    late: tuple[Late, ...] = field(default=())
    ask: str = ""


@dataclass(frozen=True, slots=True)
class FilesPut:
    """It has them, and has reloaded; or a failure says why not. `ask` is that of the question, by which an answer to an older one is known."""

    member: Uid
    generation: int
    ask: str = ""
    failure: Failure | None = None
