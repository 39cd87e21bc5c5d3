"""What a changed spec means for a container that runs: nothing, a change where it runs, or a new container in its place. Pure.

    equal ──▶ Same            only what it may use, or who restarts it ──▶ InPlace            anything else ──▶ Replace

The plan shows what this says, and members do it. An engine can only set a limit anew: one that is to be taken away needs a new container, and so does what
an engine refuses, which is found out when it is asked. Policies, feeds, effectors, dependencies and all else that is no container's are adopted without one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from clocker_actors.model.specs import ContainerSpec, Duplicate, Resources, ServiceSpec
from clocker_actors.model.updating import StartedAs
from clocker_actors.planning.differences import differing

IN_PLACE = frozenset({"resources", "restart"})
"""Fields of a container's spec that an engine can change where the container runs."""


@dataclass(frozen=True, slots=True)
class Same:
    """What runs is as the spec says."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """It can be changed where it runs: `fields` in words, as `memory: 64m -> 128m`."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replace:
    """It takes a new container: `fields` in words, those that could be changed in place among them."""

    fields: tuple[str, ...]


Step = Same | InPlace | Replace


def started_as(service: ServiceSpec) -> StartedAs | None:
    """How a container of this service is started; None if the service has none."""
    return None if service.container is None else StartedAs(service.container, service.duplicate is Duplicate.NEVER)


def how(old: StartedAs, new: StartedAs) -> Step:
    """How what was started like the one comes to run like the other."""
    if old == new:
        return Same()
    words = differing(old.container, new.container)
    if old.fenced != new.fenced:
        words = (*words, f"duplicate: {_duplicate(old)} -> {_duplicate(new)}")
    only = {field.name for field in fields(ContainerSpec) if getattr(old.container, field.name) != getattr(new.container, field.name)}
    can = old.fenced == new.fenced and only <= IN_PLACE and not _taken_away(old.container.resources, new.container.resources)
    return InPlace(words) if can else Replace(words)


def how_service(old: ServiceSpec, new: ServiceSpec) -> Step:
    """The same for two specs of a service that is no cluster. One that gets or loses its container is another service."""
    before, after = started_as(old), started_as(new)
    if before is None and after is None:
        return Same()
    if before is None or after is None:
        return Replace((f"container: {'nothing' if before is None else 'one'} -> {'nothing' if after is None else 'one'}",))
    return how(before, after)


def named(words: Iterable[str], most: int = 3) -> str:
    """The changes for one line: the first of them, and how many more there are."""
    given = tuple(words)
    more = len(given) - most
    return "; ".join(given[:most]) + (f"; and {more} more" if more > 0 else "")


def _taken_away(old: Resources, new: Resources) -> bool:
    return any(getattr(old, field.name) is not None and getattr(new, field.name) is None for field in fields(Resources))


def _duplicate(started: StartedAs) -> str:
    return str(Duplicate.NEVER if started.fenced else Duplicate.OK)
