"""While a person looks at an entity's readings, its members are read more often. They know who else needs them often, and what is left afterwards."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from clocker_actors.kernel import Kernel
from clocker_actors.model.generations import WatchClosely
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.telemetry.readmodel import Entry, ReadModel

PEOPLE = "people"
"""By this name members know those who look."""
MOST = 100
"""Members of one entity that are read more often for one who looks; more would load engines for a glance."""


class Watching:
    """`close` is the period in seconds while somebody looks."""

    def __init__(self, kernel: Kernel, model: ReadModel, close: float) -> None:
        self._kernel = kernel
        self._model = model
        self._close = close
        self._lookers: Counter[Uid] = Counter()

    @contextmanager
    def at(self, entry: Entry | None) -> Iterator[None]:
        """Somebody looks at this entity (None: at nothing in particular) for as long as this lasts."""
        members = self._members(entry) if entry is not None else []
        for member in members:
            self._lookers[member] += 1
        self._tell((member for member in members if self._lookers[member] == 1), self._close)
        try:
            yield
        finally:
            self._lookers.subtract(members)
            left = [member for member in members if self._lookers[member] <= 0]
            for member in left:
                del self._lookers[member]
            self._tell(left, None)

    def _tell(self, members: Iterable[Uid], period: float | None) -> None:
        for member in members:
            entry = self._model.get(member)
            if entry is not None and entry.gone is None:
                self._kernel.tell(member, WatchClosely(member, period, PEOPLE))

    def _members(self, entry: Entry) -> list[Uid]:
        if entry.kind is EntityKind.CONTAINER:
            return [Uid(str(entry.facts["member"]))] if "member" in entry.facts else []
        found: list[Uid] = []
        waiting = [entry]
        while waiting and len(found) < MOST:
            one = waiting.pop()
            if one.kind is EntityKind.MEMBER:
                found.append(one.uid)
            if one.kind in {EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER}:
                waiting += self._model.children(one.uid)
        return found
