"""The player: answers requests as a real engine once did, and holds whoever asks to what was recorded.

A GET may be asked more often than it was recorded (somebody polls) and then gets the last answer again; whatever may change something
is asked exactly as often. What was wrong is kept in `faults`, which the test's end looks at: an error that the code under test expects
anyhow must not hide it.
"""

from __future__ import annotations

import asyncio
import difflib
from collections import defaultdict
from collections.abc import Sequence

from aiohttp import web

from tests.contracts.engine.recorded.door import Door
from tests.contracts.engine.recorded.steps import Steps
from tests.contracts.engine.recorded.tape import SILENCE, Exchange, Question, question

AGAIN = "record anew with `python -m tests.contracts.engine.record` if the change is meant"
UNRECORDED = 599


class Player:
    """Plays one test's track."""

    def __init__(self, track: Sequence[Exchange]) -> None:
        self.steps = Steps()
        self.door = Door(self._answer)
        self._track = track
        self._open: defaultdict[str, list[Exchange]] = defaultdict(list)
        self._last: dict[str, Exchange] = {}
        self._unknown: list[str] = []
        self._servers: list[asyncio.Server] = []
        self._made: dict[str, Question] = {}
        for exchange in reversed(track):
            self._open[exchange.question.key].append(exchange)

    async def close(self) -> None:
        """Stop."""
        for server in self._servers:
            server.close()
        await self.door.close()

    def faults(self) -> list[str]:
        """What was asked and is not on the track, and what is on it, would change something, and was not asked."""
        if self._unknown:  # then what is missing follows from it
            return self._unknown
        missing = [exchange.question for left in self._open.values() for exchange in left if exchange.question.changes]
        return [f"recorded, but no longer asked; {AGAIN}:\n{asked}" for asked in missing]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = question(request.method, request.path, request.rel_url.raw_query_string, body, request.content_type)
        exchange = self._recorded(asked)
        if exchange is None:
            self._unknown.append(self._told(asked))
            self.steps.lose()
            return web.json_response({"message": self._unknown[-1]}, status=UNRECORDED)
        if asked.changes:
            self.steps.take()
        if exchange.stream:
            return await self._stream(request, exchange)
        await self._wait(exchange, 0)
        if exchange.end == "broken":
            return _broken(request)
        if exchange.status == SILENCE:
            await asyncio.Event().wait()
        await self._serve(exchange)
        data = _bytes(exchange.pieces[0].text)
        return web.Response(status=exchange.status, body=data, content_type=exchange.kind or None)

    async def _stream(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        await self._wait(exchange, 0)
        played = web.StreamResponse(status=exchange.status, headers={"Content-Type": exchange.kind})
        await played.prepare(request)
        for place, piece in enumerate(exchange.pieces[1:], 1):
            await self._wait(exchange, place)
            if piece.text:
                await played.write(_bytes(piece.text))
        if exchange.end == "open":
            await asyncio.Event().wait()
        if exchange.end == "broken":
            return _broken(request)
        await played.write_eof()
        return played

    async def _wait(self, exchange: Exchange, place: int) -> None:
        if place < len(exchange.pieces):
            await self.steps.reach(exchange.pieces[place].after)
            await asyncio.sleep(exchange.pieces[place].pause)

    def _recorded(self, asked: Question) -> Exchange | None:
        if self._open[asked.key]:
            self._last[asked.key] = self._open[asked.key].pop()
        elif asked.changes:
            return None
        return self._last.get(asked.key)

    def _told(self, asked: Question) -> str:
        """The request, and how it differs from the recorded one that is most like it."""
        words = f"{asked.method} {asked.path} was not recorded in this test, or not so often; {AGAIN}"
        near = difflib.get_close_matches(str(asked), [str(exchange.question) for exchange in self._track], 1, 0.0)
        lines = difflib.unified_diff(near[0].splitlines() if near else [], str(asked).splitlines(), "recorded", "asked", lineterm="")
        return "\n".join([words, *lines])

    async def _serve(self, exchange: Exchange) -> None:
        """Stand in for a web server in a container: what it publishes answers on this machine, once it was started."""
        asked = exchange.question
        if asked.path.endswith("/containers/create") and exchange.status == 201:
            self._made[exchange.pieces[0].text.split('"')[3]] = asked
        *_, identity, verb = asked.path.split("/")
        made = self._made.get(identity)
        if verb != "start" or exchange.status != 204 or made is None or not isinstance(made.body, dict) or "Cmd" in made.body:
            return
        for bindings in made.body["HostConfig"]["PortBindings"].values():
            self._servers.append(await asyncio.start_server(_greet, "127.0.0.1", int(bindings[0]["HostPort"])))


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await reader.readline():
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
    writer.close()


def _broken(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
