"""Does slow work come back as a message, whatever becomes of it?"""

import asyncio

import pytest

from clocker_actors.errors import Conflict, EngineUnavailable, Failure
from clocker_actors.kernel import Kernel, WorkDone, WorkFailed
from tests.kernel.probe import CRASH, do, probe


async def test_the_outcome_of_a_work_is_a_message(kernel: Kernel) -> None:
    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("sleep", asyncio.sleep, 2, "rested", timeout=5))
    assert await do(kernel, "a", lambda actor: actor.working("sleep"))
    await asyncio.sleep(2.1)
    assert log == [WorkDone("sleep", "rested")]
    assert not await do(kernel, "a", lambda actor: actor.working("sleep"))


async def test_an_error_of_a_work_arrives_as_a_value(kernel: Kernel) -> None:
    async def fail() -> None:
        raise EngineUnavailable("cut off", retry_after=3.0, host="h1")

    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("call", fail, timeout=5))
    await asyncio.sleep(0.1)
    assert log == [WorkFailed("call", Failure("EngineUnavailable", "cut off", True, 3.0, {"host": "h1"}))]


async def test_a_work_that_takes_too_long_is_given_up_at_once_but_its_effect_may_come(kernel: Kernel) -> None:
    effects: list[float] = []

    async def create() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            effects.append(kernel.now())

    log = await probe(kernel)
    began = kernel.now()
    await do(kernel, "a", lambda actor: actor.work("create", create, timeout=3))
    await asyncio.sleep(3.1)
    assert [(message.name, message.failure.kind, message.failure.transient) for message in log] == [("create", "WorkTimedOut", True)]
    assert effects == []
    await asyncio.sleep(2)
    assert effects == [pytest.approx(began + 4)]
    assert len(log) == 1
    assert kernel.counters.works_timed_out == 1


async def test_a_cancelled_work_says_so_once_and_frees_its_name(kernel: Kernel) -> None:
    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("w", asyncio.sleep, 9, timeout=20))
    await do(kernel, "a", lambda actor: actor.cancel_work("w"))
    await do(kernel, "a", lambda actor: actor.cancel_work("unknown"))
    await asyncio.sleep(0.1)
    assert [message.failure.kind for message in log] == ["WorkCancelled"]
    await do(kernel, "a", lambda actor: actor.work("w", asyncio.sleep, 1, timeout=20))
    await asyncio.sleep(30)
    assert log[1:] == [WorkDone("w", None)]


async def test_a_work_cancelled_before_its_first_step_leaves_no_unawaited_coroutine(kernel: Kernel) -> None:
    ran: list[int] = []

    async def never() -> None:
        ran.append(1)

    def both(actor: object) -> None:
        actor.work("w", never, timeout=5)  # type: ignore[attr-defined]
        actor.cancel_work("w")  # type: ignore[attr-defined]

    log = await probe(kernel)
    await do(kernel, "a", both)
    await asyncio.sleep(1)
    assert (ran, [message.failure.kind for message in log]) == ([], ["WorkCancelled"])


async def test_one_work_of_a_name_at_a_time(kernel: Kernel) -> None:
    await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("w", asyncio.sleep, 9, timeout=20))
    with pytest.raises(Conflict, match="a runs a work named 'w' already"):
        await do(kernel, "a", lambda actor: actor.work("w", asyncio.sleep, 9, timeout=20))


async def test_the_handler_of_an_outcome_may_begin_the_same_work_again(kernel: Kernel) -> None:
    from clocker_actors.kernel import Actor

    rounds: list[object] = []

    class Again(Actor):
        def on_start(self) -> None:
            self.work("w", asyncio.sleep, 1, timeout=5)

        def on_receive(self, message: object) -> None:
            rounds.append(message)
            if len(rounds) < 3:
                self.on_start()

    kernel.spawn("again", Again)
    await asyncio.sleep(10)
    assert rounds == [WorkDone("w", None)] * 3


async def test_an_outcome_on_its_way_to_a_crashed_behaviour_is_dropped(kernel: Kernel) -> None:
    """The fresh behaviour began no such work and must not hear of it."""
    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("w", asyncio.sleep, 0, timeout=5))
    kernel.tell("a", CRASH)
    await asyncio.sleep(0)
    await asyncio.sleep(1)
    assert log == []


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit, BaseExceptionGroup])
async def test_even_odd_exceptions_of_a_work_are_outcomes(kernel: Kernel, error: type[BaseException]) -> None:
    async def odd() -> None:
        raise (BaseExceptionGroup("several", [ValueError(1)]) if error is BaseExceptionGroup else error())

    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("w", odd, timeout=5))
    await asyncio.sleep(1)
    assert len(log) == 1
    assert log[0].failure.kind in ("WorkCancelled", "GeneratorExit", "ExceptionGroup")


async def test_a_callable_that_is_not_asynchronous_is_a_failure_not_a_crash(kernel: Kernel) -> None:
    log = await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("w", lambda: 5, timeout=5))  # type: ignore[arg-type, return-value]
    await asyncio.sleep(1)
    assert log[0].failure.kind == "TypeError"
