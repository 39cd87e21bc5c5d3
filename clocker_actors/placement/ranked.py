"""All hosts as requests of one shape see them, kept in order.

Requests with the same pipeline and the same need see every host alike, so they share one `RankedHosts`: the accepted hosts sorted by rank, the refused ones by
rule. A change of one host moves one entry; no placement looks at all hosts again, except the first of its shape (some 9 ms at 5,000 hosts, in one piece or
some hosts at a time).

Spread looks at the request's own cluster. Clusters that stand on few hosts share one ranking made for "a cluster that is nowhere yet": its own hosts are skipped and
come last, sorted by themselves. A cluster on many hosts gets a ranking of its own. Both give the same order.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.decisions import HostVerdict
from clocker_actors.model.identity import Uid
from clocker_actors.placement.affinity import Bound, Pulls
from clocker_actors.placement.constraints import LateFilter
from clocker_actors.placement.filters import Filter
from clocker_actors.placement.hosts import HostRow, Need
from clocker_actors.placement.strategies import DRAWN, BreadthFirst, Key, LateRanking, Ranking

if TYPE_CHECKING:
    from clocker_actors.placement.districts import District, Districts

Group: TypeAlias = tuple[str, ...]
"""In which of the pipeline's domains a host is, by their values: hosts of one group are alike to every rule about domains."""
Entry: TypeAlias = tuple[Key, int, Uid, Group]
_Place: TypeAlias = tuple[int, Uid]

NOWHERE = Uid("")
"""The cluster of a ranking that no cluster has a part in, and of a request without one; nothing is counted under it."""


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: the index makes each once
class Pipeline:
    """Filters in order and rankings, the dominating one first. With `rotated`, hosts of equal rank are rotated by the request's number.

    `pulls` come before all rankings; `gates` are rules about `domains` wider than a host, asked once per group of hosts. One that is not `lasting` is made for
    one request alone."""

    filters: tuple[Filter, ...]
    rankings: tuple[Ranking, ...]
    rotated: bool
    names: tuple[str, ...]
    pulls: Pulls | None = None
    gates: tuple[Bound, ...] = ()
    domains: tuple[str, ...] = ()
    lasting: bool = True
    ruled: bool = False
    against: str = ""
    """Which rules of service and pool no host can ever keep together, and why."""
    late: tuple[LateFilter | LateRanking, ...] = ()
    rules: tuple[AffinityRule, ...] = ()
    """Of the pipeline of some strategies, before it is bound to a request: what has to be bound, and soft rules that strategies stand for."""

    per_cluster: bool = field(init=False)
    """Whether the order depends on the request's cluster."""
    shareable: bool = field(init=False)
    """Whether clusters on few hosts can share one ranking: spread dominates, so their own hosts simply come last."""

    def __post_init__(self) -> None:
        plain = self.pulls is None and not self.domains and not self.rotated
        object.__setattr__(self, "per_cluster", any(isinstance(ranking, BreadthFirst) for ranking in self.rankings))
        object.__setattr__(self, "shareable", plain and bool(self.rankings) and isinstance(self.rankings[0], BreadthFirst))

    def key(self, host: HostRow, cluster: Uid) -> Key:
        """Sort key of a host, lowest best."""
        if len(self.rankings) == 1 and self.pulls is None:
            return self.rankings[0].key(host, cluster)
        own = self.pulls.key(host, cluster) if self.pulls is not None else ()
        return (*own, *(part for ranking in self.rankings for part in ranking.key(host, cluster)))

    def words(self, host: HostRow, cluster: Uid) -> str:
        """Why the host ranks as it does."""
        if len(self.rankings) == 1 and not self.rotated:
            return self.rankings[0].words(host, cluster)
        return "; ".join([*(ranking.words(host, cluster) for ranking in self.rankings), *([DRAWN] if self.rotated else [])])


