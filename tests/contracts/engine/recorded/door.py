"""The unix socket at which a recorder or player listens; it can be shut, which is how an engine looks that is away."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """A server on a socket of its own, in this very loop. Handlers are cancelled when whoever asked goes away."""

    def __init__(self, handler: Handler) -> None:
        # short, because a socket's path may have 107 characters and a test's folder is long
        self._folder = tempfile.TemporaryDirectory(prefix="clktape-")
        self.socket = Path(self._folder.name) / "docker.sock"
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", handler)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        self._site: web.UnixSite | None = None

    @property
    def url(self) -> str:
        """What an engine's spec says."""
        return f"unix://{self.socket}"

    async def open(self) -> None:
        """Listen."""
        if self._runner.server is None:
            await self._runner.setup()
        self._site = web.UnixSite(self._runner, str(self.socket))
        await self._site.start()

    async def shut(self) -> None:
        """Listen no more, and break all connections."""
        assert self._site is not None
        assert self._runner.server is not None
        await self._site.stop()
        self.socket.unlink(missing_ok=True)
        for connection in self._runner.server.connections:
            connection.force_close()

    async def close(self) -> None:
        """Shut for good."""
        await self._runner.cleanup()
        self._folder.cleanup()
