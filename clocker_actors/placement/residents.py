"""Who is where, counted by what affinity rules ask about.

A `Facet` is one way to know a resident: by its type, its application, a part of its name. Only facets that some rule has asked for are counted, from then on
without looking at anybody twice; a pool without rules pays nothing. Hosts, zones, values of labels and the whole pool each have a `Tally`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from clocker_actors.model.affinity import Verb
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import PlacementRequest, Resident

Predicate: TypeAlias = Callable[[Resident], bool]
"""Whether a rule `PREDICATE name` speaks of this resident."""

YES, FAULT = "yes", "fault"


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, since it is looked up at every change: `facet` makes each once
class Facet:
    """By what residents are counted; `of` is the part of a name looked for, or the predicate's name."""

    verb: Verb
    of: str = ""
    test: Predicate | None = None

    def values(self, who: Resident) -> tuple[str, ...]:
        """Under which values this resident counts."""
        match self.verb:
            case Verb.TYPE:
                return type_names(who.type)
            case Verb.APPLICATION:
                return _once(who.application.lower(), who.path.partition("/")[0].lower())
            case Verb.CLUSTER:
                return _once(who.cluster.lower(), who.path.rpartition("/")[0].lower()) if who.cluster else ()
            case Verb.ID:
                return _ids(who.member, who.path)
            case Verb.NAME:
                return (YES,) if self.of in who.path.partition("/")[2].lower() else ()
            case Verb.PREDICATE:
                return self._judged(who)
            case _:
                return (YES,)

    def _judged(self, who: Resident) -> tuple[str, ...]:
        try:
            found = self.test(who) if self.test is not None else None
        except Exception:  # noqa: BLE001 a stranger's code: whatever it raises is its own fault, counted as such
            found = None
        return (FAULT,) if not isinstance(found, bool) else (YES,) if found else ()


@lru_cache(maxsize=4096)
def facet(verb: Verb, of: str = "", test: Predicate | None = None) -> Facet:
    """The one facet of this kind."""
    return Facet(verb, of, test)


@lru_cache(maxsize=4096)
def type_names(image: str) -> tuple[str, ...]:
    """The names a type has, lower case, the simple one last: with tag and registry, without tag, and the last part alone."""
    whole = image.lower()
    bare = whole.partition("@")[0]
    head, slash, tail = bare.rpartition("/")
    full = head + slash + tail.partition(":")[0]
    simple = tail.partition(":")[0]
    return tuple(dict.fromkeys((whole, bare, full, simple)))


def _ids(member: Uid, path: str) -> tuple[str, ...]:
    parts = path.lower().split("/")
    return _once(member.lower(), *("/".join(parts[:length]) for length in range(1, len(parts) + 1)))


def _once(*values: str) -> tuple[str, ...]:
    """Each value once: in a plan the uid of what is not there yet is its path, and nobody counts twice."""
    return tuple(dict.fromkeys(values))


def resident_of(request: PlacementRequest) -> Resident:
    """The one being placed, as rules see it once it is there."""
    return Resident(request.member, request.generation, request.name, request.application, request.cluster, request.type)


class Tally:
    """How many residents there are, in all and by facet and value. `changes` grows with each that comes or goes."""

    __slots__ = ("changes", "counts", "total")

    def __init__(self) -> None:
        self.total = 0
        self.changes = 0
        self.counts: dict[Facet, dict[str, int]] = {}

    def add(self, facet: Facet, values: Iterable[str], by: int = 1) -> None:
        """One more or one less under these values of a facet; the total stays."""
        self.changes += 1
        counts = self.counts.get(facet)
        if counts is None:
            counts = self.counts[facet] = {}
        for value in values:
            left = counts.get(value, 0) + by
            if left:
                counts[value] = left
            else:
                counts.pop(value, None)

    def of(self, facet: Facet, value: str) -> int:
        """How many count under this value."""
        counts = self.counts.get(facet)
        return counts.get(value, 0) if counts else 0
