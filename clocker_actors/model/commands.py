"""Commands that run inside a service's container, and what came of them.

feed ──RunCommand──▶ member ──CommandRan──▶ feed          feed ──RunTask──▶ service ──CommandRan──▶ feed
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Asked of a member: run these words inside the container of its current generation, for at most `limit` seconds. Answered by `CommandRan`; refused
    with NotFound while there is none, and with what the engine says."""

    command: tuple[str, ...]
    limit: float


@dataclass(frozen=True, slots=True)
class RunTask:
    """Asked of a service: run a container of this image until it ends, for at most `limit` seconds, and remove it. Answered by `CommandRan`."""

    image: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    limit: float = 60.0


@dataclass(frozen=True, slots=True)
class CommandRan:
    """It has ended: exit code (or HTTP status), the first of its output, how long it took, and whether that is as it should be."""

    code: int
    output: str
    seconds: float
    well: bool = True
