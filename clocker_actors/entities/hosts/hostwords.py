"""What a host and its containers say to each other; nobody else hears it."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from clocker_actors.errors import Failure
from clocker_actors.model.containers import EngineEvent, ImageInfo, Observed, Stats
from clocker_actors.model.generations import Lane
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.specs import ImageSpec


@dataclass(frozen=True, slots=True)
class WantImage:
    """The container needs this image on the engine; `fresh` says that what the host remembers of it was wrong."""

    container: Uid
    image: ImageSpec
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class ImageReady:
    """The image is there."""

    info: ImageInfo


@dataclass(frozen=True, slots=True)
class ImageFailed:
    """The image cannot be had."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class WantStart:
    """The container waits for its turn to start."""

    container: Uid
    lane: Lane


@dataclass(frozen=True, slots=True)
class MayStart:
    """It is the container's turn."""


@dataclass(frozen=True, slots=True)
class StartEnded:
    """The container's start is over; `took` seconds, None if that says nothing about the engine."""

    container: Uid
    took: float | None


@dataclass(frozen=True, slots=True)
class Runs:
    """The container runs under this engine id: follow its statistics."""

    container: Uid
    engine_id: str


@dataclass(frozen=True, slots=True)
class RunsNot:
    """The container does not run any more: leave its statistics alone."""

    container: Uid
    engine_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The container is removed from the engine, and its actor has nothing more to do."""

    container: Uid


@dataclass(frozen=True, slots=True)
class EngineSaid:
    """An event of the engine about this container: a hint to look."""

    event: EngineEvent


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the engine, asked for at that time, shows of this container; None if it is not there."""

    observed: Observed | None
    asked_at: float


@dataclass(frozen=True, slots=True)
class HostLost:
    """The host does not answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """Stop and remove the container; `grace` seconds between TERM and KILL. The command `first` is run inside before, for `first_limit` seconds at most."""

    cause: Cause
    grace: float
    first: tuple[str, ...] = ()
    first_limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the member again how it is."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Sampled:
    """One sample of the container's use; a newer one supersedes one that waits."""

    SUPERSEDES: ClassVar[bool] = True
    stats: Stats

    def supersede_key(self) -> Hashable:
        """Samples of one container supersede each other: the host, through whose inbox they pass, has many."""
        return self.stats.id
