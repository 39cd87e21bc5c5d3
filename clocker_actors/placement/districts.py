"""Hosts by the zones and labels that rules speak of.

A placement changes the counts of a whole zone, and so the rank of all its hosts; their order among each other stays. So hosts are kept in groups, each ordered by
itself, and what the domains say is asked once per group when a request comes: closed or open, and how much nearer or farther than the others. The answer is kept
with the ranking until somebody comes to or leaves one of the group's domains.
"""

from collections.abc import Mapping
from operator import add

from clocker_actors.model.decisions import HostVerdict
from clocker_actors.model.identity import Uid
from clocker_actors.placement.affinity import Bound, Pulls, place_words
from clocker_actors.placement.crowd import Crowd
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.ranked import Entry, Group, Pipeline, RankedHosts
from clocker_actors.placement.residents import Tally


class District:
    """What the domains of one group say while nobody comes or goes there."""

    __slots__ = ("_pulls", "_said", "_seen", "_shift", "_watched", "closed_by", "tallies")

    def __init__(self, pipeline: Pipeline, group: Group, crowd: Crowd) -> None:
        self.tallies: Mapping[str, Tally] = {
            domain: crowd.tally(domain, value) for domain, value in zip(pipeline.domains, group, strict=True)
        }
        self._watched = tuple(self.tallies.values())
        self._seen = self._stamp()
        self._pulls: Pulls | None = pipeline.pulls
        self._shift = pipeline.pulls.dynamic(self.tallies) if pipeline.pulls is not None else ()
        self._said = ""
        self.closed_by: Bound | None = next((gate for gate in pipeline.gates if not gate.admits(self.tallies[gate.domain])), None)

    def _stamp(self) -> int:
        return sum([tally.changes for tally in self._watched])

    @property
    def fresh(self) -> bool:
        """Whether nobody came or went since."""
        return self._seen == self._stamp()

    def shifted(self, entry: Entry) -> Entry:
        """An entry of the group with what its domains add."""
        own = self._shift
        if not own:
            return entry
        key, order, uid, group = entry
        return ((*map(add, key, own), *key[len(own) :]), order, uid, group)

    def words(self, host: HostRow) -> str:
        """What draws to a host of the group; said once if it is the same for all of them."""
        assert self._pulls is not None
        if not self._said and not self._pulls.local:
            self._said = self._pulls.words_in(host, self.tallies)
        return self._said or self._pulls.words_in(host, self.tallies)


class Districts:
    """The groups of hosts in domains, as they are now: which are closed by which gate, and what the domains add to the keys of their hosts."""

    def __init__(self, ranked: RankedHosts, crowd: Crowd) -> None:
        self.entries = ranked.groups
        self.open: dict[Group, District] = {}
        self.closed: dict[Group, Bound] = {}
        self._all = ranked.districts
        if ranked.districts_made_at != crowd.version:
            self._all.clear()
            ranked.districts_made_at = crowd.version
        for group, entries in ranked.groups.items():
            if entries:
                self._look(ranked.pipeline, group, crowd)

    def _look(self, pipeline: Pipeline, group: Group, crowd: Crowd) -> None:
        district = self._all.get(group)
        if district is None or not district.fresh:
            district = self._all[group] = District(pipeline, group, crowd)
        if district.closed_by is None:
            self.open[group] = district
        else:
            self.closed[group] = district.closed_by

    def words(self, host: HostRow, group: Group) -> str:
        """What draws to this host."""
        return self._all[group].words(host)

    def counts(self) -> dict[str, int]:
        """How many hosts each gate refuses."""
        found: dict[str, int] = {}
        for group, gate in self.closed.items():
            found[gate.rule] = found.get(gate.rule, 0) + len(self.entries[group])
        return found

    def nearest(self, rule: str) -> tuple[Uid, Bound, Tally]:
        """A host, its gate and the domain's counts where this rule refuses by the least."""
        each = ((gate.misses(self._tally(group, gate)), group, gate) for group, gate in self.closed.items() if gate.rule == rule)
        _, group, gate = min(each, key=lambda one: one[:2])
        return self.entries[group][0][2], gate, self._tally(group, gate)

    def _tally(self, group: Group, gate: Bound) -> Tally:
        return self._all[group].tallies[gate.domain]

    def refusal(self, host: HostRow, group: Group) -> HostVerdict | None:
        """The verdict of the gate that closes the host's group, if one does."""
        gate = self.closed.get(group)
        if gate is None:
            return None
        return HostVerdict(host.uid, host.name, False, gate.rule, gate.words(self._tally(group, gate), place_words(host, gate.domain)))
