"""Whether a host answers, as it tells its pool, and the pool's leave to take what ran on it as lost.

host ──HostAnswering──▶ pool ──GiveUpHost──▶ host                                              few are silent
                             ──HoldHost──▶ host ──HostUnheard──▶ members that run there        too many are, at once
"""

from dataclasses import dataclass
from enum import StrEnum

from clocker_actors.model.identity import Uid


class Answering(StrEnum):
    """How a host answers. AT_HOME: its engine does not, but the machine lives. SILENT: it is not waited for any more. LOST: and was given up."""

    ANSWERS = "answers"
    SUSPECT = "suspect"
    AT_HOME = "at home"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class HostAnswering:
    """That has changed; `since` is when it was first asked in vain."""

    host: Uid
    name: str
    how: Answering
    since: float
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUpHost:
    """The members of this host may go elsewhere."""


@dataclass(frozen=True, slots=True)
class HoldHost:
    """They may not, for now: nobody knows how they are."""

    reason: str


@dataclass(frozen=True, slots=True)
class HostUnheard:
    """Whether this member runs is not known, because of `reason`; "" = it is known again."""

    host: Uid
    reason: str
