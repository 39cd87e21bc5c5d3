"""Does what lives by a lease live as long as it is answered, and end by itself when it is not: on whatever engine, and if nobody reaches it?

Answers go over a web socket, which no recording has; so these run on the simulated engine and on real ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from clocker_actors.errors import ClockerError, Conflict, EngineFault, EngineUnavailable, NotFound
from clocker_actors.model.containers import EngineState
from clocker_actors.model.identity import LABEL_LEASE
from tests.contracts.engine.lab import LABEL, Lab, heard, live, next_of, until

TTL = 3.0
SLACK = 2.5
"""Seconds that an end may come later than it has to: the lease looks at its clock once a second, and the engine tells."""
OURS = {LABEL: "test", LABEL_LEASE: "1"}


class Holder:
    """Answers a lease while it may."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab, self._name = lab, name
        self.allowed = True
        self.answers = 0
        self.over: ClockerError | None = None

    def _answer(self) -> bool:
        return self.allowed

    async def run(self) -> None:
        try:
            async with aclosing(self._lab.engine.hold(self._name, self._answer)) as answers:  # type: ignore[type-var]
                async for _ in answers:
                    self.answers += 1
        except ClockerError as error:
            self.over = error

    async def answered(self, times: int) -> None:
        """Wait until it has answered so many times."""

        async def enough() -> bool:
            assert self.over is None, self.over
            return self.answers >= times

        await until(enough, 20.0)


@asynccontextmanager
async def held(lab: Lab, name: str) -> AsyncIterator[Holder]:
    """A lease that is answered while in the block, unless it ends before."""
    holder = Holder(lab, name)
    task = asyncio.create_task(holder.run())
    try:
        yield holder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def leased(lab: Lab) -> tuple[str, str]:
    """A lease that runs, and the id of a container that lives by it."""
    request = lab.request()
    name = f"{request.name}.lease"
    await lab.engine.lease(name, OURS, TTL)
    identity = await lab.engine.create(lab.request(request.name, lease=name))
    await lab.engine.start(name)
    await lab.engine.start(identity)
    return name, identity


async def states(lab: Lab, *containers: str) -> set[EngineState]:
    return {(await lab.engine.inspect(container)).state for container in containers}


@live
async def test_both_live_while_it_is_answered_and_end_when_it_is_not(lab: Lab) -> None:
    name, identity = await leased(lab)
    loop = asyncio.get_running_loop()
    async with held(lab, name) as holder, heard(lab.engine) as events:
        await holder.answered(int(TTL) + 3)
        assert await states(lab, name, identity) == {EngineState.RUNNING}, "it has outlived its first span"
        stopped = loop.time()
        holder.allowed = False
        (died,) = await next_of(events, identity, 1, TTL + SLACK + 2)
        assert died.action == "die"
        assert TTL - 1.5 <= loop.time() - stopped <= TTL + SLACK
        assert holder.over is None, "who does not answer any more has ended the way by itself"
    assert await states(lab, name, identity) == {EngineState.EXITED}
    assert (await lab.engine.inspect(identity)).exit_code == 137, "ended by the kernel, not asked to"


@live
async def test_one_that_is_never_answered_ends_too(lab: Lab) -> None:
    name, identity = await leased(lab)

    async def ended() -> bool:
        return await states(lab, name, identity) == {EngineState.EXITED}

    await until(ended, TTL + SLACK)


@live
async def test_what_nobody_reaches_ends(lab: Lab) -> None:
    if lab.local:
        pytest.skip("a socket of this machine has no cable")
    name, identity = await leased(lab)
    async with held(lab, name) as holder:
        await holder.answered(2)
        lab.weather.cut()
        try:
            await asyncio.sleep(TTL + SLACK)
        finally:
            lab.weather.plug()
    await lab.reachable()
    assert await states(lab, name, identity) == {EngineState.EXITED}


@live
async def test_the_end_of_the_lease_is_told_to_who_holds_it(lab: Lab) -> None:
    name, _ = await leased(lab)
    async with held(lab, name) as holder:
        await holder.answered(1)
        await lab.engine.kill(name)

        async def over() -> bool:
            return holder.over is not None

        await until(over, 5.0)
    assert isinstance(holder.over, EngineUnavailable)
    with pytest.raises(NotFound):
        async for _ in lab.engine.hold("clocker.test.nothing.lease", lambda: True):
            pass


@live
async def test_one_of_ours_is_adopted_while_it_lives_and_made_anew_when_it_has_ended(lab: Lab) -> None:
    name, identity = await leased(lab)
    first = await lab.engine.inspect(name)
    await lab.engine.lease(name, OURS, TTL)
    assert (await lab.engine.inspect(name)).id == first.id
    await lab.engine.kill(name)

    async def ended() -> bool:
        return await states(lab, name, identity) == {EngineState.EXITED}

    await until(ended, 5.0)
    await lab.engine.lease(name, OURS, TTL)
    again = await lab.engine.inspect(name)
    assert (again.id != first.id, again.state) == (True, EngineState.CREATED)
    await lab.engine.start(name)
    with pytest.raises(EngineFault):
        await lab.engine.start(identity)
    assert await states(lab, name) == {EngineState.RUNNING}, "what was made for the former one does not live by this one"


@live
async def test_a_stranger_of_that_name_is_left_alone(lab: Lab) -> None:
    identity = await lab.run(lab.request("clocker.test.strange.lease"))
    with pytest.raises(Conflict, match="remove it by hand"):
        await lab.engine.lease("clocker.test.strange.lease", OURS, TTL)
    assert await states(lab, identity) == {EngineState.RUNNING}


@live
async def test_nothing_starts_that_is_to_live_by_a_lease_that_does_not_run(lab: Lab) -> None:
    request = lab.request()
    name = f"{request.name}.lease"
    await lab.engine.lease(name, OURS, TTL)
    identity = await lab.engine.create(lab.request(request.name, lease=name))
    with pytest.raises(EngineFault):
        await lab.engine.start(identity)
    assert EngineState.RUNNING not in await states(lab, identity)
