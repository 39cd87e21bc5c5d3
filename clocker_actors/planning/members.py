"""Cluster arithmetic: which members come and which go, for a wanted size.

Members in quarantine are not counted and not touched: they are evidence. Those already leaving are not counted either, and don't come back. Numbers of new members
are the lowest that are free, so `shop/web/3` stays the third while the cluster breathes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import RemovalStrategy


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What the arithmetic needs of a member: its number in the cluster, when it was made (epoch seconds), and how it is."""

    uid: Uid
    number: int
    created: float
    up: bool = True
    failed: bool = False
    quarantined: bool = False
    leaving: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is one of the members that the size is about."""
        return not self.quarantined and not self.leaving


@dataclass(frozen=True, slots=True)
class Resizing:
    """What leads from one size to another: numbers of members to make, and members to remove, in order; `reasons` says per removed member why it goes."""

    before: int
    after: int
    add: tuple[int, ...] = ()
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


def resizing(members: Collection[MemberFacts], wanted: int, removal: RemovalStrategy = RemovalStrategy.NEWEST) -> Resizing:
    """Which members to add and remove so that `wanted` (not negative) of them count."""
    counted = [member for member in members if member.counts]
    missing = wanted - len(counted)
    if missing >= 0:
        return Resizing(len(counted), wanted, free_numbers((member.number for member in members), missing))
    gone = removal_order(counted, removal)[:-missing]
    return Resizing(len(counted), wanted, (), tuple(member.uid for member in gone), tuple(_why(member, removal) for member in gone))


def removal_order(members: Iterable[MemberFacts], removal: RemovalStrategy) -> list[MemberFacts]:
    """Who goes first when a cluster shrinks: failed ones, then those not up, then the newest or oldest; equal ones by number."""
    sign = -1 if removal is RemovalStrategy.NEWEST else 1
    return sorted(members, key=lambda one: (_health(one), sign * one.created, sign * one.number))


def free_numbers(taken: Iterable[int], count: int) -> tuple[int, ...]:
    """The lowest `count` numbers from 1 that are not taken."""
    used, number = set(taken), 1
    free: list[int] = []
    while len(free) < count:
        if number not in used:
            free.append(number)
        number += 1
    return tuple(free)


def _health(member: MemberFacts) -> int:
    if member.failed:
        return 0
    return 2 if member.up else 1


def _why(member: MemberFacts, removal: RemovalStrategy) -> str:
    if member.failed:
        return "it has failed, and failed members go first"
    if not member.up:
        return "it is not up, and members that are not up go before those that are"
    return f"it is the {removal.value} of those that are up"
