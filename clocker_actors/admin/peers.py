"""Who is at the other end of a unix socket: the kernel says it, so the connection carries its uid as principal to every request on it."""

import asyncio
import os
import socket
import struct
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class PeerProtocol(H11Protocol):
    """HTTP/1.1 whose requests have `state["principal"]`: `uid:N` over a unix socket, None over TCP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who connected."""
        # uvloop's transports are what uvicorn needs without being asyncio.Transport by class.
        super().connection_made(cast("asyncio.Transport", transport))
        self.app_state = {**self.app_state, "principal": principal_of(transport)}


def principal_of(transport: asyncio.BaseTransport) -> str | None:
    """`uid:N` of the process that connected over a unix socket, None for any other."""
    known = transport.get_extra_info("socket")
    if known is None or known.family != socket.AF_UNIX:
        return None
    # A copy by number: what loops hand out as "socket" need not have getsockopt.
    with socket.socket(fileno=os.dup(known.fileno())) as peer:
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return f"uid:{_CREDENTIALS.unpack(packed)[1]}"
