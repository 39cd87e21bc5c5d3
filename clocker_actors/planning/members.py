"""Cluster arithmetic: how many members come and which go, for a wanted size.

Members in quarantine are neither counted nor removed: they are evidence. Among the others those that failed go first, then those not up, then the newest or the
oldest. Members are always given oldest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import RemovalStrategy


@dataclass(frozen=True, slots=True)
class MemberView:
    """What the arithmetic needs of a member; `name` is its segment of the path, for people."""

    uid: Uid
    up: bool = True
    failed: bool = False
    quarantined: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Resizing:
    """What leads from one size to another: how many members to make, and which to remove, first to go first, each with the reason."""

    before: int
    after: int
    add: int = 0
    remove: tuple[Uid, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounded:
    """A size within bounds; `clamped` says which bound changed it, if one did."""

    size: int
    clamped: tuple[str, ...] = ()


def bounded(wanted: int, least: int, most: int) -> Bounded:
    """The wanted size, brought within bounds. A lower bound above the upper one gives way."""
    if wanted > most:
        return Bounded(most, (f"{wanted} is above the maximum of {most}",))
    if wanted < least:
        return Bounded(min(least, most), (f"{wanted} is below the minimum of {least}",))
    return Bounded(wanted)


def resizing(members: Sequence[MemberView], wanted: int, removal: RemovalStrategy = RemovalStrategy.NEWEST) -> Resizing:
    """What to do so that `wanted` (not negative) members count."""
    counted = sum(not member.quarantined for member in members)
    if wanted >= counted:
        return Resizing(counted, wanted, wanted - counted)
    gone = removal_order(members, removal)[: counted - wanted]
    return Resizing(counted, wanted, 0, tuple(member.uid for member in gone), tuple(_why(member, removal) for member in gone))


def to_remove(members: Sequence[MemberView], count: int, removal: RemovalStrategy = RemovalStrategy.NEWEST) -> tuple[Uid, ...]:
    """The `count` members that go first, at most all that are not in quarantine."""
    return tuple(member.uid for member in removal_order(members, removal)[: max(0, count)])


def removal_order(members: Sequence[MemberView], removal: RemovalStrategy) -> list[MemberView]:
    """All that may go, first to go first."""
    free = [member for member in members if not member.quarantined]
    if removal is RemovalStrategy.NEWEST:
        free.reverse()
    return sorted(free, key=_health)


def _health(member: MemberView) -> int:
    if member.failed:
        return 0
    return 2 if member.up else 1


def _why(member: MemberView, removal: RemovalStrategy) -> str:
    if member.failed:
        return "it has failed, and failed members go first"
    if not member.up:
        return "it is not up, and members that are not up go before those that are"
    return f"it is the {removal.value} of those that are up"
