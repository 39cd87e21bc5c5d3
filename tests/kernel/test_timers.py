"""Do timers come once, in order, and not after they were taken back?"""

import asyncio
from contextvars import Context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.kernel import Clock, Kernel, VirtualLoop
from clocker_actors.kernel.timers import COMPACT_AT, Timers
from tests.kernel.probe import Probe, do, probe


async def test_a_timer_comes_once_at_its_time_and_now_is_its_stamp(kernel: Kernel) -> None:
    log = await probe(kernel)
    began = kernel.now()
    await do(kernel, "a", lambda actor: actor.after("t", 5, "tick"))
    await asyncio.sleep(4.9)
    assert log == []
    await asyncio.sleep(60)
    assert log == ["tick"]
    assert await do(kernel, "a", lambda actor: actor.now) == pytest.approx(began + 64.9)


async def test_arming_again_replaces(kernel: Kernel) -> None:
    log = await probe(kernel)

    def arm(actor: Probe) -> None:
        actor.after("t", 5, "first")
        actor.after("t", 9, "second")
        actor.after("other", 7, "other")

    await do(kernel, "a", arm)
    await asyncio.sleep(20)
    assert log == ["other", "second"]


async def test_a_timer_taken_back_never_comes_even_when_it_was_on_its_way(kernel: Kernel) -> None:
    log = await probe(kernel)

    def arm(actor: Probe) -> None:
        actor.after("one", 1, "one")
        actor.after("two", 1, "two")

    await do(kernel, "a", arm)
    actor = kernel.queue.cells["a"].behaviour
    assert isinstance(actor, Probe)
    original = actor.on_receive

    def cancel_the_other(message: object) -> object:
        if message == "one":
            actor.cancel_timer("two")
        return original(message)

    actor.on_receive = cancel_the_other  # type: ignore[method-assign]
    await asyncio.sleep(5)
    assert log == ["one"]


async def test_timers_due_together_fire_in_the_order_they_were_armed(kernel: Kernel) -> None:
    log = await probe(kernel)

    def arm(actor: Probe) -> None:
        for number in (3, 1, 2):
            actor.after(f"t{number}", 1.0, number)
        actor.after("negative", -5, "at once")

    await do(kernel, "a", arm)
    await asyncio.sleep(2)
    assert log == ["at once", 3, 1, 2]


async def test_timers_taken_back_do_not_pile_up() -> None:
    timers = Timers(asyncio.get_running_loop(), Context())
    for _ in range(20 * COMPACT_AT):
        timers.cancel(timers.arm(3600, lambda: None))
    assert len(timers) == 0
    assert len(timers._heap) <= 2 * COMPACT_AT + 2
    timers.close()


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=40))
def test_every_timer_left_alone_fires_in_order_and_no_other_does(plan: list[tuple[float, bool]]) -> None:
    fired: list[int] = []

    async def run() -> None:
        timers = Timers(asyncio.get_running_loop(), Context())
        armed = [
            timers.arm(delay, lambda number=number: fired.append(number))  # type: ignore[misc]
            for number, (delay, _) in enumerate(plan)
        ]
        for timer, (_, cancelled) in zip(armed, plan, strict=True):
            if cancelled:
                timers.cancel(timer)
        await asyncio.sleep(101)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    left = [(delay, number) for number, (delay, cancelled) in enumerate(plan) if not cancelled]
    assert fired == [number for _, number in sorted(left)]


async def test_time_is_the_wall_at_start_and_what_the_loop_counted_since() -> None:
    clock = Clock(start=1000.0)
    await asyncio.sleep(2.5)
    assert clock.now() == pytest.approx(1002.5)


@pytest.mark.real_loop
async def test_on_a_real_loop_the_clock_begins_with_the_wall() -> None:
    import time

    assert abs(Clock().now() - time.time()) < 1.0
