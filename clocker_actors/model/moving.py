"""What is said when members move and hosts are emptied.

host ──WhoIsOn──▶ pool ──Residing──▶ host ──Invoke("move")──▶ member ──Place──▶ pool
member that has to stop first ──MayLeave──▶ its cluster ──LeaveAnswered──▶ member
"""

from dataclasses import dataclass

from clocker_actors.model.identity import Uid


@dataclass(frozen=True, slots=True)
class WhoIsOn:
    """A host asks its pool who has room on it; answered by `Residing`."""

    host: Uid


@dataclass(frozen=True, slots=True)
class Residing:
    """All members that have room on a host, in the order in which they took it; `paths` are theirs."""

    host: Uid
    members: tuple[Uid, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MayLeave:
    """A member that has to be down for a while asks its cluster whether enough others are up; answered by `LeaveAnswered`. `served`: what runs of it has
    served, and was not heard of for long enough since the manager began to say that it does no more."""

    member: Uid
    ask: str
    served: bool = False


@dataclass(frozen=True, slots=True)
class LeaveAnswered:
    """It may, or (with words) it may not yet."""

    ask: str
    refused: str = ""
