"""The sockets that people come in by, and the server behind them, on the loop that runs already.

The unix socket is bound here, since only so it is 0600 from its first moment. The server's own handling of signals is off: the daemon has its own, and stops
doors first. A stop tells streams to end before it waits for anybody, so it takes a fraction of a second.
"""

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from clocker_actors.admin.peers import PeerProtocol
from clocker_actors.admin.tcp import TcpDoor
from clocker_actors.admin.tls import Certificate
from clocker_actors.errors import Conflict, SettingsError

BACKLOG = 256
STOP_LIMIT = 3
"""Seconds that requests under way have to end once the door closes."""


class Door:
    """`open` returns when requests are served; `close` when none are any more and the socket is removed. `closing` has streams end. With `listen` (host:port) there is a
    TCP door as well, with TLS by that certificate."""

    def __init__(
        self,
        app: ASGIApp,
        path: Path,
        *,
        listen: str = "",
        certificate: Certificate | None = None,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._path = path
        self._closing = closing
        self.tcp = TcpDoor(listen, certificate) if listen else None
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._inode = 0

    @property
    def port(self) -> int:
        """Port of the TCP door, 0 if there is none."""
        return self.tcp.port if self.tcp is not None else 0

    async def open(self) -> None:
        """Bind and serve. Raises Conflict when another daemon answers there, SettingsError when an address cannot be had."""
        sockets = [bind_unix(self._path)]
        self._inode = self._path.stat().st_ino
        try:
            if self.tcp is not None:
                self.tcp.bind()
            config = uvicorn.Config(
                self._app,
                http=PeerProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                proxy_headers=False,  # else whoever comes from this machine says himself where he comes from
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=STOP_LIMIT,
            )
            self._server = _Server(config)
            self._task = asyncio.create_task(self._server.serve(sockets=sockets), name="door")
            while not self._server.started and not self._task.done():  # noqa: ASYNC110 - the server says it by this field only
                await asyncio.sleep(0.005)
            if self._task.done():
                await self._task
            if self.tcp is not None:
                self.tcp.open(self._server.greet)
        except BaseException:
            for each in sockets:
                each.close()
            if self.tcp is not None:
                await self.tcp.close()
            self._unlink()
            raise

    async def close(self) -> None:
        """End all streams, finish what is under way, remove the socket. Closing twice does nothing."""
        if self._server is None or self._task is None:
            return
        self._closing()
        if self.tcp is not None:
            await self.tcp.close()
        self._server.should_exit = True
        await self._task
        self._server = None
        self._unlink()

    def _unlink(self) -> None:
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:  # a newer daemon's stays
                self._path.unlink()


class _Server(uvicorn.Server):
    """Leaves signals to the daemon, and serves connections that others have accepted."""

    def greet(self, gone: Callable[[], None]) -> PeerProtocol:
        """The protocol of one more connection."""
        made = PeerProtocol(self.config, self.server_state, {})
        made.gone = gone
        return made

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind_unix(path: Path) -> socket.socket:
    """A listening socket that only its owner may open; one left by a daemon that is gone is replaced. Raises Conflict, SettingsError."""
    _make_way(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    except OSError as error:
        bound.close()
        raise SettingsError(f"cannot make the socket {path} ({error.strerror or error}); choose another --state") from error
    finally:
        os.umask(before)
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def _make_way(path: Path) -> None:
    """Remove a stale socket. Raises Conflict when somebody answers there, SettingsError for what is no socket."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SettingsError(f"{path} is there and is no socket; move it away, or choose another --state")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError as error:
            if error.errno not in {errno.ECONNREFUSED, errno.ENOENT}:
                raise Conflict(
                    f"another daemon holds {path} and does not answer ({error}); stop it first, or choose another --state"
                ) from error
            path.unlink(missing_ok=True)
            return
    raise Conflict(f"another daemon answers on {path}; stop it first, or choose another --state", socket=path)
