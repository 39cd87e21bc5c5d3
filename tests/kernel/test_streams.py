"""Do the items of a stream become messages, without the source running ahead of its actor?"""

import asyncio
from collections.abc import AsyncIterator

from clocker_actors.kernel import Kernel, WorkDone
from clocker_actors.kernel.work import STREAM_BUFFER
from tests.kernel.probe import Note, Probe, Reading, do, probe


class Slow(Probe):
    """Notes how far the source was ahead at each item."""

    def __init__(self, ahead: list[int], made: list[int]) -> None:
        super().__init__([])
        self.ahead = ahead
        self.made = made
        self.seen = 0

    def on_receive(self, message: object) -> object:
        if isinstance(message, Reading):
            self.ahead.append(len(self.made) - self.seen)
            self.seen += 1
            return None
        return super().on_receive(message)


async def numbers(stop: int, pause: float = 0.0) -> AsyncIterator[Note]:
    for number in range(stop):
        if pause:
            await asyncio.sleep(pause)
        yield Note(number)


async def test_items_come_in_order_and_then_the_end(kernel: Kernel) -> None:
    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.stream("s", numbers, 50))
    await asyncio.sleep(1)
    assert log == [*(Note(number) for number in range(50)), WorkDone("s", None)]
    assert kernel.counters.stream_items == 50


async def test_an_error_in_the_source_is_the_end(kernel: Kernel) -> None:
    async def broken() -> AsyncIterator[Note]:
        yield Note(1)
        raise LookupError("cut off")

    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.stream("s", broken))
    await asyncio.sleep(1)
    assert log[0] == Note(1)
    assert (log[1].name, log[1].failure.kind) == ("s", "LookupError")


async def test_a_source_waits_for_its_actor(kernel: Kernel) -> None:
    made: list[int] = []

    async def eager() -> AsyncIterator[Reading]:
        for number in range(1000):
            made.append(number)
            yield Reading(f"s{number}", number)

    most: list[int] = []
    kernel.spawn("b", lambda: Slow(most, made))
    await kernel.settle()
    await do(kernel, "b", lambda actor: actor.stream("s", eager))
    await asyncio.sleep(1)
    assert len(made) == 1000
    assert max(most) <= STREAM_BUFFER


async def test_cancelling_closes_the_source_and_drops_what_was_on_its_way(kernel: Kernel) -> None:
    closed: list[str] = []

    async def endless() -> AsyncIterator[Note]:
        try:
            while True:
                yield Note("tick")
                await asyncio.sleep(1)
        finally:
            closed.append("closed")

    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.stream("s", endless))
    await asyncio.sleep(2.5)
    await do(kernel, "a", lambda actor: actor.cancel_work("s"))
    await asyncio.sleep(5)
    assert closed == ["closed"]
    assert [type(message).__name__ for message in log] == ["Note", "Note", "Note", "WorkFailed"]


async def test_readings_of_a_stream_supersede_each_other(kernel: Kernel) -> None:
    async def burst() -> AsyncIterator[Reading]:
        for number in range(5):
            yield Reading("cpu", number)

    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.stream("s", burst))
    await asyncio.sleep(1)
    assert log == [Reading("cpu", 4), WorkDone("s", None)]
    assert kernel.counters.superseded == 4
