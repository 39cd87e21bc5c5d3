"""What handlers see of the outside without a message, seen through a witness: a recording has it, and a replay answers by it.

    store       what is committed at this very moment      fence      how long ago a lease was answered
    commits     which write was given to the store         grounds    how a machine is entered, or that it cannot be
    settle      the locations that the settings name       machine    whether there is a way into it

All of it depends on threads and clocks, and none of it comes through the door. A recorded daemon has these in the places of the real ones; a replay has
them in front of nothing at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from clocker_actors.allowances import EVERYTHING, Allowances
from clocker_actors.entities.commits import Commits, Pending
from clocker_actors.entities.outside import Grounds, Outside, Timing
from clocker_actors.entities.records import State
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import LocationSpec, MachineSpec
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.cloud import Cloud
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.installer import Installer
from clocker_actors.ports.machine import Machine
from clocker_actors.ports.shell import Shell
from clocker_actors.ports.store import Record, Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """What a recording begins with beside its records: when, whose epoch of which state, the ids that were free, and the settings that actors go by."""

    began: float
    epoch: int
    identity: str
    plane: str
    ids: tuple[int, int]
    timing: Timing
    strategies: tuple[str, ...] = ()
    allow: Allowances = EVERYTHING
    plain_secrets: str = "allow"
    keeps: tuple[int, int] = (1_000, 5_000)
    """How many activities and decisions are remembered."""


News = bytes | bool | None
"""Of a record: its body, True for the body that was known already, None if there is none."""


class Witness(Protocol):
    """The kernel's queue, as far as it matters here."""

    passing: bool

    def witness(self, name: str, look: Callable[[], T]) -> T: ...


class RecordedStore:
    """The store of a recorded daemon: says of what handlers read only what is new, beginning with the snapshot."""

    def __init__(self, store: Store, queue: Witness, snapshot: Sequence[Record]) -> None:
        self._store = store
        self._queue = queue
        self._bodies = {(each.kind, each.uid): hash(each.body) for each in snapshot}
        self._lists = _lists(snapshot)

    @property
    def epoch(self) -> int:
        return self._store.epoch

    @property
    def identity(self) -> str:
        return self._store.identity

    @property
    def unwritable(self) -> str:
        return self._queue.witness("unwritable", lambda: self._store.unwritable)

    def lost(self, uid: str) -> bool:
        return self._queue.witness("lost", lambda: self._store.lost(uid))

    async def write(self, batch: Sequence[Record]) -> int:
        return await self._store.write(batch)

    def read(self, kind: str, uid: str) -> bytes | None:
        if not self._queue.passing:
            return self._store.read(kind, uid)
        found: list[bytes | None] = []

        def look() -> News:
            found.append(self._store.read(kind, uid))
            return self._news(kind, uid, found[0])

        self._queue.witness(f"record {kind} {uid}", look)
        return found[0]

    def all(self, kind: str) -> Sequence[Record]:
        if not self._queue.passing:
            return self._store.all(kind)
        found: list[Record] = []

        def look() -> object:
            found.extend(self._store.all(kind))
            there = {each.uid: self._news(kind, each.uid, each.body) for each in found}
            before = self._lists.get(kind, ())
            self._lists[kind] = tuple(there)
            same = self._lists[kind] == before and all(each is True for each in there.values())
            return True if same else there

        self._queue.witness(f"records {kind}", look)
        return found

    async def reserve_ids(self, count: int) -> int:
        return await self._store.reserve_ids(count)

    async def close(self) -> None:
        await self._store.close()

    def _news(self, kind: str, uid: str, body: bytes | None) -> News:
        if body is None:
            self._bodies.pop((kind, uid), None)
            return None
        known = hash(body)
        if self._bodies.get((kind, uid)) == known:
            return True
        self._bodies[kind, uid] = known
        return body


