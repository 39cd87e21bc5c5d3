"""What a request may cost: so many bytes of body, in so much time, and an answer that is taken off our hands.

A body that is too large, or comes too slowly, ends the request with 413 or 408 and the connection with it. All bodies on their way together are bounded, too, since each
is kept in memory until it is whole. Who does not read what is sent is cut off: at most some 64 KiB wait for each connection, and for one who follows events at most a
thousand of these.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.types import Message, Receive, Send

from clocker_actors.admin import faults
from clocker_actors.admin.gates import Gate, Part
from clocker_actors.admin.judging import JUDGED
from clocker_actors.errors import BadRequest, ClockerError, Forbidden, Overloaded, TooLarge, TooSlow

if TYPE_CHECKING:
    from clocker_actors.admin.auth import _Visit

PAUSE = 15.0
"""Seconds in which at least something more of a body has to come."""
PATIENCE, LEAST_RATE = 30.0, 16 * 1024
"""Seconds that any body may take, and for longer ones how many bytes a second there have to be."""
WRITE_LIMIT = 20.0
"""Seconds in which whoever reads an answer has to take some of it."""
BODIES = 1 << 30
"""Bytes of all bodies together that are on their way."""


REST, REST_LIMIT = 64 * 1024, 1.0
"""Bytes of a body that nobody wants which are read all the same, and seconds for that."""
_DIGITS = 18


class Limits:
    """Those of one daemon."""

    def __init__(self) -> None:
        self.held = 0
        """Bytes of bodies on their way."""

    def announced(self, headers: Mapping[bytes, bytes], most: int) -> None:
        """Raises TooLarge if a request says that its body is over the limit, BadRequest if what it says is no number."""
        text = headers.get(b"content-length", b"0")
        if not text.isdigit():
            raise BadRequest("Content-Length is no number; send how many bytes the body has")
        if len(text) > _DIGITS or int(text) > most:
            raise _too_large(most)

    def around(self, visit: "_Visit", gate: Gate, receive: Receive, send: Send) -> "Door":
        """What the application is given in place of the connection."""
        return Door(self, visit, gate, receive, send)

    def take(self, size: int) -> bool:
        """So many bytes more; False if they are too many."""
        if self.held + size > BODIES:
            return False
        self.held += size
        return True


class Door:
    """The connection of one request, as the application sees it. `fault` is what it is ended with, whatever the application says."""

    def __init__(self, limits: Limits, visit: "_Visit", gate: Gate, receive: Receive, send: Send) -> None:
        self.fault: ClockerError | None = None
        self.started = False
        self._limits = limits
        self._visit = visit
        self._gate = gate
        self._receive = receive
        self._send = send
        self._size = 0
        self._whole = False
        self._began = asyncio.get_running_loop().time()

    async def receive(self) -> Message:
        """The next piece of the body; that the client is gone, if it is too slow or sends too much."""
        if self._whole:
            return await self._receive()
        if self.fault is not None:
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            return self._end(TooSlow(f"the body did not come in time ({self._size} bytes until now); send it again"))
        if message["type"] != "http.request":
            return message
        size = len(message.get("body", b""))
        if self._size + size > self._gate.body:
            return self._end(_too_large(self._gate.body))
        if not self._limits.take(size):
            return self._end(Overloaded("too much is being sent to this daemon at once; try again in a while", retry_after=10.0))
        self._size += size
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass on a piece of the answer."""
        if message["type"] == "http.response.start":
            status: int = message["status"]
            if self.fault is None and self._gate.part is Part.JUDGED and status < 400 and JUDGED not in self._visit.state:
                self.fault = Forbidden("nobody has judged whether you may do this: that is a fault of the program; please report it")
            if self.fault is not None:
                self._visit.answered(faults.status_of(self.fault))
                return
            self._visit.answered(status)
            self.started = True
            if not self._whole and sends_body(self._visit.headers) and not await drained(self._receive):
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        if self.fault is not None:
            return
        try:
            async with asyncio.timeout(WRITE_LIMIT):
                await self._send(message)
        except TimeoutError:
            abort = self._visit.state.get("abort")
            if not callable(abort):
                raise
            abort()  # who waits for more of this request hears of it as of any client that goes

    def end(self) -> None:
        """The request is over."""
        self._limits.held -= self._size
        self._size = 0

    def _patience(self) -> float:
        now = asyncio.get_running_loop().time()
        last = self._began + max(PATIENCE, self._size / LEAST_RATE)
        return max(0.0, min(PAUSE, last - now))

    def _end(self, fault: ClockerError) -> Message:
        self.fault = fault
        return {"type": "http.disconnect"}


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is over {most} bytes; send less in one request", limit=most)


async def drained(receive: Receive) -> bool:
    """Read the rest of a body that nobody wants, if it is small and comes soon: whoever still sends while the connection ends may not hear the answer."""
    size = 0
    try:
        async with asyncio.timeout(REST_LIMIT):
            while size <= REST:
                message = await receive()
                if message["type"] != "http.request":
                    return False
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        pass
    return False


def sends_body(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a body comes with the request."""
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0").strip(b"0") != b""
