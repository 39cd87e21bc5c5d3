"""A registry that refuses: what registries say to a pull they do not allow, or of an image they do not have.

It listens on this machine's address on a bed's network, in plain HTTP; the bed's engines take it, as they take any registry there.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from aiohttp import web

PORT = 5000


class Mood(StrEnum):
    """How it refuses."""

    PASSWORD = "password"  # wants a name and a password for everything
    TOKEN = "token"  # gives everybody a token, which opens nothing; so do the big public ones
    FORBIDDEN = "forbidden"  # knows who asks, and says no
    ABSENT = "absent"  # has no such tag


_REFUSALS = {
    Mood.PASSWORD: (401, "UNAUTHORIZED", "authentication required"),
    Mood.TOKEN: (401, "UNAUTHORIZED", "authentication required"),
    Mood.FORBIDDEN: (403, "DENIED", "requested access to the resource is denied"),
    Mood.ABSENT: (404, "MANIFEST_UNKNOWN", "manifest unknown"),
}


@asynccontextmanager
async def refusing(address: str, mood: Mood) -> AsyncIterator[str]:
    """A registry at an address of this machine while in the block; its host and port, with which references begin."""
    where = f"{address}:{PORT}"
    challenge = {
        Mood.PASSWORD: 'Basic realm="bed"',
        Mood.TOKEN: f'Bearer realm="http://{where}/token",service="bed"',
    }.get(mood, "")

    async def version(request: web.Request) -> web.Response:
        if not challenge or "Authorization" in request.headers:
            return web.json_response({})
        return _refusal(*_REFUSALS[mood], challenge)

    async def manifest(request: web.Request) -> web.Response:
        return _refusal(*_REFUSALS[mood], challenge)

    async def token(request: web.Request) -> web.Response:
        return web.json_response({"token": "for-nothing"})

    app = web.Application()
    app.router.add_get("/v2/", version)
    app.router.add_get("/v2/{name:.+}/manifests/{tag}", manifest)
    app.router.add_get("/token", token)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, PORT).start()
        yield where
    finally:
        await runner.cleanup()


def _refusal(status: int, code: str, words: str, challenge: str) -> web.Response:
    headers = {"WWW-Authenticate": challenge} if status == 401 else {}
    body = json.dumps({"errors": [{"code": code, "message": words}]})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
