"""A small HTTP server that speaks the documented API of Vault's KV engines (v1 and v2) as far as readers use it: there is no Vault on this machine.

Secrets are in `kept`, by mount and path; `token` may read all but what is in `closed`. `sealed` answers 503 so many times, as a sealed Vault does.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

TOKEN = "hvs.test-token-of-vault"


@dataclass
class Vault:
    """What it has, and what it was asked."""

    versions: dict[str, int] = field(default_factory=lambda: {"secret": 2, "old": 1})
    kept: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    token: str = TOKEN
    sealed: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        """One question, as the real one answers it."""
        self.asked.append((request.path, request.headers.get("X-Vault-Namespace", "")))
        if self.sealed:
            self.sealed -= 1
            return web.json_response({"errors": ["Vault is sealed"]}, status=503)
        if request.headers.get("X-Vault-Token") != self.token:
            return web.json_response({"errors": ["permission denied"]}, status=403)
        mount, _, rest = request.match_info["path"].partition("/")
        if mount not in self.versions:
            return web.json_response({"errors": [f'no handler for route "{mount}/{rest}". route entry not found.']}, status=404)
        if self.versions[mount] == 2 and not rest.startswith("data/"):
            return web.json_response({"errors": [], "warnings": ["Invalid path for a versioned K/V secrets engine."]}, status=404)
        path = rest.removeprefix("data/") if self.versions[mount] == 2 else rest
        if path in self.closed:
            return web.json_response({"errors": ["1 error occurred:\n\t* permission denied\n\n"]}, status=403)
        found = self.kept.get((mount, path))
        if self.versions[mount] == 1:
            return web.json_response({"data": found}) if found is not None else web.json_response({"errors": []}, status=404)
        about = {"version": 3, "deletion_time": "2026-01-01T00:00:00Z" if path in self.deleted else ""}
        if path in self.deleted:
            return web.json_response({"data": {"data": None, "metadata": about}}, status=404)
        return (
            web.json_response({"data": {"data": found, "metadata": about}})
            if found is not None
            else web.json_response({"errors": []}, status=404)
        )


@asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[Vault]:
    """One that listens on a port of this machine, until the end of the block."""
    vault = Vault()
    app = web.Application()
    app.router.add_get("/v1/{path:.*}", vault.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    vault.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    try:
        yield vault
    finally:
        await runner.cleanup()
