"""Does everything that handlers may see of the outside come from a recording when it is replayed, and does a store say all that it was asked?"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TypeVar

from clocker_actors.entities.outside import Outside
from clocker_actors.entities.witnessing import Head, RecordedStore, ReplayedStore
from clocker_actors.ports.store import Record

T = TypeVar("T")
WITNESSED = {"store", "commits", "grounds", "connect", "machine", "settle", "witness"}
FOR_WORKS = {"blobs", "http", "disconnect", "readdress", "secrets", "login"}
SAME_CODE = {"types", "adjunct"}
DERIVED = {"ids", "journal"}
"""Made of the head and the snapshot."""
BEGIN_EMPTY = {"sharing", "crashed", "remains", "strategies"}
"""Changed by handlers alone, or read by works alone."""


def test_no_field_of_the_outside_was_forgotten() -> None:
    """Whoever adds one decides how a replay has it: through the witness, from the head of the recording, or not at all since only works use it."""
    there = {field.name for field in fields(Outside)}
    head = {field.name for field in fields(Head)} & there
    assert there == head | WITNESSED | FOR_WORKS | SAME_CODE | DERIVED | BEGIN_EMPTY


class Tape:
    """A queue within a handler: writes down what was seen, or plays it."""

    passing = True

    def __init__(self, seen: list[tuple[str, object]] | None = None) -> None:
        self.seen: list[tuple[str, object]] = []
        self._plays = seen

    def witness(self, name: str, look: Callable[[], T]) -> T:
        if self._plays is None:
            value = look()
            self.seen.append((name, value))
            return value
        known, value = self._plays.pop(0)  # type: ignore[assignment]  # what was written down
        assert known == name
        return value


class Shelf:
    """A store that people change as they like."""

    epoch, identity, unwritable = 3, "cafe", ""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], bytes] = {}

    def lost(self, uid: str) -> bool:
        return uid == "gone"

    async def write(self, batch: Sequence[Record]) -> int:
        return len(batch)

    def read(self, kind: str, uid: str) -> bytes | None:
        return self.records.get((kind, uid))

    def all(self, kind: str) -> Sequence[Record]:
        return [Record(kind, uid, body) for (its, uid), body in self.records.items() if its == kind]

    async def reserve_ids(self, count: int) -> int:
        return count

    async def close(self) -> None: ...


def test_a_store_is_put_together_again_from_what_is_new() -> None:
    shelf = Shelf()
    shelf.records = {("m", "a"): b"1", ("m", "b"): b"2", ("c", "x"): b"3"}
    snapshot = [*shelf.all("m"), *shelf.all("c")]
    live = Tape()
    store = RecordedStore(shelf, live, snapshot)
    asked = [
        ("read", "m", "a"),
        ("all", "m"),
        ("read", "m", "b"),
        ("read", "m", "nobody"),
        ("all", "m"),
        ("all", "none"),
        ("read", "m", "c"),
        ("all", "m"),
    ]

    def ask(of: RecordedStore | ReplayedStore, number: int) -> object:
        what, *which = asked[number]
        return of.read(*which) if what == "read" else of.all(*which)

    said = [ask(store, 0), ask(store, 1)]
    shelf.records[("m", "b")] = b"22"
    said.append(ask(store, 2))
    said.append(ask(store, 3))
    shelf.records[("m", "c")] = b"4"
    del shelf.records[("m", "a")]
    said += [ask(store, number) for number in range(4, 8)]
    said += [store.lost("gone"), store.lost("here"), store.unwritable]

    small = [value for _, value in live.seen]
    assert small[:4] == [True, True, b"22", None]
    assert small[6:8] == [True, True]
    again = ReplayedStore(Tape(list(live.seen)), snapshot, epoch=3, identity="cafe")
    heard = [ask(again, number) for number in range(8)] + [again.lost("gone"), again.lost("here"), again.unwritable]
    assert heard == said


def test_outside_of_handlers_nothing_is_written_down() -> None:
    shelf, live = Shelf(), Tape()
    shelf.records = {("m", "a"): b"1"}
    live.passing = False
    store = RecordedStore(shelf, live, [])
    assert store.read("m", "a") == b"1"
    assert len(store.all("m")) == 1
    assert live.seen == []
