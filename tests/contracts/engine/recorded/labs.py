"""Labs whose engine is a recording: one that makes it, on a real engine, and one that plays it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from clocker_actors.drivers.docker import connect
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.engine import Engine
from tests.bed import BedHost
from tests.bed.image import WEB_TAG
from tests.contracts.engine.lab import Calls, Lab, Weather
from tests.contracts.engine.recorded.door import Door
from tests.contracts.engine.recorded.listening import Recorder
from tests.contracts.engine.recorded.playing import AGAIN, Player
from tests.contracts.engine.recorded.steps import Steps
from tests.contracts.engine.recorded.tape import Exchange

PLAYED = "recorded"
HOST, GATEWAY = "198.18.0.11", "198.18.0.1"
"""Where host and gateway are in a recording."""


class Watched:
    """Weather in which each change is a step of the recording; over a real engine it also happens, in a recording it has happened."""

    def __init__(self, steps: Steps, door: Door, real: Weather | None) -> None:
        self._steps = steps
        self._door = door
        self._real = real

    def hang(self) -> None:
        self._steps.take()
        if self._real is not None:
            self._real.hang()

    def resume(self) -> None:
        self._steps.take()
        if self._real is not None:
            self._real.resume()

    def cut(self) -> None:
        """The door is a local socket, which has no cable."""

    def plug(self) -> None:
        """Nor is there anything to mend."""

    async def restart(self) -> None:
        self._steps.take()
        if self._real is not None:
            await self._real.restart()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """The socket is gone, too, as it is when an engine ended in order."""
        self._steps.take()
        await self._door.shut()
        if self._real is None:
            yield
        else:
            async with self._real.away():
                yield
        await self._door.open()
        self._steps.take()

    def work(self, name: str) -> None:
        """Its containers do, or did, work."""


@asynccontextmanager
async def recording(host: BedHost, real: Weather, track: list[Exchange], folder: Path) -> AsyncIterator[Lab]:
    """A lab on a host's engine; at the end `track` has what was said, with this bed's own names and addresses replaced."""
    names = {
        str(host.socket.parent): "/bed",
        host.name: "current",
        "registry-1.docker.io": "registry.test",
        "index.docker.io": "index.test",
    }
    masks = names | {host.address: HOST, host.gateway: GATEWAY}
    recorder = Recorder(str(host.socket), masks)
    await recorder.door.open()
    try:
        async with _lab(recorder.door, Watched(recorder.steps, recorder.door, real), folder) as lab:
            yield replace(lab, address=host.address, ends=3, gateway=host.gateway, played=False)
    finally:
        await recorder.close()
        track.extend(recorder.track)


@asynccontextmanager
async def playing(track: Sequence[Exchange], folder: Path) -> AsyncIterator[Lab]:
    """A lab on what was recorded; its end fails when something else was asked."""
    assert track, f"nothing was recorded of this test: {AGAIN}"
    player = Player(track)
    await player.door.open()
    try:
        async with _lab(player.door, Watched(player.steps, player.door, None), folder) as lab:
            yield lab
    finally:
        await player.close()
    faults = player.faults()
    assert not faults, "\n".join(faults)


@asynccontextmanager
async def _lab(door: Door, weather: Weather, folder: Path) -> AsyncIterator[Lab]:
    spec = EngineSpec(door.url)
    calls = Calls()

    def again(log: CallLog) -> Engine:
        return connect(spec, log, folder / "run")

    engine = again(calls)
    try:
        yield Lab(PLAYED, engine, WEB_TAG, "127.0.0.1", weather, calls, again, local=True, ends=2, gateway=GATEWAY, played=True)
    finally:
        await engine.close()
        await asyncio.sleep(0.01)  # the door sees that they are gone