class RankedHosts:
    """The ranking of one shape. `position` is how far in the log of changes it has been brought up to date; `unjudged` are hosts it has not looked at yet, the
    next one last."""

    def __init__(self, pipeline: Pipeline, need: Need, cluster: Uid, position: int) -> None:
        self.pipeline = pipeline
        self.need = need
        self.cluster = cluster
        self.position = position
        self.unjudged: list[Uid] = []
        self.districts: dict[Group, District] = {}
        self.districts_made_at = -1
        self.groups: dict[Group, list[Entry]] = {} if pipeline.domains else {(): []}
        self.refused: dict[str, list[_Place]] = {}
        self._filters = {rule.rule: rule for rule in pipeline.filters}
        self._states: dict[Uid, Entry | tuple[str, _Place]] = {}
        self._examples: dict[str, HostVerdict] = {}
        self._remedies: tuple[str, ...] | None = None

    def judge_all(self, rows: Mapping[Uid, HostRow]) -> None:
        """Look at all hosts; nothing has been judged before."""
        for row in rows.values():
            self._states[row.uid] = state = self._judge(row)
            if len(state) == 4:
                self.groups.setdefault(state[3], []).append(state)
            else:
                self.refused.setdefault(state[0], []).append(state[1])
        for entries in self.groups.values():
            entries.sort()
        for places in self.refused.values():
            places.sort()

    def judge_some(self, rows: Mapping[Uid, HostRow], most: int) -> int:
        """Look at so many of the hosts that were not judged yet; how many that were."""
        some = self.unjudged[len(self.unjudged) - most :] if most < len(self.unjudged) else self.unjudged[:]
        del self.unjudged[len(self.unjudged) - len(some) :]
        for uid in reversed(some):
            row = rows.get(uid)
            if row is not None and uid not in self._states:  # gone, or judged since it has changed
                self.refresh(row)
        return len(some)

    def _judge(self, row: HostRow) -> Entry | tuple[str, _Place]:
        need = self.need
        for rule in self.pipeline.filters:
            if not rule.accepts(row, need):
                return (rule.rule, (row.order, row.uid))
        pipeline = self.pipeline
        group = tuple([row.domain(domain) for domain in pipeline.domains]) if pipeline.domains else ()
        return (pipeline.key(row, self.cluster), row.order, row.uid, group)

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
        if len(state) == 4:
            insort(self.groups.setdefault(state[3], []), state)
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
        if len(state) == 4:
            entries = self.groups[state[3]]
            del entries[bisect_left(entries, state)]
            return
        places = self.refused[state[0]]
        del places[bisect_left(places, state[1])]
        if not places:
            del self.refused[state[0]]
        self._examples.pop(state[0], None)

    def accepts(self, host: Uid) -> bool:
        """Whether no filter refuses the host."""
        return len(self._states.get(host, ())) == 4

    def refusing(self, host: Uid) -> Filter | None:
        """The filter that refuses this host, if one does."""
        state = self._states.get(host)
        return self._filters[state[0]] if state is not None and len(state) == 2 else None

    def walk(
        self, rows: Mapping[Uid, HostRow], cluster: Uid, present: Collection[Uid], number: int, districts: "Districts | None" = None
    ) -> Iterator[Uid]:
        """Accepted hosts from best to worst for a request of `cluster`, which stands on `present`; `number` rotates equals where asked for."""
        if districts is not None:
            return self._walk_districts(districts, number)
        if self.pipeline.rotated:
            return self._walk_rotated(number)
        if self.cluster == cluster or not present or not self.pipeline.per_cluster:
            return (entry[2] for entry in self.groups[()])
        return self._walk_shared(rows, cluster, present)

    def _walk_shared(self, rows: Mapping[Uid, HostRow], cluster: Uid, present: Collection[Uid]) -> Iterator[Uid]:
        for entry in self.groups[()]:
            if entry[2] not in present:
                yield entry[2]
        own = [rows[uid] for uid in present if self.accepts(uid)]
        yield from (uid for _, _, uid in sorted((self.pipeline.key(row, cluster), row.order, row.uid) for row in own))

    def _walk_rotated(self, number: int) -> Iterator[Uid]:
        start, accepted = 0, self.groups[()]
        while start < len(accepted):
            end = bisect_right(accepted, accepted[start][0], lo=start, key=_key_of)
            first = number % (end - start)
            for step in range(end - start):
                yield accepted[start + (first + step) % (end - start)][2]
            start = end

    def _walk_districts(self, districts: "Districts", number: int) -> Iterator[Uid]:
        """The groups that are open, merged: within each the order holds whatever its domains add to all its keys."""
        if not self.pipeline.rotated:
            return (entry[2] for entry in self._merged(districts))
        return self._rotated(districts, number)

    def _merged(self, districts: "Districts") -> Iterator[Entry]:
        heads = [(district.shifted(self.groups[group][0]), 0, group) for group, district in districts.open.items()]
        heapify(heads)
        while heads:
            entry, place, group = heads[0]
            yield entry
            place, entries = place + 1, self.groups[group]
            if place < len(entries):
                heapreplace(heads, (districts.open[group].shifted(entries[place]), place, group))
            else:
                heappop(heads)

    def _rotated(self, districts: "Districts", number: int) -> Iterator[Uid]:
        for _, equal in groupby(self._merged(districts), _key_of):
            equals = list(equal)
            first = number % len(equals)
            yield from (entry[2] for entry in (*equals[first:], *equals[:first]))

    def group_of(self, host: Uid) -> Group | None:
        """The group of an accepted host."""
        state = self._states.get(host, ())
        return state[3] if len(state) == 4 else None

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
