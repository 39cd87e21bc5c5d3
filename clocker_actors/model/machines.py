"""Machines that a pool makes into hosts: how far one is, and what pool and host say to each other about it.

INTENDED ──▶ CREATING ──▶ BOOTING ──▶ INSTALLING ──▶ UP         (machines that exist begin with BOOTING)
                └────────────┴────────────┴──▶ FAILED           any ──pool: GiveBack──▶ RETURNING ──▶ gone

pool ──GiveBack, Recertify──▶ host        host ──MachineChanged, NotGivenBack, Recertified──▶ pool        pool ──RoomCame──▶ member that waits for room
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.locations import LocationSpec, MachineSpec


class MachinePhase(StrEnum):
    """How far a machine is on its way to be a host, or away."""

    INTENDED = "intended"
    CREATING = "creating"
    BOOTING = "booting"
    INSTALLING = "installing"
    UP = "up"
    FAILED = "failed"
    RETURNING = "returning"

    @property
    def coming(self) -> bool:
        """Whether it is on its way up."""
        return self in _COMING


_COMING = frozenset({MachinePhase.INTENDED, MachinePhase.CREATING, MachinePhase.BOOTING, MachinePhase.INSTALLING})


@dataclass(frozen=True, slots=True)
class Made:
    """The durable part of a host that its pool makes.

    `source` is the location it comes from, with nothing but what concerns this machine; `way` is how it is entered once that is known. `node` is the cloud's
    id of it, "" as long as none was told. `asked_at` is when its cloud was last asked for it and did not say no (epoch seconds, 0.0: never).
    """

    source: LocationSpec
    phase: MachinePhase = MachinePhase.INTENDED
    way: MachineSpec | None = None
    node: str = ""
    attempt: int = 1
    attempts: int = 1
    reason: str = ""
    asked_at: float = 0.0
    renew: bool = False
    """Whether it is given back only to be made anew, after a failed attempt."""
    destroy: bool = False
    """Whether a machine that fails to come up is given back at once; else it is kept to be looked at, and the next attempt is another host's."""
    authority: str = ""
    """Whose certificates its engine has, if it listens on the network: a name, "" for the first that this manager made."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Remove what was made on this host, and give its machine back. With `gone` its cloud does not have it any more, so nothing on it is asked about.
    `ending` says that its pool is deleted: then it is not kept for ever because its engine is silent."""

    cause: Cause
    gone: bool = False
    ending: bool = False


@dataclass(frozen=True, slots=True)
class MachineChanged:
    """How far the machine of a host is, in which attempt; `step` says it in words, `reason` what went wrong last."""

    SUPERSEDES: ClassVar[bool] = True
    host: Uid
    phase: MachinePhase
    step: str = ""
    reason: str = ""
    attempt: int = 1

    def supersede_key(self) -> Hashable:
        """The newest word on a machine is the one that counts."""
        return self.host


@dataclass(frozen=True, slots=True)
class NotGivenBack:
    """A host is kept, since something on it is not ours; it was not touched."""

    host: Uid
    reason: str


@dataclass(frozen=True, slots=True)
class Recertify:
    """Have certificates of this authority, and from then on be reached with its own; fine if it is so already."""

    authority: str


@dataclass(frozen=True, slots=True)
class Recertified:
    """A host has certificates of this authority, or why not."""

    host: Uid
    authority: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RoomCame:
    """There may be room now for a member that was refused for want of it."""
