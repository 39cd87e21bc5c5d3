"""Is a recording what was said, does its replay hold whoever asks to it, and is it told clearly what differs?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.contracts.engine.recorded import tape
from tests.contracts.engine.recorded.listening import Recorder
from tests.contracts.engine.recorded.playing import UNRECORDED, Player
from tests.contracts.engine.recorded.tape import Exchange, Piece, Question

JSON = "application/json"
PING = Exchange(Question("GET", "/_ping", {}), 200, "text/plain", end="whole", pieces=[Piece(0, 0.1, "OK of host-7")])
MAKE = Exchange(Question("POST", "/create", {"name": "a"}, {"Image": "x"}), 201, JSON, end="whole", pieces=[Piece(1, 0.2, '{"Id":"1"}')])
EVENTS = Exchange(
    Question("GET", "/events", {"filters": {"type": ["container"]}}),
    200,
    JSON,
    stream=True,
    end="broken",
    pieces=[Piece(0, 0.0), Piece(1, 0.3, "made\n"), Piece(2, 0.5)],
)
SILENT = Exchange(Question("GET", "/silent", {}))
TRACK = (EVENTS, PING, MAKE, SILENT)


@asynccontextmanager
async def client(player: Player, recorder: Recorder | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """Speaks to the player, maybe through a recorder."""
    await player.door.open()
    door = player.door
    if recorder is not None:
        await (door := recorder.door).open()
    async with aiohttp.ClientSession("http://docker", connector=aiohttp.UnixConnector(str(door.socket))) as session:
        yield session
    if recorder is not None:
        await recorder.close()
    await player.close()


async def talk(session: aiohttp.ClientSession, player: Player) -> str:
    """Say all that is on the track; what the events were."""
    async with session.get("/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D") as events:
        assert (await said(session.get("/_ping")))[1].startswith("OK of ")
        await said(session.post("/create?name=a", json={"Image": "x"}))
        heard = await events.content.readline()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await said(session.get("/silent"))
        player.steps.take()
        with pytest.raises(aiohttp.ClientPayloadError):
            await events.content.readline()
    return heard.decode()


async def said(request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> tuple[int, str]:
    """Status and text of an answer."""
    async with request as answer:
        return answer.status, await answer.text()


async def test_what_is_played_is_what_was_said() -> None:
    player = Player(TRACK)
    async with client(player) as session:
        assert await talk(session, player) == "made\n"
    assert player.faults() == []


async def test_a_replay_recorded_is_the_same_recording_but_for_masked_words() -> None:
    player = Player(TRACK)
    recorder = Recorder(str(player.door.socket), {"host-7": "current"})
    async with client(player, recorder) as session:
        assert await talk(session, player) == "made\n"
    again = {exchange.question.path: exchange for exchange in recorder.track}
    assert again["/_ping"].pieces == [Piece(0, 0.1, "OK of current")]
    assert again["/create"].status == 201
    assert [piece.text for piece in again["/events"].pieces] == ["", "made\n", ""]
    assert (again["/events"].end, again["/silent"].status) == ("broken", tape.SILENCE)


async def test_what_was_not_recorded_is_told_with_the_difference() -> None:
    player = Player(TRACK)
    async with client(player) as session:
        assert (await said(session.post("/create?name=a", json={"Image": "y"})))[0] == UNRECORDED
    (unknown,) = player.faults()
    assert "POST /create was not recorded" in unknown
    assert '-  "Image": "x"' in unknown
    assert '+  "Image": "y"' in unknown


async def test_what_is_no_longer_asked_is_told() -> None:
    player = Player(TRACK)
    async with client(player) as session:
        await said(session.get("/_ping"))
    (missing,) = player.faults()
    assert "no longer asked" in missing
    assert "/create" in missing


async def test_who_polls_may_ask_again_who_changes_may_not() -> None:
    player = Player(TRACK)
    async with client(player) as session:
        for _ in range(3):
            assert (await said(session.get("/_ping")))[0] == 200
        statuses = [(await said(session.post("/create?name=a", json={"Image": "x"})))[0] for _ in range(2)]
    assert statuses == [201, UNRECORDED]
    assert len(player.faults()) == 1


def test_the_same_tape_is_the_same_file(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    made = tape.Tape({"engine": "1"}, {"b": TRACK, "a": [PING]})
    tape.save(made, first)
    read = tape.load(first)
    tape.save(read, second)
    assert first.read_bytes() == second.read_bytes()
    assert list(read.tracks["b"]) == list(TRACK)


def test_the_recording_is_of_an_engine_as_they_are_now() -> None:
    """It refuses clients below 1.44, and was spoken to in the highest version both know."""
    kept = tape.load()
    asked = [exchange.question.path for track in kept.tracks.values() for exchange in track]
    assert kept.engine["least_api"] == "1.44"
    assert {path.split("/")[1] for path in asked} == {"version", "_ping", f"v{kept.engine['api']}"}
    assert tape.FILE.stat().st_size < 500_000
