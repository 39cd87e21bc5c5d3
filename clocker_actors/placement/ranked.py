"""All hosts as requests of one shape see them, kept in order.

Requests with the same pipeline and the same need see every host alike, so they share one `RankedHosts`: the accepted hosts sorted by rank, the refused ones by
rule. A change of one host moves one entry; no placement looks at all hosts again, except the first of its shape (some 9 ms at 5,000 hosts).

Spread looks at the request's own cluster. Clusters that stand on few hosts share one ranking made for "a cluster that is nowhere yet": its own hosts are skipped and
come last, sorted by themselves. A cluster on many hosts gets a ranking of its own. Both give the same order.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from clocker_actors.model.decisions import HostVerdict
from clocker_actors.model.identity import Uid
from clocker_actors.placement.filters import Filter
from clocker_actors.placement.hosts import HostRow, Need
from clocker_actors.placement.strategies import BreadthFirst, Key, Ranking

Entry: TypeAlias = tuple[Key, int, Uid]
_Place: TypeAlias = tuple[int, Uid]

NOWHERE = Uid("")
"""The cluster of a ranking that no cluster has a part in, and of a request without one; nothing is counted under it."""


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: the index makes each once
class Pipeline:
    """Filters in order and rankings, the dominating one first. With `rotated`, hosts of equal rank are rotated by the request's number."""

    filters: tuple[Filter, ...]
    rankings: tuple[Ranking, ...]
    rotated: bool
    names: tuple[str, ...]

    @property
    def per_cluster(self) -> bool:
        """Whether the order depends on the request's cluster."""
        return any(isinstance(ranking, BreadthFirst) for ranking in self.rankings)

    @property
    def shareable(self) -> bool:
        """Whether clusters on few hosts can share one ranking: spread dominates, so their own hosts simply come last."""
        return bool(self.rankings) and isinstance(self.rankings[0], BreadthFirst) and not self.rotated

    def key(self, host: HostRow, cluster: Uid) -> Key:
        """Sort key of a host, lowest best."""
        if len(self.rankings) == 1:
            return self.rankings[0].key(host, cluster)
        return tuple(part for ranking in self.rankings for part in ranking.key(host, cluster))

    def words(self, host: HostRow, cluster: Uid) -> str:
        """Why the host ranks as it does."""
        if len(self.rankings) == 1:
            return self.rankings[0].words(host, cluster)
        return "; ".join([ranking.words(host, cluster) for ranking in self.rankings])


