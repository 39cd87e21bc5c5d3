"""Does virtual time jump, stay deterministic, and fail when a test waits for ever?"""

import asyncio
import sqlite3
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from clocker_actors.kernel import VirtualLoop


def run(coroutine: Coroutine[Any, Any, Any], horizon: float | None = None) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        if horizon is not None:
            loop = runner.get_loop()
            assert isinstance(loop, VirtualLoop)
            loop.horizon = horizon
        return runner.run(coroutine)


def test_a_day_takes_no_time() -> None:
    async def day() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    began = time.perf_counter()
    assert run(day()) == 86_400
    assert time.perf_counter() - began < 1.0


def test_waiting_for_what_cannot_come_fails_at_once() -> None:
    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing is left to happen"):
        run(forever())


def test_waiting_beside_a_timer_that_goes_on_for_ever_fails_too() -> None:
    async def forever() -> None:
        loop = asyncio.get_running_loop()

        def tick() -> None:
            loop.call_later(1, tick)

        tick()
        await loop.create_future()

    with pytest.raises(RuntimeError, match="virtual time ran past 100 s"):
        run(forever(), horizon=100)


def test_calls_for_an_executor_run_inline() -> None:
    async def store() -> Any:
        def query() -> Any:
            connection = sqlite3.connect(":memory:")
            try:
                return connection.execute("select 41 + 1").fetchone()[0]
            finally:
                connection.close()

        loop = asyncio.get_running_loop()
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 / 0)
        return await asyncio.to_thread(query)

    assert run(store()) == 42


def test_timeouts_and_sleeps_keep_their_order() -> None:
    async def order() -> list[str]:
        seen: list[str] = []

        async def sleeper(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            seen.append(name)

        async with asyncio.TaskGroup() as group:
            for seconds, name in ((3, "c"), (1, "a"), (2, "b")):
                group.create_task(sleeper(seconds, name))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.sleep(1)
        return seen

    assert run(order()) == ["a", "b", "c"]


async def test_async_tests_run_in_virtual_time_unless_they_say_otherwise() -> None:
    assert isinstance(asyncio.get_running_loop(), VirtualLoop)


@pytest.mark.real_loop
async def test_this_one_says_otherwise() -> None:
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)
