"""The TCP door: on this machine alone, or with TLS; and not more people in it than there is room for.

Connections are accepted here and not by the server, since that counts only those that have shaken hands: whoever opens thousands and says nothing would take all file
descriptors of the daemon, those to its engines included. One address gets no more than half of the room.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections import Counter
from collections.abc import Callable

import structlog

from clocker_actors.admin.failures import network
from clocker_actors.admin.tls import Certificate
from clocker_actors.errors import SettingsError

log = structlog.get_logger(__name__)

BACKLOG = 256
MOST, EACH = 1_000, 500
"""Connections at a time: in all, and from one address."""
HANDSHAKE_LIMIT = 5.0
TIRED = 1.0
"""Seconds to wait when nothing can be accepted, as when file descriptors have run out."""

Made = Callable[[Callable[[], None]], asyncio.BaseProtocol]
"""Makes the protocol of a connection, which calls what it is given when the connection is no more."""


class TcpDoor:
    """`open` binds and accepts; `close` accepts no more, what is open is the server's. Without a certificate the address has to be of this machine alone."""

    def __init__(self, listen: str, certificate: Certificate | None = None, *, most: int = MOST, each: int = EACH) -> None:
        self.port = 0
        self._listen = listen
        self._certificate = certificate
        self._most, self._each = most, each
        self._here: Counter[str] = Counter()
        self._coming: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    @property
    def crowd(self) -> int:
        """Connections that are open."""
        return self._here.total()

    def bind(self) -> None:
        """Take the address. Raises SettingsError if it cannot be had, or others could listen in."""
        bound = bind_tcp(self._listen)
        address = str(bound.getsockname()[0])
        if self._certificate is None and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            bound.close()
            raise SettingsError(
                f"listen = {self._listen!r}: others could read tokens on their way there; set tls_cert and tls_key, or listen on 127.0.0.1"
            )
        self._socket = bound
        self.port = bound.getsockname()[1]

    def open(self, make: Made) -> None:
        """Accept from now on; each connection gets a protocol of its own."""
        assert self._socket is not None
        self._accepting = asyncio.create_task(self._accept(self._socket, make), name="door: accept")

    async def close(self) -> None:
        """Take nobody in any more."""
        tasks = [task for task in (self._accepting, *self._coming) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()

    async def _accept(self, bound: socket.socket, make: Made) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(bound)
            except OSError as error:
                log.warning("the door cannot accept", problem=str(error))
                await asyncio.sleep(TIRED)
                continue
            source = network(str(address[0]))
            if self._here.total() >= self._most or self._here[source] >= self._each:
                connection.close()
                continue
            self._here[source] += 1
            task = asyncio.create_task(self._admit(connection, source, make), name=f"door: {source}")
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)

    async def _admit(self, connection: socket.socket, source: str, make: Made) -> None:
        gone = _Once(lambda: self._leave(source))
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        loop = asyncio.get_running_loop()
        try:
            if self._certificate is None:
                await loop.connect_accepted_socket(lambda: make(gone), connection)
            else:
                await loop.connect_accepted_socket(
                    lambda: make(gone),
                    connection,
                    ssl=self._certificate.context(),
                    ssl_handshake_timeout=HANDSHAKE_LIMIT,
                    ssl_shutdown_timeout=HANDSHAKE_LIMIT,
                )
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            connection.close()
            gone()

    def _leave(self, source: str) -> None:
        self._here[source] -= 1
        if self._here[source] <= 0:
            del self._here[source]


class _Once:
    """Calls something the first time only."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._what: Callable[[], None] | None = what

    def __call__(self) -> None:
        if self._what is not None:
            what, self._what = self._what, None
            what()


def bind_tcp(listen: str) -> socket.socket:
    """A listening socket on host:port. Raises SettingsError."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise SettingsError(f"cannot listen on {listen} ({error.strerror or error}); choose another address for --listen") from error
    bound.setblocking(False)
    return bound
