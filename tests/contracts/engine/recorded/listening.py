"""The recorder: a proxy before a real engine that writes down what is asked and what is answered, and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress

import aiohttp
from aiohttp import web
from yarl import URL

from tests.contracts.engine.recorded.door import Door
from tests.contracts.engine.recorded.steps import Steps
from tests.contracts.engine.recorded.tape import Exchange, Piece, question

ENDLESS = ("/events", "/logs", "/build", "/images/create")
"""Answers that come in pieces; of the others it does not matter how they come."""

PATIENCE = 1.0
"""An answer for which somebody waited that long in vain counts as none."""

_PRIVATE = ("HttpProxy", "HttpsProxy", "NoProxy", "KernelVersion", "Labels")


class Recorder:
    """Stands before one engine for one test. `masks` are texts of this machine with what is written instead."""

    def __init__(self, engine: str, masks: Mapping[str, str]) -> None:
        self.track: list[Exchange] = []
        self.steps = Steps()
        self.door = Door(self._answer)
        self._masks = masks
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(engine, limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        self._late: set[asyncio.Task[bytes]] = set()

    async def close(self) -> None:
        """Stop, after the last late answer or a few seconds."""
        if self._late:
            await asyncio.wait(self._late, timeout=5.0)
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self._session.close()
        await self.door.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        query = _masked(request.rel_url.raw_query_string, self._masks)
        exchange = Exchange(asked := question(request.method, _masked(request.path, self._masks), query, body, request.content_type))
        self.track.append(exchange)
        if asked.changes:
            self.steps.take()
        pen = _Pen(self.steps, exchange, self._masks)
        try:
            if request.path.endswith(ENDLESS) or ("/exec/" in request.path and request.path.endswith("/start")):
                return await self._stream(request, body, pen)
            return await self._whole(request, body, pen)
        except (aiohttp.ClientError, OSError):
            pen.broken()
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)

    async def _whole(self, request: web.Request, body: bytes, pen: _Pen) -> web.StreamResponse:
        asking = asyncio.create_task(self._ask(request, body, pen))
        try:
            data = await asyncio.shield(asking)
        except asyncio.CancelledError:
            pen.left()
            self._late.add(asking)
            asking.add_done_callback(self._forget)
            raise
        return web.Response(status=pen.exchange.status, body=data, content_type=pen.exchange.kind or None)

    async def _ask(self, request: web.Request, body: bytes, pen: _Pen) -> bytes:
        async with self._asked(request, body) as answer:
            data = await answer.read()
        pen.head(answer)
        pen.wrote(data)
        return data

    async def _stream(self, request: web.Request, body: bytes, pen: _Pen) -> web.StreamResponse:
        async with self._asked(request, body) as answer:
            pen.exchange.stream = True
            pen.head(answer)
            pen.wrote(b"")
            passed = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
            await passed.prepare(request)
            async for chunk in answer.content.iter_any():
                pen.wrote(chunk)
                await passed.write(chunk)
            pen.whole()
            with suppress(ConnectionError):
                await passed.write_eof()
        return passed

    def _asked(self, request: web.Request, body: bytes) -> aiohttp.client._RequestContextManager:
        headers = {"Content-Type": request.headers["Content-Type"]} if "Content-Type" in request.headers else {}
        url = URL(f"http://docker{request.raw_path}", encoded=True)
        return self._session.request(request.method, url, data=body or None, headers=headers)

    def _forget(self, task: asyncio.Task[bytes]) -> None:
        self._late.discard(task)
        with suppress(asyncio.CancelledError):
            task.exception()  # a late failure is nobody's


class _Pen:
    """Writes one exchange down."""

    def __init__(self, steps: Steps, exchange: Exchange, masks: Mapping[str, str]) -> None:
        self.exchange = exchange
        self._steps = steps
        self._masks = masks
        self._clock = asyncio.get_running_loop().time
        self._began = self._last = self._clock()
        self._waits = True

    def head(self, answer: aiohttp.ClientResponse) -> None:
        if self._waits or self._clock() - self._began < PATIENCE:
            self.exchange.status, self.exchange.kind = answer.status, answer.content_type
            self.exchange.end = "open" if self.exchange.stream else "whole"

    def wrote(self, data: bytes) -> None:
        """A piece came, maybe so soon after the one before that it is one with it."""
        text = self._masked(data.decode("utf-8", "surrogateescape"))
        pieces = self.exchange.pieces
        piece = self._piece(text)
        if len(pieces) > 1 and pieces[-1].after == piece.after and piece.pause < 0.01:
            piece = Piece(piece.after, pieces[-1].pause, pieces.pop().text + text)
        pieces.append(piece)

    def whole(self) -> None:
        self.exchange.pieces.append(self._piece(""))
        self.exchange.end = "whole"

    def broken(self) -> None:
        self.exchange.pieces.append(self._piece(""))
        self.exchange.end = "broken"

    def left(self) -> None:
        """Nobody waits for it any more."""
        self._waits = False

    def _piece(self, text: str) -> Piece:
        now = self._clock()
        pause = now - max(self._last, self._steps.at)
        self._last = now
        return Piece(self._steps.count, round(max(0.0, pause), 3), text)

    def _masked(self, text: str) -> str:
        text = _masked(text, self._masks)
        if self.exchange.question.path.endswith("/info"):
            text = json.dumps({key: "" if key in _PRIVATE else value for key, value in json.loads(text).items()})
        return text


def _masked(text: str, masks: Mapping[str, str]) -> str:
    for found, instead in masks.items():
        text = text.replace(found, instead)
    return text
