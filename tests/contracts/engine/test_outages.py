"""Is an engine that hangs, restarts or is cut off noticed in time, and is everything well again afterwards, and nothing left?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.errors import REFUSED, EngineUnavailable
from clocker_actors.model.containers import EngineState
from tests.contracts.engine.lab import Calls, Lab, engine_only, heard


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


async def test_it_introduces_itself(lab: Lab) -> None:
    await lab.engine.ping()
    told = await lab.engine.info()
    assert told.id
    assert told.name
    assert told.cores >= 1
    assert told.memory > 1 << 20
    assert tuple(map(int, told.api.split("."))) >= (1, 41)


async def test_a_hanging_engine_is_noticed_within_three_seconds(lab: Lab) -> None:
    identity = await lab.run()
    loop = asyncio.get_running_loop()
    lab.weather.hang()
    try:
        began = loop.time()
        with pytest.raises(EngineUnavailable) as silence:
            await lab.engine.ping()
        assert 1.5 <= loop.time() - began <= 3.0
    finally:
        lab.weather.resume()
    assert silence.value.details["engine"] in str(silence.value)
    assert "check" in str(silence.value)
    await lab.engine.ping()
    assert (await lab.engine.inspect(identity)).state is EngineState.RUNNING


async def test_an_engine_that_is_away_from_a_living_host_refuses(lab: Lab) -> None:
    await lab.engine.ping()
    async with lab.weather.away():
        with pytest.raises(EngineUnavailable):
            await lab.engine.ping()  # this one may break a connection that was open
        with pytest.raises(EngineUnavailable) as refusal:
            await lab.engine.ping()
    assert refusal.value.details["reason"] == REFUSED
    await lab.reachable()


async def test_a_restarted_engine_is_used_again_without_ado(lab: Lab) -> None:
    identity = await lab.run()
    await lab.weather.restart()
    await lab.reachable()
    assert (await lab.engine.inspect(identity)).state is EngineState.EXITED
    await lab.engine.start(identity)
    await lab.engine.info()


async def test_a_cut_cable_is_noticed_by_calls_and_streams(lab: Lab) -> None:
    if lab.local:
        pytest.skip("a local socket has no cable")
    identity = await lab.run()
    loop = asyncio.get_running_loop()
    async with heard(lab.engine) as events:
        lab.weather.cut()
        try:
            began = loop.time()
            with pytest.raises(EngineUnavailable) as silence:
                await lab.engine.list({})
            assert silence.value.details.get("reason") != REFUSED
            async with asyncio.timeout(8):
                broken = await events.get()
            assert isinstance(broken, EngineUnavailable)
            assert loop.time() - began <= 5.0
        finally:
            lab.weather.plug()
    await lab.reachable()
    assert (await lab.engine.inspect(identity)).state is EngineState.RUNNING


@engine_only
async def test_closing_leaves_no_connection_and_no_file(lab: Lab, tmp_path: Path) -> None:
    await lab.engine.ping()
    before = _open_files()
    files = _files(tmp_path)
    other = lab.connect(Calls())
    identity = await lab.run()
    await other.ping()
    await asyncio.gather(*(other.list({}) for _ in range(5)))
    watch = other.watch()
    watch.follow(identity, 1.0)
    await anext(aiter(watch))
    async with heard(other):
        pass
    await other.close()
    with pytest.raises(EngineUnavailable):
        await other.ping()
    await asyncio.sleep(0.05)  # the other side of an SSH channel takes a moment
    assert _open_files() <= before + lab.ends  # the lab's own pool may have grown by one
    assert _files(tmp_path) <= files


@engine_only
async def test_closing_while_cut_off_does_not_wait_for_the_cable(lab: Lab) -> None:
    other = lab.connect(Calls())
    await other.list({})
    watch = other.watch()
    watch.follow(await lab.run(), 1.0)
    async with heard(other):
        await anext(aiter(watch))
        lab.weather.cut()
        try:
            async with asyncio.timeout(5):
                await other.close()
        finally:
            lab.weather.plug()