class RankedHosts:
    """The ranking of one shape. `position` is how far in the index's log of changes it has been brought up to date."""

    def __init__(self, pipeline: Pipeline, need: Need, cluster: Uid, rows: Mapping[Uid, HostRow], position: int) -> None:
        self.pipeline = pipeline
        self.need = need
        self.cluster = cluster
        self.position = position
        self.accepted: list[Entry] = []
        self.refused: dict[str, list[_Place]] = {}
        self._filters = {rule.rule: rule for rule in pipeline.filters}
        self._states: dict[Uid, Entry | tuple[str, _Place]] = {}
        self._examples: dict[str, HostVerdict] = {}
        self._remedies: tuple[str, ...] | None = None
        for row in rows.values():
            self._states[row.uid] = state = self._judge(row)
            if len(state) == 3:
                self.accepted.append(state)
            else:
                self.refused.setdefault(state[0], []).append(state[1])
        self.accepted.sort()
        for places in self.refused.values():
            places.sort()

    def _judge(self, row: HostRow) -> Entry | tuple[str, _Place]:
        need = self.need
        for rule in self.pipeline.filters:
            if not rule.accepts(row, need):
                return (rule.rule, (row.order, row.uid))
        return (self.pipeline.key(row, self.cluster), row.order, row.uid)

    def refresh(self, row: HostRow) -> None:
        """Judge a changed or new host again."""
        self._remedies = None
        state = self._judge(row)
        old = self._states.get(row.uid)
        if state == old:
            if len(state) == 2:
                self._examples.pop(state[0], None)
            return
        if old is not None:
            self._take_out(old)
        self._states[row.uid] = state
        if len(state) == 3:
            insort(self.accepted, state)
        else:
            insort(self.refused.setdefault(state[0], []), state[1])
            self._examples.pop(state[0], None)

    def drop(self, host: Uid) -> None:
        """Forget a removed host."""
        self._remedies = None
        old = self._states.pop(host, None)
        if old is not None:
            self._take_out(old)

    def _take_out(self, state: Entry | tuple[str, _Place]) -> None:
        if len(state) == 3:
            del self.accepted[bisect_left(self.accepted, state)]
            return
        places = self.refused[state[0]]
        del places[bisect_left(places, state[1])]
        if not places:
            del self.refused[state[0]]
        self._examples.pop(state[0], None)

    def accepts(self, host: Uid) -> bool:
        """Whether no filter refuses the host."""
        return len(self._states.get(host, ())) == 3

    def refusing(self, host: Uid) -> Filter | None:
        """The filter that refuses this host, if one does."""
        state = self._states.get(host)
        return self._filters[state[0]] if state is not None and len(state) == 2 else None

    def walk(self, rows: Mapping[Uid, HostRow], cluster: Uid, present: Collection[Uid], number: int) -> Iterator[Uid]:
        """Accepted hosts from best to worst for a request of `cluster`, which stands on `present`; `number` rotates equals where asked for."""
        if self.pipeline.rotated:
            return self._walk_rotated(number)
        if self.cluster == cluster or not present or not self.pipeline.per_cluster:
            return (entry[2] for entry in self.accepted)
        return self._walk_shared(rows, cluster, present)

    def _walk_shared(self, rows: Mapping[Uid, HostRow], cluster: Uid, present: Collection[Uid]) -> Iterator[Uid]:
        for entry in self.accepted:
            if entry[2] not in present:
                yield entry[2]
        own = [rows[uid] for uid in present if self.accepts(uid)]
        yield from (uid for _, _, uid in sorted((self.pipeline.key(row, cluster), row.order, row.uid) for row in own))

    def _walk_rotated(self, number: int) -> Iterator[Uid]:
        start = 0
        while start < len(self.accepted):
            end = bisect_right(self.accepted, self.accepted[start][0], lo=start, key=_key_of)
            first = number % (end - start)
            for step in range(end - start):
                yield self.accepted[start + (first + step) % (end - start)][2]
            start = end

    def counts(self) -> dict[str, int]:
        """How many hosts each rule refuses, in the order the rules are asked."""
        refused = self.refused
        return {rule: len(refused[rule]) for rule in self._filters if rule in refused}

    def example(self, rule: str, rows: Mapping[Uid, HostRow]) -> HostVerdict:
        """The first host in fixed order that this rule refuses, with its reason."""
        verdict = self._examples.get(rule)
        if verdict is None:
            row = rows[self.refused[rule][0][1]]
            verdict = HostVerdict(row.uid, row.name, False, rule, self._filters[rule].refusal(row, self.need))
            self._examples[rule] = verdict
        return verdict

    def remedies(self, rows: Mapping[Uid, HostRow]) -> tuple[str, ...]:
        """Per refusing rule, what would make the host fit that came nearest. Looks at all refused hosts, but once per change: refusals come in bursts."""
        if self._remedies is None:
            self._remedies = tuple(
                self._remedy(by, self.refused[rule], rows) for rule, by in self._filters.items() if self.refused.get(rule)
            )
        return self._remedies

    def _remedy(self, by: Filter, places: list[_Place], rows: Mapping[Uid, HostRow]) -> str:
        nearest = min(places, key=lambda place: (by.shortfall(rows[place[1]], self.need), place))
        return by.remedy(rows[nearest[1]], self.need)


def _key_of(entry: Entry) -> Key:
    return entry[0]
