"""Does the kernel run on the loop the daemon prefers?"""

import asyncio

import pytest

from clocker_actors.kernel import Kernel, WorkDone
from tests.kernel.probe import CRASH, Do, probe

uvloop = pytest.importorskip("uvloop")


def test_messages_works_and_timers_on_uvloop() -> None:
    async def run() -> list[object]:
        kernel = Kernel()
        log = await probe(kernel)
        kernel.tell("a", CRASH)
        kernel.tell("a", Do(lambda actor: actor.work("w", asyncio.sleep, 0.01, timeout=1)))
        kernel.tell("a", Do(lambda actor: actor.after("t", 0.0203, "tick")))
        await asyncio.sleep(0.06)
        with pytest.raises(TimeoutError):
            await kernel.ask("a", Do(lambda actor: actor.defer()), timeout=0.005)
        await kernel.stop()
        return log

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run()) == [WorkDone("w", None), "tick"]
