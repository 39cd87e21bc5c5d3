"""What the kernel itself tells an actor: the fates of its children, its questions and its works.

Facts in past tense, carrying ids and failures as values; none has a reference to an actor or a task in it.
"""

from dataclasses import dataclass

from clocker_actors.errors import Failure


@dataclass(frozen=True, slots=True)
class Started:
    """The child has run its on_start."""

    id: str


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The child could not be made or its on_start raised; it is gone, its id is free."""

    id: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Stopped:
    """The child and all below it are stopped for good; the id is free."""

    id: str


@dataclass(frozen=True, slots=True)
class ChildRestarted:
    """The child crashed and a fresh behaviour took its place."""

    id: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Escalated:
    """Told to a fresh behaviour: your predecessor was taken down because this child went over its restart budget."""

    id: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to the request of that number."""

    request: int
    value: object


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The request of that number was refused, or the one asked is dead."""

    request: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The request of that number was not answered in time; its effect may still come."""

    request: int


@dataclass(frozen=True, slots=True)
class WorkDone:
    """The work of that name returned (a stream: came to its end, and then the result is None)."""

    name: str
    result: object


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """The work of that name ended otherwise; `failure.kind` is WorkTimedOut, WorkCancelled, or the class name of its error."""

    name: str
    failure: Failure


Notice = Started | StartFailed | Stopped | ChildRestarted | Escalated | Answered | RequestFailed | TimedOut | WorkDone | WorkFailed
"""Every message the kernel makes."""
