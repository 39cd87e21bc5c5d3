"""The counts that affinity rules ask for, over all hosts of an index: which facets are watched, and the tallies of zones, labels and the whole pool.

A facet or domain is counted from everybody once, when a rule first asks for it, and kept up from then on. Large pools are counted some hosts at a time
(`advance`): a change of a host that was not counted yet is left to its turn. Past a bound all facets are forgotten, and those still in use come again at the
next placement.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import Resident
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.residents import Facet, Tally

People: TypeAlias = Callable[[HostRow], Iterable[Resident]]
"""Who has room on a host."""

MOST_FACETS = 200
"""Watched facets; each costs some time at every change of a host."""


class Crowd:
    """Who is where, in numbers. `version` rises when hosts, their rules or domains have changed or facets were forgotten, so that what was bound to them is bound
    again."""

    def __init__(self, rows: Mapping[Uid, HostRow], people: People) -> None:
        self._rows = rows
        self._people = people
        self._seeds: dict[Uid, tuple[Resident, ...]] = {}
        self._domains: dict[str, dict[str, Tally]] = {}
        self._host_rules: frozenset[tuple[AffinityRule, ...]] | None = None
        self._uncounted: dict[Facet | str, dict[Uid, None]] = {}  # of facets and domains: the hosts whose turn is still to come
        self.facets: dict[Facet, None] = {}
        self.everywhere = Tally()
        self.version = 0

    def seed(self, row: HostRow, residents: tuple[Resident, ...]) -> None:
        """Residents that a view brought, who have no reservation."""
        self._seeds[row.uid] = residents
        row.tally.total = len(residents)

    def seeded(self, host: Uid) -> tuple[Resident, ...]:
        """Those."""
        return self._seeds.get(host, ())

    def host_changed(self, gone: Uid | None = None) -> None:
        """A host came, went, or has another zone, labels or rules."""
        self.version += 1
        for domain in self._domains:
            self._uncounted.pop(domain, None)
        self._domains.clear()
        self._host_rules = None
        if gone is not None:
            for left in self._uncounted.values():
                left.pop(gone, None)
            if self._seeds.pop(gone, ()):
                self._forget()  # its residents were counted everywhere

    @property
    def host_rules(self) -> frozenset[tuple[AffinityRule, ...]]:
        """The different rules that hosts have of their own."""
        if self._host_rules is None:
            self._host_rules = frozenset(row.affinity for row in self._rows.values() if row.affinity)
        return self._host_rules

    # --- counting for the first time

    def advance(self, facets: Collection[Facet], domains: Collection[str], most: int) -> int:
        """Have these facets counted on every host, everywhere and in these domains, or a part of that: about `most` hosts and containers looked at. Returns how
        many less it were; if none, some may be left."""
        self._begin(facets, domains)
        wanted: tuple[Facet | str, ...] = (*facets, *domains)
        for each in wanted if self._uncounted else ():
            left = self._uncounted.get(each)
            while left and most > 0:
                row = self._rows[left.popitem()[0]]
                most -= 1
                if isinstance(each, Facet):
                    most -= self._count_on(row, each)
                else:
                    self._add_up(row, each)
            if left:
                return 0
            self._uncounted.pop(each, None)
        return most

    def _begin(self, facets: Collection[Facet], domains: Collection[str]) -> None:
        missing = [facet for facet in facets if facet not in self.facets]
        if missing and len(self.facets) + len(missing) > MOST_FACETS:
            self._forget()
            missing = list(facets)
        for facet in missing:
            self.facets[facet] = None
            self._uncounted[facet] = dict.fromkeys(self._rows)
        for domain in domains:
            if domain and domain not in self._domains:
                self._domains[domain] = {}
                self._uncounted[domain] = dict.fromkeys(self._rows)

    def _forget(self) -> None:
        self.version += 1
        self.facets.clear()
        self._domains.clear()
        self._uncounted.clear()
        self.everywhere = Tally()
        for row in self._rows.values():
            row.tally.counts.clear()

    def _count_on(self, row: HostRow, facet: Facet) -> int:
        if not (row.reservations or row.uid in self._seeds):
            return 0
        tallies = (row.tally, self.everywhere, *self._around(row))
        looked_at = 0
        for looked_at, who in enumerate(self._people(row), 1):  # noqa: B007 - the last is how many there were
            values = facet.values(who)
            for tally in tallies:
                tally.add(facet, values)
        return looked_at

    def _add_up(self, row: HostRow, domain: str) -> None:
        tally = self._domains[domain].setdefault(row.domain(domain), Tally())
        tally.total += row.tally.total
        tally.changes += 1
        for facet, counts in row.tally.counts.items():
            known = tally.counts.setdefault(facet, {})
            for value, count in counts.items():
                known[value] = known.get(value, 0) + count

    def _around(self, row: HostRow) -> list[Tally]:
        """The tallies of the domains that this host is in and was counted in."""
        domains, uncounted = self._domains, self._uncounted
        if not uncounted:
            return [tallies[row.domain(domain)] for domain, tallies in domains.items()]
        return [tallies[row.domain(domain)] for domain, tallies in domains.items() if row.uid not in uncounted.get(domain, ())]

    # --- changes

    def count(self, row: HostRow, who: Resident, by: int, facets: Iterable[Facet] | None = None) -> None:
        """One more or one less on this host; its own total is the host's affair."""
        around = self._around(row)
        for tally in around:
            tally.total += by
            tally.changes += 1
        for facet in self.facets if facets is None else facets:
            if self._uncounted and row.uid in self._uncounted.get(facet, ()):
                continue
            values = facet.values(who)
            row.tally.add(facet, values, by)
            self.everywhere.add(facet, values, by)
            for tally in around:
                tally.add(facet, values, by)

    def tally(self, domain: str, value: str) -> Tally:
        """The counts of one zone, or of one value of a label."""
        return self._domains[domain][value]
