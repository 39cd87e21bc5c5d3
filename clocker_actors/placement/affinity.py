"""Affinity rules bound to one request: filters, preferences and gates that the pipeline asks like any other rule.

A rule that names nobody (`NOT TYPE`) speaks of those like the one being placed, so it is bound first. Rules of the service, of the host and of the pool all have
to hold. As in the ancestor a rule looks at those who are there already; beyond it, a rule of a pool or host that names somebody (`TYPE redis` on a host) also
keeps out a newcomer who is none of those, since it says who may be there. A member's own older generations are not counted: they are on their way out.
"""

# ruff: noqa: ARG002  (each rule has the whole contract's parameters, needed or not)

from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.model.affinity import AffinityRule, Sense, Verb, domain_words
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import PlacementRequest, Resident
from clocker_actors.placement.hosts import HostRow, Need
from clocker_actors.placement.residents import FAULT, YES, Facet, Predicate, Tally, facet, resident_of, type_names
from clocker_actors.placement.strategies import Key

SERVICE, POOL, HOST = "affinity", "affinity of the pool", "affinity of the host"
SOFT = frozenset({Sense.PREFER, Sense.AVOID, Sense.SPREAD})
_WORDS = {
    Sense.ONLY: "lets only those be there",
    Sense.NONE: "wants none there",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One hard rule, bound. `own` is 1 if the newcomer is one of those it speaks of; `barred` if it may not be there at all; `rule` its name in decisions."""

    rule: str
    text: str
    sense: Sense
    facet: Facet
    value: str
    number: int
    own: int
    barred: bool
    domain: str
    who: str

    def admits(self, tally: Tally) -> bool:
        """Whether the rule holds there with the newcomer added."""
        if self.barred:
            return False
        count = tally.of(self.facet, self.value)
        match self.sense:
            case Sense.ONLY:
                return count >= tally.total
            case Sense.NONE:
                return count == 0 and not self._faults(tally)
            case Sense.AT_LEAST:
                return count >= self.number
            case Sense.AT_MOST:
                return count + self.own <= self.number and not self._faults(tally)
            case _:
                return tally.total > 0

    def _faults(self, tally: Tally) -> int:
        return tally.of(self.facet, FAULT) if self.facet.verb is Verb.PREDICATE else 0

    def words(self, tally: Tally, place: str) -> str:
        """Why it does not hold there, with numbers."""
        if self.barred:
            return f"{self.rule.partition(':')[0]} keeps it out: {self.text}, and this is {self.who}"
        if self._faults(tally):
            return (
                f"predicate {self.facet.of} has failed on {self._faults(tally)} of {tally.total} on {place}; {self.text} cannot be judged"
            )
        count = tally.of(self.facet, self.value)
        match self.sense:
            case Sense.NOT_EMPTY:
                return f"{place} is empty; {self.text}"
            case Sense.AT_LEAST:
                return f"{place} has {count} of those; {self.text} wants at least {self.number}"
            case Sense.AT_MOST:
                return f"{place} has {count} of those; {self.text} allows {self.number}" + ("" if self.own else " where it goes")
            case Sense.ONLY:
                return f"{place} has {tally.total - count} of {tally.total} that are none of those; {self.text} {_WORDS[self.sense]}"
            case _:
                return f"{place} has {count} of those; {self.text} {_WORDS[Sense.NONE]}"

    def misses(self, tally: Tally) -> float:
        """How many containers are too many or missing there."""
        count = tally.of(self.facet, self.value)
        match self.sense:
            case Sense.ONLY:
                return tally.total - count
            case Sense.AT_LEAST:
                return self.number - count
            case Sense.AT_MOST:
                return count + self.own - self.number
            case _:
                return count

    def help(self, tally: Tally, place: str) -> str:
        """What would make it hold there."""
        if self.barred:
            return f"another location for this service, or {self.rule} without {self.text}"
        if self.sense in (Sense.AT_LEAST, Sense.NOT_EMPTY):
            missing = int(self.misses(tally)) if self.sense is Sense.AT_LEAST else 1
            return f"{missing} more on {place} of those that {self.text} speaks of"
        return f"{max(1, int(self.misses(tally)))} less on {place} of those that {self.text} keeps away, or one more host"

    # --- as a filter of hosts

    def accepts(self, host: HostRow, need: Need) -> bool:
        return self.admits(host.tally)

    def refusal(self, host: HostRow, need: Need) -> str:
        return self.words(host.tally, host.name)

    def shortfall(self, host: HostRow, need: Need) -> float:
        return self.misses(host.tally)

    def remedy(self, host: HostRow, need: Need) -> str:
        return self.help(host.tally, host.name)


@dataclass(frozen=True, slots=True, eq=False)
class HostRules:
    """The rules that hosts have of their own; `bound` has them by what is written at the host."""

    bound: Mapping[tuple[AffinityRule, ...], tuple[Bound, ...]]
    rule: str = HOST

    def accepts(self, host: HostRow, need: Need) -> bool:
        return not host.affinity or all(each.admits(host.tally) for each in self.bound[host.affinity])

    def _first(self, host: HostRow) -> Bound:
        return next(each for each in self.bound[host.affinity] if not each.admits(host.tally))

    def refusal(self, host: HostRow, need: Need) -> str:
        return self._first(host).words(host.tally, host.name)

    def shortfall(self, host: HostRow, need: Need) -> float:
        return self._first(host).misses(host.tally)

    def remedy(self, host: HostRow, need: Need) -> str:
        return self._first(host).help(host.tally, host.name)


@dataclass(frozen=True, slots=True)
class Pull:
    """A soft rule, bound: by how much its domain draws the newcomer, less being better."""

    text: str
    facet: Facet
    value: str
    weight: int  # taken when one of them is there; 0 for spread, which counts all of them
    domain: str

    def cost(self, tally: Tally) -> float:
        """Its part of the sort key."""
        counts = tally.counts.get(self.facet)
        count = counts.get(self.value, 0) if counts else 0
        return count if not self.weight else -self.weight if count else 0

    def words(self, tally: Tally, place: str) -> str:
        """The cost in words."""
        count = tally.of(self.facet, self.value)
        return f"{count} on {place} ({self.text})" if not self.weight else f"{-self.cost(tally):+g} for {self.text}"


@dataclass(frozen=True, slots=True)
class Pulls:
    """All soft rules of a request, as the ranking that comes before all others: preferences summed up, then each spread.

    Domains wider than a host add their part in `dynamic`; the part of the key that is the host's own has a zero there."""

    preferences: tuple[Pull, ...]
    spreads: tuple[Pull, ...]
    name: str = SERVICE

    def key(self, host: HostRow, cluster: Uid) -> Key:
        tally = host.tally
        score = sum([pull.cost(tally) for pull in self.preferences if not pull.domain])
        return (score, *[0 if pull.domain else pull.cost(tally) for pull in self.spreads])

    def dynamic(self, tallies: Mapping[str, Tally]) -> Key:
        """What the domains that a host is in add to its key; `tallies` by domain."""
        score = sum([pull.cost(tallies[pull.domain]) for pull in self.preferences if pull.domain])
        return (score, *[pull.cost(tallies[pull.domain]) if pull.domain else 0 for pull in self.spreads])

    def words(self, host: HostRow, cluster: Uid) -> str:
        return self.words_in(host, {})

    @property
    def local(self) -> bool:
        """Whether some of it looks at hosts alone; else all hosts of the same domains have the same words."""
        return any(not pull.domain for pull in (*self.preferences, *self.spreads))

    def words_in(self, host: HostRow, tallies: Mapping[str, Tally]) -> str:
        """The whole key in words, what weighs most first."""
        each = [(pull, tallies.get(pull.domain, host.tally)) for pull in (*self.preferences, *self.spreads)]
        said = [pull.words(tally, place_words(host, pull.domain)) for pull, tally in each if not pull.weight or pull.cost(tally)]
        return "; ".join(said) or "nothing it prefers is there"


def place_words(host: HostRow, domain: str) -> str:
    """The host's domain as people call it."""
    if not domain:
        return host.name
    value = host.domain(domain)
    return f"{domain_words(domain)} {value}" if value else f"hosts without {domain_words(domain)}"


@dataclass(frozen=True, slots=True)
class Binding:
    """All rules of one request, bound: what hosts are asked, what wider domains are asked, what hosts of their own ask, and what draws it."""

    filters: tuple[Bound, ...]
    gates: tuple[Bound, ...]
    pulls: Pulls | None
    hosts: tuple[tuple[tuple[AffinityRule, ...], tuple[Bound, ...]], ...]
    texts: tuple[str, ...]


class Binder:
    """Binds rules to one request. `everywhere` counts all residents of the pool, among them the member's `older` generations; a rule that asks for others like
    the newcomer is waived for the first of them."""

    def __init__(
        self, request: PlacementRequest, everywhere: Tally, predicates: Mapping[str, Predicate], older: tuple[Resident, ...] = ()
    ) -> None:
        self._request = request
        self._who = resident_of(request)
        self._everywhere = everywhere
        self._older = older
        self._predicates = predicates

    def hard(self, rule: AffinityRule, origin: str) -> Bound:
        """A filter or gate of a hard rule."""
        by, value = self.subject(rule)
        own = value in by.values(self._who)
        number = rule.number
        if rule.sense is Sense.AT_LEAST and own:
            unseen = 0 if by.verb is Verb.ID else sum(value in by.values(each) for each in self._older)
            number = min(number, self._everywhere.of(by, value) - unseen)
        named = origin != SERVICE and bool(rule.parameter)
        barred = named and ((rule.sense is Sense.ONLY and not own) or (rule.sense is Sense.NONE and own))
        kind = f"of type {type_names(self._request.type)[-1]} " if self._request.type else ""
        who = f"{kind}in {self._request.name.partition('/')[0]}"
        return Bound(
            f"{origin}: {rule.text}", rule.text, rule.sense, by, value, number, int(own), barred, rule.domain, who if barred else ""
        )

    def soft(self, rule: AffinityRule) -> Pull:
        """What a soft rule adds to the ranking."""
        by, value = self.subject(rule)
        weight = 0 if rule.sense is Sense.SPREAD else rule.number if rule.sense is Sense.PREFER else -rule.number
        return Pull(rule.text, by, value, weight, rule.domain)

    def subject(self, rule: AffinityRule) -> tuple[Facet, str]:
        """Whom the rule speaks of: under which facet and value they are counted."""
        request, verb, parameter = self._request, rule.verb, rule.parameter.lower()
        if verb is Verb.CLUSTER and not parameter and not request.cluster:
            verb = Verb.TYPE  # a service of its own has no cluster: those of its type are its like
        match verb:
            case Verb.NAME:
                return facet(verb, parameter), YES
            case Verb.PREDICATE:
                return facet(verb, rule.parameter, self._predicates.get(rule.parameter)), YES
            case Verb.ANY:
                return facet(verb), YES
            case _:
                return facet(verb), parameter or self._own(verb)

    def _own(self, verb: Verb) -> str:
        request = self._request
        match verb:
            case Verb.TYPE:
                return type_names(request.type)[-1]
            case Verb.APPLICATION:
                return request.application.lower()
            case Verb.CLUSTER:
                return request.cluster.lower()
            case _:
                return request.member.lower()
