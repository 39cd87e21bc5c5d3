"""Hosts by the zones and labels that rules speak of.

A placement changes the counts of a whole zone, and so the rank of all its hosts; their order among each other stays. So hosts are kept in groups, each ordered by
itself, and what the domains say is asked once per group when a request comes: closed or open, and how much nearer or farther than the others.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import add

from clocker_actors.model.decisions import HostVerdict
from clocker_actors.model.identity import Uid
from clocker_actors.placement.affinity import Bound, place_words
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.ranked import Entry, Group, RankedHosts
from clocker_actors.placement.residents import Tally


class Districts:
    """The groups of hosts in domains, as they are now: which are closed by which gate, and what the domains add to the keys of their hosts."""

    def __init__(self, ranked: RankedHosts, tally: Callable[[str, str], Tally]) -> None:
        pipeline = ranked.pipeline
        self._pulls = pipeline.pulls
        self.tallies = {
            group: {domain: tally(domain, value) for domain, value in zip(pipeline.domains, group, strict=True)}
            for group, entries in ranked.groups.items()
            if entries
        }
        first = {
            group: next((gate for gate in pipeline.gates if not gate.admits(at[gate.domain])), None) for group, at in self.tallies.items()
        }
        self.closed: Mapping[Group, Bound] = {group: gate for group, gate in first.items() if gate is not None}
        self._entries = ranked.groups

    def shifted(self, group: Group, entries: list[Entry]) -> Iterator[Entry]:
        """The entries of a group with what its domains add."""
        if self._pulls is None or not entries:
            return iter(entries)
        own = self._pulls.dynamic(self.tallies[group])
        length = len(own)
        return (((*map(add, key[:length], own), *key[length:]), order, uid, group) for key, order, uid, _ in entries)

    def counts(self) -> dict[str, int]:
        """How many hosts each gate refuses."""
        found: dict[str, int] = {}
        for group, gate in self.closed.items():
            found[gate.rule] = found.get(gate.rule, 0) + len(self._entries[group])
        return found

    def nearest(self, rule: str) -> tuple[Uid, Bound, Tally]:
        """A host, its gate and the domain's counts where this rule refuses by the least."""
        each = ((gate.misses(self.tallies[group][gate.domain]), group, gate) for group, gate in self.closed.items() if gate.rule == rule)
        _, group, gate = min(each, key=lambda one: one[:2])
        return self._entries[group][0][2], gate, self.tallies[group][gate.domain]

    def refusal(self, host: HostRow, group: Group) -> HostVerdict | None:
        """The verdict of the gate that closes the host's group, if one does."""
        gate = self.closed.get(group)
        if gate is None:
            return None
        return HostVerdict(
            host.uid, host.name, False, gate.rule, gate.words(self.tallies[group][gate.domain], place_words(host, gate.domain))
        )
