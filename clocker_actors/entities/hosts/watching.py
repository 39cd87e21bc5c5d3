"""Whose statistics are read how often on one host, and to whom a sample belongs."""

from typing import Protocol

from clocker_actors.model.identity import Uid
from clocker_actors.ports.engine import StatsWatch


class Residents(Protocol):
    """What is needed of those who live there."""

    def member_of(self, uid: Uid) -> Uid | None: ...
    def of_member(self, member: Uid) -> set[Uid]: ...
    def concerns(self, member: Uid) -> bool: ...


class Watching:
    """Follows running containers: closely those of members on whose numbers somebody acts, others at the usual period (seconds)."""

    __slots__ = ("_containers", "_periods", "_residents", "_usual", "_watch")

    def __init__(self, watch: StatsWatch, residents: Residents, usual: float) -> None:
        self._watch = watch
        self._residents = residents
        self._usual = usual
        self._containers: dict[str, Uid] = {}  # engine's id → the actor
        self._periods: dict[Uid, float] = {}  # members that are watched more closely

    @property
    def count(self) -> int:
        """How many are followed."""
        return len(self._containers)

    def runs(self, container: Uid, engine_id: str) -> None:
        """A container runs: follow it."""
        self._containers[engine_id] = container
        member = self._residents.member_of(container)
        self._watch.follow(engine_id, self._periods.get(member, self._usual) if member else self._usual)

    def runs_not(self, engine_id: str) -> None:
        """It does not run any more."""
        if self._containers.pop(engine_id, None) is not None:
            self._watch.forget(engine_id)

    def closely(self, member: Uid, period: float | None) -> None:
        """Read a member's containers each `period` seconds, those that come later too; None: as usual."""
        if not self._residents.concerns(member):
            return  # it says so again when it has something here
        if period is None:
            self._periods.pop(member, None)
        else:
            self._periods[member] = period
        mine = self._residents.of_member(member)
        for engine_id, uid in self._containers.items():
            if uid in mine:
                self._watch.follow(engine_id, self._usual if period is None else period)

    def ended(self, container: Uid, member: Uid | None) -> None:
        """A container is gone; its member perhaps, too."""
        for engine_id in [known for known, uid in self._containers.items() if uid == container]:
            self.runs_not(engine_id)
        if member is not None and not self._residents.concerns(member):
            self._periods.pop(member, None)

    def whose(self, engine_id: str) -> Uid | None:
        """The container that a sample is of."""
        return self._containers.get(engine_id)
