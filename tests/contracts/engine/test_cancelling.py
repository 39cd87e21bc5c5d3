"""Does cancelling a call end the waiting only, and is what it left behind found and adopted?"""

import asyncio
from contextlib import suppress

import pytest

from clocker_actors.errors import NameConflict, NotFound
from clocker_actors.model.containers import ContainerRequest, EngineState, Observed
from tests.contracts.engine.lab import Lab, until


async def made_or_adopted(lab: Lab, wanted: ContainerRequest) -> Observed:
    """The container, by a second call. One that bears the name may be one that the engine, not waited for any more, is about to take back."""
    for _ in range(4):
        try:
            identity = await lab.engine.create(wanted)
        except NameConflict as refusal:
            identity = refusal.details["existing"]
        with suppress(NotFound):
            return await lab.engine.inspect(identity)
    raise AssertionError(f"no {wanted.name} comes of it")


async def test_a_cancelled_create_may_have_happened_and_is_adopted(lab: Lab) -> None:
    wanted = lab.request()
    await lab.engine.ping()
    await lab.engine.list({})
    creating = asyncio.create_task(lab.engine.create(wanted))
    await asyncio.sleep(0.004)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating

    async def there() -> bool:
        return [seen.name for seen in await lab.engine.list({})] == [wanted.name]

    with suppress(TimeoutError):  # engines from 28 on may notice that nobody waits, and make nothing
        await until(there, 1.0)
    adopted = await made_or_adopted(lab, wanted)
    assert (adopted.name, adopted.state) == (wanted.name, EngineState.CREATED)
    assert adopted.labels.items() >= wanted.labels.items()


async def test_a_cancelled_start_runs_on(lab: Lab) -> None:
    identity = await lab.engine.create(lab.request())
    starting = asyncio.create_task(lab.engine.start(identity))
    await asyncio.sleep(0.05)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    async def runs() -> bool:
        return (await lab.engine.inspect(identity)).state is EngineState.RUNNING

    await until(runs, 5.0)


async def test_cancelled_calls_hold_no_connection(lab: Lab) -> None:
    """More of them than there are connections; a call after them is answered at once."""
    calls = [asyncio.create_task(lab.engine.list({})) for _ in range(150)]
    await asyncio.sleep(0.001)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    async with asyncio.timeout(2.0):
        assert list(await lab.engine.list({})) == []
