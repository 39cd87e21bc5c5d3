"""What every store must do: whoever implements `ports.store.Store` passes this."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.errors import StoreBusy, StoreFault
from clocker_actors.ports.store import Record, Store
from clocker_actors.store import SqliteStore

Open = Callable[[], Awaitable[Store]]


async def open_sqlite(directory: Path) -> Store:
    return await SqliteStore.open(directory)


@pytest.fixture(params=[open_sqlite], ids=["sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same state again and again."""
    opener: Callable[[Path], Awaitable[Store]] = request.param
    return lambda: opener(tmp_path / "state")


@pytest_asyncio.fixture
async def store(reopen: Open) -> AsyncIterator[Store]:
    store = await reopen()
    yield store
    await store.close()


async def test_what_is_written_is_read(store: Store) -> None:
    await store.write([Record("entity", "m1", b"one"), Record("entity", "m2", b"two"), Record("policy", "m1", b"three")])
    assert store.read("entity", "m1") == b"one"
    assert store.read("policy", "m1") == b"three"
    assert store.read("entity", "m3") is None
    assert [record.uid for record in store.all("entity")] == ["m1", "m2"]


async def test_order_is_that_of_the_first_write(store: Store) -> None:
    for uid in ("b", "a", "c"):
        await store.write([Record("entity", uid, b"1")])
    await store.write([Record("entity", "b", b"2")])
    assert [(record.uid, record.body) for record in store.all("entity")] == [("b", b"2"), ("a", b"1"), ("c", b"1")]


async def test_no_body_removes(store: Store) -> None:
    await store.write([Record("entity", "m1", b"one")])
    await store.write([Record("entity", "m1", None), Record("entity", "never", None)])
    assert store.read("entity", "m1") is None
    assert list(store.all("entity")) == []


async def test_numbers_of_writes_rise(store: Store) -> None:
    numbers = await asyncio.gather(*(store.write([Record("entity", str(i), b"x")]) for i in range(20)))
    assert list(numbers) == sorted(set(numbers))


async def test_it_is_all_there_after_reopening(reopen: Open) -> None:
    first = await reopen()
    await first.write([Record("entity", "m1", b"one")])
    await first.close()
    second = await reopen()
    assert second.read("entity", "m1") == b"one"
    await second.close()


async def test_each_opening_raises_the_epoch(reopen: Open) -> None:
    first = await reopen()
    await first.close()
    second = await reopen()
    await second.close()
    assert second.epoch == first.epoch + 1


async def test_only_one_may_hold_it(store: Store, reopen: Open) -> None:
    with pytest.raises(StoreBusy, match=r"in use by the daemon with pid \d+; stop that one"):
        await reopen()
    await store.write([Record("entity", "m1", b"still mine")])


async def test_reserved_ids_are_never_given_twice(reopen: Open) -> None:
    first = await reopen()
    end = await first.reserve_ids(10)
    assert await first.reserve_ids(5) == end + 5
    await first.close()
    second = await reopen()
    assert await second.reserve_ids(1) > end + 5
    await second.close()


async def test_a_closed_store_refuses(reopen: Open) -> None:
    store = await reopen()
    await store.close()
    await store.close()
    with pytest.raises(StoreFault, match="closed"):
        await store.write([Record("entity", "m1", b"x")])
    with pytest.raises(StoreFault, match="closed"):
        store.read("entity", "m1")


async def test_closing_finishes_what_waits(reopen: Open) -> None:
    store = await reopen()
    waiting = [asyncio.ensure_future(store.write([Record("entity", str(i), b"x")])) for i in range(5)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*waiting)
    store = await reopen()
    assert len(store.all("entity")) == 5
    await store.close()


async def test_whoever_stops_waiting_does_not_stop_the_write(store: Store) -> None:
    writing = asyncio.ensure_future(store.write([Record("entity", "m1", b"x")]))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait([writing])
    await store.write([Record("entity", "m2", b"x")])
    assert store.read("entity", "m1") == b"x"
