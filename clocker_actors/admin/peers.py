"""One connection of the door: who is at its other end, and how long that one may take.

The kernel says who opened a unix socket, so the connection carries its uid as principal to every request on it. The server waits for ever for a request that was
begun and for an answer to be read; here both end.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


HEADERS_LIMIT = 10.0
"""Seconds in which the head of a request has to be whole, from the connection's beginning or from its own."""
LINGER = 30.0
"""Seconds in which the rest of the last answer has to be taken."""


class PeerProtocol(H11Protocol):
    """HTTP/1.1 whose requests have `state["principal"]`: `uid:N` over a unix socket, None over TCP; and `state["abort"]`, which ends the connection at once. `gone` is
    called when it is no more."""

    gone: Callable[[], None] = staticmethod(lambda: None)
    _waiting: asyncio.TimerHandle | None = None
    _lingering: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who connected."""
        # uvloop's transports are what uvicorn needs without being asyncio.Transport by class.
        known = cast("asyncio.Transport", transport)
        super().connection_made(known)
        self.app_state = {**self.app_state, "principal": principal_of(transport), "abort": known.abort}
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """More of a request; a head that is not whole is waited for only so long."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._waiting is None:
            self._await_head()

    def on_response_complete(self) -> None:
        """An answer is given to the network; what is left of it is not kept for ever."""
        super().on_response_complete()
        self._linger()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked for."""
        super().timeout_keep_alive_handler()
        self._linger()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is no more."""
        super().connection_lost(exc)
        self._stop_waiting()
        if self._lingering is not None:
            self._lingering.cancel()
        self.gone()

    def _linger(self) -> None:
        if self.transport.is_closing() and self._lingering is None:
            self._lingering = self.loop.call_later(LINGER, self.transport.abort)

    def _await_head(self) -> None:
        self._waiting = self.loop.call_later(HEADERS_LIMIT, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def principal_of(transport: asyncio.BaseTransport) -> str | None:
    """`uid:N` of the process that connected over a unix socket, None for any other."""
    known = transport.get_extra_info("socket")
    if known is None or known.family != socket.AF_UNIX:
        return None
    # A copy by number: what loops hand out as "socket" need not have getsockopt.
    with socket.socket(fileno=os.dup(known.fileno())) as peer:
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return f"uid:{_CREDENTIALS.unpack(packed)[1]}"
