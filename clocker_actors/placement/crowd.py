"""The counts that affinity rules ask for, over all hosts of an index: which facets are watched, and the tallies of zones, labels and the whole pool.

A facet or domain is counted from everybody once, when a rule first asks for it, and kept up from then on. Past a bound all are forgotten, and those still in use
come again at the next placement.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import Resident
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.residents import Facet, Tally

Everybody: TypeAlias = Callable[[], Iterable[tuple[HostRow, Resident]]]

MOST_FACETS = 200
"""Watched facets; each costs some time at every change of a host."""


class Crowd:
    """Who is where, in numbers. `version` rises when the rules or domains of hosts have changed, so that what was bound to them is bound again."""

    def __init__(self, rows: Mapping[Uid, HostRow]) -> None:
        self._rows = rows
        self._seeds: dict[Uid, tuple[Resident, ...]] = {}
        self._domains: dict[str, dict[str, Tally]] = {}
        self._host_rules: frozenset[tuple[AffinityRule, ...]] | None = None
        self.facets: dict[Facet, None] = {}
        self.everywhere = Tally()
        self.version = 0

    def seed(self, row: HostRow, residents: tuple[Resident, ...]) -> None:
        """Residents that a view brought, who have no reservation."""
        self._seeds[row.uid] = residents
        row.tally.total = len(residents)

    def seeded(self) -> Iterator[tuple[HostRow, Resident]]:
        """Those, with their hosts."""
        for host, residents in self._seeds.items():
            yield from ((self._rows[host], who) for who in residents)

    def host_changed(self, gone: Uid | None = None) -> None:
        """A host came, went, or has another zone, labels or rules."""
        self.version += 1
        self._domains.clear()
        self._host_rules = None
        if gone is not None and self._seeds.pop(gone, ()):
            self.facets.clear()  # its residents were counted everywhere

    @property
    def host_rules(self) -> frozenset[tuple[AffinityRule, ...]]:
        """The different rules that hosts have of their own."""
        if self._host_rules is None:
            self._host_rules = frozenset(row.affinity for row in self._rows.values() if row.affinity)
        return self._host_rules

    def watch(self, facets: Iterable[Facet], domains: Iterable[str], everybody: Everybody) -> None:
        """Have these facets counted on every host, everywhere and in these domains."""
        wanted = tuple(facets)
        missing = [facet for facet in wanted if facet not in self.facets]
        if missing:
            self.version += 1  # what others have bound counts on domains and facets that are about to be forgotten
            if len(self.facets) + len(missing) > MOST_FACETS:
                self.facets.clear()
                missing = list(wanted)
            if not self.facets:
                self._forget()
            self._domains.clear()
            for facet in dict.fromkeys(missing):
                self._count_all(facet, everybody)
        for domain in domains:
            if domain and domain not in self._domains:
                self._add_up(domain)

    def _forget(self) -> None:
        self.everywhere = Tally()
        for row in self._rows.values():
            row.tally.counts.clear()

    def _count_all(self, facet: Facet, everybody: Everybody) -> None:
        self.facets[facet] = None
        for row, who in everybody():
            row.tally.count(who, facet)
            self.everywhere.count(who, facet)

    def _add_up(self, domain: str) -> None:
        tallies = self._domains[domain] = {}
        for row in self._rows.values():
            tally = tallies.setdefault(row.domain(domain), Tally())
            tally.total += row.tally.total
            for facet, counts in row.tally.counts.items():
                known = tally.counts.setdefault(facet, {})
                for value, count in counts.items():
                    known[value] = known.get(value, 0) + count

    def count(self, row: HostRow, who: Resident, by: int, facets: Iterable[Facet] | None = None) -> None:
        """One more or one less on this host; its own total is the host's affair."""
        watched = self.facets if facets is None else facets
        row.tally.add(who, watched, by)
        self.everywhere.add(who, watched, by)
        for domain, tallies in self._domains.items():
            tally = tallies[row.domain(domain)]
            tally.total += by
            tally.add(who, watched, by)

    def tally(self, domain: str, value: str) -> Tally:
        """The counts of one zone, or of one value of a label."""
        return self._domains[domain][value]
