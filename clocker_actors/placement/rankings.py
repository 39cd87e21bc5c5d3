"""The rankings of one index, and the log of changed hosts from which they are caught up.

A ranking looks at all hosts once, when the first request of its shape comes, and afterwards at those that have changed since it was last used. Both can be done
some hosts at a time (`advance`), so that a large pool does not stand still for one request; whoever asks for a ranking gets it whole (`get`).
"""

from collections.abc import Mapping
from typing import TypeAlias

from clocker_actors.model.identity import Uid
from clocker_actors.placement.hosts import HostRow, Need
from clocker_actors.placement.ranked import Pipeline, RankedHosts

_ENTRIES_KEPT = 200_000
"""Host entries in all rankings together, some 300 bytes each: the least recently used rankings go first."""
_Shape: TypeAlias = tuple[Pipeline, Need, Uid]


class Rankings:
    """By shape. `version` counts the changes of hosts."""

    def __init__(self, rows: Mapping[Uid, HostRow]) -> None:
        self.version = 0
        self._rows = rows
        self._kept: dict[_Shape, RankedHosts] = {}
        self._log: list[Uid] = []
        self._log_start = 0

    def __len__(self) -> int:
        return len(self._kept)

    def changed(self, host: Uid) -> None:
        """This host has to be judged again."""
        self.version += 1
        self._log.append(host)
        if len(self._log) > 2 * len(self._rows) + 64:
            half = len(self._log) // 2
            del self._log[:half]
            self._log_start += half

    def get(self, pipeline: Pipeline, need: Need, cluster: Uid) -> RankedHosts:
        """The ranking for requests of this shape, up to date."""
        shape = (pipeline, need, cluster)
        ranked = self._kept.pop(shape, None)
        if ranked is None or self._too_old(ranked):
            ranked = RankedHosts(pipeline, need, cluster, self.version)
            ranked.judge_all(self._rows)
        elif ranked.position != self.version or ranked.unjudged:
            ranked.judge_some(self._rows, len(ranked.unjudged))
            self._catch_up(ranked, self.version - ranked.position)
        if pipeline.lasting:
            self._keep(shape, ranked)
        return ranked

    def advance(self, pipeline: Pipeline, need: Need, cluster: Uid, most: int) -> bool:
        """Judge at most so many hosts of what `get` would judge now; whether nothing is left."""
        shape = (pipeline, need, cluster)
        ranked = self._kept.get(shape)
        if ranked is None or self._too_old(ranked):
            ranked = RankedHosts(pipeline, need, cluster, self.version)
            ranked.unjudged = list(self._rows)[::-1]
            self._keep(shape, ranked)
        left = most - (ranked.judge_some(self._rows, most) if ranked.unjudged else 0)
        if ranked.position != self.version:
            self._catch_up(ranked, left)
        return not ranked.unjudged and ranked.position == self.version

    def _too_old(self, ranked: RankedHosts) -> bool:
        """Whether to begin anew is possible alone, or quicker."""
        return ranked.position < self._log_start or (not ranked.unjudged and self.version - ranked.position > len(self._rows))

    def _catch_up(self, ranked: RankedHosts, most: int) -> None:
        first = ranked.position - self._log_start
        changed = self._log[first : first + most]
        for uid in dict.fromkeys(changed):
            row = self._rows.get(uid)
            if row is None:
                ranked.drop(uid)
            else:
                ranked.refresh(row)
        ranked.position += len(changed)

    def _keep(self, shape: _Shape, ranked: RankedHosts) -> None:
        """At the end: the first is the least recently used."""
        self._kept.pop(shape, None)
        self._kept[shape] = ranked
        if len(self._kept) > max(4, min(256, _ENTRIES_KEPT // (len(self._rows) + 1))):
            del self._kept[next(iter(self._kept))]