class ReplayedStore:
    """The store of a replay: what the other one said, put together again."""

    def __init__(self, queue: Witness, snapshot: Sequence[Record], *, epoch: int, identity: str) -> None:
        self._queue = queue
        self._bodies = {(each.kind, each.uid): each.body for each in snapshot}
        self._lists = _lists(snapshot)
        self.epoch = epoch
        self.identity = identity

    @property
    def unwritable(self) -> str:
        return self._queue.witness("unwritable", str)

    def lost(self, uid: str) -> bool:
        del uid
        return self._queue.witness("lost", bool)

    async def write(self, batch: Sequence[Record]) -> int:
        """Never called: works do not run."""
        return len(batch)

    def read(self, kind: str, uid: str) -> bytes | None:
        if not self._queue.passing:
            return self._bodies.get((kind, uid))
        return self._taken(kind, uid, self._queue.witness(f"record {kind} {uid}", _nothing))

    def all(self, kind: str) -> Sequence[Record]:
        news: Mapping[str, News] | bool = self._queue.witness(f"records {kind}", dict) if self._queue.passing else True
        there = dict.fromkeys(self._lists.get(kind, ()), True) if isinstance(news, bool) else news
        self._lists[kind] = tuple(there)
        return [Record(kind, uid, self._taken(kind, uid, each)) for uid, each in there.items()]

    async def reserve_ids(self, count: int) -> int:
        """Never called: works do not run."""
        return count

    async def close(self) -> None:
        """There is nothing to close."""

    def _taken(self, kind: str, uid: str, news: News) -> bytes | None:
        if news is True:
            return self._bodies.get((kind, uid))
        body = news if isinstance(news, bytes) else None
        self._bodies[kind, uid] = body
        return body


def _nothing() -> News:
    return None


def _lists(snapshot: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for each in snapshot:
        found.setdefault(each.kind, []).append(each.uid)
    return {kind: tuple(uids) for kind, uids in found.items()}


class _Commits(Commits):
    __slots__ = ("_queue",)

    def __init__(self, queue: Witness) -> None:
        super().__init__()
        self._queue = queue

    def of(self, uid: str) -> "Pending[State] | None":
        return self._queue.witness("commit", lambda: super(_Commits, self).of(uid))


class _Grounds:
    """What leads to machines: values are witnessed, and so is that there is a way at all; ways themselves are for works."""

    def __init__(self, grounds: Grounds, queue: Witness) -> None:
        self._grounds = grounds
        self._queue = queue

    def cloud(self, location: LocationSpec) -> Cloud:
        return _way(self._queue, "cloud", lambda: self._grounds.cloud(location))

    def entry(self, host: Uid, location: LocationSpec, address: str) -> MachineSpec:
        return self._queue.witness("entry", lambda: self._grounds.entry(host, location, address))

    def public_key(self, location: LocationSpec) -> str:
        return self._grounds.public_key(location)  # asked by works

    def shell(self, location: LocationSpec, way: MachineSpec) -> Shell:
        return _way(self._queue, "shell", lambda: self._grounds.shell(location, way))

    def installer(self, location: LocationSpec, authority: str = "") -> Installer:
        return _way(self._queue, "installer", lambda: self._grounds.installer(location, authority))

    def engine(self, location: LocationSpec, way: MachineSpec, socket: str, authority: str = "") -> EngineSpec:
        return self._queue.witness("engine", lambda: self._grounds.engine(location, way, socket, authority))

    def expiry(self, authority: str) -> float | None:
        return self._grounds.expiry(authority)  # asked by works

    def keep_authorities(self, names: frozenset[str]) -> None:
        self._grounds.keep_authorities(names)  # asked by works

    def forget(self, host: Uid) -> None:
        self._queue.witness("forget", lambda: self._grounds.forget(host))

    def forget_key(self) -> None:
        self._queue.witness("forget key", self._grounds.forget_key)


class Inert:
    """Stands in a replay for whatever leads outside: anything may be asked of it, and nothing comes of it."""

    def __getattr__(self, name: str) -> "Inert":
        return self

    def __call__(self, *_: object, **__: object) -> "Inert":
        return self


INERT = Inert()


def _way(queue: Witness, name: str, open_: Callable[[], T]) -> T:
    """A way outside; only that it could be opened is witnessed."""
    way: list[T] = []
    queue.witness(name, lambda: way.append(open_()))
    return way[0] if way else INERT  # type: ignore[return-value]  # in a replay nobody goes it


def witnessed(outside: Outside, queue: Witness, store: Store) -> Outside:
    """The same outside, seen through a witness; `store` is one of those above."""

    def machine(spec: EngineSpec) -> Machine | None:
        found: list[Machine | None] = []

        def look() -> bool:
            found.append(outside.machine(spec))
            return found[0] is not None

        there = queue.witness("machine", look)
        return (found[0] if found else INERT) if there else None  # type: ignore[return-value]  # in a replay nobody asks it

    def connect(spec: EngineSpec) -> Engine:
        return _way(queue, "connect", lambda: outside.connect(spec))

    return replace(
        outside,
        store=store,
        commits=_Commits(queue),
        grounds=_Grounds(outside.grounds, queue),
        connect=connect,
        machine=machine,
        settle=lambda location: queue.witness("settle", lambda: outside.settle(location)),
        witness=queue.witness,
    )
