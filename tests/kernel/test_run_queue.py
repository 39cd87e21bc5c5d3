"""Is one turn on the loop bounded, over all actors together?"""

import asyncio
import logging
import time

import pytest

from clocker_actors.kernel import Actor, Kernel
from tests.kernel.probe import Log, Note, Probe, do, probe


async def test_a_turn_handles_a_bounded_number_of_messages() -> None:
    kernel = Kernel(batch=10)
    handled: list[int] = []
    for number in range(20):
        kernel.spawn(f"a{number}", lambda: Probe([]))
    await kernel.settle()
    before = kernel.counters.handled
    for number in range(20):
        for _ in range(5):
            kernel.tell(f"a{number}", Note(1))
    while not kernel.idle():
        await asyncio.sleep(0)
        handled.append(kernel.counters.handled)
    turns = [later - earlier for earlier, later in zip([before, *handled], handled, strict=False)]
    assert sum(turns) == 100
    assert max(turns) == 10
    await kernel.stop()


@pytest.mark.real_loop
async def test_a_turn_ends_after_a_bounded_time() -> None:
    class Slow(Actor):
        def on_receive(self, message: object) -> None:
            end = time.perf_counter() + 0.002
            while time.perf_counter() < end:
                pass

    kernel = Kernel(slice_s=0.004)
    kernel.spawn("slow", Slow)
    await kernel.settle()
    for _ in range(30):
        kernel.tell("slow", 1)
    turns = 0
    while not kernel.idle():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 10, "not all 30 in one turn of 60 ms"
    times = kernel.counters.handler_time["Slow"]
    assert (times.count, sum(times.buckets)) == (31, 31)
    assert times.seconds >= 0.06
    assert times.longest >= 0.002
    await kernel.stop()


async def test_an_actor_that_keeps_itself_busy_starves_nobody(kernel: Kernel) -> None:
    class Busy(Actor):
        def on_start(self) -> None:
            self.tell(self.id, 1)

        def on_receive(self, message: object) -> None:
            self.tell(self.id, message)

    kernel.spawn("busy", Busy)
    log = await probe_without_settling(kernel)
    assert await kernel.ask("a", 1, timeout=5) == 1
    assert log == [1]
    kernel.stop_actor("busy")


async def probe_without_settling(kernel: Kernel) -> Log:
    log: Log = []
    kernel.spawn("a", lambda: Probe(log))
    await asyncio.sleep(0)
    return log


async def test_what_comes_from_outside_is_admitted_between_two_messages(kernel: Kernel) -> None:
    """An entry made while a batch runs waits no longer than the message being handled, and behind what is queued already."""
    log = await probe(kernel)

    def knock(actor: Probe) -> None:
        kernel.door.bring("a", "from outside")
        actor.tell("a", "from inside")
        assert not kernel.idle()

    await do(kernel, "a", knock)
    await kernel.settle()
    assert log == ["from inside", "from outside"]


async def test_now_is_the_stamp_of_the_last_admission(kernel: Kernel) -> None:
    await probe(kernel)
    first = await do(kernel, "a", lambda actor: actor.now)
    await asyncio.sleep(7)
    assert kernel.door.stamp == first
    assert await do(kernel, "a", lambda actor: actor.now) == pytest.approx(first + 7)


async def test_a_deep_inbox_warns_at_its_mark_and_each_doubling(caplog: pytest.LogCaptureFixture) -> None:
    kernel = Kernel(warn_depth=10, batch=5)
    await probe(kernel)
    caplog.set_level(logging.WARNING)
    for round_ in range(2):
        for number in range(45):
            kernel.queue.post("a", Note(number))
        await kernel.settle()
        depths = [record.args for record in caplog.records]
        assert depths == [("a", 10), ("a", 20), ("a", 40)] * (round_ + 1)
    assert kernel.counters.deepest_inbox == 40
    await kernel.stop()


class Interrupted(Probe):
    """Is interrupted by a message."""

    def on_receive(self, message: object) -> object:
        self.log.append(message)
        if isinstance(message, type):
            raise message
        return None


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_goes_through_and_leaves_the_queue_working(error: type[BaseException]) -> None:
    log: Log = []
    kernels: list[Kernel] = []
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        kernel = Kernel()
        kernels.append(kernel)
        kernel.spawn("i", lambda: Interrupted(log))
        await kernel.settle()
        kernel.tell("i", error)
        kernel.tell("i", "after")
        await kernel.settle()

    task = loop.create_task(begin())
    with pytest.raises(error):
        loop.run_until_complete(task)
    loop.run_until_complete(task)
    loop.run_until_complete(kernels[0].stop())
    loop.close()
    assert log == [error, "after"]


async def test_what_is_ordered_from_outside_sees_the_time_it_came(kernel: Kernel) -> None:
    stamps: list[float] = []
    await asyncio.sleep(100)
    await probe(kernel, "late", lambda actor: stamps.append(actor.now))
    assert stamps == [kernel.now()]
